"""What needs a person is told by reason, the worst first, and every count is a count of the database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.support.asked_statements import recorded
from tests.support.history import History
from tests.support.issued import NOW, a_draft
from worker.actions import attention as actions
from worker.actions.attention import Chosen
from worker.domain.actor import Actor
from worker.domain.attention import Harm, Source
from worker.domain.attention_reasons import BY_NAME
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Match, Verdict
from worker.domain.document import Kind, Problem
from worker.domain.needs import Needs
from worker.domain.step import MAIL
from worker.errors import Rejected
from worker.message import Message
from worker.store import alerts, bank_files, bank_lines, drafts
from worker.store.bank_files import NewFile
from worker.store.bank_lines import LineState
from worker.store.queries import activity, attention, document_lists, need_list
from worker.store.queries.need_list import PAGE_SIZE, Need, Part
from worker.store.steps import retry_all

REFUSED = {"code": "mail_refused", "reason": "The address does not exist."}


def problem(code: str) -> Problem:
    return Problem(code, Message("It is so."))


def keep(history: History, order_id: int, *problems: Problem, shop_id: str = "a") -> None:
    with history.store.write() as connection:
        draft = replace(a_draft(order_id), problems=problems)
        drafts.save_draft(connection, shop_id, draft, now=history.now)


def told(history: History, *shops: str) -> Needs:
    with history.store.read() as connection:
        return attention.needs(connection, shops or ("a",), now=history.now)


def counts(history: History) -> dict[str, int]:
    return {group.reason.name: group.count for group in told(history).groups}


def busy(history: History) -> None:
    """Three refused mails, two orders changed after their invoice, an alert, five drafts kept by a rule, a notice."""
    for order_id in (2, 3, 4):
        history.step(history.issued(order_id), MAIL, "failed", **REFUSED)
    history.seen(5, flags=(problem("changed_after_invoice"), problem("text_cut")))
    history.seen(6, flags=(problem("changed_after_invoice"),))
    history.seen(7, flags=(problem("text_cut"),))
    for order_id in range(10, 15):
        keep(history, order_id)
    keep(history, 20, problem("seller_incomplete"))
    with history.store.write() as connection:
        alerts.raise_alert(connection, "a", code="invoice_term", message=Message("It is the 14th."), now=history.now)
        file = bank_files.add_file(
            connection, NewFile("a", "0", "nov.cod", "CODA", NOW.date()), by="An", now=history.now
        )
        lines = [BankLine("BE71096123456769", NOW.date(), Decimal(5), "EUR", f"coda:{number}") for number in range(3)]
        states = (LineState.DONE, LineState.WAITING, LineState.WAITING)
        matches = [(Match(line, Verdict.UNKNOWN), state) for line, state in zip(lines, states, strict=True)]
        bank_lines.add_lines(connection, "a", file, matches)
    history.delivery(8, shop_id="b", state="failed", code="order_unreadable")


def test_what_needs_a_person_is_grouped_by_reason_the_worst_first(history: History) -> None:
    busy(history)
    found = told(history)
    assert [(group.reason.name, group.count) for group in found.groups] == [
        ("mail_refused", 3),
        ("seller_incomplete", 1),
        ("invoice_term", 1),
        ("bank_lines", 2),
        ("changed_after_invoice", 2),
    ]
    assert [group.reason.harm for group in found.groups] == sorted(group.reason.harm for group in found.groups)
    assert (found.total, found.kept, [group.count for group in found.notices]) == (9, 5, [1])
    assert told(history, "a", "b").total == 10
    assert told(history, "b").groups[0].reason.harm is Harm.CUSTOMER_HAS_NOTHING


def test_each_count_is_that_of_its_list_and_of_the_database(history: History) -> None:
    for order_id in range(1, PAGE_SIZE + 31):
        keep(history, order_id, problem("supply_unknown"))
    keep(history, 900, problem("never_heard_of"))
    keep(history, 901)
    (group,) = told(history).groups
    with history.store.read() as connection:
        first = need_list.page(connection, ("a",), group.reason, now=history.now)
        second = need_list.page(connection, ("a",), group.reason, now=history.now, part=Part(PAGE_SIZE + 1))
        assert need_list.page(connection, ("b",), group.reason, now=history.now).total == 0
        assert document_lists.count_open_drafts(connection, "a") == group.count + told(history).kept
    assert (group.count, first.total, len(first.rows), len(second.rows)) == (81, 81, PAGE_SIZE, 31)
    assert [row.order_id for row in (*first.rows, *second.rows)] == [*range(1, PAGE_SIZE + 31), 900]


@pytest.mark.parametrize("name", BY_NAME)
def test_the_database_finds_a_reason_by_the_same_codes_as_the_table(history: History, name: str) -> None:
    reason = BY_NAME[name]
    if reason.source in (Source.FLAG, Source.BANK) or reason.work == "settle_order":
        return  # flags and lines of the bank are asked above, what is settled in its own tests
    code = next((one.replace("*", "") for one in reason.codes), "never_heard_of")
    if reason.source is Source.ALERT:
        with history.store.write() as connection:
            alerts.raise_alert(connection, "a", code=code, message=Message("It is so."), now=NOW)
    elif reason.source is Source.DRAFT:
        keep(history, 1, problem(code))
    elif reason.work == "process_order":
        history.delivery(1, state="failed", code=code)
    else:
        history.step(history.issued(1), reason.work or MAIL, "failed", code=code)
    found = told(history)
    if not found.groups and not found.notices:
        return  # no such step follows this document
    (group,) = (*found.groups, *found.notices)
    with history.store.read() as connection:
        rows = need_list.page(connection, ("a",), reason, now=NOW).rows
    assert (group.reason.name, [row.code for row in rows]) == (name, [code])


def test_a_thing_says_what_it_is_about(history: History) -> None:
    document = history.issued(2)
    history.step(document, MAIL, "failed", **REFUSED)
    (group,) = told(history).groups
    with history.store.read() as connection:
        (need,) = need_list.page(connection, ("a",), group.reason, now=NOW).rows
    assert need == Need(
        Source.WORK, need.need_id, "a", NOW, "mail_refused", Message("The address does not exist."), 2, "2",
        document.document_id, Kind.INVOICE, "F2026-00001", MAIL,
    )  # fmt: skip


def test_a_failed_look_needs_nobody_once_a_later_one_was_processed(history: History) -> None:
    history.delivery(7, state="failed", code="order_unreadable")
    assert told(history).total == 1
    history.later(minutes=1)
    history.seen(7)
    assert told(history).total == 0


def act(history: History, chosen: Chosen, *, why: str = "Called her.", until: datetime | None = None) -> int:
    by = Actor("An", history.now)
    with history.store.write() as connection:
        if until is None:
            return actions.dismiss(connection, "a", chosen, why=why, by=by)
        return actions.snooze(connection, history.shops["a"], chosen, until=until.date(), by=by)


def test_all_of_a_reason_is_dismissed_at_once_with_who_and_why_on_the_trail(history: History) -> None:
    busy(history)
    for name in ("mail_refused", "seller_incomplete", "invoice_term", "changed_after_invoice", "notice", "bank_lines"):
        act(history, Chosen(name))
    assert (told(history).total, told(history).notices) == (0, ())
    with history.store.read() as connection:
        said = [str(entry.message) for entry in activity.audit_trail_page(connection, ("a",)).rows]
    assert len(said) == 6
    assert all("An says" in line and "Called her." in line for line in said)


def test_what_is_tried_again_since_it_was_looked_for_is_not_said_to_be_dismissed(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(history)
    look = actions.found

    def look_and_wait(connection: Connection, *given: Any, **more: Any) -> Any:
        """Others act in between; not on SQLite, where whoever writes is alone."""
        found = look(connection, *given, **more)
        retry_all(connection, found[1][:2], now=history.now)
        return found

    monkeypatch.setattr(actions, "found", look_and_wait)
    assert act(history, Chosen("mail_refused")) == 1  # of three
    history.step(history.issued(30), MAIL, "failed", **REFUSED)
    with pytest.raises(Rejected, match="needs nobody any more"):
        act(history, Chosen("mail_refused"))
    with history.store.read() as connection:
        (said,) = [str(one.message) for one in activity.audit_trail_page(connection, ("a",)).rows]
    assert "nothing is to be done (1)" in said


def test_one_thing_is_dismissed_and_the_others_stay_until_they_are(history: History) -> None:
    busy(history)
    with history.store.read() as connection:
        refused = need_list.page(connection, ("a",), BY_NAME["mail_refused"], now=history.now).rows
    act(history, Chosen("mail_refused", refused[1].need_id))
    assert counts(history)["mail_refused"] == 2
    with pytest.raises(Rejected, match="nobody any more"):
        act(history, Chosen("mail_refused", refused[1].need_id))


def test_nothing_is_dismissed_without_a_reason(history: History) -> None:
    busy(history)
    with pytest.raises(Rejected, match="why"):
        act(history, Chosen("mail_refused"), why="  ")
    assert counts(history)["mail_refused"] == 3


def test_what_is_put_off_comes_back_on_its_day_and_what_is_new_is_told_meanwhile(history: History) -> None:
    busy(history)
    for name in ("mail_refused", "seller_incomplete", "invoice_term", "changed_after_invoice", "bank_lines"):
        act(history, Chosen(name), until=history.now + timedelta(days=3))
    assert told(history).total == 0
    history.step(history.issued(30), MAIL, "failed", **REFUSED)
    assert counts(history) == {"mail_refused": 1}
    history.later(days=3)
    assert told(history).total == 10
    with pytest.raises(Rejected, match="still to come"):
        act(history, Chosen("mail_refused"), until=datetime(2026, 1, 1, tzinfo=UTC))


def test_what_was_set_aside_is_back_when_something_else_is_wrong_with_it(history: History) -> None:
    keep(history, 20, problem("seller_incomplete"))
    act(history, Chosen("seller_incomplete"))
    assert told(history).total == 0
    keep(history, 20, problem("buyer_incomplete"))
    assert counts(history) == {"buyer_incomplete": 1}


def test_an_alert_that_says_something_new_is_back_although_it_was_dismissed(history: History) -> None:
    with history.store.write() as connection:
        alerts.raise_alert(connection, "a", code="invoice_term", message=Message("One order."), now=NOW)
    act(history, Chosen("invoice_term"))
    with history.store.write() as connection:
        alerts.raise_alert(connection, "a", code="invoice_term", message=Message("One order."), now=NOW)
    assert told(history).total == 0
    with history.store.write() as connection:
        alerts.raise_and_notify_again(connection, "a", code="invoice_term", message=Message("Two."), now=NOW)
    assert counts(history) == {"invoice_term": 1}


def test_of_a_line_of_the_bank_that_waits_its_own_file_is_looked_up(history: History) -> None:
    """Joined, PostgreSQL reads the files of all shops, of all their years."""
    with history.store.read() as connection, recorded() as recorder:
        attention.counts(connection, now=NOW)
    (asked,) = (one for one in recorder.found.values() if "bank_files" in one.statement)
    explain, looked_up = ("EXPLAIN QUERY PLAN", "SUBQUERY") if history.store.is_sqlite else ("EXPLAIN", "SubPlan")
    with history.store.read() as connection:
        plan = [str(row) for row in connection.exec_driver_sql(f"{explain} {asked.statement}", asked.parameters)]
    (file_read,) = (place for place, step in enumerate(plan) if "bank_files" in step)
    assert looked_up in plan[file_read - 1]
