"""What is deleted in time: raw bodies, the names of orders that made nothing, the secrets of a closed shop."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Text, delete, exists, func, select, type_coerce, update

from worker.domain.document import Draft
from worker.domain.party import Buyer
from worker.domain.step import MAIL
from worker.net.email_address import without_addresses
from worker.store import order_search
from worker.store.database import json_codec
from worker.store.database.tables import deliveries, documents, drafts, jobs, orders
from worker.store.database.tables import order_search as words
from worker.store.steps import ERASED, IS_STEP

FINISHED = ("done", "failed")


def forget_bodies(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to *limit* raw bodies of deliveries that are finished and came in before *before*; their hashes stay."""
    old = (deliveries.c.body.is_not(None), deliveries.c.received_at < before, jobs.c.state.in_(FINISHED))
    some = (
        select(deliveries.c.delivery_id)
        .join(jobs, jobs.c.job_id == deliveries.c.delivery_id)
        .where(*old)
        .order_by(deliveries.c.received_at, deliveries.c.delivery_id)
        .limit(limit)
    )
    return connection.execute(
        update(deliveries).where(deliveries.c.delivery_id.in_(some.scalar_subquery())).values(body=None)
    ).rowcount


def orders_after(connection: Connection, shop_id: str, last: int, *, limit: int) -> list[int]:
    """The next orders, by their ids, of which anything is kept."""
    found = set[int]()
    for table in (orders, deliveries, drafts, words):
        order_id = table.c.order_id
        some = select(order_id).where(table.c.shop_id == shop_id, order_id > last).distinct().order_by(order_id)
        found.update(connection.execute(some.limit(limit)).scalars())
    return sorted(found)[:limit]


def count_orders(connection: Connection, shop_id: str) -> int:
    return int(connection.execute(select(func.count()).where(orders.c.shop_id == shop_id)).scalar_one())


def forget_bodies_of(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> int:
    """Drop the raw bodies of some orders; their hashes stay."""
    return drop_bodies(connection, shop_id, deliveries.c.order_id.in_(order_ids))


def forget_bodies_of_no_order(connection: Connection, shop_id: str) -> int:
    return drop_bodies(connection, shop_id, deliveries.c.order_id.is_(None))


def drop_bodies(connection: Connection, shop_id: str, which: ColumnElement[bool]) -> int:
    mine = (deliveries.c.shop_id == shop_id, deliveries.c.body.is_not(None), which)
    return connection.execute(update(deliveries).where(*mine).values(body=None)).rowcount


def bodies(connection: Connection, shop_id: str, *, since: datetime | None = None) -> Iterator[tuple[int, bytes]]:
    """The raw bodies that are still there, with the order each is about; those that came from *since* on, or all."""
    query = select(deliveries.c.order_id, deliveries.c.body).where(
        deliveries.c.shop_id == shop_id, deliveries.c.body.is_not(None), deliveries.c.order_id.is_not(None)
    )
    if since is not None:
        query = query.where(deliveries.c.received_at >= since)
    for row in connection.execute(query.execution_options(yield_per=100)):
        yield int(row.order_id), bytes(row.body)


def buyers_of(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> set[str]:
    """Whom some orders name as their buyers."""
    mine = select(orders.c.buyer).where(orders.c.shop_id == shop_id, orders.c.order_id.in_(order_ids))
    return set(connection.execute(mine).scalars())


def forget_buyers(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> int:
    """Take the buyer's name off those that have no document. None of the orders is found by its buyer any more, with a document or without."""
    order_search.forget_buyers(connection, shop_id, order_ids)
    documented = exists().where(documents.c.shop_id == orders.c.shop_id, documents.c.order_id == orders.c.order_id)
    mine = (orders.c.shop_id == shop_id, orders.c.buyer != "", orders.c.order_id.in_(order_ids), ~documented)
    return connection.execute(update(orders).where(*mine).values(buyer="")).rowcount


def anonymise_discarded(connection: Connection, shop_id: str, order_ids: Sequence[int], *, now: datetime) -> int:
    """Remove personal data from discarded drafts. The row stays, so that its cause gives no new draft by itself."""
    rows = connection.execute(
        select(drafts.c.draft_id, drafts.c.snapshot).where(
            drafts.c.shop_id == shop_id, drafts.c.order_id.in_(order_ids), drafts.c.state == "discarded"
        )
    ).all()
    for row in rows:
        snapshot = json_codec.dump(without_person(json_codec.load(Draft, row.snapshot)))
        connection.execute(
            update(drafts).where(drafts.c.draft_id == row.draft_id).values(snapshot=snapshot, changed_at=now)
        )
    return len(rows)


def without_person(draft: Draft) -> Draft:
    return replace(
        draft, buyer=Buyer(name=""), ship_to=None, ship_to_name="", customer_note="", purchase_order="", problems=()
    )


def drop_drafts(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> int:
    """Remove every draft of some orders that was not issued: it never was a document."""
    mine = (drafts.c.shop_id == shop_id, drafts.c.order_id.in_(order_ids), drafts.c.state != "issued")
    return connection.execute(delete(drafts).where(*mine)).rowcount


def forget_mail_addresses(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> None:
    """Take off the mails of some orders that left where they went in place of the address on their documents. One that failed keeps it:
    it may be tried again; but what its server said of the address goes, as from all work of the orders."""
    of_orders = select(documents.c.document_id).where(
        documents.c.shop_id == shop_id, documents.c.order_id.in_(order_ids)
    )
    of_steps = (IS_STEP, jobs.c.document_id.in_(of_orders))
    left = (*of_steps, jobs.c.name == MAIL, jobs.c.mail_to != "", jobs.c.state.in_(("done", "skipped")))
    # Each by an index of its own: together they would read all work that there ever was.
    forget_addresses_said(connection, *of_steps)
    forget_addresses_said(connection, jobs.c.shop_id == shop_id, jobs.c.order_id.in_(order_ids))
    connection.execute(update(jobs).where(*left).values(mail_to=ERASED))


def forget_addresses_said(connection: Connection, *which: ColumnElement[bool]) -> None:
    names_one = type_coerce(jobs.c.message, Text).contains("@")
    for row in connection.execute(select(jobs.c.job_id, jobs.c.message).where(*which, names_one)).all():
        mine = jobs.c.job_id == row.job_id
        connection.execute(update(jobs).where(mine).values(message=without_addresses(row.message)))


def documents_by_year(connection: Connection, shop_id: str) -> dict[int, int]:
    """How many real documents were issued in each year."""
    days = (
        select(documents.c.issued_on, func.count().label("count"))
        .where(documents.c.shop_id == shop_id, documents.c.test.is_(False))
        .group_by(documents.c.issued_on)
    )
    years: dict[int, int] = {}
    for issued_on, count in connection.execute(days):
        years[issued_on.year] = years.get(issued_on.year, 0) + count
    return dict(sorted(years.items()))
