"""What one document says of what it sold, for the journal: a row for each rate and reason, from its text as it is stored."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from worker.domain.document import Document, Kind, signed
from worker.domain.mentions import legal_texts
from worker.domain.money import ZERO, to_cent
from worker.domain.tax_point import SaleDays, tax_point

EURO = "EUR"


@dataclass(frozen=True)
class JournalRow:
    """Sales of one month at one rate. Amounts of credit notes are negative. *month* is its first day; *rate* 21 means 21 %.

    *tax_month* is the month in which VAT fell due, *country* where the goods went, *vat_country* whose VAT it is. *category* is
    that of EN 16931 (S, AE, K …), *reason* the key of the sentence that explains it. *base_eur* and *vat_eur* are None where a
    document in another currency has no exchange rate.
    """

    month: date
    tax_month: date
    kind: Kind
    currency: str
    country: str
    vat_country: str
    category: str
    rate: Decimal
    reason: str
    documents: int
    base: Decimal
    vat: Decimal
    base_eur: Decimal | None
    vat_eur: Decimal | None


@dataclass(frozen=True)
class JournalTotal:
    """All of one month, kind and currency, to check the rows against: net + vat + rounding = total."""

    month: date
    kind: Kind
    currency: str
    documents: int
    net: Decimal
    vat: Decimal
    rounding: Decimal
    total: Decimal


@dataclass(frozen=True)
class SoldDocument:
    """The columns of a document that the journal takes."""

    kind: Kind
    currency: str
    issued_on: date
    net: Decimal
    vat: Decimal
    total: Decimal

    @classmethod
    def of(cls, document: Document) -> "SoldDocument":
        draft = document.draft
        return cls(draft.kind, draft.currency, document.issued_on, draft.net, draft.vat, draft.total)


def rows_of(document: SoldDocument, snapshot: dict[str, Any]) -> list[JournalRow]:
    """One document, a row for each rate and reason on it; one without a rate where it has no VAT table."""
    parts, kind = parts_of(snapshot), Kind(document.kind)
    vats = [part.vat for part in parts]
    in_euro = vats_in_euro(vats, document.currency, snapshot)
    return [
        JournalRow(
            month=document.issued_on.replace(day=1),
            tax_month=tax_point_of(snapshot, part, document.issued_on).replace(day=1),
            kind=kind,
            currency=document.currency,
            country=country_of(snapshot),
            vat_country=part.vat_country,
            category=part.category,
            rate=part.rate,
            reason=part.reason,
            documents=1,
            base=signed(kind, part.base),
            vat=signed(kind, part.vat),
            base_eur=signed_or_none(kind, base_in_euro(part.base, document.currency, snapshot)),
            vat_eur=signed_or_none(kind, vat_eur),
        )
        for part, vat_eur in zip(parts, in_euro, strict=True)
    ]


@dataclass(frozen=True)
class VatPart:
    """What a document says at one rate for one reason; *reason* is the key of its sentence."""

    category: str
    rate: Decimal
    base: Decimal
    vat: Decimal
    vat_country: str
    reason: str


def parts_of(snapshot: dict[str, Any]) -> list[VatPart]:
    """The VAT table of a stored draft, a row with several reasons in as many parts."""
    rows = snapshot.get("vat_lines") or [{"category": "", "rate": "0", "base": snapshot["net"], "vat": snapshot["vat"]}]
    seller_country = snapshot["seller"].get("address", {}).get("country", "")
    return [
        VatPart(
            category=row["category"],
            rate=Decimal(row["rate"]),
            base=base,
            vat=Decimal(row["vat"]) if index == 0 else ZERO,
            vat_country=row.get("vat_country") or seller_country,
            reason=reason,
        )
        for row in rows
        for index, (reason, base) in enumerate(bases_by_reason(row, snapshot).items())
    ]


def bases_by_reason(row: dict[str, Any], snapshot: dict[str, Any]) -> dict[str, Decimal]:
    """The base of a row of the VAT table by the reasons of its lines; the first one takes what was rounded."""
    group, base = (row["category"], row["rate"]), Decimal(row["base"])
    lines = [line for line in snapshot["lines"] if (line["category"], line["rate"]) == group]
    nets: dict[str, Decimal] = {}
    for line in lines:
        reason = line.get("mention") or reason_of(row, snapshot)
        nets[reason] = nets.get(reason, ZERO) + Decimal(line["net"])
    first = next(iter(nets), reason_of(row, snapshot))
    return {**nets, first: nets.get(first, ZERO) + base - sum(nets.values(), ZERO)}


def reason_of(row: dict[str, Any], snapshot: dict[str, Any]) -> str:
    """The first sentence of the document that explains this category, for lines from before they named theirs."""
    texts = legal_texts()
    keys = (said["key"] for said in snapshot.get("mentions", ()) if said["key"] in texts)
    return next((key for key in keys if texts[key].category == row["category"]), "")


def tax_point_of(snapshot: dict[str, Any], part: VatPart, issued_on: date) -> date:
    return tax_point(
        Kind(snapshot["kind"]),
        part.category,
        SaleDays(
            issued_on=issued_on,
            supplied_on=day_of(snapshot.get("supplied_on")),
            paid_on=day_of(snapshot.get("paid_on")),
        ),
        seller_country=snapshot["seller"].get("address", {}).get("country", ""),
    )


def day_of(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def country_of(snapshot: dict[str, Any]) -> str:
    """Where the goods went."""
    ship_to = snapshot.get("ship_to") or {}
    return str(ship_to.get("country") or snapshot["buyer"].get("address", {}).get("country", ""))


def base_in_euro(base: Decimal, currency: str, snapshot: dict[str, Any]) -> Decimal | None:
    if currency == EURO:
        return base
    rate = snapshot.get("exchange_rate")
    return to_cent(base / Decimal(rate)) if rate else None


def vats_in_euro(vats: list[Decimal], currency: str, snapshot: dict[str, Any]) -> list[Decimal | None]:
    """The VAT of each rate in euros; together exactly what the document says in euros, the largest taking the odd cent."""
    if currency == EURO:
        return list(vats)
    rate, whole = snapshot.get("exchange_rate"), snapshot.get("vat_eur")
    if not rate or whole is None:
        return [None] * len(vats)
    found = [to_cent(vat / Decimal(rate)) for vat in vats]
    largest = max(range(len(found)), key=lambda index: abs(found[index]))
    found[largest] += Decimal(whole) - sum(found, ZERO)
    return list(found)


def signed_or_none(kind: Kind, amount: Decimal | None) -> Decimal | None:
    return None if amount is None else signed(kind, amount)


def with_row(row: JournalRow, other: JournalRow) -> JournalRow:
    return replace(
        row,
        documents=row.documents + other.documents,
        base=row.base + other.base,
        vat=row.vat + other.vat,
        base_eur=sum_or_none(row.base_eur, other.base_eur),
        vat_eur=sum_or_none(row.vat_eur, other.vat_eur),
    )


def sum_or_none(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """A sum of which a part is not known is not known."""
    return None if one is None or other is None else one + other


def total_of(document: SoldDocument, snapshot: dict[str, Any]) -> JournalTotal:
    kind = Kind(document.kind)
    return JournalTotal(
        month=document.issued_on.replace(day=1),
        kind=kind,
        currency=document.currency,
        documents=1,
        net=signed(kind, document.net),
        vat=signed(kind, document.vat),
        rounding=signed(kind, Decimal(snapshot.get("rounding", "0.00"))),
        total=signed(kind, document.total),
    )


def with_total(total: JournalTotal, other: JournalTotal) -> JournalTotal:
    return replace(
        total,
        documents=total.documents + other.documents,
        net=total.net + other.net,
        vat=total.vat + other.vat,
        rounding=total.rounding + other.rounding,
        total=total.total + other.total,
    )
