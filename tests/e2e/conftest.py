"""A real WooCommerce, given by the environment, and a system of our own that it delivers to.

    FACTURELAY_E2E_URL=https://shop.example.com FACTURELAY_E2E_KEY=ck_… FACTURELAY_E2E_SECRET=cs_… \\
        python -m pytest -m e2e tests/e2e

The shop must be able to reach this machine: FACTURELAY_E2E_BRIDGE_URL is the address it uses (default: loopback), FACTURELAY_E2E_PORT
the port we listen on (default: 8080, one of the three that WordPress calls). Orders, a product and webhooks are made in the shop;
the webhooks and the product are removed again, the orders stay.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from woocommerce import API

from worker.demo.mailbox import Mailbox
from worker.demo.stage import SELLER
from worker.domain.shop import OrderSettings, Shop
from worker.processes import status
from worker.processes.supervisor import prepare, start_all
from worker.services import Services
from worker.settings import Settings
from worker.store import orders, senders, shops
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails
from worker.store.shops import Secrets

WAIT_S = 180.0


@dataclass(frozen=True)
class RealShop:
    """A shop somewhere, through its own REST API."""

    url: str
    api: API
    product_id: int

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = checked(self.api.post(path, body))
        return made

    def get(self, path: str) -> Any:
        return checked(self.api.get(path))

    def order(self, *, paid: bool, quantity: int = 1, **fields: Any) -> dict[str, Any]:
        """Place an order by REST, as a gateway that pays at once, or by bank transfer."""
        buyer = {
            "first_name": "Jan", "last_name": "Janssens", "address_1": "Kerkstraat 12", "city": "Gent", "postcode": "9000",
            "country": "BE", "email": "koper@klant.test",
        }  # fmt: skip
        body = {
            "payment_method": "bancontact" if paid else "bacs",
            "payment_method_title": "Bancontact" if paid else "Overschrijving",
            "set_paid": paid,
            "billing": buyer,
            "line_items": [{"product_id": self.product_id, "quantity": quantity}],
            **({} if paid else {"status": "on-hold"}),
            **fields,
        }
        return self.post("orders", body)

    def notes(self, order_id: int) -> list[str]:
        return [note["note"] for note in self.get(f"orders/{order_id}/notes")]

    def run_queue(self) -> None:
        """WooCommerce delivers from its queue, which WP-Cron runs when somebody calls it."""
        # Without doing_wp_cron: with it WordPress takes the call for a second one, and does nothing.
        requests.get(f"{self.url}/wp-cron.php", timeout=180)


@dataclass(frozen=True)
class RealSystem:
    """Our side: everything running, connected to the real shop by two webhooks."""

    services: Services
    shop: RealShop
    mailbox: Mailbox
    shop_id: str

    def documents(self, order_id: int) -> tuple[DocumentDetails, ...]:
        with self.services.store.read() as connection:
            return order_history.listing(connection, shop_id=self.shop_id, order_id=order_id)

    def wait_for(self, reached: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            self.shop.run_queue()
            if reached() and status.check(self.services).is_idle:
                return
            time.sleep(1)
        raise AssertionError(f"{what} did not come within {WAIT_S:.0f} s")

    def heard(self, order_id: int) -> bool:
        with self.services.store.read() as connection:
            return orders.find(connection, self.shop_id, order_id) is not None


def checked(answer: requests.Response) -> Any:
    assert answer.status_code < 300, f"{answer.status_code}: {answer.text[:300]}"
    return answer.json()


@pytest.fixture(scope="session")
def real_shop() -> Iterator[RealShop]:
    url = os.environ.get("FACTURELAY_E2E_URL", "").rstrip("/")
    if not url:
        pytest.fail(
            "Set FACTURELAY_E2E_URL, FACTURELAY_E2E_KEY and FACTURELAY_E2E_SECRET to a WooCommerce that you may write to."
        )
    key, secret = os.environ["FACTURELAY_E2E_KEY"], os.environ["FACTURELAY_E2E_SECRET"]
    api = API(url, key, secret, version="wc/v3", timeout=60)
    product = {
        "name": "Koffiemok (proef)",
        "type": "simple",
        "regular_price": "12.40",
        "sku": f"E2E-{secrets.token_hex(4)}",
    }
    product_id = int(checked(api.post("products", product))["id"])
    yield RealShop(url, api, product_id)
    api.delete(f"products/{product_id}", params={"force": True})


@pytest.fixture(scope="session")
def real_system(real_shop: RealShop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSystem]:
    port = int(os.environ.get("FACTURELAY_E2E_PORT", "8080"))
    with Mailbox() as mailbox:
        settings = real_settings(tmp_path_factory.mktemp("e2e"), port=port, smtp_url=mailbox.url)
        processes = start_all(settings, host="0.0.0.0", port=port, workers=1, embedded_broker=True)  # noqa: S104  # the shop calls
        services = Services(settings)
        try:
            assert status.wait_until_healthy(services, f"http://127.0.0.1:{port}/ready", seconds=60)
            shop_id, secret = connect(services, real_shop)
            delivery_url = f"{settings.public_url}/webhooks/{shop_id}"
            made = [
                real_shop.post(
                    "webhooks",
                    {"name": "e2e", "topic": topic, "delivery_url": delivery_url, "secret": secret, "status": "active"},
                )["id"]
                for topic in ("order.created", "order.updated")
            ]
            yield RealSystem(services, real_shop, mailbox, shop_id)
            for webhook_id in made:
                real_shop.api.delete(f"webhooks/{webhook_id}", params={"force": True})
        finally:
            processes.stop()


def real_settings(data: Path, *, port: int, smtp_url: str) -> Settings:
    return prepare(
        Settings.from_environment(
            {
                "FACTURELAY_DATA": str(data),
                "FACTURELAY_PUBLIC_URL": os.environ.get("FACTURELAY_E2E_BRIDGE_URL", f"http://127.0.0.1:{port}"),
                "FACTURELAY_SMTP_URL": smtp_url,
                "FACTURELAY_ALLOW_PRIVATE_SHOPS": "1",
                "FACTURELAY_VIES_URL": "",
                "FACTURELAY_LOG_LEVEL": "WARNING",
            }
        )
    )


def connect(services: Services, real_shop: RealShop) -> tuple[str, str]:
    secret = shops.new_webhook_secret()
    keys = Secrets((secret,), os.environ["FACTURELAY_E2E_KEY"], os.environ["FACTURELAY_E2E_SECRET"])
    made = Shop(
        shop_id=shops.new_shop_id(),
        name="Proef",
        url=real_shop.url,
        orders=OrderSettings(since=services.now() - timedelta(minutes=5)),
        seller=replace(SELLER, name="Proef"),
    )
    with services.store.write() as connection:
        shops.add(connection, services.encryption, made, keys, now=services.now())
        senders.prove(connection, made.shop_id, made.seller.email, by="operator", now=services.now())
    return made.shop_id, secret
