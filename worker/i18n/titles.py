"""The names of documents, the same everywhere: on paper, in mail subjects and in file names."""

import re
import unicodedata
from typing import assert_never

from worker.domain.document import Kind
from worker.i18n.catalogs import Translator

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def title(kind: Kind, translator: Translator) -> str:
    """The word at the top of a document."""
    match kind:
        case Kind.ORDER_CONFIRMATION:
            return translator.gettext("Order confirmation")
        case Kind.DELIVERY_NOTE:
            return translator.gettext("Delivery note")
        case Kind.INVOICE:
            return translator.gettext("Invoice")
        case Kind.CREDIT_NOTE:
            return translator.gettext("Credit note")
    assert_never(kind)


def file_stem(kind: Kind, number: str, translator: Translator) -> str:
    """The name of a file without its ending, safe on every system: `factuur-F2026-00017`."""
    word = title(kind, translator).lower()
    word = word.translate(_GERMAN) if translator.language == "de" else word
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()
    return "-".join(part for part in (_slug(plain), _slug(number)) if part)


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.")
