"""The names of documents, the same everywhere: in print, in mail subjects and in file names."""

import unicodedata
from typing import assert_never

from worker.domain.document import Kind, file_stem
from worker.i18n.catalogs import Translator

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def title(kind: Kind, translator: Translator) -> str:
    """The word at the top of a document."""
    match kind:
        case Kind.ORDER_CONFIRMATION:
            return translator.gettext("Order confirmation")
        case Kind.PAYMENT_REQUEST:
            return translator.gettext("Payment request")
        case Kind.DELIVERY_NOTE:
            return translator.gettext("Delivery note")
        case Kind.INVOICE:
            return translator.gettext("Invoice")
        case Kind.CREDIT_NOTE:
            return translator.gettext("Credit note")
    assert_never(kind)


def titled_file_stem(kind: Kind, number: str, translator: Translator) -> str:
    """The name of a file that says what it is, without its ending: `factuur-F2026-00017`."""
    word = title(kind, translator).lower()
    word = word.translate(_GERMAN) if translator.language == "de" else word
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()
    return "-".join(part for part in (file_stem(plain), file_stem(number)) if part)
