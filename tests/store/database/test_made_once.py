"""Statements that are made once tell what SQLAlchemy tells of the same ones, and go wrong as it does."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Insert, Select, bindparam, create_engine, event, insert, select, text, update
from sqlalchemy.exc import IntegrityError

import worker.store
from tests.support.history import History
from worker.domain.document import Kind
from worker.errors import TimeIsUp
from worker.store.database.made_once import MadeOnce, Written, among, given, is_one_of_words, made_once
from worker.store.database.tables import documents, jobs, mail_counts, metadata
from worker.store.jobs import Claim


def of_the_program() -> Iterator[tuple[str, MadeOnce]]:
    """Each with the name of the database that it is for, where it is for one."""
    for module in pkgutil.iter_modules(worker.store.__path__, "worker.store."):
        for kept in vars(importlib.import_module(module.name)).values():
            inside = kept if isinstance(kept, dict) else vars(kept) if isinstance(kept, Claim) else {"": kept}
            yield from ((name, one) for name, one in inside.items() if isinstance(one, MadeOnce))


def test_each_of_the_program_can_be_written_once_for_either_database() -> None:
    found = list(of_the_program())
    assert len(found) > 60
    for url in ("sqlite://", "postgresql+psycopg://"):
        dialect = create_engine(url).dialect
        for name, one in found:
            if name not in {"sqlite", "postgresql"} - {dialect.name}:
                names = one.statement.table.c.keys() if isinstance(one.statement, Insert) else ()
                Written.of(one.statement, dialect, names)


def told(connection: Connection, query: Select[Any], **values: object) -> list[list[tuple[str, type, object]]]:
    rows = connection.execute(query, values).mappings().all()
    return [[(name, type(value), value) for name, value in row.items()] for row in rows]


def test_rows_of_each_table_are_those_of_sqlalchemy(history: History) -> None:
    history.seen(7)
    history.delivery(7, state="failed", message="The shop does not answer.")
    history.credited(history.issued(7, paid=True))
    filled = 0
    with history.store.read() as connection:
        for table in metadata.sorted_tables:
            rows = told(connection, made_once(select(table)))
            assert rows == told(connection, select(table)), table
            filled += bool(rows)
    assert filled > 10


def test_what_is_given_is_given_as_sqlalchemy_does(history: History) -> None:
    invoice, other = history.issued(7), history.issued(8)
    history.credited(invoice)
    query = select(documents).where(
        *given(documents.c.shop_id, documents.c.issued_on, documents.c.issued_at, documents.c.total, prefix="of_"),
        among(documents.c.document_id, "ids"),
        among(documents.c.number, "numbers"),
        is_one_of_words(documents.c.kind, (Kind.INVOICE, Kind.CREDIT_NOTE)),
        documents.c.order_id < bindparam("below"),
    )
    values = {
        "of_shop_id": "a", "of_issued_on": invoice.issued_on, "of_issued_at": invoice.issued_at,
        "of_total": invoice.draft.total, "ids": [invoice.document_id, other.document_id, 99],
        "numbers": [invoice.number, other.number], "below": 8,
    }  # fmt: skip
    with history.store.read() as connection:
        once = made_once(query)
        found = told(connection, once, **values)
        assert found == told(connection, query, **values)
        assert [{name: value for name, _, value in row}["number"] for row in found] == [invoice.number]
        assert told(connection, once, **{**values, "ids": []}) == []
        with pytest.raises(KeyError):
            told(connection, once, of_shop_id="a")


ADD = insert(mail_counts)


@pytest.mark.parametrize("add", [ADD, made_once(ADD)], ids=["anew", "once"])
def test_several_are_added_and_a_refusal_is_told_in_the_same_words(history: History, add: Insert) -> None:
    rows = [{"shop_id": shop_id, "day": history.now.date(), "mails": 1} for shop_id in ("a", "b")]
    with history.store.write() as connection:
        connection.execute(add, rows)
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(add, rows[0])
        connection.execute(add, [{**rows[0], "day": history.now.date().replace(day=1)}])
        assert len(connection.execute(select(mail_counts)).all()) == 3
        more = made_once(update(mail_counts).where(*given(mail_counts.c.shop_id, prefix="of_")))
        assert connection.execute(more, {"of_shop_id": "a", "mails": 2}).rowcount == 2


def test_a_value_that_no_driver_takes_is_refused_by_its_own_error(history: History) -> None:
    find = made_once(select(documents.c.number).where(*given(documents.c.number)))
    with history.store.read() as connection, pytest.raises(UnicodeEncodeError):
        connection.execute(find, {"number": "half a pair: \ud800"})


@pytest.mark.parametrize("query", [select(jobs.c.job_id), made_once(select(jobs.c.job_id))], ids=["anew", "once"])
def test_a_connection_that_was_interrupted_is_not_used_again(history: History, query: Select[Any]) -> None:
    def ring(*_: object) -> None:
        raise TimeIsUp

    were_invalid = []

    def ask() -> None:
        with history.store.read() as connection:
            event.listen(connection, "before_cursor_execute", ring)
            try:
                connection.execute(query)
            finally:
                were_invalid.append(connection.invalidated)

    with pytest.raises(TimeIsUp):
        ask()
    assert were_invalid == [True]


def test_postgresql_keeps_the_plan_of_what_is_made_once_and_plans_all_else_for_its_values(history: History) -> None:
    once = made_once(select(mail_counts.c.mails).where(*given(mail_counts.c.shop_id)))
    anew = select(mail_counts.c.shop_id).where(mail_counts.c.shop_id == "a")
    for _ in range(12):
        with history.store.read() as connection:
            connection.execute(once, {"shop_id": "a"})
            connection.execute(anew)
    if not history.store.is_sqlite:
        with history.store.read() as connection:
            plans = connection.execute(
                text(
                    "SELECT custom_plans + generic_plans FROM pg_prepared_statements WHERE from_sql = false AND statement LIKE '%mail_counts%'"
                )
            )
            assert plans.scalars().all() == [12]


def test_what_has_to_be_written_anew_is_refused(history: History) -> None:
    with history.store.write() as connection:
        with pytest.raises(TypeError):
            connection.execute(made_once(select(jobs).where(jobs.c.job_id.in_([1, 2]))))
        adding = made_once(insert(mail_counts).returning(mail_counts.c.mails))
        with pytest.raises(TypeError):
            connection.execute(adding, [{"shop_id": "a", "day": history.now.date(), "mails": n} for n in (1, 2)])
