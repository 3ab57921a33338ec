"""The number register for pages: each series with a check for gaps, and its numbers page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select
from sqlalchemy.engine import Row

from worker.domain.document import Kind
from worker.domain.numbering import TEST_SERIES
from worker.domain.shop import Shop
from worker.store import counters, document_balances, whole_counts
from worker.store.database.pagination import FIRST_PAGE, Page, PageRequest, RowOrder, read_page
from worker.store.database.rows import read_row
from worker.store.database.tables import documents as made
from worker.store.database.tables import register as register_table
from worker.store.whole_counts import NOTHING, Counted


@dataclass(frozen=True)
class Gap:
    """Numbers *first* to *last* of a series, both included, that no document carries."""

    first: int
    last: int

    @property
    def missing(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class SeriesCheck:
    """One series in one period (a year, or 0 where numbers never start again). *began* is the number it had to begin with."""

    series: str
    period: int
    began: int
    last: int
    documents: int
    first_on: date
    last_on: date
    first_number: str
    last_number: str
    gaps: tuple[Gap, ...] = ()

    @property
    def missing(self) -> int:
        return sum(gap.missing for gap in self.gaps)


@dataclass(frozen=True)
class RegisterCheck:
    """All numbers of a shop but tests. *rows* is how many the register holds: as many as there are documents, or something is wrong.

    This counts; `facturelay verify` also proves that nothing was altered.
    """

    series: tuple[SeriesCheck, ...]
    documents: int
    rows: int

    @property
    def is_complete(self) -> bool:
        return self.documents == self.rows and not any(series.gaps for series in self.series)


def check(connection: Connection, shop: Shop) -> RegisterCheck:
    """Whether each number of each series is there: by counting, and one by one only where the count is wrong.

    What was there when all was last counted, at most a day ago, is not counted again.
    """
    rows = list(numbers_of(connection, shop.shop_id))
    found = sorted(checked(connection, shop, rows), key=place_of)
    before = whole_counts.of(connection, Counted.REGISTER, shop.shop_id).get("", NOTHING)
    since = select(func.count()).where(
        register_table.c.shop_id == shop.shop_id, register_table.c.position > before.up_to
    )
    in_register = before.number + connection.execute(since).scalar_one()
    return RegisterCheck(tuple(found), sum(series.documents for series in found), in_register)


@dataclass(frozen=True)
class Numbers:
    """How many documents a series has in one period, and its first and last number there."""

    series: str
    period: int
    documents: int
    first: int
    last: int


def place_of(one: SeriesCheck) -> tuple[int, str]:
    """Where a series stands in a list: as its kind does everywhere, and series of the shop's own after those."""
    kinds = [str(kind) for kind in Kind]
    return (kinds.index(one.series) if one.series in kinds else len(kinds), one.series)


def numbers_of(connection: Connection, shop_id: str) -> Iterator[Numbers]:
    """Those of each series and period but tests: what was counted last, and what came since."""
    before = whole_counts.of(connection, Counted.SERIES, shop_id)
    for series, period in periods_of(connection, shop_id):
        if series == TEST_SERIES.name:
            continue
        counted = before.get(whole_counts.label_of_series(series, period), NOTHING)
        mine = of_series(shop_id, series, period)
        since = connection.execute(select(func.count()).where(*mine, made.c.sequence > counted.up_to)).scalar_one()
        first = connection.execute(select(func.min(made.c.sequence)).where(*mine)).scalar_one()
        last = connection.execute(select(func.max(made.c.sequence)).where(*mine)).scalar_one()
        yield Numbers(series, period, counted.number + since, first, last)


def periods_of(connection: Connection, shop_id: str) -> Iterator[tuple[str, int]]:
    """Each series and period that has documents: one step of the index for each, and none for their documents."""
    mine = select(made.c.series, made.c.period).where(made.c.shop_id == shop_id).limit(1)
    in_order = mine.order_by(made.c.series, made.c.period)
    row = connection.execute(in_order).one_or_none()
    while row is not None:
        yield row.series, row.period
        same = in_order.where(made.c.series == row.series, made.c.period > row.period)
        later = in_order.where(made.c.series > row.series)
        row = connection.execute(same).one_or_none() or connection.execute(later).one_or_none()


def checked(connection: Connection, shop: Shop, rows: Sequence[Numbers]) -> list[SeriesCheck]:
    """Each series with its periods in the order in which they came."""
    began_at = {row: document_at(connection, shop.shop_id, row, row.first) for row in rows}
    found, before = [], None
    for row in sorted(rows, key=lambda row: (row.series, began_at[row].document_id)):
        before = before if before is not None and before.series == row.series else None
        began = beginning(shop, row, before)
        counter = counters.counter_of(connection, shop.shop_id, row.series)
        given = max(row.last, counter.last_number) if counter is not None and counter.period == row.period else row.last
        whole = row.first == began and row.documents == given - began + 1
        ended_at = document_at(connection, shop.shop_id, row, row.last)
        found.append(
            SeriesCheck(
                row.series,
                row.period,
                began=began,
                last=given,
                documents=row.documents,
                first_on=began_at[row].issued_on,
                last_on=ended_at.issued_on,
                first_number=began_at[row].number,
                last_number=ended_at.number,
                gaps=() if whole else gaps_of(connection, shop.shop_id, row, began=began, given=given),
            )
        )
        before = row
    return found


