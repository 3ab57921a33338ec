"""An order that nobody paid is cancelled after the owner's days: once, and never where money came, may have come, or an invoice stands."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from tests.support.system import START, System
from worker.demo.faults import ServerFault
from worker.demo.orders import an_order
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Match, Verdict
from worker.domain.order import OrderKey
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.rules import Rule
from worker.errors import Unavailable
from worker.payments import unpaid_orders
from worker.store import bank_files, bank_lines, payment_attempts, payments
from worker.store.bank_files import NewFile
from worker.store.bank_lines import LineState
from worker.store.database.tables import payment_attempts as attempts

DAYS = 7
ON_HOLD: dict[str, Any] = {"status": "on-hold", "paid": False, "payment_method": "bacs", "created": START}


@pytest.fixture(autouse=True)
def cancels(system: System) -> None:
    rules = (Rule.parse("payment_request:created:send"), Rule.parse("invoice:paid:send"))
    system.change_shop(rules=rules, cancel_after_days=DAYS)


def placed(system: System, **changes: Any) -> dict[str, Any]:
    order = an_order(id=238, **{**ON_HOLD, **changes})
    system.arrives(order)
    return order


def pass_days(system: System, days: int = DAYS + 1) -> None:
    system.clock.move(days=days)


def cancel(system: System) -> tuple[int, ...]:
    return unpaid_orders.cancel_late_orders(system.services, system.connected, pause_s=0)


def status(system: System) -> str:
    order = system.shop.order(238)
    assert order is not None
    return str(order["status"])


def reasons(system: System) -> list[str]:
    return [note.partition(">")[2] for note in system.notes(238) if 'facturelay="cancels ' in note]


def flags(system: System) -> list[str]:
    order = system.trail(238).order
    assert order is not None
    return [str(flag.message) for flag in order.flags if flag.code == "late_but_invoiced"]


def test_an_order_is_cancelled_the_day_after_its_last_with_a_note_that_says_why(system: System) -> None:
    placed(system)
    pass_days(system, DAYS)
    assert cancel(system) == ()
    pass_days(system, 1)
    assert cancel(system) == (238,)

    assert status(system) == "cancelled"
    assert [json.loads(call.body) for call in system.shop.writes if call.method == "PUT"] == [{"status": "cancelled"}]
    (reason,) = reasons(system)
    assert reason.startswith("Niet betaald binnen 7 dagen: geannuleerd door Facturelay, zoals je instellingen zeggen.")
    assert [entry.code for entry in system.trail(238).audit_entries if "cancelled" in entry.code] == [
        "cancelled_unpaid"
    ]


def test_the_payment_request_gives_no_more_days_than_the_order_has(system: System) -> None:
    placed(system)
    (request,) = system.documents(238)
    assert request.document
    assert request.document.draft.payment
    assert request.document.draft.payment.due_on == START.date() + timedelta(days=DAYS)


def key_of(system: System) -> OrderKey:
    order = system.shop.order(238)
    assert order is not None
    return OrderKey(system.shop_id, 238, order["order_key"])


def money_came(system: System) -> int | None:
    receipt = Receipt(system.clock.now.date(), PaymentSource.BANK, "bank", outside_ref="B1")
    with system.services.store.write() as connection:
        return payments.receive(connection, key_of(system), Decimal("1.00"), receipt, now=system.clock.now)


def money_went_back(system: System) -> None:
    payment_id = money_came(system)
    assert payment_id
    with system.services.store.write() as connection:
        payments.reverse(connection, payment_id, on=system.clock.now.date(), by="An", now=system.clock.now)


def line_waits(system: System, amount: str, text: str) -> None:
    day = system.clock.now.date()
    line = BankLine("BE71096123456769", day, Decimal(amount), "EUR", "line-1", text=text)
    with system.services.store.write() as connection:
        file_id = bank_files.add_file(
            connection, NewFile(system.shop_id, "1", "nov.cod", "CODA", day), by="An", now=system.clock.now
        )
        bank_lines.add_lines(connection, system.shop_id, file_id, [(Match(line, Verdict.PROPOSED), LineState.WAITING)])


def paid_in_the_shop(system: System) -> None:
    """And nobody has told us yet."""
    order = system.shop.order(238)
    assert order is not None
    paid_on = {"date_paid": "2026-11-24T10:00:00", "date_paid_gmt": "2026-11-24T09:00:00"}
    system.shop.place({**order, "status": "processing", **paid_on})


def buyer_is_paying(system: System) -> None:
    (request,) = system.documents(238)
    assert request.document
    with system.services.store.write() as connection:
        attempt = payment_attempts.begin(connection, request.document, Decimal("22.20"), now=system.clock.now)
        connection.execute(
            update(attempts)
            .where(attempts.c.attempt_id == attempt.attempt_id)
            .values(status="open", payment_ref="tr_1")
        )


def file_is_old(system: System) -> None:
    read_until(system, START.date() + timedelta(days=1))


def file_ends_before_the_last_day(system: System) -> None:
    read_until(system, START.date() + timedelta(days=DAYS - 1))


def read_until(system: System, day: date) -> None:
    with system.services.store.write() as connection:
        new = NewFile(system.shop_id, str(day), "nov.cod", "CODA", day)
        bank_files.add_file(connection, new, by="An", now=system.clock.now)


@pytest.mark.each_database
@pytest.mark.parametrize(
    "speaks_against",
    [
        money_came,
        money_went_back,
        lambda system: line_waits(system, "22.20", "huur"),
        lambda system: line_waits(system, "5.00", "bestelling 238"),
        paid_in_the_shop,
        buyer_is_paying,
        file_is_old,
        file_ends_before_the_last_day,
    ],
    ids=[
        "money",
        "money that went back",
        "a line of its amount",
        "a line that names it",
        "paid in the shop",
        "paying online",
        "an old file",
        "a file that ends too early",
    ],
)
def test_an_order_stays_where_money_came_or_may_have_come(
    system: System, speaks_against: Callable[[System], object]
) -> None:
    placed(system)
    pass_days(system)
    speaks_against(system)
    assert cancel(system) == ()
    assert status(system) != "cancelled"
    assert reasons(system) == []


def test_a_line_of_other_money_and_a_file_of_today_hold_nothing_back(system: System) -> None:
    placed(system)
    pass_days(system)
    line_waits(system, "5.00", "huur")
    assert cancel(system) == (238,)


def test_an_order_with_an_invoice_is_its_owners_to_decide_until_that_is_credited(system: System) -> None:
    system.change_shop(rules=(Rule.parse("invoice:created:send"),))
    placed(system)
    pass_days(system)
    assert (cancel(system), status(system)) == ((), "on-hold")
    (told,) = flags(system)
    order = system.shop.order(238)
    assert order is not None
    system.arrives(order)
    assert flags(system) == [told]
    assert told.startswith(
        "Order 238 was not paid within 7 days. It is not cancelled by itself, because F2026-00001 stands"
    )


def test_an_order_whose_goods_left_is_not_cancelled(system: System) -> None:
    system.change_shop(rules=(Rule.parse("delivery_note:created:send"),))
    placed(system)
    pass_days(system)
    assert (cancel(system), status(system)) == ((), "on-hold")


def test_an_order_that_a_person_opens_again_is_not_cancelled_twice(system: System) -> None:
    placed(system)
    pass_days(system)
    cancel(system)
    order = system.shop.order(238)
    assert order is not None
    system.arrives({**order, "status": "on-hold"})
    pass_days(system, 1)
    assert (cancel(system), status(system), len(reasons(system))) == ((), "on-hold", 1)


def test_a_shop_that_breaks_off_after_the_note_is_asked_again_and_told_once(system: System) -> None:
    placed(system)
    pass_days(system)
    system.shop.faults.next(ServerFault(500, method="PUT"))
    with pytest.raises(Unavailable):
        cancel(system)
    assert status(system) == "on-hold"
    assert cancel(system) == (238,)
    assert len(reasons(system)) == 1


def test_it_is_off_until_the_owner_gives_days_and_in_a_test_shop(system: System) -> None:
    placed(system)
    pass_days(system)
    for changes in ({"cancel_after_days": 0}, {"cancel_after_days": DAYS, "test": True}):
        system.change_shop(**changes)
        unpaid_orders.cancel_daily(system.services, system.connected)
        assert status(system) == "on-hold"


def test_what_is_late_by_more_than_a_month_is_left_to_a_person(system: System) -> None:
    placed(system)
    pass_days(system, DAYS + 31)
    assert cancel(system) == ()
