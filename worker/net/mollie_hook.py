"""The address that Mollie calls about a shop's payments: it cannot be guessed, and says whose they are. Pure."""

from itsdangerous import BadSignature, URLSafeSerializer

SALT = "facturelay.mollie-hook.v1"


def url(public_url: str, secret_keys: tuple[str, ...], shop_id: str) -> str:
    return f"{public_url}/hooks/mollie/{serializer(secret_keys).dumps(shop_id)}"


def read(secret_keys: tuple[str, ...], token: str) -> str | None:
    """The shop that *token* is of; None where we did not make it."""
    try:
        return str(serializer(secret_keys).loads(token))
    except (BadSignature, ValueError):
        return None


def serializer(secret_keys: tuple[str, ...]) -> URLSafeSerializer:
    # itsdangerous wants the newest key last; our lists have it first.
    return URLSafeSerializer(list(reversed(secret_keys)), salt=SALT)
