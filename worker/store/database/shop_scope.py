"""Which shops a person may see, and of which order a row is, as conditions on a query."""

from collections.abc import Collection, Iterable
from enum import Enum

from sqlalchemy import ColumnElement, FromClause, Table, and_, bindparam, false, literal_column, or_

from worker.domain.order import OrderKey
from worker.store.database.any_of import any_of
from worker.store.database.made_once import among

# None: all shops, for an operator. Nobody else may be given None; an empty collection sees nothing.
Shops = Collection[str] | None


def is_one(shops: Shops) -> bool:
    """Whether they are the rows of one shop that are seen: an index that begins with the shop holds them in order."""
    return shops is not None and len(set(shops)) == 1


# Not `false()`: SQLAlchemy leaves out whatever stands beside that, by which the tables of a statement belong together.
NO_SHOP: ColumnElement[bool] = literal_column("1 = 0")


def within(column: ColumnElement[str], shops: Shops) -> tuple[ColumnElement[bool], ...]:
    """That *column* names one of *shops*."""
    if shops is None:
        return ()
    ids = sorted(set(shops))
    if not ids:
        return (NO_SHOP,)
    return (column == ids[0],) if len(ids) == 1 else (any_of(column, ids),)


class HowMany(Enum):
    """How many shops a statement is asked about: for each it is another one, made once."""

    ALL, NONE, ONE, SOME = range(4)


def how_many(shops: Shops) -> HowMany:
    if shops is None:
        return HowMany.ALL
    return (HowMany.NONE, HowMany.ONE, HowMany.SOME)[min(len(set(shops)), 2)]


def within_given(column: ColumnElement[str], of: HowMany) -> tuple[ColumnElement[bool], ...]:
    """As `within`; which shops they are is given when the statement is run: `given_shops`."""
    match of:
        case HowMany.ALL:
            return ()
        case HowMany.NONE:
            return (NO_SHOP,)
        case HowMany.ONE:
            return (column == bindparam("of_shop"),)
        case HowMany.SOME:
            return (among(column, "of_shops"),)


def given_shops(shops: Shops) -> dict[str, object]:
    ids = sorted(set(shops or ()))
    return {"of_shop": ids[0]} if len(ids) == 1 else {"of_shops": ids} if ids else {}


def is_of_order(table: FromClause, order: OrderKey) -> tuple[ColumnElement[bool], ...]:
    """That a row of *table* is of this very order."""
    column = table.c
    return column.shop_id == order.shop_id, column.order_id == order.order_id, column.order_key == order.order_key


def of_orders(table: Table, pairs: Iterable[tuple[str, int]]) -> ColumnElement[bool]:
    """That a row of *table* is of one of the orders, given by shop and id."""
    ids: dict[str, list[int]] = {}
    for shop_id, order_id in pairs:
        ids.setdefault(shop_id, []).append(order_id)
    # Shop by shop: SQLite reads a whole table to compare it with a list of pairs.
    mine = (and_(table.c.shop_id == shop_id, table.c.order_id.in_(some)) for shop_id, some in ids.items())
    return or_(false(), *mine)
