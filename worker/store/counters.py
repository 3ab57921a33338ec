"""Taking a number: the one place, inside the one transaction that stores the document. The counter is a row."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, insert, select, update

from worker.domain.document import Kind
from worker.domain.numbering import first_repeated_number, format_number, issue_date, period
from worker.domain.shop import LostNumbers, Series, Shop
from worker.errors import Rejected
from worker.store.database.made_once import given, made_once
from worker.store.database.rows import read_row
from worker.store.database.tables import documents, shops
from worker.store.database.tables import number_series as series_table


@dataclass(frozen=True)
class TakenNumber:
    """A number that belongs to the transaction that took it."""

    series: str
    period: int
    sequence: int
    number: str
    issued_on: date


@dataclass(frozen=True)
class Counter:
    """How far a series has come: *last_number* of *period* (a year, or 0 where numbers never start again)."""

    series: str
    period: int
    last_number: int
    last_date: date | None


# Made once: a statement costs more to build than to run.
COUNTER = made_once(select(series_table).where(*given(series_table.c.shop_id, series_table.c.series)))
MOVE = made_once(update(series_table).where(*given(series_table.c.shop_id, series_table.c.series, prefix="of_")))


def lock(connection: Connection, shop_id: str) -> None:
    """Let one transaction at a time issue for a shop (SQLite: BEGIN IMMEDIATE has done so already)."""
    if connection.dialect.name != "sqlite":
        # NO KEY UPDATE: deliveries and other rows that point at the shop can still be stored meanwhile.
        connection.execute(select(shops.c.shop_id).where(shops.c.shop_id == shop_id).with_for_update(key_share=True))


def take(connection: Connection, shop_id: str, series: Series, *, today: date) -> TakenNumber:
    """Take the next number of *series*. Call inside the transaction that stores the document, after `lock`.

    Rolled back, the number was never taken. The date is the later of *today* and the series' last date, so both rise together.
    """
    taken = upcoming(series, counter_of(connection, shop_id, series.name), today=today)
    write(connection, shop_id, Counter(series.name, taken.period, taken.sequence, taken.issued_on))
    return taken


def upcoming(series: Series, counter: Counter | None, *, today: date) -> TakenNumber:
    """The number that comes after *counter*: what `take` would give on *today*."""
    issued_on = issue_date(today, counter.last_date if counter else None)
    now_period = period(series, issued_on)
    sequence = counter.last_number + 1 if counter and counter.period == now_period else 1
    number = format_number(series, year=issued_on.year, number=sequence)
    return TakenNumber(series.name, now_period, sequence, number, issued_on)


def counter_of(connection: Connection, shop_id: str, series: str) -> Counter | None:
    """The last number of *series*; None before its first."""
    row = connection.execute(COUNTER, {"shop_id": shop_id, "series": series}).one_or_none()
    return read_row(Counter, row) if row else None


def counters(connection: Connection, shop_id: str) -> tuple[Counter, ...]:
    rows = connection.execute(
        select(series_table).where(series_table.c.shop_id == shop_id).order_by(series_table.c.series)
    )
    return tuple(read_row(Counter, row) for row in rows)


def next_numbers(connection: Connection, shop: Shop, *, today: date) -> dict[Kind, str]:
    """The number that each kind gets next if it is issued *today* (in the shop's zone), in the order in which an order goes through them."""
    last = {counter.series: counter for counter in counters(connection, shop.shop_id)}
    # Shops are stored by the names of their kinds.
    ordered = {kind: shop.numbering.series[kind] for kind in Kind if kind in shop.numbering.series}
    return {kind: upcoming(series, last.get(series.name), today=today).number for kind, series in ordered.items()}


def write(connection: Connection, shop_id: str, counter: Counter) -> None:
    """Put a series where *counter* says. Only `take`, and the owner's settings after their checks, may call this."""
    values = {"period": counter.period, "last_number": counter.last_number, "last_date": counter.last_date}
    if not connection.execute(MOVE, {"of_shop_id": shop_id, "of_series": counter.series, **values}).rowcount:
        connection.execute(insert(series_table).values(shop_id=shop_id, series=counter.series, **values))


def skip(connection: Connection, shop_id: str, series: Series, after: int, *, today: date) -> LostNumbers | None:
    """Let *series* go on after a number that is no longer in the register; which ones are missing, None when none is.

    Raises Rejected for a number below the last. Call after `lock`.
    """
    counter = counter_of(connection, shop_id, series.name)
    coming = upcoming(series, counter, today=today)
    if after < coming.sequence - 1:
        raise Rejected(
            "The series “{name}” has come to {last}; it never goes back to {after}.",
            name=series.name,
            last=coming.sequence - 1,
            after=after,
            code="number_back",
        )
    if after == coming.sequence - 1:
        return None
    write(connection, shop_id, Counter(series.name, coming.period, after, counter.last_date if counter else None))
    return LostNumbers(series.name, coming.period, coming.sequence, after)


def used_numbers(connection: Connection, shop_id: str) -> tuple[str, ...]:
    """Every number of the shop's documents, tests too."""
    return tuple(connection.execute(select(documents.c.number).where(documents.c.shop_id == shop_id)).scalars())


def was_issued(connection: Connection, shop_id: str, counter: Counter) -> bool:
    """Whether a document has the counter's last number; not so where the owner merely set it.

    Told by its day: where a series began or ended to start again each year, its documents stand under the period from before.
    """
    if counter.last_date is None or counter.period not in (0, counter.last_date.year):
        return False
    mine = (documents.c.shop_id == shop_id, documents.c.series == counter.series)
    last = (documents.c.sequence == counter.last_number, documents.c.issued_on == counter.last_date)
    return connection.execute(select(documents.c.document_id).where(*mine, *last)).first() is not None


def change_series(
    connection: Connection,
    shop: Shop,
    wanted: Mapping[Kind, Series],
    *,
    continue_after: Mapping[Kind, int],
    today: date,
) -> Shop:
    """Give *shop* the series *wanted*, and let kinds continue after a number used before. Returns the changed shop, not yet stored.

    Raises Rejected for what would go back, leave a gap, or print a number that a document has already.
    """
    lock(connection, shop.shop_id)
    known = used_numbers(connection, shop.shop_id)
    resets = {one.name: one.yearly for one in shop.numbering.series.values()}
    continued = dict(shop.numbering.continued_after)
    for series in {one.name: one for one in wanted.values()}.values():
        found = counter_of(connection, shop.shop_id, series.name)
        counter = (
            in_new_period(found, series, today) if resets.get(series.name, series.yearly) != series.yearly else found
        )
        taken = found is not None and was_issued(connection, shop.shop_id, found)
        after = requested_start(series, wanted, continue_after)
        if after is not None:
            counter = counter_after(series, counter, after, today=today, taken=taken)
        if counter is not None and (after is not None or (counter != found and not taken)):
            continued[f"{series.name}:{counter.period}"] = counter.last_number
        refuse_repeats(series, counter, known, today=today)
        if counter is not None and counter != found:
            write(connection, shop.shop_id, counter)
    return replace(shop, numbering=replace(shop.numbering, series=dict(wanted), continued_after=continued))


def in_new_period(counter: Counter | None, series: Series, today: date) -> Counter | None:
    """The same count under its new period: a series that no longer restarts, or does from next year on, just continues."""
    return counter and replace(counter, period=period(series, counter.last_date or today))


def requested_start(series: Series, wanted: Mapping[Kind, Series], continue_after: Mapping[Kind, int]) -> int | None:
    starts = {after for kind, after in continue_after.items() if wanted[kind].name == series.name}
    if len(starts) > 1:
        raise Rejected(
            "The series “{name}” is shared and cannot continue after two numbers at once.",
            name=series.name,
            code="number_unclear",
        )
    return starts.pop() if starts else None


def counter_after(series: Series, counter: Counter | None, after: int, *, today: date, taken: bool) -> Counter:
    """The counter at *after*. Raises Rejected when that is back, or leaves numbers out; *taken*: its number was given."""
    coming = upcoming(series, counter, today=today)
    last = coming.sequence - 1
    runs = counter is not None and counter.period == coming.period and taken
    if runs and after < last:
        raise Rejected(
            "The series “{name}” has come to {last}; it never goes back to {after}.",
            name=series.name,
            last=last,
            after=after,
            code="number_back",
        )
    if runs and after > last:
        raise Rejected(
            "The series “{name}” has come to {last}; continuing after {after} would leave a gap. Start a new "
            "series with another pattern instead.",
            name=series.name,
            last=last,
            after=after,
            code="number_gap",
        )
    return Counter(series.name, coming.period, after, counter.last_date if counter else None)


def refuse_repeats(series: Series, counter: Counter | None, known: Collection[str], *, today: date) -> None:
    coming = upcoming(series, counter, today=today)
    repeated = first_repeated_number(series, known, year=coming.issued_on.year, number=coming.sequence)
    if repeated is not None:
        raise Rejected(
            "The series “{name}” would come to {repeated}, and that number stands on a document already. "
            "Give it another pattern, or let it continue after a higher number.",
            name=series.name,
            repeated=repeated,
            code="number_exists",
        )
