"""What each business bought, for the lists that the VAT office asks of a Belgian seller: of customers in Belgium once a year (art. 53quinquies
of the VAT code), of those in other member states each period (art. 53sexies). By general knowledge of both, 2026-11.
Who bought for more than 250 euro in the year, and so is on the first, is known by all of a company's sales: not by one shop or one month.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from worker.domain.document import Category
from worker.domain.money import ZERO
from worker.domain.sold import JournalRow, sum_or_none
from worker.domain.vat_return import BELGIUM

# What is outside VAT or exempt by article 44 is no turnover of the list; under the margin scheme no invoice says the VAT.
NOT_LISTED = frozenset({"exempt", "voucher", "packaging", "disbursement", "tip", "margin"})


class Listing(StrEnum):
    CUSTOMERS = "customer_listing"
    GOODS = "intra_community_L"
    SERVICES = "intra_community_S"


@dataclass(frozen=True)
class ListedCustomer:
    """Invoices less credit notes, in euro; None where a document in another currency has no exchange rate. *period*: the year in which
    VAT fell due, of other member states the month, as in the VAT return: it may be before that of the invoice."""

    listing: Listing
    period: str
    vat_number: str
    name: str
    base_eur: Decimal | None = ZERO
    vat_eur: Decimal | None = ZERO


class CustomerLists:
    """Adds up the documents that it is given, one after the other."""

    def __init__(self) -> None:
        self._found: dict[tuple[Listing, str, str], ListedCustomer] = {}

    def add(self, vat_number: str, name: str, rows: Iterable[JournalRow]) -> None:
        """*rows*: what one invoice or credit note says of what it sold; *vat_number*: its buyer's, perhaps empty."""
        for row in rows:
            listing = listing_of(row, vat_number)
            if listing is None:
                continue
            key = (listing, f"{row.tax_month:{'%Y' if listing is Listing.CUSTOMERS else '%Y-%m'}}", vat_number)
            known = self._found.get(key, ListedCustomer(*key, name))
            self._found[key] = replace(
                known,
                name=name,
                base_eur=sum_or_none(known.base_eur, row.base_eur),
                vat_eur=sum_or_none(known.vat_eur, row.vat_eur),
            )

    @property
    def rows(self) -> tuple[ListedCustomer, ...]:
        return tuple(self._found[key] for key in sorted(self._found))


def listing_of(row: JournalRow, vat_number: str) -> Listing | None:
    """On which list a row of a document for the business with *vat_number* stands; None for none."""
    if not vat_number:
        return None
    if row.category == Category.INTRA_EU:
        return Listing.GOODS
    if row.category == Category.REVERSE_CHARGE and row.reason != "co_contractor":
        return Listing.SERVICES
    at_home = vat_number.startswith(BELGIUM) and row.vat_country == BELGIUM
    return Listing.CUSTOMERS if at_home and row.reason not in NOT_LISTED else None
