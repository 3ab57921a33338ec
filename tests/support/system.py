"""The whole system but its processes: the real store, a pretend shop, a real mail server; jobs are called, not queued."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support import due
from worker.demo.mailbox import Mailbox
from worker.demo.orders import Payload, php_json
from worker.demo.pretend_access_points import KEYS, RECOMMAND_COMPANY, PretendAccessPoints
from worker.demo.pretend_shop import PretendShop
from worker.demo.pretend_vies import PretendVies
from worker.domain.access_point import ELSEWHERE
from worker.domain.actor import Actor
from worker.domain.document import Document
from worker.domain.party import Address, Seller
from worker.domain.shop import OrderSettings, PeppolSettings, Shop
from worker.jobs.order import process_delivery
from worker.jobs.settlement import settle_order
from worker.jobs.step import run_steps
from worker.services import Services
from worker.settings import Settings
from worker.store import alerts, deliveries, senders, shops
from worker.store.database.tables import jobs as jobs_table
from worker.store.deliveries import NewDelivery
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails, OrderHistory
from worker.store.shops import ConnectedShop, Secrets

SELLER = Seller(
    name="De Gouden Koffiepot",
    legal_form="BV",
    address=Address(street="Koestraat 41", postcode="9000", city="Gent", country="BE"),
    vat_number="BE0445566134",
    enterprise_number="0445566134",
    register="RPR Gent, afdeling Gent",
    email="winkel@koffiepot.test",
    iban="BE71096123456769",
)
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = "5f" * 25
PERSON = "An"


@dataclass
class Clock:
    """The time of a test: it stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class System:
    """What an integration test does and asks."""

    services: Services
    shop: PretendShop
    mailbox: Mailbox
    clock: Clock
    shop_id: str
    vies: PretendVies
    points: PretendAccessPoints

    def receive(
        self, order: Payload, *, topic: str = "order.updated", body: bytes | None = None, site: str = ""
    ) -> int:
        """Keep a delivery of *order*, as the bridge does; one from another *site* too."""
        with self.services.store.write() as connection:
            return deliveries.add(
                connection,
                NewDelivery(
                    shop_id=self.shop_id,
                    source=deliveries.OTHER_SITE if site else "webhook",
                    topic=topic,
                    order_id=order["id"],
                    body=php_json(order) if body is None else body,
                    headers=[(deliveries.SITE, site)] if site else (),
                ),
                now=self.clock.now,
            )

    def arrives(self, order: Payload, *, topic: str = "order.updated") -> tuple[DocumentDetails, ...]:
        """Let *order* be so in the shop, deliver it, and do all work that is due."""
        self.shop.place(order, self.shop.refunds(order["id"]) if self.shop.order(order["id"]) else ())
        self.receive(order, topic=topic)
        self.work()
        return self.documents(order["id"])

    def issues(self, order: Payload) -> Document:
        """As `arrives`, of an order of which one document is issued."""
        (item,) = self.arrives(order)
        assert item.document is not None
        return item.document

    def work(self) -> None:
        """Do everything that is due now, as workers would."""
        for _ in range(20):
            with self.services.store.read() as connection:
                delivery_ids = due.orders(connection, now=self.clock.now)
                documents = due.documents(connection, now=self.clock.now)
                settlements = due.settlements(connection, now=self.clock.now)
            if not delivery_ids and not documents and not settlements:
                return
            for delivery_id in delivery_ids:
                process_delivery(self.services, delivery_id)
            for document_id in documents:
                run_steps(self.services, document_id)
            for job_id in settlements:
                settle_order(self.services, job_id)
        raise AssertionError("the work never ends")

    def act(self, action: Callable[..., Any], *arguments: object, **more: object) -> Any:
        """Do *action* of `worker.actions` as a page does: one transaction, this shop, a person."""
        return self.services.act(
            lambda connection: action(connection, self.shop_id, *arguments, by=self.person, **more)
        )

    @property
    def person(self) -> Actor:
        """Somebody, now."""
        return self.services.actor(PERSON)

    def documents(self, order_id: int | None = None) -> tuple[DocumentDetails, ...]:
        with self.services.store.read() as connection:
            return order_history.listing(connection, order_id=order_id)

    def numbers(self, order_id: int | None = None) -> list[str]:
        return [item.document.number if item.document else "draft" for item in self.documents(order_id)]

    def trail(self, order_id: int) -> OrderHistory:
        with self.services.store.read() as connection:
            return order_history.get(connection, self.shop_id, order_id)

    def notes(self, order_id: int) -> list[str]:
        return [str(note["note"]) for note in self.shop.notes(order_id)]

    def outcomes(self) -> list[tuple[str, str]]:
        with self.services.store.read() as connection:
            delivery_ids = jobs_table.select().where(jobs_table.c.kind == "process_order")
            rows = connection.execute(delivery_ids.order_by(jobs_table.c.job_id))
            return [(row.state, row.code) for row in rows]

    @property
    def connected(self) -> ConnectedShop:
        return self.services.connected(self.shop_id)

    def alert_codes(self) -> list[str]:
        """Of the alerts that are open."""
        with self.services.store.read() as connection:
            return [alert.code for alert in alerts.open_alerts(connection)]

    def change_shop(self, **changes: Any) -> None:
        changed = replace(self.connected.shop, **changes)
        with self.services.store.write() as connection:
            shops.change(connection, changed)

    def connect(self, provider: str, **settings: Any) -> None:
        """Send e-invoices by the pretend *provider*."""
        peppol = PeppolSettings(provider, RECOMMAND_COMPANY if provider == "recommand" else "", **settings)
        self.change_shop(peppol=peppol)
        self.change_secrets(replace(self.connected.secrets, peppol_key=KEYS[provider]))

    def move_access_point(self, url: str) -> None:
        """Let the access point be at another address from now on."""
        before = self.services
        self.services = Services(replace(self.services.settings, peppol_url=url), now=self.clock)
        before.store.close()

    def change_secrets(self, secrets: Secrets) -> None:
        with self.services.store.write() as connection:
            shops.change_secrets(connection, self.services.encryption, self.shop_id, secrets)


