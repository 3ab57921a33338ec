"""The bridge with one connected shop, and deliveries as WooCommerce signs them."""

import base64
import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge import create_app
from bridge.accounts import rate_limit
from bridge.context import EXTENSION_NAME, create_context
from tests.support.job_counts import job_counts
from worker.domain.document import (
    Category,
    Document,
    Draft,
    Kind,
    Line,
    PaymentInstructions,
    Reference,
    SendMode,
    VatLine,
)
from worker.domain.party import Address, Buyer, Seller
from worker.domain.shop import OrderSettings, Shop
from worker.domain.step import RENDER
from worker.settings import Settings
from worker.store import deliveries, document_files, documents, shops, steps, tasks
from worker.store.counters import TakenNumber
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.deliveries import Delivery
from worker.store.document_files import StoredFile
from worker.store.documents import NewDocument
from worker.store.files.archive import Archive
from worker.store.jobs import JobKind
from worker.store.shops import ConnectedShop, Secrets
from worker.store.steps import StepPlan
from worker.store.tasks import TaskRequest

KEY = "a key for tests alone of 32 characters or more"
SHOP = "5f0c8a1be2d94c7fa6b3d210"
SECRET = "4f9d2c7b81e640d3a55e"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ORDER = b'{"id":238,"status":"processing","total":"22.20"}'
PDF = b"%PDF-1.4 not really\n"


