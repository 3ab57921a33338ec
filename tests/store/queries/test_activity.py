"""The audit trail, newest first, of the shops that a person may see: what happened, and who was let in."""

import ast
from pathlib import Path

from sqlalchemy import text

import bridge
from tests.support.history import History
from tests.support.issued import NOW
from worker.message import Message
from worker.store import audit_trail
from worker.store.audit_trail import AuditEntry
from worker.store.database.tables import ACCESS_CODES
from worker.store.queries import activity


def test_the_audit_trail_of_a_shop_is_read_backwards(history: History) -> None:
    with history.store.write() as connection:
        for shop_id, order_id in (("a", 1), ("b", 2), ("a", 3)):
            audit_trail.add(
                connection, AuditEntry(shop_id, NOW, "worker", "looked", Message(f"Order {order_id}."), order_id)
            )
    with history.store.read() as connection:
        assert activity.audit_trail_page(connection, ("a",)).rows == (
            AuditEntry("a", NOW, "worker", "looked", Message("Order 3."), 3, None),
            AuditEntry("a", NOW, "worker", "looked", Message("Order 1."), 1, None),
        )
        assert [row.order_id for row in activity.audit_trail_page(connection, None).rows] == [3, 2, 1]


def test_who_signed_in_is_no_activity_and_what_is_about_no_shop_is_for_those_who_see_all(history: History) -> None:
    def signed_in(shop_id: str | None, name: str) -> AuditEntry:
        return AuditEntry(shop_id, NOW, name, "signed_in", Message("{name} signed in.", name=name), address="::1")

    with history.store.write() as connection:
        audit_trail.add_all(connection, [signed_in(None, "An"), signed_in("a", "Bo")])
        audit_trail.add(connection, AuditEntry("a", NOW, "worker", "looked", Message("Order 1."), 1))
    with history.store.read() as connection:
        everywhere = activity.audit_trail_page(connection, None, access=True).rows
        assert everywhere == (signed_in("a", "Bo"), signed_in(None, "An"))
        assert activity.audit_trail_page(connection, ("a",), access=True).rows == (signed_in("a", "Bo"),)
        assert activity.audit_trail_page(connection, ("b",), access=True).rows == ()
        for shops in (None, ("a",)):
            assert [row.code for row in activity.audit_trail_page(connection, shops).rows] == ["looked"]


def test_that_a_shop_was_made_is_told_on_both_pages(history: History) -> None:
    made = AuditEntry("a", NOW, "Els", "shop_created", Message("a was made."))
    with history.store.write() as connection:
        audit_trail.add(connection, made)
    with history.store.read() as connection:
        assert activity.audit_trail_page(connection, ("a",)).rows == (made,)
        assert activity.audit_trail_page(connection, ("a",), access=True).rows == (made,)


def test_each_code_that_the_bridge_records_of_people_is_known() -> None:
    """`record_event` is for those alone; a code that is not known would show up as a shop's activity."""
    called = [
        node
        for path in Path(bridge.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record_event"
    ]
    codes = {ast.literal_eval(call.args[0]) for call in called}
    assert len(codes) > 10
    assert codes <= set(ACCESS_CODES)


def test_few_sign_ins_are_found_among_many_entries_by_an_index(history: History) -> None:
    asked: list[str] = []
    with history.store.read() as connection:
        if connection.dialect.name != "sqlite":
            return  # which plans by what it counted, and there is nothing here
        for shops in (None, ("a",)):
            query = activity.audit_trail_query(shops, access=True).order_by(text("entry_id DESC")).limit(30)
            compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
            asked += [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    assert asked == [
        "SCAN audit_trail USING INDEX ix_audit_trail_users",
        "SEARCH audit_trail USING INDEX ix_audit_trail_shop_users (shop_id=?)",
    ]
