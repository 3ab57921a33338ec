"""A shop's documents for tests of the store: drafts, and issuing them the way the worker does, also from other processes."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache

from sqlalchemy import Connection

from tests.support.factories import TODAY, a_shop, an_order
from worker.domain.document import Document, Draft, Kind, Purpose
from worker.domain.draft import draft_document
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.shop import Shop
from worker.invoicing.core import CoreContext
from worker.invoicing.cores.builtin import Builtin
from worker.store import counters, payments, shops
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.shops import Secrets

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ENCRYPTION = Encryption(("k" * 32,))


def opened(database_url: str, shop: Shop | None = None) -> tuple[Store, Shop]:
    """A migrated database, with one shop from now on."""
    store = Store(database_url)
    with store.write() as connection:
        kept = shops.add(connection, ENCRYPTION, shop or a_shop(), Secrets(("5f" * 25,)), now=NOW)
    return store, kept


@cache
def plain_draft(kind: Kind) -> Draft:
    return draft_document(an_order(paid=True), a_shop(), today=TODAY, purpose=Purpose(kind, ""))


def a_draft(order_id: int, *, kind: Kind = Kind.INVOICE, test: bool = False) -> Draft:
    """The paid order *order_id*, ready to be issued."""
    cause, key = f"order:{order_id}:{kind}:1", f"wc_order_{order_id}"
    return replace(
        plain_draft(kind), cause=cause, order_id=order_id, order_key=key, order_number=str(order_id), test=test
    )


def issue(store: Store, shop: Shop, draft: Draft, *, now: datetime = NOW) -> Document:
    """Issue *draft* in a transaction of its own, under the shop's lock."""
    with store.write() as connection:
        counters.lock(connection, shop.shop_id)
        return Builtin(CoreContext(connection, shop, now)).issue(draft)


def pay(connection: Connection, document_id: int, *, on: date | None = None, now: datetime = NOW) -> None:
    """A person says that a document was paid in full."""
    payments.pay_in_full(connection, document_id, Receipt(on or now.date(), PaymentSource.PERSON, "An"), now=now)


def issue_orders(database_url: str, shop: Shop, order_ids: list[int]) -> None:
    """What one process does: issue all of *order_ids*, from the first on, also when an earlier process was killed at it."""
    store = Store(database_url)
    for order_id in order_ids:
        issue(store, shop, a_draft(order_id))
    store.close()
