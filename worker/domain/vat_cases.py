"""What is done in which case, for an accountant to check: the table of treatments and what a person may say of one order, in words."""

from dataclasses import dataclass

from worker.domain.document import Category
from worker.domain.document_cases import DOCUMENT_CASES
from worker.domain.mentions import LegalText, legal_texts
from worker.domain.order_treatment import TREATMENT_TERMS
from worker.domain.treatment_table import TREATMENTS
from worker.domain.vat import category_by_hand
from worker.message import Message

# The VAT categories of EN 16931 (UNCL 5305), as an accountant calls them.
CATEGORY_TERMS = {
    Category.STANDARD: Message("VAT as charged"),
    Category.ZERO_RATED: Message("zero rate"),
    Category.EXEMPT: Message("exempt, or outside VAT"),
    Category.REVERSE_CHARGE: Message("reverse charge"),
    Category.INTRA_EU: Message("intra-Community supply"),
    Category.EXPORT: Message("export"),
    Category.OUTSIDE_SCOPE: Message("outside the scope of VAT"),
}


@dataclass(frozen=True)
class VatCase:
    """One case. Where it *waits*, the document is a draft that says what to do; *noted*: it is issued, and the owner is told;
    *not_made*: by itself there is none.

    *legal* is the sentence that is printed, with article, source and the day it was read; None where the law wants none.
    """

    case: Message
    category: Category | None
    legal: LegalText | None = None
    article: str = ""  # of a case without a sentence
    waits: bool = False
    noted: bool = False
    not_made: bool = False


def vat_cases() -> tuple[VatCase, ...]:
    """The cases of the table in its order: of those that fit a line, the first counts."""
    return tuple(
        VatCase(
            case=row.case,
            category=row.category,
            legal=legal_texts()[row.mention] if row.mention else None,
            waits=row.problem is not None,
            noted=row.flag is not None,
        )
        for row in TREATMENTS
    )


def cases_by_hand() -> tuple[VatCase, ...]:
    """What a person may say of one order's lines without VAT."""
    return tuple(VatCase(term, category_by_hand(name), legal_texts()[name]) for name, term in TREATMENT_TERMS.items())


def whole_document_cases() -> tuple[VatCase, ...]:
    """What is looked at on a document as a whole."""
    return tuple(
        VatCase(one.case, None, article=one.article, waits=not one.told, noted=one.told) for one in DOCUMENT_CASES
    )


def consumer_cases() -> tuple[VatCase, ...]:
    """What a shop may choose for consumers, and what the law wants of them all the same."""
    legal = legal_texts()
    at_home = Message("a consumer at home, where the shop makes invoices for those who ask: only in Belgium")
    small = Message("a consumer at home, up to 100 EUR without VAT, where the shop makes simplified invoices")
    under_oss = Message(
        "a consumer in another EU country, declared in OSS, where the shop makes invoices for those who ask"
    )
    without_oss = Message("a consumer in another EU country without OSS, and a business: always a full invoice")
    return (
        VatCase(at_home, Category.STANDARD, legal["no_consumer_invoice"], not_made=True),
        VatCase(under_oss, Category.STANDARD, legal["no_consumer_invoice"], not_made=True),
        VatCase(small, Category.STANDARD, legal["simplified_invoice"]),
        VatCase(without_oss, Category.STANDARD),
    )
