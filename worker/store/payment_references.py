"""The references under which buyers were asked to pay: a bank's line is looked up here, never by a formula."""

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from worker.domain.document import Document
from worker.domain.order import OrderKey
from worker.domain.order_payment import open_statuses
from worker.domain.payment_reference import digits_of, range_of, structured_communication
from worker.domain.shop import Shop
from worker.store import order_search
from worker.store.database.made_once import among, given, made_once
from worker.store.database.plan import unindexed
from worker.store.database.tables import orders, payment_references

# Made once: a statement costs more to build than to run.
ADD = {
    one.dialect.name: made_once(one.insert(payment_references).on_conflict_do_nothing()) for one in (sqlite, postgresql)
}
FIND = made_once(
    select(payment_references)
    .where(*given(payment_references.c.shop_id), among(payment_references.c.reference, "references"))
    .order_by(unindexed(payment_references.c.order_id))
)


def add(connection: Connection, document: Document) -> None:
    """Note what *document* asks for; the documents of one order ask for the same."""
    draft = document.draft
    digits = digits_of(draft.payment.reference) if draft.payment and not draft.test else ""
    promise(connection, document.order, digits)


def promise(connection: Connection, order: OrderKey, digits: str) -> None:
    """Note that the buyer of *order* was asked to pay under *digits*; nothing where they are empty, or noted already."""
    if digits and connection.execute(ADD[connection.dialect.name], {**vars(order), "reference": digits}).rowcount:
        order_search.add(connection, order.shop_id, order.order_id, (digits,))


def promise_to_waiting(connection: Connection, shop: Shop) -> None:
    """Note what the plugin says to the buyers of orders that wait for their money, now that *shop* asks for it."""
    column = orders.c
    mine = (column.shop_id == shop.shop_id, column.status.in_(open_statuses(shop)), column.paid_at.is_(None))
    for row in connection.execute(select(column.order_id, column.order_key, column.ordered_at).where(*mine)).all():
        digits = structured_communication(shop.reference_digits_at(row.ordered_at), row.order_id)
        promise(connection, OrderKey(shop.shop_id, row.order_id, row.order_key), digits)


def any_begins_with(connection: Connection, shop_id: str, digits: int) -> bool:
    """Whether buyers of this shop were asked to pay under references that begin so."""
    column = payment_references.c
    mine = (column.shop_id == shop_id, column.reference.between(*range_of(digits)))
    return connection.execute(select(column.order_id).where(*mine).limit(1)).first() is not None


def of_orders(connection: Connection, shop_id: str, order_ids: Iterable[int]) -> set[str]:
    """All references of some orders."""
    column = payment_references.c
    mine = select(column.reference).where(column.shop_id == shop_id, column.order_id.in_(tuple(order_ids)))
    return set(connection.execute(mine).scalars())


def find(connection: Connection, shop_id: str, references: Iterable[str]) -> dict[str, tuple[OrderKey, ...]]:
    """The orders of each of these references (twelve digits) that any has; more than one only after an id came back."""
    found: dict[str, tuple[OrderKey, ...]] = {}
    for row in connection.execute(FIND, {"shop_id": shop_id, "references": list(references)}):
        order = OrderKey(row.shop_id, row.order_id, row.order_key)
        found[row.reference] = (*found.get(row.reference, ()), order)
    return found
