"""The grids of the Belgian VAT return that sales fill (frame II, 54 and 64), from the rows of the sales journal; what the seller
buys is not known here. Grid 00 as the help of Intervat has it (frame II, read 2026-11-30); the others by general knowledge of the form.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from worker.domain.document import Category, Kind
from worker.domain.money import ZERO
from worker.domain.sold import JournalRow
from worker.message import Message

BELGIUM = "BE"
GRIDS = {
    "00": Message("Sales at 0 %, and what article 44 exempts"),
    "01": Message("Sales at 6 %"),
    "02": Message("Sales at 12 %"),
    "03": Message("Sales at 21 %"),
    "44": Message("Services to businesses in other member states, which owe the VAT there"),
    "45": Message("Sales in Belgium of which the customer owes the VAT"),
    "46": Message("Goods to businesses in other member states, exempt"),
    "47": Message("Exports, other exempt sales, and sales that are taxed abroad, under OSS for one"),
    "48": Message("Credit notes to 44 and 46"),
    "49": Message("Credit notes to all others"),
    "54": Message("VAT on 01, 02 and 03"),
    "64": Message("VAT of credit notes, which you get back"),
}
OF_RATE = {Decimal(6): "01", Decimal(12): "02", Decimal(21): "03"}
# Of what is exempt, by the key of its sentence. The margin scheme is not here: 00 has what the goods were bought for.
OF_EXEMPTION = {"exempt": "00", "eu_institution": "47", "diplomat": "47", "outside_scope_beside": "47"}


@dataclass(frozen=True)
class OssRow:
    """Sales under OSS to one country at one rate, in the currency of their documents; those of credit notes are below zero and stand
    for themselves. In euro they are by the European Central Bank's rate of the last day of the quarter (art. 369h of directive
    2006/112/EC), and not by that of each document.
    """

    country: str
    rate: Decimal
    currency: str
    kind: Kind
    base: Decimal
    vat: Decimal


@dataclass(frozen=True)
class VatReturn:
    """*grids*: amounts in euro, above zero in each. *beside*: rows that stand in no grid, or of which no amount in euro is known."""

    grids: dict[str, Decimal] = field(default_factory=dict)
    oss: tuple[OssRow, ...] = ()
    beside: tuple[JournalRow, ...] = ()


def vat_return(rows: Iterable[JournalRow]) -> VatReturn:
    grids: dict[str, Decimal] = {}
    oss: dict[tuple[str, Decimal, str, Kind], OssRow] = {}
    beside = []
    for row in rows:
        if row.reason == "oss":
            key = (row.vat_country, row.rate, row.currency, row.kind)
            found = oss.get(key, OssRow(*key, ZERO, ZERO))
            oss[key] = replace(found, base=found.base + row.base, vat=found.vat + row.vat)
        grid, base, vat = grid_of(row), row.base_eur, row.vat_eur
        if not grid or base is None or vat is None:
            beside.append(row)
            continue
        of_vat = "54"
        if row.kind is Kind.CREDIT_NOTE:
            grid, of_vat, base, vat = ("48" if grid in ("44", "46") else "49"), "64", -base, -vat
        grids[grid] = grids.get(grid, ZERO) + base
        if row.vat_country == BELGIUM and vat:
            grids[of_vat] = grids.get(of_vat, ZERO) + vat
    return VatReturn(
        {grid: grids[grid] for grid in GRIDS if grid in grids},
        tuple(oss[key] for key in sorted(oss, key=lambda key: (*key[:3], key[3] is not Kind.INVOICE))),
        tuple(beside),
    )


def grid_of(row: JournalRow) -> str:
    """The grid in which an invoice's base stands; empty where it stands in none, or not with what the document says."""
    match row.category:
        case Category.STANDARD:
            return OF_RATE.get(row.rate, "") if row.vat_country == BELGIUM else "47"
        case Category.ZERO_RATED:
            return "00"
        case Category.INTRA_EU:
            return "46"
        case Category.REVERSE_CHARGE:
            return "45" if row.reason == "co_contractor" else "44"
        case Category.EXPORT | Category.OUTSIDE_SCOPE:
            return "47"
        case _:
            return OF_EXEMPTION.get(row.reason, "")
