"""Signs what of ours comes back over the network: links, addresses that others call, cookies. Pure."""

from collections.abc import Sequence

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer


def signer(secret_keys: Sequence[str], purpose: str) -> URLSafeSerializer:
    """One *purpose*, one salt: a token made for another purpose under the same key is refused."""
    return URLSafeSerializer(newest_last(secret_keys), salt=purpose)


def timed_signer(secret_keys: Sequence[str], purpose: str) -> URLSafeTimedSerializer:
    """The same, whose tokens say when they were made, so that they can be too old."""
    return URLSafeTimedSerializer(newest_last(secret_keys), salt=purpose)


def newest_last(secret_keys: Sequence[str]) -> list[str]:
    """As itsdangerous wants them: the last one signs, all verify. Our lists have the newest first."""
    return list(reversed(secret_keys))


def shop_of(signed: URLSafeSerializer, token: str) -> str | None:
    """The id of the shop that *token* is of; None where it was not signed by any of the keys."""
    try:
        shop_id = signed.loads(token)
    except BadSignature:
        return None
    return shop_id if isinstance(shop_id, str) else None
