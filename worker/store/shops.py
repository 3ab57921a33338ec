"""Shops and their secrets."""

import itertools
import json
import secrets as random
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import Connection, func, insert, select, update

from worker.domain.payment_reference import LARGEST_SEED, range_of
from worker.domain.shop import Shop
from worker.domain.shop_health import WatchedShop
from worker.errors import Rejected
from worker.message import Message
from worker.store.database import json_codec
from worker.store.database.encryption import Encryption
from worker.store.database.made_once import given, made_once
from worker.store.database.rows import insert_into
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import payment_references, shops, signature_failures


@dataclass(frozen=True)
class Secrets:
    """What only the shop and we know. *webhook_secrets* newest first: while a secret is rotated the old one still verifies."""

    webhook_secrets: tuple[str, ...] = field(repr=False)
    rest_key: str = field(default="", repr=False)
    rest_secret: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)  # the shop's own mail server; empty: the operator's
    peppol_key: str = field(default="", repr=False)  # of its account with an access point
    peppol_hook_secret: str = field(default="", repr=False)  # with which that access point signs what it tells
    mollie_key: str = field(default="", repr=False)  # of its account with Mollie
    rest_key_withheld: bool = field(
        default=False, repr=False
    )  # the REST key was for the address that the shop had before, and is to come anew

    def __post_init__(self) -> None:
        if not self.webhook_secrets or not all(self.webhook_secrets):
            raise ValueError("a webhook secret may not be empty: WooCommerce signs with an empty key too")

    @property
    def has_rest_key(self) -> bool:
        return bool(self.rest_key and self.rest_secret)

    @property
    def has_rest(self) -> bool:
        """Whether the shop is to be asked: a key that was withheld is one that the shop refuses until it comes anew. Nothing is done without."""
        return self.has_rest_key or self.rest_key_withheld

    def with_rest_key(self, key: str, secret: str) -> "Secrets":
        """With another key, or with none for good."""
        return replace(self, rest_key=key, rest_secret=secret, rest_key_withheld=False)


def key_withheld(url: str) -> Message:
    """Why a shop at *url* is not asked whose REST key was withheld."""
    return Message(
        "The key was made for the address that the shop had before, so it is not sent to {url}. The plugin gives another within five minutes "
        "after “The shop moved here” was pressed there; without the plugin, make one in WooCommerce and type it under Settings → Connection. "
        "What waits for it is done then.",
        url=url,
    )


@dataclass(frozen=True)
class ListPlace:
    """A place in the shop's list of changed orders: a page of those changed after an instant."""

    after: datetime
    page: int = 1


@dataclass(frozen=True)
class ConnectedShop:
    """A shop with its secrets, as the worker needs it."""

    shop: Shop
    secrets: Secrets
    created_at: datetime
    polled_until: datetime | None
    poll_place: ListPlace | None = None  # where a poll that is not over goes on


# Made once: a statement costs more to build than to run.
FIND = made_once(select(shops).where(*given(shops.c.shop_id)))
SECRETS = made_once(select(shops.c.secrets, shops.c.url).where(*given(shops.c.shop_id)))
SETTINGS = made_once(select(shops.c.settings).where(*given(shops.c.shop_id)))


def new_shop_id() -> str:
    """An unguessable id: it is part of the delivery URL."""
    return random.token_hex(12)


def new_webhook_secret() -> str:
    """Hex only: wp-admin's form damages other characters (docs/woocommerce-contract.md §1)."""
    return random.token_hex(25)


def add(connection: Connection, encryption: Encryption, shop: Shop, secrets: Secrets, *, now: datetime) -> Shop:
    """Store a new shop and return it with its seed: the one that it brings, or a free number.

    Raises Rejected where another shop has it: no two may ask for money under the same references.
    """
    refuse_taken_digits(connection, shop)
    seed = shop.reference_digits or free_digits(connection, shop.shop_id)
    shop = replace(shop, reference_digits=seed)
    connection.execute(
        insert(shops).values(
            shop_id=shop.shop_id,
            seed=seed,
            name=shop.name,
            url=shop.url,
            settings=json_codec.dump(shop),
            secrets=encryption.encrypt(secrets_as_text(secrets)),
            created_at=now,
        )
    )
    return shop


