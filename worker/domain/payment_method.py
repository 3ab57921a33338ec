"""How each payment method brings the money, and so what paper, page and mail say while it has not come.

The ids are those of the gateways in an order's `payment_method`. A new one is a line in this table; what it does not know
is judged by what WooCommerce says of the order (`order_payment`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Means(StrEnum):
    """How a buyer pays what is open, and to whom."""

    TRANSFER = "transfer"  # to the seller's account: IBAN, reference, QR code, due date
    ON_DELIVERY = "on_delivery"  # to whoever brings or hands over the goods
    PROVIDER_TRANSFER = "provider_transfer"  # to the provider's account, under the provider's own reference
    ONLINE = (
        "online"  # at the provider's page: a link where the shop still takes the payment, else nothing but the amount
    )


@dataclass(frozen=True)
class Method:
    """What is known of a payment method. *provider*: who tells the buyer where to transfer the money.

    *on_account*: the buyer pays after the delivery, though the shop dates a payment as soon as the order is in processing.
    """

    means: Means
    provider: str = ""
    on_account: bool = False


@dataclass(frozen=True)
class PaymentTerms:
    """What an owner says of a payment method: sold on account, to be paid within *days*; None: its completed orders are paid."""

    days: int | None = None

    def __str__(self) -> str:
        return "paid" if self.days is None else f"{self.days} days"


_TRANSFER, _ON_DELIVERY, _ONLINE = Method(Means.TRANSFER), Method(Means.ON_DELIVERY), Method(Means.ONLINE)
_ON_ACCOUNT = Method(Means.TRANSFER, on_account=True)

METHODS = {
    "": _TRANSFER,  # an order made in wp-admin
    "bacs": _TRANSFER,
    "cheque": _TRANSFER,
    "cod": _ON_DELIVERY,
    "mollie_wc_gateway_banktransfer": Method(Means.PROVIDER_TRANSFER, "Mollie"),
    "multisafepay_banktrans": Method(Means.PROVIDER_TRANSFER, "MultiSafepay"),
    "buckaroo_transfer": Method(Means.PROVIDER_TRANSFER, "Buckaroo"),
    "igfw_invoice_gateway": _ON_ACCOUNT,
    "german_market_purchase_on_account": _ON_ACCOUNT,
}

# The first that fits counts, so a longer one goes before a shorter one.
PREFIXES = {
    **dict.fromkeys(
        (
            "mollie_", "stripe", "wc_stripe", "woocommerce_payments", "ppcp", "ppec", "paypal", "klarna", "kco", "multisafepay_",
            "buckaroo_", "pay_gateway_", "adyen", "braintree", "square_", "payconiq", "bancontact", "ideal", "viva_", "worldline",
            "ingenico", "ccvonlinepayments", "sumup", "amazon_payments", "afterpay", "riverty", "billie", "in3", "alma",
            "sepay", "ginger_", "rabo", "icepay", "sisow", "targetpay", "digiwallet", "cardgate", "apple_pay", "google_pay",
        ),
        _ONLINE,
    ),
    **dict.fromkeys(("cash_on", "cash-on", "pay_on_delivery", "pay_at_pickup"), _ON_DELIVERY),
}  # fmt: skip

# What "on account" is called, in the id or the shop's own name of a method that the table lacks: wc_invoice_gateway, “Op factuur”.
_ON_ACCOUNT_WORDS = (
    "invoice", "factuur", "facture", "rechnung", "on_account", "on-account", "on account", "purchase_order", "purchase-order",
    "op rekening",
)  # fmt: skip

# Statuses of deposit plugins, under which only a part of the money has come.
IN_PARTS_STATUSES = (
    "partial-payment",
    "partially-paid",
    "partial-paid",
    "partially_paid",
    "deposit-paid",
    "scheduled-payment",
)


def known_method(method_id: str, title: str = "") -> Method | None:
    """What the table says of the payment method *method_id*, which the shop calls *title*; None where it does not know it."""
    name = method_id.lower()
    if name in METHODS:
        return METHODS[name]
    known = next((method for prefix, method in PREFIXES.items() if name.startswith(prefix)), None)
    called = f"{name} {title.casefold()}"
    return known or (_ON_ACCOUNT if any(words in called for words in _ON_ACCOUNT_WORDS) else None)


def is_transfer(method_id: str) -> bool:
    """Whether money by this method comes on the seller's own bank account, as far as the table knows."""
    method = known_method(method_id)
    return method is not None and method.means is Means.TRANSFER
