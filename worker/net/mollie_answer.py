"""What Mollie answers of a payment. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from worker.errors import Unavailable
from worker.net.mollie_key import Mode

PAYMENT_ID = re.compile(r"tr_[A-Za-z0-9]{1,60}")
WEB_ADDRESS = re.compile(r"https?://[!-~]{1,2000}")


class Status(StrEnum):
    OPEN = "open"  # the buyer has not chosen yet
    PENDING = "pending"  # chosen, and the money is not sure: a bank transfer, some direct debits
    AUTHORIZED = "authorized"
    PAID = "paid"  # a refund or a chargeback does not change it: look at the amounts
    CANCELED = "canceled"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True)
class MolliePayment:
    """A payment as Mollie knows it now. *checkout_url* is where the buyer goes; empty once it is over. Never store it for later."""

    payment_id: str
    status: Status
    amount: Decimal
    currency: str
    mode: Mode
    refunded: Decimal
    charged_back: Decimal
    method: str = ""
    paid_at: datetime | None = None
    checkout_url: str = ""
    is_cancelable: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def gone_back(self) -> Decimal:
        """What the buyer has back of it, by a refund or a chargeback."""
        return self.refunded + self.charged_back


def payment_in(told: Mapping[str, Any]) -> MolliePayment:
    """What an answer says of a payment. Raises Unavailable where a field that money hangs on cannot be read."""
    try:
        links = told.get("_links") or {}
        paid_at = told.get("paidAt")
        return MolliePayment(
            payment_id=str(told["id"]),
            status=Status(told["status"]),
            amount=amount_in(told["amount"]),
            currency=str(told["amount"]["currency"]),
            mode=Mode(told["mode"]),
            refunded=amount_in(told.get("amountRefunded")),
            charged_back=amount_in(told.get("amountChargedBack")),
            method=str(told.get("method") or ""),
            paid_at=datetime.fromisoformat(paid_at) if paid_at else None,
            checkout_url=checkout_in(links),
            is_cancelable=told.get("isCancelable") is True,
            metadata=told["metadata"] if isinstance(told.get("metadata"), dict) else {},
        )
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise Unavailable("Mollie answered something that cannot be read.", code="mollie_unreadable") from error


def amount_in(told: Mapping[str, Any] | None) -> Decimal:
    """An amount as Mollie writes it, a text with its decimals; 0 where there is none."""
    found = Decimal(str(told["value"])) if told else Decimal("0.00")
    if not found.is_finite():
        raise ValueError("not an amount")
    return found


def checkout_in(links: Mapping[str, Any]) -> str:
    href = str((links.get("checkout") or {}).get("href") or "")
    return href if WEB_ADDRESS.fullmatch(href) else ""
