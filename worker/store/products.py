"""What was learnt of each shop's products, so that a shop is not asked with every order."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from worker.domain.product import Product
from worker.store.database.made_once import among, given, made_once
from worker.store.database.rows import insert_into
from worker.store.database.tables import products


@dataclass(frozen=True)
class KnownProducts:
    """*products* by their ids, and which ids the shop need not be asked for now: known of late, or asked for in vain."""

    products: dict[int, Product]
    settled: frozenset[int]


# Made once: a statement costs more to build than to run.
FIND = made_once(select(products).where(*given(products.c.shop_id), among(products.c.product_id, "product_ids")))


def find(connection: Connection, shop_id: str, product_ids: Iterable[int], *, now: datetime) -> KnownProducts:
    rows = connection.execute(FIND, {"shop_id": shop_id, "product_ids": list(product_ids)}).all()
    known = {
        row.product_id: Product(row.product_id, row.virtual, row.downloadable, tuple(json.loads(row.categories)))
        for row in rows
        if row.seen_at is not None
    }
    return KnownProducts(known, frozenset(row.product_id for row in rows if row.ask_again_at > now))


def categories(connection: Connection, shop_id: str) -> tuple[str, ...]:
    """The names of the categories that a shop's products are in, as far as orders named those products."""
    rows = connection.execute(select(products.c.categories).where(products.c.shop_id == shop_id).distinct()).scalars()
    return tuple(sorted({name for row in rows if row for name in json.loads(row)}, key=str.casefold))


def save(
    connection: Connection, shop_id: str, seen: Mapping[int, Product], *, now: datetime, ask_again_at: datetime
) -> None:
    """Keep what the shop said at *now* of the products *seen*."""
    rows: list[dict[str, object]] = [
        {
            "shop_id": shop_id,
            "product_id": product.product_id,
            "virtual": product.virtual,
            "downloadable": product.downloadable,
            "categories": json.dumps(product.categories, ensure_ascii=False),
            "seen_at": now,
            "ask_again_at": ask_again_at,
        }
        for product in seen.values()
    ]
    _upsert(connection, rows, changed=("virtual", "downloadable", "categories", "seen_at", "ask_again_at"))


def save_unanswered(
    connection: Connection, shop_id: str, product_ids: Iterable[int], *, ask_again_at: datetime
) -> None:
    """The shop was asked for these and did not say: what was known of them stays."""
    rows = [{"shop_id": shop_id, "product_id": product_id, "ask_again_at": ask_again_at} for product_id in product_ids]
    _upsert(connection, rows, changed=("ask_again_at",))


def _upsert(connection: Connection, rows: list[dict[str, object]], *, changed: tuple[str, ...]) -> None:
    if not rows:
        return
    # In one order: two workers that write the same products must not wait for each other.
    rows = sorted(rows, key=lambda row: str(row["product_id"]).zfill(20))
    new = insert_into(connection, products)
    values = {name: new.excluded[name] for name in changed}
    connection.execute(new.on_conflict_do_update(index_elements=["shop_id", "product_id"], set_=values), rows)