def signature_of(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def signed_headers(body: bytes, *, topic: str = "order.updated", secret: str = SECRET) -> dict[str, str]:
    """As WooCommerce 11 sends them."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)",
        "X-WC-Webhook-Source": "https://shop.example/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": topic.partition(".")[0],
        "X-WC-Webhook-Event": topic.partition(".")[2],
        "X-WC-Webhook-Signature": signature_of(body, secret),
        "X-WC-Webhook-ID": "2",
        "X-WC-Webhook-Delivery-ID": "3cbc2b1b8575bb8fedfb7675fa2a350a",
    }


# Bridges whose test is over. To build one, with all its addresses and templates, takes longer than most tests.
IDLE: defaultdict[tuple[object, ...], list[Flask]] = defaultdict(list)


def a_bridge(settings: Settings, *, now: Callable[[], datetime]) -> Flask:
    """A bridge that knows nothing of the test before: all that it holds between two requests is in its extensions."""
    if not IDLE[shape(settings)]:
        return create_app(settings, now=now)
    bridge = IDLE[shape(settings)].pop()
    bridge.extensions.update(
        {EXTENSION_NAME: create_context(settings, now), rate_limit.EXTENSION_NAME: rate_limit.RateLimiter()}
    )
    assert bridge.extensions.keys() == {EXTENSION_NAME, rate_limit.EXTENSION_NAME}
    return bridge


def shape(settings: Settings) -> tuple[object, ...]:
    """What is built into a bridge."""
    return settings.secret_keys, settings.public_url, settings.max_body_bytes


@dataclass
class BridgeApp:
    """A migrated database with one shop, and the bridge before it. *now* is what its clock says."""

    settings: Settings
    now: datetime = NOW
    store: Store = field(init=False)
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.settings.database_url)
        self.client = a_bridge(self.settings, now=lambda: self.now).test_client()

    def close(self) -> None:
        """Leave the bridge to the next test."""
        bridge = self.client.application
        self.store.close()
        bridge.extensions[EXTENSION_NAME].store.close()
        IDLE[shape(self.settings)].append(bridge)

    def finished_task(self, kind: str, answer: dict[str, Any]) -> int:
        """The id of a task of the shop that was done with *answer*."""
        with self.store.write() as connection:
            asked = TaskRequest(shop_id=SHOP, kind=kind, argument={}, requested_by="Els")
            task_id = tasks.request(connection, asked, now=self.now)
            leased = tasks.take(connection, task_id, now=self.now, lease_for=timedelta(minutes=1))
            assert leased
            tasks.finish(connection, leased.lease, now=self.now, answer=answer)
        return task_id

    def add_shop(self, shop_id: str = SHOP, *, secrets: tuple[str, ...] = (SECRET,), suspended: bool = False) -> None:
        shop = Shop(shop_id, "Bakkerij Janssens", "https://shop.example", OrderSettings(NOW), suspended=suspended)
        with self.store.write() as connection:
            shops.add(connection, Encryption(self.settings.secret_keys), shop, Secrets(secrets), now=NOW)

    @property
    def shop(self) -> Shop:
        return self.connected.shop

    @property
    def connected(self) -> ConnectedShop:
        with self.store.read() as connection:
            return shops.get(connection, Encryption(self.settings.secret_keys), SHOP)

    def change_shop(self, **changes: Any) -> None:
        changed = replace(self.shop, **changes)
        with self.store.write() as connection:
            shops.change(connection, changed)

    def deliver(self, body: bytes = ORDER, headers: dict[str, str] | None = None, *, shop: str = SHOP) -> TestResponse:
        return self.client.post(
            f"/webhooks/{shop}", data=body, headers=signed_headers(body) if headers is None else headers
        )

    def kept(self, order_id: int = 238, *, shop: str = SHOP) -> tuple[Delivery, ...]:
        with self.store.read() as connection:
            return deliveries.of_order(connection, shop, order_id)

    def how_many_kept(self) -> int:
        with self.store.read() as connection:
            return sum(job_counts(connection, JobKind.PROCESS_ORDER).values())

    def signature_failures(self) -> int:
        with self.store.read() as connection:
            return shops.signature_failures_of(connection, SHOP)

    def issue(
        self, *, number: str = "F2026-00017", sequence: int = 17, stored: bytes | None = PDF, **changes: Any
    ) -> Document:
        """Store an issued document, with its PDF unless *stored* is None."""
        draft = a_draft(**changes)
        taken = TakenNumber(str(draft.kind), 2026, sequence, number, date(2026, 11, 22))
        with self.store.write() as connection:
            document = documents.add(connection, NewDocument(SHOP, taken, draft, NOW))
            steps.plan(connection, StepPlan((RENDER,), "1"), shop_id=SHOP, document_id=document.document_id, now=NOW)
            if stored is not None:
                self.keep_file(document.document_id, "pdf", stored)
                document_files.add_file(connection, a_file(document.document_id, "pdf", stored))
        return document

    def keep_file(self, document_id: int, file_format: str, content: bytes) -> None:
        kept = a_file(document_id, file_format, content)
        Archive(self.settings.archive).put(kept.path, content)


def a_file(document_id: int, file_format: str, content: bytes) -> StoredFile:
    return StoredFile(
        document_id=document_id,
        format=file_format,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        path=f"{document_id}.{file_format}",
        stored_at=NOW,
    )


def a_draft(**changes: Any) -> Draft:
    """An unpaid invoice of 22.20; *changes* are fields of Draft."""
    standard: dict[str, Any] = {
        "cause": f"order:238:{changes.get('kind', Kind.INVOICE)}:1",
        "kind": Kind.INVOICE,
        "send_mode": SendMode.SEND,
        "order_id": 238,
        "order_key": "wc_order_1pKk9xyOWJA8x",
        "order_number": "238",
        "ordered_on": date(2026, 11, 22),
        "currency": "EUR",
        "language": "nl",
        "seller": Seller(
            "Bakkerij Janssens",
            address=Address("Kerkstraat 12", "", "9000", "Gent", "", "BE"),
            email="winkel@janssens.example",
        ),
        "buyer": Buyer("Jan Peeters", email="jan@klant.example"),
        "lines": (Line("Brood", Decimal(1), Decimal("18.35"), Decimal("18.35"), Category.STANDARD, Decimal(21)),),
        "net": Decimal("18.35"),
        "vat": Decimal("3.85"),
        "total": Decimal("22.20"),
        "vat_lines": (VatLine(Category.STANDARD, Decimal(21), Decimal("18.35"), Decimal("3.85"), Decimal("22.20")),),
        "payment": PaymentInstructions(
            "090000023856",
            iban="BE71 0961 2345 6769",
            bic="GKCCBEBB",
            beneficiary="Bakkerij Janssens BV",
            due_on=date(2026, 12, 22),
            pay_url="https://shop.example/checkout/order-pay/238/?key=wc_order_1pKk9xyOWJA8x",
        ),
    }
    return Draft(**{**standard, **changes})


def a_credit_note_for(invoice: Document, total: str = "22.20") -> dict[str, Any]:
    """The changes that make `issue` write a credit note without VAT against *invoice*."""
    amount = Decimal(total)
    return {
        "kind": Kind.CREDIT_NOTE,
        "cause": f"refund:{total}",
        "net": amount,
        "vat": Decimal("0.00"),
        "total": amount,
        "payment": None,
        "corrects": Reference(invoice.document_id, invoice.number, invoice.issued_on),
    }


def settings_for(database_url: str, folder: Path, **changes: Any) -> Settings:
    standard: dict[str, Any] = {
        "data": folder,
        "public_url": "https://documents.example",
        "database_url": database_url,
        "redis_url": f"unix://{folder / 'nobody.sock'}",
        "secret_keys": (KEY,),
        "max_body_bytes": 100_000,
    }
    return Settings(**{**standard, **changes})


def recorded_deliveries() -> list[Path]:
    """Every recorded request of a real shop."""
    folder = Path(__file__).parents[1] / "recordings"
    return sorted(path for path in folder.glob("*/[0-9]*.json") if "body_text" in json.loads(path.read_text()))
