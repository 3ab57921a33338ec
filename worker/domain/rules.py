"""When an order reaches a trigger, which document is made and whether it is sent or kept; as values and as text."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from worker.domain.document import Kind, SendMode
from worker.errors import InvalidValue


class Trigger(StrEnum):
    CREATED = "created"
    PAID = "paid"
    PROCESSING = "processing"
    COMPLETED = "completed"
    STATUS = "status"  # exactly one that the shop names, such as one of its own


class BuyerFilter(StrEnum):
    EVERYONE = "everyone"
    BUSINESS = "business"
    CONSUMER = "consumer"


class OrderKind(StrEnum):
    """What sort of order it is: how it came about, and what it is of its sale. Every order is of at least one."""

    ONLINE = "online"  # a customer placed it at a checkout
    STAFF = "staff"  # made in WordPress
    POS = "pos"  # at a till
    PROGRAM = "program"  # by REST, or by a program that WooCommerce names
    RENEWAL = "renewal"  # of a subscription
    MAIN = "main"
    SUBORDER = "suborder"
    BALANCE = "balance"


# Credit notes follow refunds and cancellations.
KINDS_BY_RULE = tuple(kind for kind in Kind if kind is not Kind.CREDIT_NOTE)

# The tax class that WooCommerce has no name for.
STANDARD_CLASS = "standard"


@dataclass(frozen=True)
class Rule:
    """When an order reaches *trigger*, make a *kind* and send or keep it; the conditions narrow the orders. Empty = all.

    *status* is that of the trigger `STATUS`, as WooCommerce's REST names it, without `wc-`.
    """

    kind: Kind
    trigger: Trigger
    send_mode: SendMode = SendMode.SEND
    buyer: BuyerFilter = BuyerFilter.EVERYONE
    payment_methods: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    minimum_total: Decimal | None = None
    order_kinds: tuple[OrderKind, ...] = ()
    categories: tuple[str, ...] = ()
    tax_classes: tuple[str, ...] = ()
    shipping_methods: tuple[str, ...] = ()
    coupons: tuple[str, ...] = ()
    status: str = ""

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read `invoice:paid:send`, or with conditions `invoice:paid:send:buyer=business,country=BE|NL,category=Wijn|"Brood, taart"`;
        `invoice:status=await-ship:send` waits for that status.

        Raises ValueError with a sentence.
        """
        kind, trigger, send_mode, conditions = [*text.split(":", 3), "", "", "", ""][:4]
        if not send_mode:
            raise InvalidValue(
                "“{text}” is not a rule; write it as kind:trigger:send or kind:trigger:draft, like invoice:paid:send.",
                text=text,
            )
        try:
            moment, status = parse_moment(trigger)
            rule = cls(Kind(kind), moment, SendMode(send_mode), status=status)
        except InvalidValue:
            raise
        except ValueError as error:
            kinds, triggers = "|".join(KINDS_BY_RULE), "|".join(Trigger).replace("status", "status=…")
            raise InvalidValue(
                "“{text}” is not a rule. Use ({kinds}):({triggers}):(send|draft).",
                text=text,
                kinds=kinds,
                triggers=triggers,
            ) from error
        if rule.kind is Kind.CREDIT_NOTE:
            raise InvalidValue(
                "Credit notes follow refunds and cancellations, not a rule; choose their send mode instead."
            )
        if rule.kind is Kind.PAYMENT_REQUEST and rule.trigger is not Trigger.CREATED:
            raise InvalidValue(
                "A payment request asks for the money of an order that was placed and is not paid; write "
                "payment_request:created:{send_mode}.",
                send_mode=rule.send_mode,
            )
        return replace(rule, **parse_conditions(conditions)) if conditions else rule

    def __str__(self) -> str:
        parts = (
            "" if self.buyer is BuyerFilter.EVERYONE else f"buyer={self.buyer}",
            f"country={'|'.join(self.countries)}" if self.countries else "",
            f"method={'|'.join(self.payment_methods)}" if self.payment_methods else "",
            "" if self.minimum_total is None else f"minimum={self.minimum_total}",
            f"order={'|'.join(self.order_kinds)}" if self.order_kinds else "",
            *(
                f"{name}={'|'.join(map(quoted, values))}"
                for name, field_name in LISTS.items()
                if (values := getattr(self, field_name))
            ),
        )
        conditions = ",".join(part for part in parts if part)
        return f"{self.kind}:{self.moment}:{self.send_mode}" + (f":{conditions}" if conditions else "")

    @property
    def moment(self) -> str:
        """The trigger as it is written: `paid`, or `status=await-ship`."""
        return f"{self.trigger}={self.status}" if self.trigger is Trigger.STATUS else str(self.trigger)


