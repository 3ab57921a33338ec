"""A shop that sells, the system that serves it, and all around them that can go wrong."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.services.postgres import RestartablePostgres, cluster
from tests.support.job_counts import job_counts
from tests.support.running_system import RunningSystem, running_system, small_disk
from tests.support.system import SELLER
from worker.demo.mailbox import Mailbox
from worker.demo.orders import a_refund, an_order
from worker.demo.pretend_shop import PretendShop
from worker.domain.shop import OrderSettings, Shop
from worker.store import senders, shops
from worker.store.jobs import JobKind
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails
from worker.store.shops import Secrets

NO_WEBHOOK = -1
BYTES_A_DOCUMENT = 60_000


@dataclass
class Experiment:
    """*due*: the causes of all documents that must exist in the end. *answers*: to deliveries (0: none at all)."""

    system: RunningSystem
    shop: PretendShop
    mailbox: Mailbox
    shop_id: str
    database: RestartablePostgres | None
    has_small_disk: bool
    due: set[str] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)

    def sell(self, order_id: int) -> None:
        self.shop.place(an_order(id=order_id, paid=True, email=f"koper{order_id}@klant.test"))
        self.due.add(f"order:{order_id}:invoice:1")

    def refund(self, order_id: int) -> None:
        refund_id = 1_000_000 + order_id
        order = self.shop.order(order_id)
        assert order is not None
        self.shop.refund(order_id, a_refund(order, id=refund_id, amount="5.00"))
        self.due.add(f"refund:{refund_id}")

    def deliver(self, order_id: int, topic: str = "order.updated") -> None:
        self.answers.update(self.shop.deliver(order_id, topic) or [NO_WEBHOOK])

    def listed(self) -> tuple[DocumentDetails, ...]:
        with self.system.services.store.read() as connection:
            return order_history.listing(connection)

    def unsettled(self) -> str:
        """What is still to be done, in words; empty when nothing is."""
        with self.system.services.store.read() as connection:
            looks, work = (job_counts(connection, kind) for kind in (JobKind.PROCESS_ORDER, JobKind.STEP))
        if (set(looks) | set(work)) - {"done"}:
            return f"looks {looks}, steps {work}"
        missing = self.due - {item.draft.cause for item in self.listed()}
        return f"looks {looks}, steps {work}, missing {sorted(missing)[:5]}" if missing else ""


@contextmanager
def an_experiment(
    *, postgresql: bool, workers: int = 2, machines: int = 1, orders: int, **settings: str
) -> Iterator[Experiment]:
    """A connected shop with its two webhooks, and everything running."""
    has_small_disk = may_mount()
    with (
        own_database(wanted=postgresql) as (database, database_url),
        PretendShop() as shop,
        Mailbox() as mailbox,
        running_system(
            smtp_url=mailbox.url,
            database_url=database_url,
            workers=workers,
            machines=machines,
            archive_bytes=(orders * BYTES_A_DOCUMENT + 4_000_000) * has_small_disk,
            **settings,
        ) as system,
    ):
        yield Experiment(system, shop, mailbox, connect(system, shop), database, has_small_disk)
        system.services.store.close()


@contextmanager
def own_database(*, wanted: bool) -> Iterator[tuple[RestartablePostgres | None, str]]:
    if not wanted:
        yield None, ""
        return
    with cluster() as folder:
        database = RestartablePostgres(folder)
        server = database.start()
        try:
            yield database, server.url(server.create_database())
        finally:
            database.stop()


def connect(system: RunningSystem, shop: PretendShop) -> str:
    services, secret = system.services, shops.new_webhook_secret()
    made = Shop(
        shop_id=shops.new_shop_id(), name=SELLER.name, url=shop.url, seller=SELLER,
        orders=OrderSettings(since=datetime.now(UTC) - timedelta(days=1)),
    )  # fmt: skip
    with services.store.write() as connection:
        keys = Secrets((secret,), shop.consumer_key, shop.consumer_secret)
        shops.add(connection, services.encryption, made, keys, now=services.now())
        senders.prove(connection, made.shop_id, made.seller.email, by="operator", now=services.now())
    for topic in ("order.created", "order.updated"):
        shop.add_webhook(topic, f"{services.settings.public_url}/webhooks/{made.shop_id}", secret)
    return made.shop_id


def may_mount() -> bool:
    """Root may, but not in every container."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder, suppress(RuntimeError, OSError), small_disk(Path(folder), 4096):
        return True
    return False
