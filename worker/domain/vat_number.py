"""VAT numbers as people type them: “BTW BE 0123.456.749”, “TVA n° BE…”, “USt-IdNr. DE…”. The words around a number are not part of it."""

import re
import unicodedata
from collections.abc import Iterator

# What stands before a number, in the languages of the member states; after it stands the register (“RPR Gent”).
_WORDS = (
    "ALV", "ARVO", "BTW", "BTWNR", "CIF", "CODE", "DIC", "EU", "FISCALE", "ID", "INTRACOM", "IVA", "MOMS", "MWST", "NIF", "NIP",
    "N", "NO", "NR", "NUM", "NUMBER", "NUMERO", "NUMMER", "ONDERNEMINGSNUMMER", "PARTITA", "P", "PDV", "TIN", "TVA", "UID", "UST",
    "VAT",
)  # fmt: skip
_LONGEST = 60
_REGISTER = re.compile(r"(?:RPR|RPM|RPJ|KBO|BCE)[A-Z]*$")


def readings(given: str) -> Iterator[str]:
    """What may be meant by *given*, in capitals and digits: as it is typed first, then without the words around it.

    Several, because only its check digits tell a word from a number: “NO” may begin one.
    """
    plain = unicodedata.normalize("NFKD", given).upper()
    compact = re.sub(r"[^0-9A-Z+*]", "", plain)[:_LONGEST]
    seen: set[str] = set()
    waiting = [compact]
    while waiting:
        text = waiting.pop(0)
        if not text or text in seen:
            continue
        seen.add(text)
        yield text
        waiting += [text.removeprefix(word) for word in _WORDS if text.startswith(word)]
        waiting += [text.removesuffix(word) for word in _WORDS if text.endswith(word)]
        waiting.append(_REGISTER.sub("", text))
