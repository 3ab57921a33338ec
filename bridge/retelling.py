"""The worker's sentences, which are stored in English with their values in them, in the reader's language.

The catalogs know each of them as a pattern with {placeholders}: what stands in the places of a stored sentence is put into the
places of its translation. A sentence that fits no pattern stays as it was stored.
"""

import re
from functools import cache, lru_cache

from bridge.speaking import HOME, words
from worker.words.catalogs import messages

PLACE = re.compile(r"\{(\w+)\}")
# What became of one delivery may be several things, one after the other (`issuing.summary`).
ONE = r"(?:\S+ was issued|[Aa] draft waits: .+?)"
SEVERAL, BETWEEN = re.compile(rf"{ONE}(?:; {ONE})+\.?"), re.compile(rf"; (?={ONE})")
# A sentence can hold another one, and that one a third.
DEEPEST = 3


def retold(sentence: str) -> str:
    """*sentence* in the reader's language."""
    return in_language(sentence, words().language) if sentence else ""


@lru_cache(maxsize=4096)
def in_language(sentence: str, language: str, depth: int = 0) -> str:
    if language == "en" or depth > DEEPEST:
        return sentence
    if SEVERAL.fullmatch(sentence):
        pieces = (piece[0].upper() + piece[1:].rstrip(".") + "." for piece in BETWEEN.split(sentence))
        return "; ".join(in_language(piece, language, depth + 1).rstrip(".") for piece in pieces) + "."
    known = messages(language, HOME)
    if known.get(sentence):
        return known[sentence]
    for pattern, source in patterns(language):
        found = pattern.fullmatch(sentence)
        if found is not None:
            values = {name: in_language(value, language, depth + 1) for name, value in found.groupdict().items()}
            return PLACE.sub(lambda place, values=values: values.get(place[1], place[0]), known[source])  # type: ignore[misc]
    return sentence


@cache
def patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Every translated sentence with places, the one with most words of its own first."""
    sources = [source for source, translated in messages(language, HOME).items() if translated and PLACE.search(source)]
    sources.sort(key=lambda source: len(PLACE.sub("", source)), reverse=True)
    return tuple((as_regex(source), source) for source in sources)


def as_regex(source: str) -> re.Pattern[str]:
    """What was stored, with a group for each place; a name that comes twice stands for the same value twice."""
    parts, seen = [], set[str]()
    for at, piece in enumerate(PLACE.split(source)):
        is_place = at % 2 == 1
        parts.append(re.escape(piece) if not is_place else f"(?P={piece})" if piece in seen else f"(?P<{piece}>.+?)")
        if is_place:
            seen.add(piece)
    return re.compile("".join(parts), re.DOTALL)