def refuse_taken_digits(connection: Connection, shop: Shop) -> None:
    """Raises Rejected where the references of another shop begin with those of *shop*: a payment could be either's."""
    if shop.reference_digits and are_taken(connection, shop.reference_digits, by_other_than=shop.shop_id):
        raise Rejected(
            "Another shop here has payment references that begin with {digits}. Choose other digits.",
            digits=f"{shop.reference_digits:03d}",
            code="seed_taken",
        )


def are_taken(connection: Connection, digits: int, *, by_other_than: str) -> bool:
    """Whether another shop has these digits, or asked for money under them before."""
    used = payment_references.c.reference.between(*range_of(digits))
    others = (
        select(shops.c.shop_id).where(shops.c.seed == digits, shops.c.shop_id != by_other_than),
        select(payment_references.c.shop_id).where(used, payment_references.c.shop_id != by_other_than),
    )
    if any(connection.execute(other.limit(1)).first() for other in others):
        return True
    earlier = (one.digits for shop in every(connection) if shop.shop_id != by_other_than for one in shop.earlier_digits)
    return digits in earlier


def free_digits(connection: Connection, shop_id: str) -> int:
    """Those after the largest; once that is reached, the first that nobody has or had."""
    after = (connection.execute(select(func.max(shops.c.seed))).scalar() or 0) + 1
    counted = itertools.chain([after] if after <= LARGEST_SEED else [], itertools.count(1))
    return next(digits for digits in counted if not are_taken(connection, digits, by_other_than=shop_id))


def change(connection: Connection, shop: Shop) -> None:
    """Store changed settings of *shop*."""
    connection.execute(
        update(shops)
        .where(shops.c.shop_id == shop.shop_id)
        .values(name=shop.name, url=shop.url, seed=shop.reference_digits, settings=json_codec.dump(shop))
    )


def change_secrets(connection: Connection, encryption: Encryption, shop_id: str, secrets: Secrets) -> None:
    connection.execute(
        update(shops).where(shops.c.shop_id == shop_id).values(secrets=encryption.encrypt(secrets_as_text(secrets)))
    )


def rotate_webhook_secret(connection: Connection, encryption: Encryption, shop_id: str, new: str) -> None:
    """Put *new* first; the one before it still verifies until the next rotation."""
    secrets = get(connection, encryption, shop_id).secrets
    webhook_secrets = (new, *(old for old in secrets.webhook_secrets[:1] if old != new))
    change_secrets(connection, encryption, shop_id, replace(secrets, webhook_secrets=webhook_secrets))


def find(connection: Connection, encryption: Encryption, shop_id: str) -> ConnectedShop | None:
    row = connection.execute(FIND, {"shop_id": shop_id}).one_or_none()
    if row is None:
        return None
    return ConnectedShop(
        shop=as_shop(row.settings),
        secrets=secrets_from_text(encryption.decrypt(row.secrets)),
        created_at=row.created_at,
        polled_until=row.polled_until,
        poll_place=ListPlace(row.poll_after, row.poll_page) if row.poll_after else None,
    )


@dataclass(frozen=True)
class KnownShop:
    """What is known of a shop before anything of it is taken in: by which secrets that is proved, and where it comes from."""

    secrets: Secrets
    url: str


def known(connection: Connection, encryption: Encryption, shop_id: str) -> KnownShop | None:
    """A shop's secrets and address without its settings, which cost more to read."""
    row = connection.execute(SECRETS, {"shop_id": shop_id}).one_or_none()
    return KnownShop(secrets_from_text(encryption.decrypt(row.secrets)), row.url) if row is not None else None


def secrets_of(connection: Connection, encryption: Encryption, shop_id: str) -> Secrets | None:
    found = known(connection, encryption, shop_id)
    return found.secrets if found is not None else None


@lru_cache(maxsize=1_000)
def as_shop(settings: str) -> Shop:
    """Settings as they are stored, read once. Nobody changes what is in a shop: a new one is made."""
    return json_codec.load(Shop, settings)


def get_secrets(connection: Connection, encryption: Encryption, shop_id: str) -> Secrets:
    """The same. Raises Rejected when there is no such shop."""
    found = secrets_of(connection, encryption, shop_id)
    if found is None:
        raise unknown(shop_id)
    return found


def with_own_mail_server(connection: Connection, encryption: Encryption, shop_ids: Shops) -> frozenset[str]:
    """Which of these shops write by a mail server of their own."""
    found = select(shops.c.shop_id, shops.c.secrets).where(*within(shops.c.shop_id, shop_ids))
    return frozenset(row.shop_id for row in connection.execute(found) if has_own_mail_server(encryption, row.secrets))


