"""A whole system of real processes, a pretend shop beside it, and a person in front of a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import make_server

from tests.bridge.conftest import an_app
from tests.services.process import free_port, scratch
from tests.support import busy_shop
from tests.support.bridge_app import BridgeApp, settings_for
from tests.support.personas import a_user
from worker.demo.mailbox import Mailbox
from worker.demo.pretend_access_points import PretendAccessPoints
from worker.demo.pretend_shop import PretendShop
from worker.demo.pretend_vies import PretendVies
from worker.demo.stage import demo_settings
from worker.processes import status
from worker.processes.set_up_link import set_up_link
from worker.processes.supervisor import start_all
from worker.services import Services

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PASSWORD = "vier gewone woorden"
WAIT_MS = 20_000


@dataclass(frozen=True)
class Running:
    """Everything running, nobody signed in and no shop made."""

    services: Services
    shop: PretendShop
    mailbox: Mailbox
    vies: PretendVies
    points: PretendAccessPoints

    @property
    def url(self) -> str:
        return self.services.settings.public_url

    def wait(self) -> None:
        """Until nothing waits or runs."""
        assert status.wait_until_idle(self.services, seconds=30).is_idle

    def set_up_link(self) -> str:
        link = set_up_link(self.services)
        assert link is not None
        return link


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with (
        scratch("pages", quick=True) as data,  # not pytest's own folder: the broker's socket wants a short path
        PretendShop() as shop,
        Mailbox() as mailbox,
        PretendVies() as vies,
        PretendAccessPoints(everyone=True) as points,
    ):
        port = free_port()
        others = {
            "FACTURELAY_SMTP_URL": mailbox.url,
            "FACTURELAY_VIES_URL": vies.url,
            "FACTURELAY_PEPPOL_URL": points.url,
            "FACTURELAY_MOLLIE_URL": "",
        }
        settings = demo_settings(data, port=port, others=others)
        processes = start_all(settings, host="127.0.0.1", port=port, workers=1, embedded_broker=True)
        try:
            services = Services(settings)
            assert status.wait_until_healthy(services, f"{settings.public_url}/ready", seconds=60)
            shop.run_cron(0.2)
            yield Running(services, shop, mailbox, vies, points)
        finally:
            processes.stop()


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Iterator[BridgeApp]:
    """The pages of a shop, without the processes behind them."""
    yield from an_app(sqlite_url, tmp_path)


@pytest.fixture
def busy(app: BridgeApp) -> BridgeApp:
    """The same on a bad day."""
    busy_shop.make_worse(app, busy_shop.fill(app, orders_=6, failed=4, drafts_=4, orders_of_drafts=True))
    return app


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[BridgeApp]:
    """The same at an address that a browser can open, with Els in it (`sign_in`). No worker does what is asked for."""
    port = free_port()
    app = BridgeApp(settings_for(database_url, folder, public_url=f"http://127.0.0.1:{port}"))
    app.add_shop()
    busy_shop.make_worse(app, busy_shop.fill(app, orders_=6, failed=4, drafts_=4, orders_of_drafts=True))
    a_user(app, "els@host.example", operator=True)
    server = make_server("127.0.0.1", port, app.client.application, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield app
    server.shutdown()
    thread.join()
    app.close()


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[BridgeApp]:
    with serving(sqlite_url, tmp_path) as app:
        yield app


def sign_in(app: BridgeApp, page: "Page") -> None:
    page.goto(f"{app.settings.public_url}/sign-in")
    fill(page, email="els@host.example", password=PASSWORD)
    press(page, "Sign in")


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A page of its own."""
    with browser.new_context() as context:
        page = context.new_page()
        yield page


def fill(page: "Page", **fields: str) -> None:
    """Type into the fields of a form, by the names of their inputs (with _ for a dot)."""
    for name, value in fields.items():
        field = page.locator(f'[name="{name.replace("__", ".")}"]').last
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def press(page: "Page", name: str) -> None:
    """Press the button *name*, say yes where a page asks once more, and wait until the answer is there."""
    leave(page, page.get_by_role("button", name=name, exact=True).first)
    if page.locator("#confirm").count():
        leave(page, page.locator("#confirm button[type=submit]"))
    page.wait_for_url(lambda url: "/tasks/" not in url, timeout=WAIT_MS)


def leave(page: "Page", button: "Locator") -> None:
    """Press a button that leads to another page, and wait for that."""
    with page.expect_navigation(timeout=WAIT_MS):
        button.click()
