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


class BuyerFilter(StrEnum):
    EVERYONE = "everyone"
    BUSINESS = "business"
    CONSUMER = "consumer"


@dataclass(frozen=True)
class Rule:
    """When an order reaches *trigger*, make a *kind* and send or keep it; the conditions narrow the orders. Empty = all."""

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
            raise InvalidValue(
                "“{text}” is not a rule; write it as kind:trigger:send or kind:trigger:draft, like invoice:paid:send",
                text=text,
            )
        try:
            rule = cls(Kind(kind), Trigger(trigger), SendMode(send_mode))
        except ValueError as error:
            kinds, triggers = "|".join(list(Kind)[:3]), "|".join(Trigger)
            raise InvalidValue(
                "“{text}” is not a rule: {error}. Use ({kinds}):({triggers}):(send|draft)",
                text=text,
                error=error,
                kinds=kinds,
                triggers=triggers,
            ) from error
        if rule.kind is Kind.CREDIT_NOTE:
            raise InvalidValue(
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
                raise InvalidValue(
                    "“{part}” is not a condition; use buyer=business or buyer=consumer, country=BE|NL, "
                    "method=bacs|cod, minimum=50",
                    part=part,
                )
    return found


DEFAULT_RULES = (Rule(Kind.INVOICE, Trigger.PAID, SendMode.SEND),)
