"""Whatever happens to an invoice, and whenever somebody looks: no reminder is planned of what is paid or stopped, and none twice."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.bridge_app import NOW, SHOP, BridgeApp
from worker.domain.document import PaymentInstructions
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.reminder import Reminded, ReminderKind, ReminderSettings
from worker.payments.reminders import Round, look, plan_mail
from worker.store import document_balances, payment_rows, payments, reminders, steps

EVENTS = st.lists(st.sampled_from(["paid", "back", "stopped", "resumed", "days", "weeks"]), min_size=4, max_size=12)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
def test_nobody_is_reminded_of_what_is_paid_or_stopped(app: BridgeApp, events: list[str]) -> None:
    chosen = ReminderSettings(Reminded.ALL, date(2026, 1, 1), before_due=3)
    app.change_shop(test=False, reminders=chosen)
    with app.store.write() as connection:
        number = len(connection.exec_driver_sql("SELECT document_id FROM documents").all())
    invoice = app.issue(
        number=f"F{number}",
        sequence=number + 1,
        order_id=5000 + number,
        cause=f"order:{number}",
        paid_on=None,
        payment=PaymentInstructions(due_on=NOW.date() + timedelta(days=7)),
    )
    now, one = NOW, invoice.document_id
    for event in events:
        now += timedelta(days={"days": 2, "weeks": 9}.get(event, 0), hours=1)
        with app.store.write() as connection:
            receipt = Receipt(now.date(), PaymentSource.PERSON, "An")
            if event == "paid":
                payments.pay_in_full(connection, one, receipt, now=now)
            elif event == "back":
                for payment in payment_rows.standing(connection, invoice.order):
                    payments.reverse(connection, payment.payment_id, on=now.date(), by="An", now=now)
            elif event == "stopped":
                reminders.stop(connection, one, by="An", now=now)
            elif event == "resumed":
                reminders.resume(connection, one, now=now)
            before = set(steps.of_document(connection, one))
            for _ in range(2):
                looked = Round(now)
                look(connection, looked, one, SHOP)
                for mail, document_ids in looked.due.items():
                    plan_mail(connection, mail, document_ids, now=now)
            planned = (set(steps.of_document(connection, one)) - before) & set(ReminderKind)
            is_open = document_balances.of_documents(connection, [one])[one].open > 0
            assert len(planned) <= 1
            assert not planned or (is_open and one not in reminders.stopped(connection, [one]))
