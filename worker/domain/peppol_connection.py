"""By whom a shop sends e-invoices, and why it cannot yet. Pure: keys are only asked whether they are there."""

from dataclasses import dataclass, field

from worker.domain import peppol
from worker.domain.access_point import ELSEWHERE, OPERATORS, PROVIDERS
from worker.domain.shop import Shop
from worker.message import Message

CONNECT = Message(
    "By law invoices to businesses in Belgium go by Peppol, and no access point is connected. Connect one under Settings, "
    "Peppol, or say there that another system sends them; the invoice then goes out by itself."
)
NO_KEY = Message("The access point has no key: give it under Settings, Peppol. The invoice then goes out by itself.")
NO_OPERATOR = Message(
    "Whoever runs Facturelay has no access point connected. Choose another one under Settings, Peppol; the invoice then goes "
    "out by itself."
)
NOT_VOUCHED = Message(
    "Whoever runs Facturelay has not said yet that this shop may send by that account under its enterprise number. Ask for it, or connect "
    "an account of your own under Settings, Peppol; the invoice then goes out by itself."
)
SANDBOX = Message(
    "The access point is connected with a key of its test environment, from which no invoice arrives. Connect it with a real "
    "key under Settings, Peppol; the invoice then goes out by itself."
)
NO_COMPANY = Message(
    "It is not known yet which company of your account this shop is. Press “Try the key” under Settings, Peppol: it is found by its "
    "number, and the invoice then goes out by itself."
)
NO_NUMBER = Message("The shop has no enterprise number to send by Peppol under. Fill it in under Settings, Company.")


@dataclass(frozen=True)
class Keys:
    """The key of the shop's own account, and the account of whoever runs the installation."""

    own: str = field(repr=False)
    operators_provider: str
    operators: str = field(repr=False)


def provider_and_key(shop: Shop, keys: Keys) -> tuple[str, str]:
    """The access point that *shop* chose, by its name in PROVIDERS, and the key to it; either may be empty."""
    if shop.peppol.sender == OPERATORS:
        return keys.operators_provider, keys.operators
    return (shop.peppol.sender, keys.own) if shop.peppol.sender in PROVIDERS else ("", "")


def is_vouched_for(shop: Shop) -> bool:
    """Whether *shop* may send under the number that it gives itself: by the operator's account only where the operator said so."""
    sender = peppol.address_of_seller(shop.seller)
    return shop.peppol.sender != OPERATORS or (sender is not None and shop.peppol.vouched_for == str(sender))


def why_not(shop: Shop, keys: Keys) -> Message | None:
    """Why what must go by Peppol is sent by nobody; None where it is sent from here, or by another system."""
    if shop.peppol.sender == ELSEWHERE:
        return None
    if not shop.peppol.sender:
        return CONNECT
    provider, key = provider_and_key(shop, keys)
    if not provider or not key:
        return NO_OPERATOR if shop.peppol.sender == OPERATORS else NO_KEY
    if shop.peppol.sandbox:
        return SANDBOX
    if peppol.address_of_seller(shop.seller) is None:
        return NO_NUMBER
    if not is_vouched_for(shop):
        return NOT_VOUCHED
    return NO_COMPANY if PROVIDERS[provider].has_company and not shop.peppol.company else None