def beginning(shop: Shop, row: Numbers, before: Numbers | None) -> int:
    """The first number that had to be given: after the one the owner named, 1 in a new year, else after the period *before*."""
    after = shop.numbering.continued_after.get(f"{row.series}:{row.period}")
    if after is not None and row.first == after + 1:
        return int(row.first)
    if before is None or row.period > before.period > 0:
        return 1
    return int(before.last) + 1


def document_at(connection: Connection, shop_id: str, row: Numbers, sequence: int) -> Row[Any]:
    """The document at one end of *row*'s numbers."""
    mine = (*of_series(shop_id, row.series, row.period), made.c.sequence == sequence)
    shown: list[ColumnElement[Any]] = [made.c.document_id, made.c.issued_on, made.c.number]
    return connection.execute(select(*shown).where(*mine)).one()


def gaps_of(connection: Connection, shop_id: str, row: Numbers, *, began: int, given: int) -> tuple[Gap, ...]:
    """Where numbers are missing: before the first, between two, after the last."""
    ids = func.lag(made.c.document_id).over(order_by=made.c.sequence).label("before_id")
    before = func.lag(made.c.sequence).over(order_by=made.c.sequence).label("before")
    walk = (
        select(made.c.sequence, made.c.document_id, before, ids)
        .where(*of_series(shop_id, row.series, row.period))
        .subquery()
    )
    rows = connection.execute(select(walk).where(walk.c.sequence > walk.c.before + 1).order_by(walk.c.sequence)).all()
    inside = tuple(
        part
        for one in rows
        for part in without_other_periods(
            connection, shop_id, row, Gap(one.before + 1, one.sequence - 1), ids=(one.before_id, one.document_id)
        )
    )
    start = (Gap(began, row.first - 1),) if row.first > began else ()
    end = (Gap(row.last + 1, given),) if given > row.last else ()
    return (*start, *inside, *end)


def without_other_periods(
    connection: Connection, shop_id: str, row: Numbers, gap: Gap, *, ids: tuple[int, int]
) -> Iterator[Gap]:
    """What is left of *gap* without what another period got while the series did (or did not) start again each year.

    *ids* are of the documents beside the gap: what was issued between them went on counting, under the other period.
    """
    mine = (made.c.shop_id == shop_id, made.c.series == row.series, made.c.period != row.period)
    between = (made.c.sequence.between(gap.first, gap.last), made.c.document_id.between(*ids))
    first = gap.first
    for number in connection.execute(
        select(made.c.sequence).where(*mine, *between).order_by(made.c.sequence)
    ).scalars():
        if number > first:
            yield Gap(first, number - 1)
        first = max(first, number + 1)
    if first <= gap.last:
        yield Gap(first, gap.last)


def of_series(shop_id: str, series: str, period: int) -> tuple[ColumnElement[bool], ...]:
    return made.c.shop_id == shop_id, made.c.series == series, made.c.period == period


# Page by page


@dataclass(frozen=True)
class NumberRow:
    """One number and its status (`issued`, `paid`, `credited`, `partly credited`). *missing_before*: numbers left out just below it."""

    document_id: int
    number: str
    issued_on: date
    buyer: str
    currency: str
    net: Decimal
    vat: Decimal
    total: Decimal
    status: str
    missing_before: int


NUMBER_COLUMNS = ("document_id", "number", "sequence", "issued_on", "buyer", "currency", "net", "vat", "total")


def numbers_page(
    connection: Connection, shop_id: str, *, series: str, period: int, page_request: PageRequest = FIRST_PAGE
) -> Page[NumberRow]:
    """The numbers of one series in one period, the highest first."""
    lower = made.alias("lower")
    below = (
        select(func.max(lower.c.sequence))
        .where(
            and_(lower.c.shop_id == shop_id, lower.c.series == series, lower.c.period == period),
            lower.c.sequence < made.c.sequence,
        )
        .scalar_subquery()
    )
    query = select(*(made.c[name] for name in NUMBER_COLUMNS), below.label("below"))
    mine = query.where(*of_series(shop_id, series, period))
    page = read_page(connection, mine, RowOrder((made.c.sequence,)), page_request)
    ids = [row.document_id for row in page.rows]
    balances = document_balances.of_documents(connection, ids)
    return page.of(
        [
            read_row(
                NumberRow,
                row,
                status=balances[row.document_id].status,
                missing_before=row.sequence - row.below - 1 if row.below is not None else 0,
            )
            for row in page.rows
        ]
    )
