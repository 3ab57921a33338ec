"""The address that Mollie calls about a shop's payments: it cannot be guessed, and says whose they are. Pure."""

from worker.net.signer import shop_of, signer

SALT = "facturelay.mollie-hook.v1"


def url(public_url: str, secret_keys: tuple[str, ...], shop_id: str) -> str:
    return f"{public_url}/hooks/mollie/{signer(secret_keys, SALT).dumps(shop_id)}"


def read(secret_keys: tuple[str, ...], token: str) -> str | None:
    """The shop that *token* is of; None where we did not make it."""
    return shop_of(signer(secret_keys, SALT), token)