@lru_cache(maxsize=10_000)
def has_own_mail_server(encryption: Encryption, locked: str) -> bool:
    """What is remembered is no secret: to unlock those of hundreds of shops takes longer than all else that is told of them."""
    return bool(secrets_from_text(encryption.decrypt(locked)).smtp_url)


def settings_of(connection: Connection, shop_id: str) -> Shop | None:
    """A shop without its secrets, which cost a decryption."""
    settings = connection.execute(SETTINGS, {"shop_id": shop_id}).scalar()
    return as_shop(settings) if settings is not None else None


def watched(connection: Connection, some: Shops = None) -> tuple[WatchedShop, ...]:
    """By what the roads of shops are judged, oldest first. Of each only that is read: they are asked for together."""
    query = select(shops.c.settings).where(*within(shops.c.shop_id, some)).order_by(shops.c.created_at, shops.c.shop_id)
    return tuple(map(as_watched, connection.execute(query).scalars().all()))


@lru_cache(maxsize=1_000)
def as_watched(settings: str) -> WatchedShop:
    """As `as_shop`, in a fifth of the time."""
    return json_codec.load(WatchedShop, settings)


def get_settings(connection: Connection, shop_id: str) -> Shop:
    """The same. Raises Rejected when there is no such shop."""
    found = settings_of(connection, shop_id)
    if found is None:
        raise unknown(shop_id)
    return found


def get(connection: Connection, encryption: Encryption, shop_id: str) -> ConnectedShop:
    """The shop with *shop_id*. Raises Rejected when there is none."""
    found = find(connection, encryption, shop_id)
    if found is None:
        raise unknown(shop_id)
    return found


def unknown(shop_id: str) -> Rejected:
    return Rejected(
        "There is no shop {shop_id}; `facturelay shop list` shows them.", shop_id=shop_id, code="shop_unknown"
    )


def ids_at_work(connection: Connection) -> tuple[str, ...]:
    """The ids of all shops that are not paused, oldest first. It is asked every few seconds: the database looks, and sends no settings."""
    # As `json_codec.dump` writes it. No text of the owner holds this: the quotes of one are written with a backslash.
    paused = shops.c.settings.contains('"suspended":true')
    return tuple(
        connection.execute(
            select(shops.c.shop_id).where(~paused).order_by(shops.c.created_at, shops.c.shop_id)
        ).scalars()
    )


def every(connection: Connection) -> tuple[Shop, ...]:
    """All shops, oldest first, without their secrets."""
    return tuple(
        as_shop(settings)
        for settings in connection.execute(
            select(shops.c.settings).order_by(shops.c.created_at, shops.c.shop_id)
        ).scalars()
    )


def set_polled_until(
    connection: Connection, shop_id: str, until: datetime | None, *, then: ListPlace | None = None
) -> None:
    """How far the shop's changes are known (None: as far as before), and where the list of them goes on, if it does."""
    values = {"poll_after": then.after if then else None, "poll_page": then.page if then else None}
    if until is not None:
        values["polled_until"] = until
    connection.execute(update(shops).where(shops.c.shop_id == shop_id).values(values))


def count_signature_failure(connection: Connection, shop_id: str, *, day: date, now: datetime) -> None:
    """Count a delivery that did not verify; its content is not stored."""
    statement = insert_into(connection, signature_failures).values(shop_id=shop_id, day=day, failures=1, last_at=now)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "day"], set_={"failures": signature_failures.c.failures + 1, "last_at": now}
        )
    )


def signature_failures_of(connection: Connection, shop_id: str) -> int:
    found = connection.execute(
        select(func.sum(signature_failures.c.failures)).where(signature_failures.c.shop_id == shop_id)
    ).scalar()
    return int(found or 0)


def secrets_as_text(secrets: Secrets) -> str:
    return json.dumps(vars(secrets))


def secrets_from_text(text: str) -> Secrets:
    found = json.loads(text)
    return Secrets(
        tuple(found["webhook_secrets"]),
        found["rest_key"],
        found["rest_secret"],
        found.get("smtp_url", ""),
        found.get("peppol_key", ""),
        mollie_key=found.get("mollie_key", ""),
        peppol_hook_secret=found.get("peppol_hook_secret", ""),
        rest_key_withheld=found.get("rest_key_withheld", False),
    )
