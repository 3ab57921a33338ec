"""What every syntax of EN 16931 says of a document: its figures, and which of its texts go where. Nothing is calculated anew."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from worker.domain import mentions
from worker.domain.document import Category, Document, Draft, Kind, VatLine
from worker.domain.money import total_of
from worker.einvoice.xml import fit
from worker.i18n import Translator

PIECE = "C62"  # UN/ECE Recommendation 20: one
CREDIT_TRANSFER = "30"  # UNCL 4461
INVOICE, CREDIT_NOTE = "380", "381"  # UNCL 1001


@dataclass(frozen=True)
class Figures:
    """What the parts of one e-invoice need to know of the whole."""

    document: Document

    @property
    def draft(self) -> Draft:
        return self.document.draft

    @property
    def is_credit(self) -> bool:
        return self.draft.kind is Kind.CREDIT_NOTE

    @property
    def type_code(self) -> str:
        return CREDIT_NOTE if self.is_credit else INVOICE

    @property
    def is_outside_scope(self) -> bool:
        return any(row.category is Category.OUTSIDE_SCOPE for row in self.draft.vat_lines)

    @property
    def has_vat_in_euro(self) -> bool:
        return self.draft.currency != "EUR" and self.draft.vat_eur is not None

    @property
    def prepaid(self) -> Decimal:
        is_settled = self.draft.is_paid and not self.draft.refund_by_hand
        return self.draft.total if is_settled else self.draft.total - self.draft.to_pay

    @property
    def payable(self) -> Decimal:
        return self.draft.total - self.prepaid

    @property
    def due_on(self) -> date | None:
        """The due date of what is open. A credit note has none."""
        payment = self.draft.payment
        return payment.due_on if payment and self.payable > 0 and not self.is_credit else None

    @property
    def lines_total(self) -> Decimal:
        return total_of(line.net for line in self.draft.lines)

    @property
    def allowances(self) -> Decimal:
        return -total_of(rounding.amount for rounding in self.draft.roundings if rounding.amount < 0)

    @property
    def charges(self) -> Decimal:
        return total_of(rounding.amount for rounding in self.draft.roundings if rounding.amount > 0)

    @property
    def note(self) -> str:
        """BT-22, one at most (PEPPOL-EN16931-R002): the reason, legal sentences that explain no exemption, what the customer wrote.

        A test says so, as its PDF does: nobody shall book it.
        """
        draft, legal = self.draft, mentions.legal_texts()
        test = Translator(draft.language).gettext("TEST: not a valid document") if draft.test else ""
        said = (one.text for one in draft.mentions if one.key not in legal or legal[one.key].category is None)
        return " – ".join(part for part in (test, draft.reason, *said, draft.customer_note) if fit(part))

    def exemption_of(self, row: VatLine) -> tuple[str, str]:
        """Code and text of why *row* carries no VAT; empty where it needs no reason (BR-S-10, BR-Z-10)."""
        explained = row.category not in (Category.STANDARD, Category.ZERO_RATED)
        return mentions.exemption(row.category, self.draft.mentions) if explained else ("", "")


def to_the_cent(name: str, value: Decimal) -> str:
    """*value* with two decimals. Raises ValueError where it has more: to round it here would alter the document."""
    if value != round(value, 2):
        raise ValueError(f"{name} {value} is not to the cent")
    return f"{value:.2f}"