@contextmanager
def a_system(database_url: str, folder: Path, *, shop_id: str = "") -> Iterator[System]:
    """A connected shop that sells from Gent; *folder* is for its files, the database is migrated.

    *shop_id*: the one that an earlier system left in the database; it is where the pretend shop is now.
    """
    clock = Clock()
    with (
        PretendShop() as shop,
        Mailbox() as mailbox,
        PretendVies() as vies,
        PretendAccessPoints(everyone=True) as points,
    ):
        settings = Settings(
            data=folder,
            public_url="https://documents.test",
            database_url=database_url,
            # Nobody listens there: an integration test calls the jobs itself.
            redis_url=f"unix://{folder / 'nobody.sock'}",
            secret_keys=("k" * 32,),
            smtp_url=mailbox.url,
            vies_url=vies.url,
            peppol_url=points.url,
            allow_private_shops=True,
        )
        services = Services(settings, now=clock)
        made = Shop(
            shop_id=shop_id or shops.new_shop_id(), name="De Gouden Koffiepot", url=shop.url, orders=OrderSettings(since=START - timedelta(days=30)),
            seller=SELLER, peppol=PeppolSettings(sender=ELSEWHERE),
        )  # fmt: skip
        secrets = Secrets((SECRET,), shop.consumer_key, shop.consumer_secret)
        with services.store.write() as connection:
            if shop_id:
                shops.change(connection, made)
                shops.change_secrets(connection, services.encryption, shop_id, secrets)
            else:
                shops.add(connection, services.encryption, made, secrets, now=clock.now)
            senders.prove(connection, made.shop_id, SELLER.email, by="operator", now=clock.now)
        here = System(services, shop, mailbox, clock, made.shop_id, vies, points)
        yield here
        # A test may have moved in with other settings.
        for used in (services, here.services):
            used.store.close()
