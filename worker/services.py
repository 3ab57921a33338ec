"""The one place where the parts are plugged together. Use cases get a `Services`, never its parts one by one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from typing import TypeVar

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection

from worker import queue
from worker.actions import Retried
from worker.domain.actor import Actor
from worker.domain.document import Document
from worker.domain.shop import Shop
from worker.errors import KeyRefused
from worker.net import document_link
from worker.settings import Settings
from worker.store import shops
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.files.archive import Archive, open_archive
from worker.store.roads import Road, RoadKind, Roads
from worker.store.shops import ConnectedShop, key_withheld
from worker.woocommerce.client import ShopClient
from worker.woocommerce.rest import RestKey
from worker.woocommerce.shop_calls import Guard, Patience

Result = TypeVar("Result")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """What a use case may use of the outside world. *now* is the only clock."""

    settings: Settings
    now: Callable[[], datetime] = utc_now

    def today(self, shop: Shop) -> date:
        return shop.day_of(self.now())

    @cached_property
    def store(self) -> Store:
        return Store(self.settings.database_url)

    @cached_property
    def encryption(self) -> Encryption:
        return Encryption(self.settings.secret_keys)

    @cached_property
    def archive(self) -> Archive:
        return open_archive(self.settings)

    @cached_property
    def redis(self) -> Redis:
        return queue.connect(self.settings.redis_url)

    @cached_property
    def roads(self) -> Roads:
        return Roads(self.store, self.now, longest=timedelta(seconds=self.settings.longest_wait_seconds))

    def over(
        self, shop_id: str, kind: RoadKind, target: str = "", *, later: bool = False
    ) -> AbstractContextManager[None]:
        """Call a shop's server inside. Raises RoadRested where nobody has answered there lately.

        *later*: nothing is lost when it is called later only; urgent work leaves a road that fails to long work (TakesLong).
        """
        return self.roads.over(Road(shop_id, kind, target), later=later)

    @cached_property
    def _clients(self) -> dict[str, ShopClient]:
        return {}

    def connected(self, shop_id: str) -> ConnectedShop:
        """A shop with its secrets, as they are now. Raises Rejected when there is no such shop."""
        with self.store.read() as connection:
            return shops.get(connection, self.encryption, shop_id)

    def client_of(self, connected: ConnectedShop) -> ShopClient:
        """The REST client of a shop that is to be asked; one per shop and key, so that its connections are used again.

        Raises KeyRefused where its key was withheld.
        """
        shop, secrets = connected.shop, connected.secrets
        if secrets.rest_key_withheld:
            raise KeyRefused(key_withheld(shop.url))
        key = f"{shop.shop_id} {shop.url} {secrets.rest_key} {secrets.rest_secret}"
        if key not in self._clients:
            self._clients[key] = ShopClient(
                shop.url,
                RestKey(secrets.rest_key, secrets.rest_secret),
                patience=Patience(self.settings.shop_timeout_seconds),
                road=partial(self.over, shop.shop_id, RoadKind.REST),
                guard=Guard(allow_private=self.settings.allow_private_shops),
            )
        return self._clients[key]

    def link_of(self, document: Document | None) -> str | None:
        """The customer's link as of the document's own moment, so always the same; None for a draft, which has no document."""
        if document is None:
            return None
        return document_link.url(
            self.settings.public_url, self.settings.secret_keys, document.document_id, now=document.issued_at
        )

    def actor(self, name: str) -> Actor:
        return Actor(name, self.now())

    def act(self, action: Callable[[Connection], Result]) -> Result:
        """Do an action of `worker.actions` in a transaction of its own, and enqueue what it tries again."""
        with self.store.write() as connection:
            result = action(connection)
        if isinstance(result, Retried):
            for job, row_id in result.jobs:
                self.enqueue(job, row_id)
        return result

    def enqueue(self, job: str, row_id: int) -> None:
        """Enqueue once; where Redis does not answer the row waits for the scheduler."""
        try:
            queue.enqueue(self.redis, job, row_id)
        except RedisError:
            return
