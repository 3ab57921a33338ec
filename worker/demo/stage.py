"""What the demo runs on: a whole installation in a folder of its own, and everybody it talks to, pretended."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from worker.actions import shop_settings
from worker.demo.mailbox import Mailbox
from worker.demo.pretend_access_points import KEY, PretendAccessPoints
from worker.demo.pretend_mollie import LIVE_KEY, PretendMollie
from worker.demo.pretend_shop import PretendShop
from worker.demo.pretend_vies import PretendVies
from worker.domain.party import Address, Seller
from worker.domain.shop import MollieSettings, OrderSettings, PeppolSettings, Shop
from worker.errors import Rejected
from worker.net.mollie_key import Mode
from worker.processes import status
from worker.processes.supervisor import free_port, prepare, start_all
from worker.services import Services
from worker.settings import Settings
from worker.store import shops
from worker.store.shops import Secrets

SELLER = Seller(
    name="De Gouden Koffiepot",
    legal_form="BV",
    address=Address(street="Koestraat 41", postcode="9000", city="Gent", country="BE"),
    vat_number="BE0445566134",
    enterprise_number="0445566134",
    register="RPR Gent, afdeling Gent",
    email="bestellingen@goudenkoffiepot.example",
    phone="+32 9 000 00 00",
    website="goudenkoffiepot.example",
    iban="BE71096123456769",
    bic="GKCCBEBB",
)
START_TIMEOUT_S = 90.0  # of a machine that is busy with something else; alone it takes three seconds
STEP_TIMEOUT_S = 60.0
# The recordings were made on 22 November 2026; the demo shop was connected before the first of them.
ORDERS_SINCE = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Stage:
    """A connected pretend shop, and all that runs beside it."""

    services: Services
    shop: PretendShop
    mailbox: Mailbox
    points: PretendAccessPoints
    shop_id: str
    secret: str

    @property
    def delivery_url(self) -> str:
        return f"{self.services.settings.public_url}/webhooks/{self.shop_id}"


@contextmanager
def open_stage(*, workers: int, name: str = SELLER.name) -> Iterator[Stage]:
    """Everything running and one shop called *name* connected, in a folder that is gone afterwards."""
    data = Path(tempfile.mkdtemp(prefix="facturelay-demo-"))
    try:
        with (
            PretendShop() as shop,
            Mailbox() as mailbox,
            PretendVies() as vies,
            PretendAccessPoints(everyone=True) as points,
            PretendMollie() as mollie,
        ):
            port = free_port()
            others = {
                "FACTURELAY_SMTP_URL": mailbox.url,
                "FACTURELAY_VIES_URL": vies.url,
                "FACTURELAY_PEPPOL_URL": points.url,
                "FACTURELAY_MOLLIE_URL": mollie.url,
            }
            settings = demo_settings(data, port=port, others=others)
            supervisor = start_all(settings, host="127.0.0.1", port=port, workers=workers, embedded_broker=True)
            try:
                services = Services(settings)
                wait_for_bridge(services)
                yield connect(Stage(services, shop, mailbox, points, "", ""), a_shop(name, shop.url))
            finally:
                supervisor.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)


def demo_settings(data: Path, *, port: int, others: Mapping[str, str]) -> Settings:
    """Settings of the demo alone: what is set in this terminal for the real thing does not count. *others*: whom it pretends."""
    ours = {
        "FACTURELAY_DATA": str(data),
        "FACTURELAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "FACTURELAY_ALLOW_PRIVATE_SHOPS": "1",
        "FACTURELAY_LOG_LEVEL": os.environ.get("FACTURELAY_LOG_LEVEL", "ERROR"),
        "FACTURELAY_SCHEDULER_SECONDS": "1",
        # The demo shows what becomes of an order without a rate, and calls nobody on the network.
        "FACTURELAY_EXCHANGE_RATES_URL": "",
        **others,
    }
    return prepare(Settings.from_environment(ours))


def a_shop(name: str, url: str) -> Shop:
    return Shop(
        shop_id=shops.new_shop_id(),
        name=name,
        url=url,
        orders=OrderSettings(since=ORDERS_SINCE),
        seller=SELLER,
        peppol=PeppolSettings("e-invoice.be"),
        mollie=MollieSettings(Mode.LIVE),
    )


def connect(stage: Stage, made: Shop) -> Stage:
    """Connect the pretend shop of *stage* as a person would by hand: two webhooks, delivery URL and secret."""
    services, shop, secret = stage.services, stage.shop, shops.new_webhook_secret()
    with services.store.write() as connection:
        keys = Secrets((secret,), shop.consumer_key, shop.consumer_secret, peppol_key=KEY, mollie_key=LIVE_KEY)
        shops.add(connection, services.encryption, made, keys, now=services.now())
        shop_settings.vouch_for_senders(connection, made, before=None, by=services.actor("demo"))
    connected = replace(stage, shop_id=made.shop_id, secret=secret)
    for topic in ("order.created", "order.updated"):
        shop.add_webhook(topic, connected.delivery_url, secret)
    shop.run_cron(0.2)
    return connected


def wait_for_bridge(services: Services) -> None:
    """Return when the bridge and a worker are there. Raises Rejected when they do not come."""
    if not status.wait_until_healthy(services, f"{services.settings.public_url}/ready", seconds=START_TIMEOUT_S):
        raise Rejected(
            "The parts did not start within {seconds} seconds; run it again with FACTURELAY_LOG_LEVEL=INFO.",
            seconds=round(START_TIMEOUT_S),
            code="demo_start",
        )
