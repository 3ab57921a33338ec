"""A shop and what its owner chose: rules, moments, series, words. Secrets live elsewhere."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from worker.domain.document import Kind, SendMode
from worker.domain.party import Seller


class Trigger(StrEnum):
    CREATED = "created"
    PAID = "paid"
    PROCESSING = "processing"
    COMPLETED = "completed"


class VatRegime(StrEnum):
    NORMAL = "normal"
    SMALL_BUSINESS = "small_business"  # franchise: no VAT may show
    MARGIN = "margin"
    EXEMPT = "exempt"  # art. 44


class BuyerFilter(StrEnum):
    EVERYONE = "everyone"
    BUSINESS = "business"
    CONSUMER = "consumer"


@dataclass(frozen=True)
class Rule:
    """When an order reaches *moment*, make a *kind* and send or keep it; the conditions narrow the orders. Empty = all."""

    kind: Kind
    trigger: Trigger
    send_mode: SendMode = SendMode.SEND
    buyer: BuyerFilter = BuyerFilter.EVERYONE
    payment_methods: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    minimum_total: Decimal | None = None

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read `invoice:paid:send`, or with conditions `invoice:paid:send:buyer=business,country=BE|NL,method=bacs,minimum=50`.

        Raises ValueError with a sentence.
        """
        kind, trigger, send_mode, conditions, *rest = [*text.split(":"), "", "", "", ""][: max(4, text.count(":") + 1)]
        if rest or not send_mode:
            raise ValueError(
                f"“{text}” is not a rule; write it as kind:moment:send or kind:moment:draft, like invoice:paid:send"
            )
        try:
            rule = cls(Kind(kind), Trigger(trigger), SendMode(send_mode))
        except ValueError as error:
            kinds, triggers = "|".join(list(Kind)[:3]), "|".join(Trigger)
            raise ValueError(f"“{text}” is not a rule: {error}. Use ({kinds}):({triggers}):(send|draft)") from error
        if rule.kind is Kind.CREDIT_NOTE:
            raise ValueError(
                "Credit notes follow refunds and cancellations, not a rule; choose their send mode instead"
            )
        return replace(rule, **parse_conditions(conditions)) if conditions else rule

    def __str__(self) -> str:
        parts = (
            "" if self.buyer is BuyerFilter.EVERYONE else f"buyer={self.buyer}",
            f"country={'|'.join(self.countries)}" if self.countries else "",
            f"method={'|'.join(self.payment_methods)}" if self.payment_methods else "",
            "" if self.minimum_total is None else f"minimum={self.minimum_total}",
        )
        conditions = ",".join(part for part in parts if part)
        return f"{self.kind}:{self.trigger}:{self.send_mode}" + (f":{conditions}" if conditions else "")


def parse_conditions(text: str) -> dict[str, Any]:
    """The fields of a Rule that `buyer=business,country=BE|NL` names. Raises ValueError with a sentence."""
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        values = tuple(filter(None, value.split("|")))
        match name:
            case "buyer" if value in list(BuyerFilter):
                found["buyer"] = BuyerFilter(value)
            case "country" if values and all(re.fullmatch("[A-Z]{2}", country) for country in values):
                found["countries"] = values
            case "method" if values:
                found["payment_methods"] = values
            case "minimum" if re.fullmatch(r"\d+(\.\d{1,2})?", value):
                found["minimum_total"] = Decimal(value)
            case _:
                raise ValueError(
                    f"“{part}” is not a condition; use buyer=business or buyer=consumer, country=BE|NL, method=bacs|cod, minimum=50"
                )
    return found


DEFAULT_RULES = (Rule(Kind.INVOICE, Trigger.PAID, SendMode.SEND),)


@dataclass(frozen=True)
class Series:
    """A run of numbers. *pattern* knows {year} and {number} (with a width like {number:05d}); *yearly* starts again at 1 each year."""

    name: str
    pattern: str
    yearly: bool = True


DEFAULT_SERIES = {
    Kind.INVOICE: Series("invoice", "F{year}-{number:05d}"),
    Kind.CREDIT_NOTE: Series("credit_note", "C{year}-{number:05d}"),
    Kind.ORDER_CONFIRMATION: Series("order_confirmation", "B{year}-{number:05d}"),
    Kind.DELIVERY_NOTE: Series("delivery_note", "L{year}-{number:05d}"),
}


# How documents can be laid out: title and facts left, or the address in the left window of an envelope.
LAYOUTS = ("ledger", "letter")


@dataclass(frozen=True)
class StoredFile:
    """A file of the shop's own in the archive: its path there, what its bytes hash to, and the name people know it by."""

    path: str
    sha256: str
    name: str = ""


@dataclass(frozen=True)
class RestoredBackup:
    """The books came back from a backup made at *as_of*; what was issued between then and *at* is not in them."""

    as_of: datetime
    at: datetime


@dataclass(frozen=True)
class LostNumbers:
    """Numbers *first* to *last* of a series were given after a backup, and are not in the books that were restored from it."""

    series: str
    period: int
    first: int
    last: int


@dataclass(frozen=True)
class Shop:
    """One WooCommerce site. *orders_since*: orders placed before it make nothing (aware UTC). *status_map*: custom status → built-in one."""

    shop_id: str
    name: str
    url: str
    orders_since: datetime
    seed: int = 0  # a small number of our own: part of the structured communication, so that shops do not share one
    seller: Seller = Seller()
    rules: tuple[Rule, ...] = DEFAULT_RULES
    credit_notes: SendMode = SendMode.SEND
    series: dict[Kind, Series] = field(default_factory=lambda: dict(DEFAULT_SERIES))
    continued_after: dict[str, int] = field(default_factory=dict)  # where a count began: {"invoice:2026": 115}
    restored: RestoredBackup | None = None  # until a person has said where the numbers go on, nothing is issued
    lost_numbers: tuple[LostNumbers, ...] = ()
    language: str = "nl"
    zone: str = "Europe/Brussels"
    test: bool = False
    suspended: bool = False
    status_map: dict[str, str] = field(default_factory=dict)
    pending_counts: bool = False  # an order that is only "pending" counts as created
    vat_regime: VatRegime = VatRegime.NORMAL
    sells_services: bool = False
    oss: bool = True
    vat_as_charged: bool = False
    payment_days: int = 30
    exchange_rates: dict[str, Decimal] = field(default_factory=dict)  # units of a currency for 1 EUR: {"USD": 1.0831}
    mail_from: str = ""
    mail_reply_to: str = ""
    mail_cc: str = ""
    mail_bcc: str = ""
    mail_attachment: StoredFile | None = None  # rides along with each mail, like the terms and conditions
    accent: str = "#0f766e"
    layout: str = "ledger"
    logo: StoredFile | None = None
    terms: str = ""
    texts: dict[str, str] = field(default_factory=dict)  # the shop's own words, by the keys of `wording`

    @property
    def zoneinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)
