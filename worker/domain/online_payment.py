"""Paying online by the seller's own account with Mollie: which documents offer it. Pure."""

import re

from worker.domain.document import Draft, Kind
from worker.domain.payment_method import Means
from worker.domain.shop import MollieSettings, Shop
from worker.errors import InvalidValue
from worker.message import Message
from worker.net.mollie_key import Mode

# By their ids at Mollie. Not its bank transfer: ours is free and carries our reference. Not what is bought on account (Klarna,
# in3, Billie, Riverty): it wants the lines of the sale, and the money comes when the goods are sent.
METHODS = {
    "bancontact": "Bancontact",
    "wero": "Wero",
    "ideal": "iDEAL",
    "creditcard": "Card",
    "kbc": "KBC/CBC",
    "belfius": "Belfius",
    "paypal": "PayPal",
    "applepay": "Apple Pay",
    "googlepay": "Google Pay",
    "satispay": "Satispay",
    "paybybank": "Pay by Bank",
    "eps": "eps",
    "przelewy24": "Przelewy24",
    "trustly": "Trustly",
    "twint": "TWINT",
}
# Of an order in these states nothing more is asked: the sale is off, or its money went back.
CALLED_OFF = ("cancelled", "refunded")
# In these nothing is asked by itself, but an invoice stands until a person says that there was no sale.
LEFT_SHOP = ("trash", "deleted")
CLOSED_STATUSES = (*CALLED_OFF, *LEFT_SHOP)
_PROFILE = re.compile(r"[0-9a-f]{24}")


def mode_needed(*, test: bool) -> Mode:
    """Real money never pays a test, and test money pays nothing real."""
    return Mode.TEST if test else Mode.LIVE


def is_offered(draft: Draft, shop: Shop) -> bool:
    """Whether who holds the link of this document may pay online what is asked of it."""
    if draft.payment is None or draft.payment.means not in (Means.TRANSFER, Means.ONLINE):
        return False
    return shop.mollie.mode is mode_needed(test=draft.test) and stands_on(shop.mollie, draft.kind)


def stands_on(settings: MollieSettings, kind: Kind) -> bool:
    """Whether the owner wants the button on documents of *kind*."""
    match kind:
        case Kind.INVOICE:
            return settings.on_invoices
        case Kind.ORDER_CONFIRMATION:
            return settings.on_order_confirmations
    return kind not in (Kind.CREDIT_NOTE, Kind.DELIVERY_NOTE)


def why_not(shop: Shop) -> Message | None:
    """Why no document offers it, where an account is connected; None where they do, or none is connected."""
    if shop.mollie.mode is Mode.TEST and not shop.test:
        return Message(
            "The shop is live and the key of Mollie is a test key, with which nobody pays: documents show no button. Give the live key."
        )
    if shop.mollie.mode is Mode.LIVE and shop.test:
        return Message(
            "The shop is in test and the key of Mollie is a live key: test documents show no button, so that nobody pays one."
        )
    return None


def read_method(text: str) -> str:
    """A method's id at Mollie, as a setting holds it."""
    if text not in METHODS:
        raise InvalidValue(
            "“{text}” is not a way to pay online; choose from {methods}.", text=text, methods=", ".join(METHODS)
        )
    return text


def read_bancontact_profile(text: str) -> str:
    compact = text.strip().lower()
    if compact and not _PROFILE.fullmatch(compact):
        raise InvalidValue(
            "“{text}” is not a profile id of Bancontact Pro; it has 24 digits and letters from a to f.", text=text
        )
    return compact
