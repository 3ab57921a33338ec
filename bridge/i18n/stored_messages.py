"""The worker's sentences, which are stored in English with their values in them, in the reader's language.

The catalogs know each of them as a pattern with {placeholders}: what stands in the places of a stored sentence is put into the
places of its translation. A sentence that fits no pattern stays as it was stored.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from bridge.i18n.translate import HOME, words
from worker.i18n.catalogs import messages

PLACE = re.compile(r"\{(\w+)\}")
# Several things in one sentence, one after the other: what became of a delivery (`issuing.summary`), and how an order differs
# from its invoice (`due._changed_after`). Split, and below searched from left to right, never matched as a whole by an
# expression: what shoppers type stands in these sentences, and could be made so that trying every way to cut it takes hours.
ONE = r"(?:\S+ was issued|[Aa] draft waits: )"
IS_ONE, NEXT = re.compile(ONE), re.compile(rf"; (?={ONE})")
DIFFERENCE = r"(?:total|name|company|VAT number|charged at|with|without) "
IS_DIFFERENCE, NEXT_DIFFERENCE = re.compile(DIFFERENCE), re.compile(rf"; (?={DIFFERENCE})")
# A sentence can hold another one, and that one a third.
DEEPEST = 3


@dataclass(frozen=True)
class Pattern:
    """A translated sentence with places: *pieces* stand around them, *names* are theirs, one fewer."""

    source: str
    pieces: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, source: str) -> "Pattern":
        cut = PLACE.split(source)
        return cls(source, tuple(cut[::2]), tuple(cut[1::2]))

    def values_in(self, sentence: str) -> Mapping[str, str] | None:
        """What stands in the places of *sentence*, each as short as can be and none empty; None where it is another sentence."""
        if not (sentence.startswith(self.pieces[0]) and sentence.endswith(self.pieces[-1])):
            return None
        values: dict[str, str] = {}
        at, end = len(self.pieces[0]), len(sentence) - len(self.pieces[-1])
        for name, piece in zip(self.names[:-1], self.pieces[1:-1], strict=True):
            # A name that comes twice stands for the same value twice.
            known = values.get(name)
            until = sentence.find(piece, at + 1, end) if known is None else at + len(known)
            if until < 0 or not sentence.startswith(known or "", at) or not sentence.startswith(piece, until):
                return None
            values[name] = sentence[at:until]
            at = until + len(piece)
        last, rest = self.names[-1], sentence[at:end]
        return {**values, last: rest} if rest and values.get(last, rest) == rest else None


def retold(sentence: str) -> str:
    """*sentence* in the reader's language."""
    return in_language(sentence, words().language) if sentence else ""


@lru_cache(maxsize=4096)
def in_language(sentence: str, language: str, depth: int = 0) -> str:
    if language == "en" or depth > DEEPEST:
        return sentence
    if IS_ONE.match(sentence) and NEXT.search(sentence):
        pieces = (piece[0].upper() + piece[1:].rstrip(".") + "." for piece in NEXT.split(sentence))
        return "; ".join(in_language(piece, language, depth + 1).rstrip(".") for piece in pieces) + "."
    if IS_DIFFERENCE.match(sentence) and NEXT_DIFFERENCE.search(sentence):
        return "; ".join(in_language(piece, language, depth + 1) for piece in NEXT_DIFFERENCE.split(sentence))
    known = messages(language, HOME)
    if known.get(sentence):
        return known[sentence]
    for pattern in patterns(language):
        found = pattern.values_in(sentence)
        if found is not None:
            values = {name: in_language(value, language, depth + 1) for name, value in found.items()}
            return PLACE.sub(lambda place, values=values: values.get(place[1], place[0]), known[pattern.source])  # type: ignore[misc]
    return sentence


@cache
def patterns(language: str) -> tuple[Pattern, ...]:
    """Every translated sentence with places, the one with most words of its own first."""
    sources = [source for source, translated in messages(language, HOME).items() if translated and PLACE.search(source)]
    sources.sort(key=lambda source: len(PLACE.sub("", source)), reverse=True)
    return tuple(map(Pattern.of, sources))