# WordPress keeps twenty letters of a status with its wc-; some plugins name one without.
_STATUS = re.compile("[a-z0-9_-]{1,20}")


def parse_moment(text: str) -> tuple[Trigger, str]:
    """Read `paid`, or `status=await-ship`, which may be written with the `wc-` that WordPress stores. Raises ValueError."""
    name, _, status = text.partition("=")
    if name != Trigger.STATUS:
        return Trigger(text), ""
    status = status.strip().removeprefix("wc-")
    if not _STATUS.fullmatch(status):
        raise InvalidValue(
            "“{text}” names no order status; write it as the shop's REST does, like status=await-ship.", text=text
        )
    return Trigger.STATUS, status


# Conditions that name things of the shop, as the shop names them. Capitals make no difference, and a * stands for any text.
LISTS = {"category": "categories", "tax_class": "tax_classes", "shipping": "shipping_methods", "coupon": "coupons"}
_PLAIN = re.compile(r"[^,|\"\s](?:[^,|\"\n]*[^,|\"\s])?")
_QUOTED = r'"(?:[^"\n]|"")+"'
_VALUE = rf'(?:{_QUOTED}|[^,|"\n]+)'
_LIST = re.compile(rf"{_VALUE}(?:\|{_VALUE})*")
_CONDITIONS = re.compile(rf'(?:[^,"\n]|{_QUOTED})*')


def quoted(value: str) -> str:
    """*value*, in quotes where it holds a sign that ends it: `"Brood, taart"`; a quote within is doubled."""
    return value if _PLAIN.fullmatch(value) else '"' + value.replace('"', '""') + '"'


def unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1].replace('""', '"').strip() if value.startswith('"') and len(value) > 1 else value


def conditions_in(text: str) -> list[str]:
    """The parts between commas; a comma in quotes is none."""
    parts, at = [], 0
    while at <= len(text):
        found = _CONDITIONS.match(text, at)
        end = found.end() if found else at
        if end < len(text) and text[end] != ",":
            end = len(text)  # a quote that is not closed: the whole rest is no condition
        parts.append(text[at:end])
        at = end + 1
    return parts


def parse_conditions(text: str) -> dict[str, Any]:
    """The fields of a Rule that `buyer=business,country=BE|NL` names. Raises ValueError with a sentence."""
    found: dict[str, Any] = {}
    for part in conditions_in(text):
        name, _, value = (side.strip() for side in part.partition("="))
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
            case "order" if values and all(kind in list(OrderKind) for kind in values):
                found["order_kinds"] = tuple(map(OrderKind, values))
            case _ if name in LISTS and _LIST.fullmatch(value) and all(named := values_in(value)):
                found[LISTS[name]] = tuple(named)
            case _:
                raise InvalidValue(
                    "“{part}” is not a condition; use buyer=business or buyer=consumer, country=BE|NL, "
                    'method=bacs|cod, minimum=50, order={kinds}, category=Wijn|"Brood, taart", '
                    "tax_class=standard|reduced-rate, shipping=local_pickup|flat_rate:3, coupon=ZOMER*.",
                    part=part,
                    kinds="|".join(OrderKind),
                )
    return found


def values_in(text: str) -> list[str]:
    """What stands between bars, without its quotes."""
    return [unquoted(value) for value in re.findall(_VALUE, text)]


DEFAULT_RULES = (Rule(Kind.INVOICE, Trigger.PAID, SendMode.SEND),)
