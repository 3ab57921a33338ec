"""What many ticked rows are: which of them are there, and of what kinds, so that a question can name them before it is done."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, exists, select

from worker.domain.step import MAIL
from worker.store.database.any_of import any_of
from worker.store.database.plan import unindexed
from worker.store.database.tables import documents, drafts, jobs, orders
from worker.store.jobs import OF_SHOP
from worker.store.steps import IS_STEP

MOST_NAMED = 5


@dataclass(frozen=True)
class Ticked:
    """Of the rows with *ids*, which are there: how many of each kind, what the first few are called, and how many names are more."""

    ids: tuple[int, ...]
    kinds: dict[str, int]
    names: tuple[str, ...]
    more: int


def ticked(found: Sequence[tuple[int, str, str]]) -> Ticked:
    """From the id, kind and name of each."""
    kinds = Counter(kind for _, kind, _ in found)
    names = tuple(dict.fromkeys(name for _, _, name in found if name))
    return Ticked(
        tuple(row_id for row_id, _, _ in found), dict(kinds.most_common()), names[:MOST_NAMED], len(names[MOST_NAMED:])
    )


def of_documents(connection: Connection, shop_id: str, ids: Sequence[int]) -> Ticked:
    columns = (documents.c.document_id, documents.c.kind, documents.c.number)
    return ticked(
        [
            (row.document_id, row.kind, row.number)
            for row in connection.execute(
                select(*columns)
                .where(documents.c.shop_id == shop_id, any_of(documents.c.document_id, ids))
                .order_by(documents.c.document_id)
            )
        ]
    )


def of_drafts(connection: Connection, shop_id: str, ids: Sequence[int]) -> Ticked:
    """Those that wait, by the kind of document that they would become; called by their order's number."""
    columns = (drafts.c.draft_id, drafts.c.snapshot)
    found: list[tuple[int, str, str]] = []
    mine = (drafts.c.shop_id == shop_id, drafts.c.state == "open", any_of(drafts.c.draft_id, ids))
    for row in connection.execute(select(*columns).where(*mine).order_by(drafts.c.draft_id)):
        snapshot = json.loads(row.snapshot)
        found.append((row.draft_id, snapshot["kind"], snapshot["order_number"]))
    return ticked(found)


def of_orders(connection: Connection, shop_id: str, ids: Sequence[int]) -> Ticked:
    """By their state in the shop."""
    columns = (orders.c.order_id, orders.c.status, orders.c.order_number)
    found: dict[int, tuple[int, str, str]] = {}
    mine = (orders.c.shop_id == shop_id, any_of(orders.c.order_id, ids))
    # Ids come back after a shop is restored: the order that was placed last is meant.
    for row in connection.execute(select(*columns).where(*mine).order_by(orders.c.order_id, orders.c.ordered_at)):
        found[row.order_id] = (row.order_id, row.status, row.order_number)
    return ticked(list(found.values()))


def documents_of_orders(connection: Connection, shop_id: str, ids: Sequence[int], *, mailed: bool) -> Ticked:
    """The documents of these orders; with *mailed* those that are or were to be mailed."""
    columns = (
        documents.c.document_id, documents.c.kind, documents.c.number, documents.c.order_id, documents.c.order_key,
    )  # fmt: skip
    to_mail = exists().where(jobs.c.document_id == documents.c.document_id, jobs.c.name == MAIL, IS_STEP)
    mine = (documents.c.shop_id == shop_id, any_of(documents.c.order_id, ids), *([to_mail] if mailed else []))
    rows = connection.execute(select(*columns).where(*mine).order_by(unindexed(documents.c.document_id)))
    keys = newest_keys(connection, shop_id, ids)
    return ticked(
        [
            (row.document_id, row.kind, row.number)
            for row in rows
            if keys.get(row.order_id, row.order_key) == row.order_key
        ]
    )


def newest_keys(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> dict[int, str]:
    """The key of each order: where its id came back after the shop was restored, of the one that was placed last."""
    mine = (orders.c.shop_id == shop_id, any_of(orders.c.order_id, order_ids))
    query = select(orders.c.order_id, orders.c.order_key).where(*mine).order_by(orders.c.order_id, orders.c.ordered_at)
    return {row.order_id: row.order_key for row in connection.execute(query)}


def of_failed_work(connection: Connection, shop_id: str, ids: Sequence[int]) -> Ticked:
    """By the name of the job."""
    columns = (jobs.c.job_id, jobs.c.name)
    mine = (jobs.c.shop_id == shop_id, jobs.c.state == "failed", jobs.c.kind.in_(OF_SHOP))
    return ticked(
        [
            (row.job_id, row.name, "")
            for row in connection.execute(
                select(*columns).where(*mine, any_of(jobs.c.job_id, ids)).order_by(jobs.c.job_id)
            )
        ]
    )
