"""Which account with an access point a shop sends by."""

from worker.access_points.access_point import Account
from worker.domain import peppol
from worker.domain.access_point import ELSEWHERE
from worker.domain.peppol_connection import Keys, is_vouched_for, provider_and_key, why_not
from worker.domain.shop import Shop
from worker.message import Message
from worker.settings import Settings
from worker.store.shops import Secrets


def account_of(shop: Shop, secrets: Secrets, settings: Settings) -> Account | None:
    """The account to send real documents by; None where there is none, or another system sends them."""
    if shop.peppol.sender == ELSEWHERE or why_none(shop, secrets, settings):
        return None
    return any_account_of(shop, secrets, settings)


def any_account_of(shop: Shop, secrets: Secrets, settings: Settings) -> Account | None:
    """The account as it was typed, also one of a test environment: to try its key."""
    provider, key = provider_and_key(shop, keys_of(secrets, settings))
    sender = peppol.address_of_seller(shop.seller)
    # Not even tried: what it answers names the companies of other shops.
    if not provider or not key or sender is None or not is_vouched_for(shop):
        return None
    return Account(
        provider,
        key,
        str(sender),
        shop.peppol.company,
        url=settings.peppol_url,
        sandbox=shop.peppol.sandbox,
        allow_private=settings.allow_private_shops,
    )


def why_none(shop: Shop, secrets: Secrets, settings: Settings) -> Message | None:
    """Why what must go by Peppol is sent by nobody; None where somebody does."""
    return why_not(shop, keys_of(secrets, settings))


def keys_of(secrets: Secrets, settings: Settings) -> Keys:
    return Keys(secrets.peppol_key, settings.peppol_provider, settings.peppol_key)
