"""Lists in pages that cost the same at the end as at the start: a page begins after a row, never after a count of rows."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, literal, literal_column, select, tuple_
from sqlalchemy.engine import Result, Row

from worker.errors import Rejected

T = TypeVar("T")
U = TypeVar("U")

PAGE_SIZE = 50
# How many there are is counted so far: to count a million takes longer than to show fifty.
MOST_COUNTED = 1_000
STREAMED_AT_ONCE = 500
# Where each row must be tested, at most so many are for one page; the next page continues from there.
MAX_SCANNED = 3_000
# What no column holds is no place in a list.
LARGEST_AMOUNT = Decimal(10) ** 12

Keys = Sequence[ColumnElement[Any]]


@dataclass(frozen=True)
class RowConditions:
    """What each row must meet, as *of* says it of any rows that have the *columns* that it looks at."""

    columns: Sequence[str]
    of: Callable[[FromClause], Sequence[ColumnElement[bool]]]


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list. Give *next* as `after` for the page that follows, *previous* as `before`; empty: there is none.

    A page may be shorter than the page after it, even empty, while *next* is not: so far nothing was found, continue there.
    *total* is how many rows the list has, no further counted than MOST_COUNTED + 1; None where that was not asked or not known.
    *by* names what they are sorted by; empty: the list's own order. *sorts*: what else they can be sorted by, where they were counted.
    *tried*: so many rows were tried for it, and those after them were not; 0 where nothing is left to try for this page.
    """

    rows: tuple[T, ...]
    next: str = ""
    previous: str = ""
    total: int | None = None
    by: str = ""
    tried: int = 0
    sorts: tuple[str, ...] = ()

    def of(self, rows: Sequence[U]) -> "Page[U]":
        """The same place in the list, with other *rows*."""
        return Page(tuple(rows), self.next, self.previous, self.total, self.by, self.tried, self.sorts)


@dataclass(frozen=True)
class PageRequest:
    """Where a page begins: after a row or before one; both empty: at the start. *size* rows are on it.

    *rising*: in which order, where it is not the list's own. *counted*: how many rows there are is to be said too. *by*: what they
    are sorted by, of what the list can be sorted by.
    """

    after: str = ""
    before: str = ""
    size: int = PAGE_SIZE
    rising: bool | None = None
    counted: bool = False
    by: str = ""

    @property
    def backwards(self) -> bool:
        return bool(self.before) and not self.after

    @property
    def cursor(self) -> str:
        return self.after or self.before


FIRST_PAGE = PageRequest()


