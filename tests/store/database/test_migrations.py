"""The migrations make exactly the tables that the code believes in, from empty, twice, and by two at once."""

import threading
from dataclasses import replace
from datetime import date
from itertools import pairwise

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, insert, inspect, select, text

from tests.support.factories import a_shop
from tests.support.issuing import NOW, a_draft
from worker.domain.document import Document, Draft, Kind, Reference
from worker.store.database import json_codec
from worker.store.database.engine import Store
from worker.store.database.migrate import alembic_config, head, is_current, upgrade
from worker.store.database.tables import documents, marks, metadata, order_words, orders, shops, unpaid


def test_an_empty_database_is_not_current_and_becomes_so(empty_database_url: str) -> None:
    store = Store(empty_database_url)
    assert not is_current(store)
    upgrade(empty_database_url)
    assert is_current(store)
    store.close()


def test_the_migrated_tables_are_those_of_the_code(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    store = Store(empty_database_url)
    with store.read() as connection:
        # SQLite writes an empty default in quotes of its own, which alembic takes for another one.
        options = {"compare_type": True, "compare_server_default": not store.is_sqlite}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        checks = {
            table.name: len(inspect(connection).get_check_constraints(table.name)) for table in metadata.sorted_tables
        }
    store.close()
    assert differences == []
    # Alembic does not compare these.
    assert checks == {
        table.name: sum(isinstance(constraint, CheckConstraint) for constraint in table.constraints)
        for table in metadata.sorted_tables
    }


def test_upgrading_again_changes_nothing(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    store = Store(empty_database_url)
    with store.engine.begin() as connection:
        connection.execute(text("INSERT INTO leases VALUES ('sweep', 'me', '2026-11-23 09:00:00.000000')"))
    upgrade(empty_database_url)
    with store.read() as connection:
        assert connection.execute(text("SELECT holder FROM leases")).scalar_one() == "me"
    store.close()


def test_two_may_upgrade_at_once(empty_database_url: str) -> None:
    errors = list[BaseException]()

    def run() -> None:
        try:
            upgrade(empty_database_url)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_migrations_are_one_line_forward() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert scripts.get_heads() == [head()]
    assert [script.revision for script in scripts.walk_revisions() if script.is_branch_point] == []


def test_orders_of_an_older_version_are_found_and_its_unpaid_invoices_known(empty_database_url: str) -> None:
    store = Store(empty_database_url)
    with store.write() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        live_before(connection)
    upgrade(empty_database_url)
    with store.read() as connection:
        words = connection.execute(
            select(order_words.c.order_id, order_words.c.word).order_by("order_id", "word")
        ).all()
        waiting = connection.execute(select(unpaid)).all()
    store.close()
    buyer = ["jan", "jan@klant.example", "janssens", "klant.example"]
    expected = {order_id: sorted({f"f2026-{order_id}", str(order_id), *buyer}) for order_id in (1, 2, 3, 4)}
    expected[3] = sorted({*expected[3], "c2026-1", "1"})
    expected[5] = ["5", "els", "maes"]  # no document, so its address comes with the next look
    assert {order_id: [word for of, word in words if of == order_id] for order_id in expected} == expected
    assert [tuple(row) for row in waiting] == [(4, "shop", date(2026, 11, 23))]


def live_before(connection: Connection) -> None:
    """Invoices that were paid at once (1), marked so later (2), taken back wholly (3) and not paid (4); an order without any (5)."""
    shop = {
        "seed": 1,
        "name": "Gist",
        "url": "",
        "settings": json_codec.dump(a_shop()),
        "secrets": "",
        "created_at": NOW,
    }
    connection.execute(insert(shops).values(shop_id="shop", **shop))
    for order_id in (1, 2, 3, 4):
        paid_on = date(2026, 11, 23) if order_id == 1 else None
        issue_before(connection, order_id, replace(a_draft(order_id), paid_on=paid_on), number=f"F2026-{order_id}")
    reference = Reference(3, "F2026-3", date(2026, 11, 23))
    back = replace(a_draft(3), kind=Kind.CREDIT_NOTE, cause="cancel:F2026-3", corrects=reference)
    issue_before(connection, 5, back, number="C2026-1")
    connection.execute(insert(marks).values(document_id=2, mark="paid", marked_at=NOW, by="order"))
    seen = {"order_key": "k", "status": "failed", "currency": "EUR", "total": "1.00", "findings": "[]", "flags": "[]"}
    times = {"ordered_at": NOW, "looked_at": NOW}
    connection.execute(
        insert(orders).values(shop_id="shop", order_id=5, order_number="5", buyer="Els Maes", **seen, **times)
    )


def issue_before(connection: Connection, document_id: int, draft: Draft, *, number: str) -> None:
    document = Document(document_id, "shop", draft.kind, number, document_id, date(2026, 11, 23), NOW, draft)
    repeated = ("cause", "kind", "order_id", "order_key", "order_number", "currency", "net", "vat", "total", "language")
    values = {name: getattr(document, name) for name in ("document_id", "shop_id", "series", "number", "sequence")}
    values |= {name: getattr(draft, name) for name in repeated} | {
        "test": False,
        "buyer": "Jan Janssens",
        "period": 2026,
    }
    values |= {"corrects": draft.corrects.document_id if draft.corrects else None, "snapshot": json_codec.dump(draft)}
    dated = {"issued_on": document.issued_on, "issued_at": NOW, "snapshot_sha256": "0" * 64}
    connection.execute(insert(documents).values(**values, **dated))


Shape = dict[str, dict[str, tuple[str, bool, bool]]]


def shape(store: Store) -> Shape:
    """Of each table's columns: the type, whether it may be empty, and whether it fills itself."""
    with store.read() as connection:
        inspector = inspect(connection)
        return {
            table: {
                column["name"]: (str(column["type"]), column["nullable"], column["default"] is not None)
                for column in inspector.get_columns(table)
            }
            for table in inspector.get_table_names()
        }


def test_each_migration_leaves_all_that_the_version_before_it_uses(empty_database_url: str) -> None:
    store, shapes = Store(empty_database_url), list[Shape]()
    revisions = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    for revision in reversed(revisions):
        with store.write() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        shapes.append(shape(store))
    store.close()
    for before, after in pairwise(shapes):
        for table, columns in before.items():
            assert {name: after[table].get(name) for name in columns} == columns
            added = after[table].keys() - columns.keys()
            assert [name for name in added if not (after[table][name][1] or after[table][name][2])] == []


def test_old_code_goes_on_beside_the_migrations_of_a_later_version(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    store = Store(empty_database_url)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert is_current(store)
    upgrade(empty_database_url)
    with store.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    store.close()
