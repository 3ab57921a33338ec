"""One small system for a test: the real store, a pretend shop, a real mail server; jobs are called, not queued."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.support.system import SECRET, SELLER, START, Clock, System
from worker.demo.mailbox import Mailbox
from worker.demo.pretend_access_points import PretendAccessPoints
from worker.demo.pretend_shop import PretendShop
from worker.demo.pretend_vies import PretendVies
from worker.domain.access_point import ELSEWHERE
from worker.domain.shop import OrderSettings, PeppolSettings, Shop
from worker.services import Services
from worker.settings import Settings
from worker.store import senders, shops
from worker.store.shops import Secrets


@pytest.fixture
def system(database_url: str, tmp_path: Path) -> Iterator[System]:
    """A connected shop that sells from Gent, on each kind of database."""
    clock = Clock()
    with (
        PretendShop() as shop,
        Mailbox() as mailbox,
        PretendVies() as vies,
        PretendAccessPoints(everyone=True) as points,
    ):
        settings = Settings(
            data=tmp_path,
            public_url="https://documents.test",
            database_url=database_url,
            # Nobody listens there: an integration test calls the jobs itself.
            redis_url=f"unix://{tmp_path / 'nobody.sock'}",
            secret_keys=("k" * 32,),
            smtp_url=mailbox.url,
            vies_url=vies.url,
            peppol_url=points.url,
            allow_private_shops=True,
        )
        services = Services(settings, now=clock)
        made = Shop(
            shop_id=shops.new_shop_id(), name="De Gouden Koffiepot", url=shop.url, orders=OrderSettings(since=START - timedelta(days=30)),
            seller=SELLER, peppol=PeppolSettings(sender=ELSEWHERE),
        )  # fmt: skip
        secrets = Secrets((SECRET,), shop.consumer_key, shop.consumer_secret)
        with services.store.write() as connection:
            shops.add(connection, services.encryption, made, secrets, now=clock.now)
            senders.prove(connection, made.shop_id, SELLER.email, by="operator", now=clock.now)
        here = System(services, shop, mailbox, clock, made.shop_id, vies, points)
        yield here
        # A test may have moved in with other settings.
        for used in (services, here.services):
            used.store.close()


@pytest.fixture
def elsewhere(system: System, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """An empty place of the same kind."""
    data = tmp_path / "elsewhere"
    if system.services.store.is_sqlite:
        yield replace(system.services.settings, data=data, database_url=f"sqlite:///{data / 'facturelay.db'}")
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create_database()
    yield replace(system.services.settings, data=data, database_url=server.url(name))
    server.drop_database(name)
