"""The trail and the acts, newest first, of the shops that a person may see."""

from tests.support.history import History
from tests.support.issuing import NOW
from worker.store import audit_trail
from worker.store.audit_trail import AuditEntry
from worker.store.database.tables import acts
from worker.store.queries import activity
from worker.store.queries.activity import AuditEntryRow, SignInLogRow


def test_the_trail_of_a_shop_is_read_backwards(history: History) -> None:
    with history.store.write() as connection:
        for shop_id, order_id in (("a", 1), ("b", 2), ("a", 3)):
            audit_trail.add(connection, AuditEntry(shop_id, NOW, "worker", "looked", f"Order {order_id}.", order_id))
    with history.store.read() as connection:
        assert activity.audit_trail_page(connection, ("a",)).rows == (
            AuditEntryRow(3, "a", NOW, "worker", "looked", "Order 3.", 3, None),
            AuditEntryRow(1, "a", NOW, "worker", "looked", "Order 1.", 1, None),
        )
        assert [row.entry_id for row in activity.audit_trail_page(connection, None).rows] == [3, 2, 1]


def test_what_was_about_no_shop_is_for_those_who_see_all(history: History) -> None:
    shared = {"at": NOW, "actor": "An", "code": "signed_in", "message": "An signed in.", "address": "::1"}
    history.row(acts, entry_id=1, shop_id=None, **shared)
    history.row(acts, entry_id=2, shop_id="a", **shared)
    with history.store.read() as connection:
        assert [row.entry_id for row in activity.sign_in_log_page(connection, None).rows] == [2, 1]
        assert activity.sign_in_log_page(connection, ("a",)).rows == (
            SignInLogRow(2, NOW, "An", "a", "signed_in", "An signed in.", "::1"),
        )
        assert activity.sign_in_log_page(connection, ("b",)).rows == ()
