"""The worker's sentences, which are stored in English with their values in them, in the reader's language.

The catalogs know each of them as a pattern with {placeholders}: what stands in the places of a stored sentence is put into the
places of its translation. A sentence that fits no pattern stays as it was stored.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from bridge.i18n.translate import CATALOG_PACKAGE, translator
from worker.i18n.catalogs import messages

PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Several things in one sentence, one after the other: what became of a delivery (`issuing.summary`), and how an order differs
# from its invoice (`due._changed_after`). Split, and below searched from left to right, never matched as a whole by an
# expression: what shoppers type stands in these sentences, and could be made so that trying every way to cut it takes hours.
OUTCOME = r"(?:\S+ was issued|[Aa] draft waits: )"
IS_OUTCOME, NEXT_OUTCOME = re.compile(OUTCOME), re.compile(rf"; (?={OUTCOME})")
DIFFERENCE = r"(?:total|name|company|VAT number|charged at|with|without) "
IS_DIFFERENCE, NEXT_DIFFERENCE = re.compile(DIFFERENCE), re.compile(rf"; (?={DIFFERENCE})")
# A sentence can hold another one, and that one a third.
MAX_DEPTH = 3


@dataclass(frozen=True)
class MessagePattern:
    """A translated sentence with places: *pieces* stand around them, *names* are theirs, one fewer."""

    source: str
    pieces: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, source: str) -> "MessagePattern":
        cut = PLACEHOLDER.split(source)
        return cls(source, tuple(cut[::2]), tuple(cut[1::2]))

    def values_in(self, message: str) -> Mapping[str, str] | None:
        """What stands in the places of *sentence*, each as short as can be and none empty; None where it is another sentence."""
        if not (message.startswith(self.pieces[0]) and message.endswith(self.pieces[-1])):
            return None
        values: dict[str, str] = {}
        at, end = len(self.pieces[0]), len(message) - len(self.pieces[-1])
        for name, piece in zip(self.names[:-1], self.pieces[1:-1], strict=True):
            # A name that comes twice stands for the same value twice.
            known = values.get(name)
            until = message.find(piece, at + 1, end) if known is None else at + len(known)
            if until < 0 or not message.startswith(known or "", at) or not message.startswith(piece, until):
                return None
            values[name] = message[at:until]
            at = until + len(piece)
        last, rest = self.names[-1], message[at:end]
        return {**values, last: rest} if rest and values.get(last, rest) == rest else None


def translate_message(message: str) -> str:
    """*sentence* in the reader's language."""
    return in_language(message, translator().language) if message else ""


@lru_cache(maxsize=4096)
def in_language(message: str, language: str, depth: int = 0) -> str:
    if language == "en" or depth > MAX_DEPTH:
        return message
    if IS_OUTCOME.match(message) and NEXT_OUTCOME.search(message):
        pieces = (piece[0].upper() + piece[1:].rstrip(".") + "." for piece in NEXT_OUTCOME.split(message))
        return "; ".join(in_language(piece, language, depth + 1).rstrip(".") for piece in pieces) + "."
    if IS_DIFFERENCE.match(message) and NEXT_DIFFERENCE.search(message):
        return "; ".join(in_language(piece, language, depth + 1) for piece in NEXT_DIFFERENCE.split(message))
    known = messages(language, CATALOG_PACKAGE)
    if known.get(message):
        return known[message]
    for pattern in patterns(language):
        found = pattern.values_in(message)
        if found is not None:
            values = {name: in_language(value, language, depth + 1) for name, value in found.items()}
            return PLACEHOLDER.sub(lambda place, values=values: values.get(place[1], place[0]), known[pattern.source])  # type: ignore[misc]
    return message


@cache
def patterns(language: str) -> tuple[MessagePattern, ...]:
    """Every translated sentence with places, the one with most words of its own first."""
    sources = [
        source
        for source, translated in messages(language, CATALOG_PACKAGE).items()
        if translated and PLACEHOLDER.search(source)
    ]
    sources.sort(key=lambda source: len(PLACEHOLDER.sub("", source)), reverse=True)
    return tuple(map(MessagePattern.of, sources))