@dataclass(frozen=True)
class Between:
    """From *since* on, before *until*; None: without that end."""

    since: datetime | None = None
    until: datetime | None = None

    def conditions(self, at: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.since is not None:
            found.append(at >= self.since)
        if self.until is not None:
            found.append(at < self.until)
        return found


ALWAYS = Between()


@dataclass(frozen=True)
class RowOrder:
    """By which *keys* (together they name one row) rows come one after another: falling, or *rising*.

    *sorts*: what else a list of few rows can be sorted by, by name. *indexed*: what this one can be sorted by however many it has, as an
    index holds its rows so: the keys, which together name one row.
    """

    keys: Keys
    rising: bool = False
    sorts: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    indexed: Mapping[str, Keys] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """What the keys are called in the query's rows."""
        return tuple(f"key_{index}" for index in range(len(self.keys)))


def read_page(
    connection: Connection,
    query: Select[Any],
    order: RowOrder,
    page_request: PageRequest,
    *,
    row_conditions: RowConditions | None = None,
) -> Page[Row[Any]]:
    """The page of *query* at *page_request*.

    *row_conditions* are conditions that no index answers; they are tried on MAX_SCANNED rows at most for one page.
    """
    if row_conditions is not None:
        return walked_page(connection, query, order, page_request, row_conditions)
    by = page_request.by
    if by in order.indexed:
        way = replace(order, keys=order.indexed[by], rising=True)
        return replace(read_page(connection, query, way, replace(page_request, by="")), by=by)
    total = count_rows(connection, query) if page_request.counted or by in order.sorts else None
    are_few = total is not None and total <= MOST_COUNTED
    if are_few and by in order.sorts:
        page = replace(sorted_page(connection, query, order, page_request), by=by)
    else:
        page = walked_page(connection, query, order, page_request)
    return replace(page, total=total, sorts=tuple(order.sorts if are_few else order.indexed))


def walked_page(
    connection: Connection,
    query: Select[Any],
    order: RowOrder,
    page_request: PageRequest,
    row_conditions: RowConditions | None = None,
) -> Page[Row[Any]]:
    """A page of rows as they come one after another by the keys of *order*."""
    rising = order.rising if page_request.rising is None else page_request.rising
    way = RowOrder(order.keys, rising=rising != page_request.backwards)
    keys, names = way.keys, way.names
    query = query.add_columns(*(key.label(name) for key, name in zip(keys, names, strict=True)))
    if page_request.cursor:
        query = query.where(beyond(keys, decode_cursor(page_request.cursor, keys), forwards=way.rising))
    query = query.order_by(*(key.asc() if way.rising else key.desc() for key in keys))
    if row_conditions is None:
        found, end = list(connection.execute(query.limit(page_request.size + 1))), ""
    else:
        found, end = scan(connection, query, way, row_conditions, size=page_request.size)
    rows = found[: page_request.size]
    onwards = cursor_of(rows[-1], names) if len(found) > page_request.size else end
    back = cursor_of(rows[0], names) if page_request.cursor and rows else ""
    tried = MAX_SCANNED if end else 0
    if page_request.backwards:
        return Page(tuple(reversed(rows)), back, onwards, tried=tried)
    return Page(tuple(rows), onwards, back, tried=tried)


def streamed(connection: Connection, query: Select[Any]) -> Result[Any]:
    """All rows of *query*, some at a time: however many there are, they need not fit in memory."""
    return connection.execute(query, execution_options={"yield_per": STREAMED_AT_ONCE})


def sorted_page(
    connection: Connection, query: Select[Any], order: RowOrder, page_request: PageRequest
) -> Page[Row[Any]]:
    """A page of a list of few rows, sorted by what no index holds: an index for each column of a list, and each filter, would be written with each order."""
    own = [key.label(f"own_{index}") for index, key in enumerate(order.keys)]
    few = query.add_columns(order.sorts[page_request.by].label("sorted_by"), *own).limit(MOST_COUNTED + 1)
    rows = few.subquery("sortable")
    way = RowOrder((rows.c.sorted_by, *(rows.c[one.name] for one in own)), rising=True)
    return walked_page(connection, select(rows), way, page_request)


def count_rows(connection: Connection, query: Select[Any]) -> int:
    """How many rows *query* has, no further counted than MOST_COUNTED + 1."""
    # Of each row nothing: it is found in an index then, and what a list shows of it is not worked out.
    nothing: Select[Any] = query.order_by(None).with_only_columns(literal_column("1"), maintain_column_froms=True)
    some = nothing.limit(MOST_COUNTED + 1).subquery("some")
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def scan(
    connection: Connection, query: Select[Any], way: RowOrder, row_conditions: RowConditions, *, size: int
) -> tuple[list[Row[Any]], str]:
    """The first rows of *query* that meet *row_conditions*, and where the scan ended before the list did."""
    found: list[Row[Any]] = []
    last = None
    # What many rows have fills the page long before all are tried.
    first = -(-MAX_SCANNED // 5)
    for most in filter(None, (first, MAX_SCANNED - first)):
        found += connection.execute(first_met(query, way, row_conditions, most=most, size=size - len(found)))
        if len(found) > size:
            return found, ""
        keys = query.with_only_columns(
            *(query.selected_columns[name] for name in way.names), maintain_column_froms=True
        )
        last = connection.execute(keys.offset(most - 1).limit(1)).one_or_none()
        if last is None:
            return found, ""
        query = query.where(beyond(way.keys, last, forwards=way.rising))
    return found, cursor_of(last, way.names) if last is not None else ""


def first_met(query: Select[Any], way: RowOrder, row_conditions: RowConditions, *, most: int, size: int) -> Select[Any]:
    """Those of the first *most* rows of *query* that meet *row_conditions*, one more than *size* of them at most."""
    # Of what is only tried no more is read than the trial needs, which the index that has the order may hold; of what is found, all.
    names = (*way.names, *row_conditions.columns)
    needed = query.with_only_columns(*(query.selected_columns[name] for name in names), maintain_column_froms=True)
    some = needed.limit(most).subquery("some")
    order = [some.c[name].asc() if way.rising else some.c[name].desc() for name in way.names]
    met = select(*(some.c[name] for name in way.names)).where(*row_conditions.of(some)).order_by(*order)
    # Written down: PostgreSQL would look for them anew for each row of a list that it takes to be short.
    few = met.limit(size + 1).cte("few_met").prefix_with("MATERIALIZED", dialect="postgresql")
    is_one = [key == few.c[name] for key, name in zip(way.keys, way.names, strict=True)]
    return query.where(*is_one)


def beyond(keys: Keys, values: Sequence[object], *, forwards: bool) -> ColumnElement[bool]:
    """That a row comes after the one with *values*."""
    given = [literal(value, key.type) for key, value in zip(keys, values, strict=True)]
    if len(keys) == 1:
        return keys[0] > given[0] if forwards else keys[0] < given[0]
    here, there = tuple_(*keys), tuple_(*given)
    return here > there if forwards else here < there


def cursor_of(row: Row[Any], names: Sequence[str]) -> str:
    return encode_cursor([getattr(row, name) for name in names])


def encode_cursor(values: Sequence[object]) -> str:
    """*values* as a short text for an address."""
    plain = [
        value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
        for value in values
    ]
    written = json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, keys: Keys) -> list[Any]:
    """What `encode_cursor` wrote. Raises Rejected for anything else: addresses are typed, cut off and made up."""
    return decode_cursor_as(cursor, [key.type.python_type for key in keys])


def decode_cursor_as(cursor: str, kinds: Sequence[type]) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [as_type(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (ValueError, TypeError, InvalidOperation, binascii.Error) as error:
        raise Rejected(
            "This page of the list is not there any more; begin at its start.", code="page_unknown"
        ) from error


def as_type(value: object, kind: type) -> object:
    if issubclass(kind, date):
        at = kind.fromisoformat(str(value))
        if isinstance(at, datetime) and at.tzinfo is None:
            raise ValueError("an instant without a zone")
        return at
    if kind is Decimal:
        return as_amount(value)
    if not isinstance(value, kind) or (isinstance(value, int) and abs(value) >= 2**63) or "\0" in str(value):
        raise TypeError(f"{value!r} is not a {kind}")
    return value


def as_amount(value: object) -> Decimal:
    found = Decimal(str(value))
    if not found.is_finite() or abs(found) >= LARGEST_AMOUNT or found != round(found, 3):
        raise ValueError("no amount")
    return found
