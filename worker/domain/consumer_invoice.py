"""Sales to consumers: what invoice the law wants, and what the shop chose within that.

In Belgium no invoice is due to a consumer who buys at home (art. 53 §2 VAT code; art. 1 RD no. 1 names goods for which one is:
vehicles, yachts, buildings, instalment sales, goods for a business); nor of a distance sale that the seller declares in the
One Stop Shop (art. 219a of the VAT directive). Without OSS a sale to a consumer in another member state needs one. Up to 100 EUR
without VAT, at home, an invoice may be a simplified one (art. 13 RD no. 1; art. 226b of the directive). law-be §3, read 2026-11-28.
"""

from decimal import Decimal

from worker.domain.assessment import assess
from worker.domain.consumer_prices import is_of_consumer
from worker.domain.order import Order
from worker.domain.order_payment import terms_of
from worker.domain.place_of_supply import EU
from worker.domain.shop import ConsumerInvoices, Shop
from worker.domain.vat_number import unread_number
from worker.message import Message

ZERO, SIMPLIFIED_UP_TO = Decimal(0), Decimal(100)  # euros without VAT


def why_none(order: Order, shop: Shop) -> tuple[str, Message] | None:
    """Why no rule makes an invoice of *order*: the shop makes none for consumers, and the law wants none.

    What is sold on account is asked for by its invoice; and where something is wrong with the VAT, its draft says so.
    """
    if shop.consumer_invoices != ConsumerInvoices.NONE or not _is_free(order, shop):
        return None
    if terms_of(order, shop) is not None or assess(order, shop).problems:
        return None
    return "consumer_without_invoice", Message(
        "The buyer is a consumer to whom the law wants no invoice, and this shop makes none then. Make it by hand if the customer asks "
        "for it; the sale belongs in your book of receipts."
    )


def is_simplified(order: Order, shop: Shop, *, net: Decimal) -> bool:
    """Whether the invoice of *order* is a simplified one, which names its buyer only as far as he is known."""
    small = order.currency == "EUR" and ZERO < net <= SIMPLIFIED_UP_TO
    return shop.consumer_invoices == ConsumerInvoices.SIMPLIFIED and small and _is_at_home(order, shop)


def _is_free(order: Order, shop: Shop) -> bool:
    if _is_at_home(order, shop):
        return True
    on = shop.day_of(order.taxable_at or order.created_at)
    return _is_consumers(order, shop) and _country(order, shop) in EU and shop.vat.uses_oss_on(on)


def _is_at_home(order: Order, shop: Shop) -> bool:
    return _is_consumers(order, shop) and _country(order, shop) == _billed_to(order, shop) == "BE"


def _is_consumers(order: Order, shop: Shop) -> bool:
    """Only Belgian law is known here; whoever asks for an e-invoice, a person gave a treatment, the shop sold without VAT, or who may
    be a business gets a full invoice.
    """
    special = not is_of_consumer(order) or order.treatment is not None or order.vat_exempt
    special = special or unread_number(order, shop.seller) is not None
    return shop.seller.address.country == "BE" and not special


def _billed_to(order: Order, shop: Shop) -> str:
    return order.billing.address.country or shop.seller.address.country


def _country(order: Order, shop: Shop) -> str:
    """Where the goods go."""
    return order.shipping.address.country or _billed_to(order, shop)
