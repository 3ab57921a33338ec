"""Taking in a bank's files: what they bring is counted once, whichever files tell of it, and what is not certain waits."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from tests.payments.test_bank_files import ACCOUNT, EXPECTED, PAID, V
from tests.support.history import History
from worker.actions import bank_lines as actions
from worker.domain.actor import Actor
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Verdict
from worker.domain.bank_statement import BankStatement
from worker.domain.document import Document, PaymentInstructions
from worker.domain.money import ZERO
from worker.domain.order import OrderKey
from worker.domain.payment import REFUND, OrderBalance, PaymentSource, Receipt
from worker.errors import Rejected
from worker.payments import bank_file
from worker.payments.bank_file import BankFile, CheckedFile, keep, take_file
from worker.payments.bank_files.read import read_file
from worker.store import (
    bank_files,
    bank_lines,
    bank_senders,
    bank_statements,
    counters,
    order_money,
    orders,
    payment_rows,
    payments,
    shops,
    users,
)
from worker.store.bank_files import NewFile
from worker.store.bank_lines import LineState, StoredLine
from worker.store.database.engine import Store
from worker.store.database.pagination import FIRST_PAGE
from worker.store.database.tables import audit_trail
from worker.store.database.tables import orders as orders_table
from worker.store.queries import order_balance
from worker.store.queries.bank_claims import claim_of, matched, orders_of_numbers, other_shops, suggestions, told_before
from worker.store.users import NewUser, Role

SAMPLES = Path(__file__).parent / "bank_files"


@pytest.fixture
def shop(database_url: str) -> Iterator[History]:
    """A shop whose orders ask for what the samples bring."""
    history = History(Store(database_url), {})
    history.shop("a")
    seller = replace(history.shops["a"].seller, iban=ACCOUNT)
    history.shops["a"] = replace(history.shops["a"], seller=seller)
    for order, asked in EXPECTED["open_orders"].items():
        invoice_for(history, int(order), asked["ogm"], asked["asked"])
    yield history
    history.store.close()


def invoice_for(history: History, order_id: int, reference: str, total: str) -> Document:
    amount = Decimal(total)
    return history.issued(
        order_id,
        payment=PaymentInstructions(reference=reference, iban=ACCOUNT),
        net=amount,
        vat=ZERO,
        rounding=ZERO,
        total=amount,
    )


def by(history: History) -> Actor:
    return Actor("An", history.now)


def read(history: History, file: Path) -> CheckedFile:
    return take_bytes(history, file.read_bytes())


def read_all(history: History, kind: str) -> list[CheckedFile]:
    return [read(history, file) for file in sorted((SAMPLES / kind).iterdir())]


def paid_of(history: History) -> dict[int, Decimal]:
    """What came in by the bank of each order of the samples that anything came of."""
    with history.store.read() as connection:
        found = {
            int(order): sum(
                (
                    payment.amount
                    for payment in payment_rows.of_order(connection, OrderKey("a", int(order), f"wc_order_{order}"))
                    if payment.source is PaymentSource.BANK
                ),
                ZERO,
            )
            for order in EXPECTED["open_orders"]
        }
    return {order: amount for order, amount in found.items() if amount}


def lines_of(history: History, state: LineState | None = None) -> tuple[StoredLine, ...]:
    with history.store.read() as connection:
        return bank_lines.page(connection, "a", state, FIRST_PAGE).rows


def waiting(history: History, verdict: Verdict) -> StoredLine:
    return next(line for line in lines_of(history, LineState.WAITING) if line.verdict is verdict)


def balance(history: History, order_id: int) -> OrderBalance:
    with history.store.read() as connection:
        found = order_balance.of_order(connection, OrderKey("a", order_id, f"wc_order_{order_id}"))
    assert found is not None
    return found


def test_the_same_files_twice_count_nothing_twice(shop: History) -> None:
    first = read_all(shop, "coda")
    came = paid_of(shop)

    again = read_all(shop, "coda")

    assert came[238] == Decimal("30.00")  # paid a second time, by another line
    assert balance(shop, 238).excess == Decimal("15.00")
    assert sum(len(file.matches) for file in first) > 10
    assert [len(file.matches) for file in again] == [0] * len(again)
    assert paid_of(shop) == came


@pytest.mark.parametrize("other", ["camt053", "csv"])
def test_what_a_file_of_another_kind_tells_again_is_not_counted_again(shop: History, other: str) -> None:
    read_all(shop, "coda")
    came = paid_of(shop)

    found = [match for file in read_all(shop, other) for match in file.matches]

    assert paid_of(shop) == came
    assert V.KNOWN in {match.verdict for match in found}
    assert not {PAID, V.PART, V.OVER, V.AGAIN} & {match.verdict for match in found}


def test_a_line_without_a_reference_waits_until_a_person_says_whose_it_is_and_can_be_taken_back(shop: History) -> None:
    read_all(shop, "coda")
    line = waiting(shop, V.PROPOSED)

    with shop.store.write() as connection:
        actions.count_for_orders(connection, "a", line.line_id, "244", by=by(shop))
    assert balance(shop, 244).open == ZERO
    with pytest.raises(Rejected, match="already"), shop.store.write() as connection:
        actions.count_for_orders(connection, "a", line.line_id, "244", by=by(shop))

    for _ in range(2):
        with shop.store.write() as connection:
            actions.take_back(connection, "a", line.line_id, by=by(shop))
    assert balance(shop, 244).open == line.line.amount
    with shop.store.write() as connection:
        actions.count_for_orders(connection, "a", line.line_id, "244", by=by(shop))
    assert balance(shop, 244).paid == line.line.amount


@pytest.mark.each_database
def test_two_files_of_different_kinds_that_are_read_at_the_same_time_count_nothing_twice(
    shop: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    coda, camt = (min((SAMPLES / kind).iterdir()) for kind in ("coda", "camt053"))
    monkeypatch.setattr(bank_file, "AT_ONCE", 1)

    def read_the_other(done: int, _of: int) -> None:
        if done == 1:
            read(shop, camt)

    taken = BankFile(coda.name, coda.read_bytes())
    take_file(shop.store, shop.shops["a"], taken, by=by(shop), told=read_the_other)

    assert paid_of(shop) == {238: Decimal("15.00"), 242: Decimal("45.01"), 251: Decimal("1234.56")}


def test_who_paid_an_erased_order_is_forgotten_and_the_line_is_counted_no_second_time(shop: History) -> None:
    read_all(shop, "csv")
    came, before = paid_of(shop), lines_of(shop, LineState.COUNTED)

    with shop.store.write() as connection:
        assert bank_senders.forget(connection, "a", [238, 239], ())

    orders = orders_of(shop, before)
    for old, new in zip(before, lines_of(shop, LineState.COUNTED), strict=True):
        assert (new.line.amount, new.line.booked_on) == (old.line.amount, old.line.booked_on)
        assert new.line.references == old.line.references
        forgotten = (new.line.name, new.line.iban) == ("", "")
        assert forgotten is bool({238, 239} & orders[old.line_id])
    read_all(shop, "csv")
    assert paid_of(shop) == came


def test_a_customers_lines_that_wait_or_pay_nothing_are_forgotten_with_him_and_nobody_elses(shop: History) -> None:
    reference, iban = EXPECTED["open_orders"]["238"]["ogm"], "BE02001234567840"
    other = replace(a_line(shop, Decimal("7.00"), "other", "hallo"), name="Els Claes", iban="BE71096123456769")
    lines = {
        "counted": replace(other, structured=reference, amount=Decimal("15.00"), name="J Peeters", iban=iban),
        "by account": replace(other, iban=iban),
        "by name": replace(other, name="PEETERS ANDRE"),
        "by reference": replace(other, amount=Decimal("-2.00"), text=f"terug {reference}"),
        "other": other,
    }
    take(shop, "erased", [replace(line, key=f"coda:{ACCOUNT}:{key}") for key, line in lines.items()])

    with shop.store.write() as connection:
        assert bank_senders.forget(connection, "a", [238], ["André Peeters", "Els"]) == 4

    kept = {line.line.key.rpartition(":")[2]: line.line for line in lines_of(shop)}
    assert {key: (line.name, line.iban, "hallo" in line.text) for key, line in kept.items()} == {
        **dict.fromkeys(lines, ("", "", False)),
        "other": ("Els Claes", "BE71096123456769", True),
    }
    assert {key: line.amount for key, line in kept.items()} == {key: line.amount for key, line in lines.items()}


def test_what_is_kept_for_good_of_a_decision_does_not_say_who_paid(shop: History) -> None:
    read_all(shop, "coda")
    line = waiting(shop, V.PROPOSED)
    with shop.store.write() as connection:
        actions.count_for_orders(connection, "a", line.line_id, "244", by=by(shop))
        actions.take_back(connection, "a", line.line_id, by=by(shop))
        actions.put_aside(connection, "a", line.line_id, by=by(shop))
    with shop.store.read() as connection:
        said = [str(message) for message in connection.execute(select(audit_trail.c.message)).scalars()]
    assert len([one for one in said if "booked on" in one]) == 3
    assert line.line.name
    assert not any(line.line.name in one for one in said)


def test_no_key_of_a_line_tells_who_paid_or_what_they_wrote(shop: History) -> None:
    for kind in ("coda", "camt053", "mt940", "csv"):
        for file in sorted((SAMPLES / kind).iterdir()):
            for line in read_file(file.read_bytes())[1]:
                assert not any(said and said in line.key for said in (line.name, line.iban, line.text))


def orders_of(history: History, lines: tuple[StoredLine, ...]) -> dict[int, set[int]]:
    with history.store.read() as connection:
        found = bank_lines.orders_of(connection, "a", [line.line_id for line in lines])
    return {line_id: {paid.order_id for paid in orders} for line_id, orders in found.items()}


def test_a_line_that_pays_no_order_is_put_aside_and_stays_visible(shop: History) -> None:
    read_all(shop, "coda")
    line = waiting(shop, V.UNKNOWN)
    with shop.store.write() as connection:
        actions.put_aside(connection, "a", line.line_id, by=by(shop))

    assert line.line_id not in {one.line_id for one in lines_of(shop, LineState.WAITING)}
    (kept,) = [one for one in lines_of(shop, LineState.DONE) if one.line_id == line.line_id]
    assert (kept.decided_by, kept.line) == ("An", line.line)


@pytest.mark.parametrize("number", ["9999", "", "F2026-99999"])
def test_a_number_of_no_order_is_refused_by_name(shop: History, number: str) -> None:
    read_all(shop, "coda")
    line = waiting(shop, V.UNKNOWN)
    with pytest.raises(Rejected, match="No document of this shop"), shop.store.write() as connection:
        actions.count_for_orders(connection, "a", line.line_id, number, by=by(shop))


def test_a_shop_in_test_mode_counts_nothing(shop: History) -> None:
    shop.shops["a"] = replace(shop.shops["a"], test=True)
    with pytest.raises(Rejected, match="test mode"):
        read(shop, next((SAMPLES / "coda").iterdir()))
    assert lines_of(shop) == ()


def test_a_check_stores_nothing(shop: History) -> None:
    file = min((SAMPLES / "coda").iterdir())
    with shop.store.read() as connection:
        found = bank_file.check_file(connection, shop.shops["a"], file.read_bytes())
    assert found.counts[PAID] > 0
    assert (lines_of(shop), paid_of(shop)) == ((), {})


cents = st.integers(1, 2000).map(lambda number: Decimal(number).scaleb(-2))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(cents, min_size=1, max_size=5), st.data())
def test_however_files_overlap_and_are_cut_every_line_counts_once(
    shop: History, amounts: list[Decimal], data: st.DataObject
) -> None:
    number = next(numbers)
    reference = f"{number:010d}{number % 97 or 97:02d}"
    invoice_for(shop, number, reference, "10.00")
    lines = [
        BankLine(ACCOUNT, shop.now.date(), amount, "EUR", f"coda:{ACCOUNT}:{number}-{place}", structured=reference)
        for place, amount in enumerate(amounts)
    ]
    for place in range(3):
        some = data.draw(st.lists(st.sampled_from(lines), max_size=6, unique_by=lambda line: line.key))
        take(shop, f"{number}-{place}", some)
    take(shop, f"{number}-all", lines)

    found = balance(shop, number)
    assert found.paid == sum(amounts, ZERO)
    assert found.open == max(Decimal("10.00") - found.paid, ZERO)
    assert found.excess == max(found.paid - Decimal("10.00"), ZERO)


@pytest.mark.parametrize(
    ("days", "until", "old"),
    [
        ([], None, False),
        ([-5], -5, False),
        ([-6], -6, True),
        ([-6, -60], -6, True),  # an older file that is read later changes nothing
        ([-60, -1], -1, False),
        ([-9, +3], -9, True),  # no bank booked what is still to come
    ],
)
def test_files_are_as_old_as_the_newest_day_in_any_of_them(
    shop: History, days: list[int], until: int | None, old: bool
) -> None:
    today = shop.now.date()
    for days_on in days:
        day = today + timedelta(days=days_on)
        line = replace(a_line(shop, Decimal(-1), f"{days_on}", "rent"), booked_on=day)
        with shop.store.write() as connection:
            last = bank_file.last_day([line, replace(line, booked_on=today, is_pending=True)], [], today=today)
            new = NewFile("a", str(days_on), "statement.cod", "CODA", last)
            bank_files.add_file(connection, new, by="An", now=shop.now)
    expected = None if until is None else today + timedelta(days=until)
    with shop.store.read() as connection:
        assert bank_files.told_until(connection, "a") == expected
        assert bank_files.old_since(connection, "a", today=today) == (expected if old else None)
    save_shop(shop, waits_for_bank_files=False)
    with shop.store.read() as connection:
        assert bank_files.old_since(connection, "a", today=today) is None


def test_a_statement_that_is_missing_is_noticed_until_it_is_read_and_nobody_looks_before_the_first(
    shop: History,
) -> None:
    day = shop.now.date() - timedelta(days=20)
    first, second, third = (
        BankStatement(
            ACCOUNT, "EUR", Decimal(number), day + timedelta(number), Decimal(number + 1), day + timedelta(number + 1)
        )
        for number in (1, 2, 3)
    )
    before = replace(first, opening=Decimal(70), opened_on=day - timedelta(9), closed_on=day - timedelta(8))
    missed = []
    for statements in ([first], [third], [before], [third, second]):
        with shop.store.write() as connection:
            bank_statements.keep(connection, "a", statements)
            found = bank_statements.missing(connection, shop.shops["a"])
            missed.append((found.ended_on, found.opened_on) if found else None)
    between = (first.closed_on, third.opened_on)
    assert missed == [None, between, between, None]


@pytest.mark.parametrize("dated_by", [0, 1])  # how much it begins with, before its day
@pytest.mark.parametrize(("amounts", "is_missing"), [(["10.00", "-3.00"], False), (["10.00"], True), ([], True)])
def test_nothing_is_missing_where_the_lines_of_another_kind_of_file_come_to_it(
    shop: History, dated_by: int, amounts: list[str], is_missing: bool
) -> None:
    day = shop.now.date() - timedelta(days=3)
    first = BankStatement(ACCOUNT, "EUR", Decimal(1), day, Decimal(2), day)
    opened, closed = day + timedelta(days=2 - dated_by), day + timedelta(days=2)
    third = BankStatement(ACCOUNT, "EUR", Decimal(9), opened, Decimal(12), closed)
    lines = [
        replace(a_line(shop, Decimal(amount), f"{booked_on}{amount}", ""), booked_on=booked_on)
        for booked_on, some in ((day, ["1.00"]), (day + timedelta(days=1), amounts), (closed, ["3.00"]))
        for amount in some
    ]
    with shop.store.write() as connection:
        bank_statements.keep(connection, "a", [first, third])
        assert bank_statements.missing(connection, shop.shops["a"]) is not None
    take(shop, "csv", lines)

    with shop.store.write() as connection:
        bank_statements.keep(connection, "a", [])
        assert (bank_statements.missing(connection, shop.shops["a"]) is not None) is is_missing


def test_an_empty_statement_tells_until_its_closing_day_and_one_of_another_account_nothing(shop: History) -> None:
    day = shop.now.date() - timedelta(days=1)
    with pytest.raises(Rejected, match="is of BE02"):
        take_bytes(shop, empty_camt("BE02001234567840", day))

    assert take_bytes(shop, empty_camt(ACCOUNT, day)).matches == ()
    with shop.store.read() as connection:
        assert bank_files.told_until(connection, "a") == day


def empty_camt(iban: str, day: date) -> bytes:
    """The statement of a day on which nothing moved."""
    camt = min((SAMPLES / "camt053").iterdir()).read_bytes()
    empty = re.sub(rb"<Ntry>.*?</Ntry>", b"", camt, flags=re.DOTALL)
    return empty.replace(ACCOUNT.encode(), iban.encode()).replace(b"2026-11-16", f"{day}".encode())


def take_bytes(history: History, content: bytes, shop_id: str = "a") -> CheckedFile:
    taken = BankFile("file", content)
    return take_file(history.store, history.shops[shop_id], taken, by=by(history), told=lambda _done, _of: None)


def save_shop(history: History, **changes: Any) -> None:
    with history.store.write() as connection:
        shops.change(connection, replace(history.shops["a"], **changes))


def take(history: History, name: str, lines: list[BankLine]) -> None:
    with history.store.write() as connection:
        counters.lock(connection, "a")
        new = NewFile("a", name, name, "CODA", None)
        file_id = bank_files.add_file(connection, new, by="An", now=history.now)
        told = told_before(connection, "a", lines)
        keep(connection, "a", file_id, matched(connection, "a", lines, told), by=by(history))


def test_an_order_that_many_lines_pay_is_not_added_up_anew_for_each(shop: History) -> None:
    reference = EXPECTED["open_orders"]["238"]["ogm"]
    lines = [replace(a_line(shop, Decimal("0.01"), f"many-{number}", ""), structured=reference) for number in range(90)]
    asked: list[str] = []
    event.listen(
        shop.store.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_more: asked.append(statement)
    )

    take(shop, "many", lines)

    assert balance(shop, 238).paid == Decimal("0.90")
    assert len(asked) < 6 * len(lines) + 60


numbers = iter(range(700_000_000, 700_100_000))


@pytest.mark.each_database
def test_a_transfer_for_an_order_that_waits_without_any_document_is_proposed_by_its_number(shop: History) -> None:
    shop.seen(771, status="on-hold")
    with shop.store.write() as connection:
        connection.execute(update(orders_table).where(orders_table.c.order_id == 771).values(paid_at=None))
        (order,) = orders_of_numbers(connection, "a", ["771"])
        claim = claim_of(connection, order, ())
    assert claim is not None
    total = claim.open
    assert (order.order_id, claim.numbers) == (771, ("771",))
    take(shop, "without-document", [a_line(shop, total, "order-771", f"bestelling {order.order_id}")])
    line = waiting(shop, V.PROPOSED)

    with shop.store.write() as connection:
        actions.count_for_orders(connection, "a", line.line_id, "771", by=by(shop))
    invoice = shop.issued(771)
    assert balance(shop, 771) == OrderBalance(
        invoice.draft.total, total, "EUR", excess=max(total - invoice.draft.total, ZERO)
    )


def test_the_rest_of_an_order_that_was_cancelled_after_a_part_came_is_not_too_much(shop: History) -> None:
    shop.seen(771, status="cancelled")
    key = OrderKey("a", 771, "wc_order_771")
    part = Receipt(shop.now.date(), PaymentSource.BANK, "bank", outside_ref="part")
    with shop.store.write() as connection:
        payments.receive(connection, key, Decimal("5.00"), part, now=shop.now)
        claim = claim_of(connection, key, ())
    whole = balance(shop, 771)
    assert whole.excess == Decimal("5.00")
    assert claim is not None
    assert claim.open == whole.asked - Decimal("5.00")


def test_what_a_payment_keeps_of_a_line_is_its_reference_and_nobodys_words(shop: History) -> None:
    amount = Decimal(EXPECTED["open_orders"]["238"]["asked"])
    take(
        shop,
        "words",
        [replace(a_line(shop, amount, "words", "Jan Peeters"), structured="Jan ***012/0000/23883*** bis")],
    )
    with shop.store.read() as connection:
        (payment,) = payment_rows.of_order(connection, OrderKey("a", 238, "wc_order_238"))
    assert (payment.amount, payment.reference) == (amount, "012000023883")


def test_a_payment_that_two_kinds_of_file_date_otherwise_is_not_counted_twice(shop: History) -> None:
    reference, day = EXPECTED["open_orders"]["238"]["ogm"], shop.now.date()

    def told(kind: str, *days: int) -> list[Verdict]:
        paid = replace(a_line(shop, Decimal("15.00"), "", ""), structured=reference)
        lines = [
            replace(paid, key=f"{kind}:{ACCOUNT}:{ago}", booked_on=day - timedelta(ago), text=f"{ago}") for ago in days
        ]
        take(shop, f"{kind}{days}", lines)
        keys = {line.key for line in lines}
        return sorted(line.verdict for line in lines_of(shop) if line.line.key in keys)

    assert told("coda", 10) == [V.PAID]
    assert told("csv:BNP", 12) == [V.PERHAPS_KNOWN]
    assert told("coda", 9) == [V.AGAIN]  # of one kind there are two
    assert told("csv:BNP", 11) == [V.PERHAPS_KNOWN]  # the second one, and no third
    assert told("csv:BNP", 8) == [V.AGAIN]
    assert told("csv:BNP", 1) == [V.AGAIN]
    assert balance(shop, 238).paid == Decimal("60.00")


@pytest.mark.each_database
def test_what_was_given_back_of_too_much_is_counted_by_a_person_and_the_order_needs_nothing_more(shop: History) -> None:
    reference = EXPECTED["open_orders"]["238"]["ogm"]
    shop.seen(238)
    paid, back, more = (
        replace(a_line(shop, Decimal(amount), amount, ""), structured=reference)
        for amount in ("25.00", "-10.00", "-3.00")
    )
    take(shop, "back", [paid, back, more])
    with shop.store.write() as connection:
        order_money.flag_excess(connection, OrderKey("a", 238, "wc_order_238"))
    lines = {line.line.amount: line for line in lines_of(shop, LineState.WAITING)}
    assert {line.verdict for line in lines.values()} == {V.GIVEN_BACK}
    with shop.store.read() as connection:
        told = suggestions(connection, "a", list(lines.values()))
    assert {one.numbers for one in told.values()} == {"238"}

    given = lines[back.amount].line_id
    with shop.store.write() as connection:
        actions.count_for_orders(connection, "a", given, "238", by=by(shop))
    assert (balance(shop, 238).excess, balance(shop, 238).open, flags_of(shop)) == (ZERO, ZERO, [])
    with pytest.raises(Rejected, match="credit note"), shop.store.write() as connection:
        actions.count_for_orders(connection, "a", lines[more.amount].line_id, "238", by=by(shop))
    assert balance(shop, 238).paid == Decimal("15.00")

    with shop.store.write() as connection:
        actions.take_back(connection, "a", given, by=by(shop))
    assert balance(shop, 238).excess == Decimal("10.00")


def test_money_of_which_a_part_was_sent_back_waits_again_only_after_that(shop: History) -> None:
    reference = EXPECTED["open_orders"]["238"]["ogm"]
    shop.seen(238)
    paid, back = (
        replace(a_line(shop, Decimal(amount), amount, ""), structured=reference) for amount in ("15.01", "-0.01")
    )
    take(shop, "back", [paid, back])
    ids = {line.line.amount: line.line_id for line in lines_of(shop)}
    with shop.store.write() as connection:
        actions.count_for_orders(connection, "a", ids[back.amount], "238", by=by(shop))

    with pytest.raises(Rejected, match="went out wait again first"), shop.store.write() as connection:
        actions.take_back(connection, "a", ids[paid.amount], by=by(shop))
    assert (balance(shop, 238).open, balance(shop, 238).paid) == (ZERO, Decimal("15.00"))

    for amount in (back.amount, paid.amount):
        with shop.store.write() as connection:
            actions.take_back(connection, "a", ids[amount], by=by(shop))
    assert (balance(shop, 238).open, balance(shop, 238).paid) == (Decimal("15.00"), ZERO)


def test_one_transfer_that_gave_back_what_came_too_much_of_several_orders_is_counted_for_each(shop: History) -> None:
    told = EXPECTED["open_orders"]
    paid = [
        replace(a_line(shop, Decimal(amount), amount, ""), structured=told[number]["ogm"])
        for number, amount in (("238", "25.00"), ("239", "20.00"))
    ]
    both = " ".join(told[number]["printed"] for number in ("238", "239"))
    back, less = (a_line(shop, Decimal(amount), amount, both) for amount in ("-15.00", "-14.00"))
    take(shop, "back", [*paid, back, less])
    lines = {line.line.amount: line.line_id for line in lines_of(shop, LineState.WAITING)}
    with (
        pytest.raises(Rejected, match=r"15\.00 EUR is to be given back, and 14\.00 EUR"),
        shop.store.write() as connection,
    ):
        actions.count_for_orders(connection, "a", lines[less.amount], "238 239", by=by(shop))
    with shop.store.write() as connection:
        actions.count_for_orders(connection, "a", lines[back.amount], "238 239", by=by(shop))
    assert [(balance(shop, one).excess, balance(shop, one).open) for one in (238, 239)] == [(ZERO, ZERO)] * 2
    with shop.store.write() as connection:
        actions.take_back(connection, "a", lines[back.amount], by=by(shop))
    assert [balance(shop, one).excess for one in (238, 239)] == [Decimal("10.00"), Decimal("5.00")]


def test_what_went_back_of_too_much_leaves_what_the_shop_gave_back_besides_as_it_is(shop: History) -> None:
    reference, key = EXPECTED["open_orders"]["238"]["ogm"], OrderKey("a", 238, "wc_order_238")
    paid, back = (
        replace(a_line(shop, Decimal(amount), amount, ""), structured=reference) for amount in ("25.00", "-7.00")
    )
    take(shop, "back", [paid, back])
    refund = Receipt(shop.now.date(), PaymentSource.ORDER, by="order", method=REFUND)
    line_id = waiting(shop, V.GIVEN_BACK).line_id
    with shop.store.write() as connection:
        payments.give_back(connection, key, Decimal("3.00"), refund, now=shop.now)
        actions.count_for_orders(connection, "a", line_id, "238", by=by(shop))
    assert balance(shop, 238).excess == ZERO


def flags_of(history: History) -> list[str]:
    with history.store.read() as connection:
        seen = orders.find(connection, "a", 238)
    assert seen is not None
    return [flag.code for flag in seen.flags]


@pytest.mark.parametrize(
    ("owner", "iban", "days_behind", "expected"),
    [
        (1, ACCOUNT, 0, V.OTHER_SHOP),
        (2, ACCOUNT, 0, V.PROPOSED),
        (1, "BE02001234567840", 0, V.PROPOSED),
        (1, ACCOUNT, 1, V.PROPOSED),
        (1, ACCOUNT, None, V.PROPOSED),
    ],
)
def test_a_customer_of_another_shop_of_the_owner_that_reads_the_account_is_no_work_and_no_other_owners_is_told_of(
    shop: History, owner: int, iban: str, days_behind: int | None, expected: Verdict
) -> None:
    shop.shop("b")
    shop.shops["b"] = replace(shop.shops["b"], seller=replace(shop.shops["b"].seller, iban=iban))
    shop.issued(78, shop_id="b", payment=PaymentInstructions(reference="000000007878", iban=iban))
    number = invoice_for(shop, 781, f"{781:012d}", "20.00").number
    with shop.store.write() as connection:
        for changed in shop.shops.values():
            shops.change(connection, changed)
        people = [NewUser(f"{name}@shop.example", name, "", "nl", operator=False) for name in "xy"]
        first, second = (users.add(connection, one, now=shop.now) for one in people)
        owners = {"a": [first, second], "b": [first] if owner == 1 else [second, first]}
        for shop_id, members in owners.items():
            for member in members:
                users.give_role(connection, member, shop_id, Role.ADMIN)
        if days_behind is not None:
            theirs = NewFile("b", "", "b.cod", "CODA", shop.now.date() - timedelta(days_behind))
            bank_files.add_file(connection, theirs, by="An", now=shop.now)

    take(shop, "shared", [replace(a_line(shop, Decimal("20.00"), "b", number), structured="000000007878")])

    (line,) = lines_of(shop)
    with shop.store.read() as connection:
        named = other_shops(connection, "a", [line])
    assert line.verdict is expected
    assert bool(named) is (line.state is LineState.DONE) is (expected is V.OTHER_SHOP)

    take_bytes(shop, empty_camt(iban, shop.now.date()), "b")
    (line,) = lines_of(shop)
    is_theirs = (owner, iban) == (1, ACCOUNT)
    assert (line.verdict, line.state) == (
        (V.OTHER_SHOP, LineState.DONE) if is_theirs else (expected, LineState.WAITING)
    )


def test_one_transfer_for_two_invoices_that_it_names_is_proposed_and_counted_for_each(shop: History) -> None:
    ones = [invoice_for(shop, order, f"{order:012d}", total) for order, total in ((781, "20.00"), (782, "24.40"))]
    text = " en ".join(one.number for one in ones)
    lines = [a_line(shop, Decimal(total), total, text) for total in ("44.40", "44.41")]
    take(shop, "two", lines)
    fitting, other = lines_of(shop)[::-1]
    assert (fitting.verdict, other.verdict) == (V.PROPOSED, V.UNKNOWN)
    with shop.store.read() as connection:
        assert suggestions(connection, "a", [fitting])[fitting.line_id].numbers == "781, 782"

    with pytest.raises(Rejected, match="together"), shop.store.write() as connection:
        actions.count_for_orders(connection, "a", other.line_id, text, by=by(shop))
    with shop.store.write() as connection:
        actions.count_for_orders(connection, "a", fitting.line_id, text, by=by(shop))
    assert [balance(shop, order).paid for order in (781, 782)] == [Decimal("20.00"), Decimal("24.40")]
    with shop.store.write() as connection:
        actions.take_back(connection, "a", fitting.line_id, by=by(shop))
    assert [balance(shop, order).open for order in (781, 782)] == [Decimal("20.00"), Decimal("24.40")]


def a_line(history: History, amount: Decimal, key: str, text: str) -> BankLine:
    return BankLine(ACCOUNT, history.now.date(), amount, "EUR", f"coda:{ACCOUNT}:{key}", text=text)
