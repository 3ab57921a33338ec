"""Shops on one installation, of which some are no good neighbours: real processes, a pretend shop, a real mail server."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tests.support.running_system import RunningSystem, running_system
from tests.support.system import SELLER
from worker.demo.mailbox import Mailbox
from worker.demo.pretend_shop import PretendShop, an_order
from worker.domain.shop import OrderSettings, Shop
from worker.queue import PROCESS_ORDER
from worker.store import deliveries, senders, shops
from worker.store.deliveries import NewDelivery
from worker.store.shops import Secrets

GOOD = tuple(f"good-{number}" for number in range(1, 8))
BACKFILLING, HANGING, ENDLESS = "backfilling", "hanging", "endless"
# What the endless shop says for ever: an answer of which a byte comes now and then.
DRIP = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
DRIP_EVERY_S = 0.5


@dataclass
class BadServer:
    """Takes every connection and never comes to an end: silent, or with a byte now and then."""

    drips: bool
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=128))
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self) -> "BadServer":
        threading.Thread(target=self.take_all, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.listener.close()

    def take_all(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self.drips:
                connection.sendall(DRIP)
            while not self.over.wait(DRIP_EVERY_S):
                if self.drips:
                    connection.sendall(b" ")


@dataclass
class Neighbours:
    """*shops*: the servers of those that answer. Each order has an id of its own."""

    system: RunningSystem
    shops: dict[str, PretendShop]
    mailbox: Mailbox
    next_id: int = 1000

    def connect(self, shop_id: str, url: str, key: str = "ck_x", secret: str = "cs_x") -> None:
        services = self.system.services
        since = OrderSettings(since=datetime.now(UTC) - timedelta(days=1))
        made = Shop(shop_id=shop_id, name=SELLER.name, url=url, seller=replace(SELLER), orders=since)
        keys = Secrets(("s" * 40,), key, secret)
        with services.store.write() as connection:
            shops.add(connection, services.encryption, made, keys, now=services.now())
            senders.prove(connection, made.shop_id, made.seller.email, by="operator", now=services.now())

    def order(self, shop_id: str) -> int:
        """Let a shop have one more order, and keep a delivery of it as the bridge does. The order's id."""
        self.next_id += 1
        order_id, services = self.next_id, self.system.services
        if shop_id in self.shops:
            self.shops[shop_id].place(an_order(id=order_id, email=f"koper{order_id}@klant.test"))
        with services.store.write() as connection:
            new = NewDelivery(shop_id, "webhook", "order.updated", order_id)
            delivery_id = deliveries.add(connection, new, now=services.now())
        services.enqueue(PROCESS_ORDER, delivery_id)
        return order_id

    def backfill(self, number: int) -> None:
        ids = range(self.next_id + 1, self.next_id + 1 + number)
        self.next_id += number
        with self.system.services.store.write() as connection:
            for order_id in ids:
                self.shops[BACKFILLING].place(an_order(id=order_id, email=f"koper{order_id}@klant.test"))
                new = NewDelivery(BACKFILLING, "backfill", "order.updated", order_id)
                deliveries.add(connection, new, now=self.system.services.now())

    def seconds_to_mail(self, shop_ids: Sequence[str], each: int, *, patience_s: float) -> float:
        """How long it takes until *each* new orders of every one of these shops are mailed. Raises TimeoutError."""
        began = time.monotonic()
        wanted = {f"koper{self.order(shop_id)}@klant.test" for _ in range(each) for shop_id in shop_ids}
        while not wanted <= self.mailed_to():
            if time.monotonic() - began > patience_s:
                missing = len(wanted - self.mailed_to())
                raise TimeoutError(f"{missing} of {len(wanted)} mails are missing after {patience_s} s")
            time.sleep(0.1)
        return time.monotonic() - began

    def mailed_to(self) -> set[str]:
        return {recipient for mail in self.mailbox.messages() for recipient in mail.recipients}

    def be_hostile(self, *, backfill: int, calls: int) -> None:
        """A backfill, and so many orders of a shop that hangs and of one that never ends."""
        self.backfill(backfill)
        for _ in range(calls):
            self.order(HANGING)
            self.order(ENDLESS)


@contextmanager
def neighbours(*, workers: int, shop_timeout_s: int) -> Iterator[Neighbours]:
    """Seven good shops, one that will backfill, one whose server hangs, one whose answers never end."""
    with (
        ExitStack() as servers,
        Mailbox() as mailbox,
        running_system(
            smtp_url=mailbox.url,
            workers=workers,
            FACTURELAY_POLL_SECONDS="3600",
            FACTURELAY_TEST_LEASE_SECONDS="150",
            FACTURELAY_TEST_SHOP_TIMEOUT_SECONDS=str(shop_timeout_s),
        ) as system,
    ):
        good = {shop_id: servers.enter_context(PretendShop()) for shop_id in (*GOOD, BACKFILLING)}
        found = Neighbours(system, good, mailbox)
        for shop_id, shop in good.items():
            found.connect(shop_id, shop.url, shop.consumer_key, shop.consumer_secret)
        found.connect(HANGING, servers.enter_context(BadServer(drips=False)).url)
        found.connect(ENDLESS, servers.enter_context(BadServer(drips=True)).url)
        yield found
        system.services.store.close()
