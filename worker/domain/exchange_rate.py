"""VAT in EUR on a document in another currency."""

from decimal import Decimal

from worker.domain.document import Problem
from worker.domain.money import to_cent
from worker.domain.shop import Shop
from worker.message import Message


def exchange_rate(currency: str, shop: Shop) -> Decimal | None:
    return None if currency == "EUR" else shop.exchange_rates.get(currency)


def vat_in_euro(amount: Decimal, rate: Decimal | None) -> Decimal | None:
    """The VAT in EUR that an invoice in another currency must show (art. 91 and 230 of the VAT directive)."""
    return to_cent(amount / rate) if rate else None


def exchange_rate_problem(currency: str, vat_amount: Decimal, rate: Decimal | None) -> tuple[Problem, ...]:
    if currency == "EUR" or rate or not vat_amount:
        return ()
    message = Message(
        "The VAT must be shown in EUR, but no exchange rate is known for {currency}. Add one in the settings.",
        currency=currency,
    )
    return (Problem("exchange_rate_missing", message),)
