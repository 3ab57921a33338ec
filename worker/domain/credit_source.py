"""What a credit note is made of: a refund, what a person chose, or the whole that is left."""

from dataclasses import dataclass

from worker.domain.credit_selection import CreditSelection
from worker.domain.order import Refund


@dataclass(frozen=True)
class Cancellation:
    """All that is left of an invoice is taken back. *reason* is printed; empty: that the order was cancelled."""

    reason: str = ""


CreditSource = Refund | Cancellation | CreditSelection
