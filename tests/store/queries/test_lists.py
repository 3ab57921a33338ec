"""Lists: each filter shows what it says, page after page shows each row once, and nobody sees another shop's rows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Any

import pytest
from sqlalchemy import update

from tests.store.test_growth import nodes
from tests.support.asked_statements import recorded
from tests.support.history import History, all_pages
from tests.support.issued import NOW, a_draft, pay
from worker.domain.document import Kind, Problem
from worker.domain.party import Buyer
from worker.domain.step import MAIL, RENDER, WRITE_BACK
from worker.errors import Rejected
from worker.message import Message
from worker.store import bank_lines, document_links, drafts, order_search, reminders
from worker.store.database import pagination
from worker.store.database.pagination import Page, PageRequest
from worker.store.database.shop_scope import Shops
from worker.store.database.tables import orders
from worker.store.queries import activity, document_lists, jobs, open_invoices, order_lists
from worker.store.queries.activity import ActivityFilter
from worker.store.queries.document_lists import DocumentFilter, DocumentRow, DraftRow
from worker.store.queries.jobs import DeliveryFilter, JobFilter
from worker.store.queries.open_invoices import OpenFilter
from worker.store.queries.order_lists import OrderDocument, OrderFilter, OrderRow
from worker.store.queries.text_search import Typed

CHANGED = Problem("order_changed", Message("The order was changed after its invoice."))


def numbers(history: History, wanted: DocumentFilter | None = None, shops: Shops = ("a",)) -> list[str]:
    with history.store.read() as connection:
        return [row.number for row in document_lists.documents_page(connection, shops, wanted).rows]


def orders_of(history: History, wanted: OrderFilter | None = None, shops: Shops = ("a",)) -> list[int]:
    with history.store.read() as connection:
        return [row.order_id for row in order_lists.orders_page(connection, shops, wanted).rows]


def test_a_row_shows_what_became_of_its_document(history: History) -> None:
    invoice = history.issued(1)
    with history.store.write() as connection:
        pay(connection, invoice.document_id, on=date(2026, 11, 24))
    note = history.credited(invoice)
    history.step(invoice, MAIL, "failed", code="mail_refused", reason="The address does not exist.")
    with history.store.read() as connection:
        newest, oldest = document_lists.documents_page(connection, ("a",)).rows
    draft = invoice.draft
    assert replace(oldest, steps={}) == DocumentRow(
        document_id=invoice.document_id,
        shop_id="a",
        kind=Kind.INVOICE,
        number="F2026-00001",
        issued_on=invoice.issued_on,
        order_id=1,
        order_number="1",
        buyer="Jan Janssens",
        currency="EUR",
        total=draft.total,
        test=False,
        unpaid=False,
        paid_on=date(2026, 11, 24),
        credited=draft.total,
        steps={},
    )
    assert {name: step.state for name, step in oldest.steps.items()} == {
        RENDER: "waiting",
        MAIL: "failed",
        WRITE_BACK: "waiting",
    }
    assert str(oldest.steps[MAIL].message) == "The address does not exist."
    assert (newest.number, newest.credited, newest.paid_on) == (note.number, Decimal("0.00"), None)


def test_documents_are_filtered_by_kind_date_and_what_is_wrong(history: History) -> None:
    history.issued(1, paid=True)
    history.later(days=1)
    second = history.issued(2)
    history.issued(2, kind=Kind.ORDER_CONFIRMATION)
    history.later(days=1)
    history.issued(3)
    history.issued(4, shop_id="b")
    history.step(second, MAIL, "failed")
    history.step(second, WRITE_BACK, "failed")
    confirmation = (
        "B2026-00001"
        if "B2026-00001" in numbers(history)
        else numbers(history, DocumentFilter(kind=Kind.ORDER_CONFIRMATION))[0]
    )
    assert numbers(history) == ["F2026-00003", confirmation, "F2026-00002", "F2026-00001"]
    assert numbers(history, DocumentFilter(kind=Kind.INVOICE)) == ["F2026-00003", "F2026-00002", "F2026-00001"]
    assert numbers(history, DocumentFilter(kind=Kind.INVOICE), None) == [
        "F2026-00001", "F2026-00003", "F2026-00002", "F2026-00001",
    ]  # fmt: skip
    day = date(2026, 11, 24)
    assert numbers(history, DocumentFilter(since=day, until=day)) == [confirmation, "F2026-00002"]
    assert numbers(history, DocumentFilter(since=day)) == ["F2026-00003", confirmation, "F2026-00002"]
    assert numbers(history, DocumentFilter(until=date(2026, 11, 23)), None) == ["F2026-00001"]
    assert numbers(history, DocumentFilter(mail_failed=True)) == ["F2026-00002"]
    assert numbers(history, DocumentFilter(mail_failed=True), None) == ["F2026-00002"]
    assert numbers(history, DocumentFilter(mail_failed=True), ("b",)) == []
    assert numbers(history, DocumentFilter(unpaid=True)) == ["F2026-00003", "F2026-00002"]
    assert numbers(history, DocumentFilter(unpaid=True, mail_failed=True, text="F2026-00002")) == ["F2026-00002"]
    assert numbers(history, DocumentFilter(unpaid=True, since=date(2026, 11, 25)), None) == [
        "F2026-00001",
        "F2026-00003",
    ]
    assert numbers(history, DocumentFilter(), ()) == []


def test_an_invoice_is_unpaid_until_it_is_paid_or_taken_back_wholly(history: History) -> None:
    unpaid = DocumentFilter(unpaid=True)
    first, second = history.issued(1), history.issued(2)
    history.issued(3, test=True)
    assert numbers(history, unpaid) == [second.number, first.number]
    total = first.draft.total
    half: dict[str, Any] = {"net": total / 2, "vat": Decimal("0.00"), "rounding": Decimal("0.00"), "total": total / 2}
    history.credited(first, cause="refund:1", **half)
    assert numbers(history, unpaid) == [second.number, first.number]
    history.credited(first, cause="refund:2", **half)
    assert numbers(history, unpaid) == [second.number]
    with history.store.write() as connection:
        document_links.revoke(connection, second.document_id, now=NOW)
    assert numbers(history, unpaid) == [second.number]
    with history.store.write() as connection:
        pay(connection, second.document_id)
    assert numbers(history, unpaid) == []


def test_a_document_is_found_by_number_order_and_buyer(history: History) -> None:
    for order_id, name in ((41, "An Peeters"), (42, "Bo Maes")):
        history.seen(order_id, name=name, number=f"WEB-{order_id}")
        history.issued(order_id)
        history.issued(order_id, kind=Kind.ORDER_CONFIRMATION)
    history.issued(43, shop_id="b")
    found = [
        numbers(history, DocumentFilter(text=text)) for text in ("F2026-00001", "f2026-000", "web-42", "peeters", "zz")
    ]
    assert found[0] == ["F2026-00001"]  # the whole number: not its order's confirmation as well
    assert len(found[1]) == 4
    assert "F2026-00002" in found[2]
    assert "F2026-00001" in found[3]
    assert [len(some) for some in found[2:]] == [2, 2, 0]
    assert numbers(history, DocumentFilter(text="web-42", kind=Kind.INVOICE), None) == ["F2026-00002"]


def test_pages_of_documents_show_each_once_forwards_and_backwards(history: History) -> None:
    for order_id in range(1, 6):
        history.seen(order_id)
        history.step(history.issued(order_id), MAIL, "failed")
        if order_id % 2:
            history.later(days=1)
    invoices, searched = DocumentFilter(kind=Kind.INVOICE), DocumentFilter(text="jan")
    others = (DocumentFilter(unpaid=True), DocumentFilter(mail_failed=True))
    for wanted, at_once in product((DocumentFilter(), invoices, searched, *others), (1, 2, 3, 50)):
        with history.store.read() as connection:
            pages = all_pages(partial(document_lists.documents_page, connection, ("a",), wanted), at_once=at_once)
        assert [row.order_id for page in pages for row in page] == [5, 4, 3, 2, 1]
        assert {len(page) for page in pages[:-1]} <= {at_once}


def test_what_no_index_answers_is_asked_of_some_rows_a_page(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MAX_SCANNED", 3)
    monkeypatch.setattr(order_search, "MAX_CANDIDATES", 0)
    for order_id in range(1, 9):
        history.seen(order_id, name="Jan Maes" if order_id in (1, 2, 8) else "Jan Claes")
        history.issued(order_id)
    wanted = DocumentFilter(text="jan maes")
    with history.store.read() as connection:
        pages = all_pages(lambda place: document_lists.documents_page(connection, None, wanted, place), at_once=2)
    assert [[row.order_id for row in page] for page in pages] == [[8], [], [2, 1]]


def test_a_search_tries_no_more_than_fills_its_page_and_reads_no_more_of_it_than_it_tries(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "MAX_SCANNED", 20)
    monkeypatch.setattr(order_search, "MAX_CANDIDATES", 0)
    for order_id in range(1, 13):
        history.seen(order_id, name="Jan Maes")
        history.issued(order_id)
    wanted_documents, wanted_orders = DocumentFilter(text="jan"), OrderFilter(text="jan")
    with history.store.read() as connection, recorded() as recorder:
        first = PageRequest(size=3)
        documents = document_lists.documents_page(connection, ("a",), wanted_documents, first)
        placed = order_lists.orders_page(connection, ("a",), wanted_orders, first)
        activity.audit_trail_page(connection, ("a",), first, wanted=ActivityFilter(typed=Typed("jan")))
    assert [[row.order_id for row in page.rows] for page in (documents, placed)] == [[12, 11, 10]] * 2
    trials = [one for one in recorder.found.values() if "few_met" in one.statement]
    assert [one.times for one in trials] == [1, 1, 1]
    for one in trials:
        with history.store.read() as connection:
            if history.store.is_sqlite:
                plan = [
                    row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one.statement}", one.parameters)
                ]
                first_read = next(step for step in plan if step.startswith("SEARCH"))
                assert "COVERING INDEX" in first_read or "audit_trail" in first_read
            else:
                plan = list(connection.exec_driver_sql(f"EXPLAIN {one.statement}", one.parameters).scalars())
                # Else all orders that have the word are read, of which there may be any number.
                assert [step for step in plan if "hashed SubPlan" in step or "Semi Join" in step] == []


def test_what_a_search_meets_is_looked_for_once_and_not_for_each_row_of_the_list(history: History) -> None:
    for order_id in range(1, 31):
        history.seen(order_id, name="Jan Maes")
        history.step(history.issued(order_id), MAIL, "failed", code="mail_refused")
    wanted = JobFilter("failed", typed=Typed("jan"))
    with history.store.read() as connection, recorded() as recorder:
        assert len(jobs.jobs_page(connection, ("a",), wanted).rows) == 30
        (one,) = (asked for asked in recorder.found.values() if "few_met" in asked.statement)
        if history.store.is_sqlite:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one.statement}", one.parameters)
            assert "MATERIALIZE few_met" in [row[3] for row in plan]
        else:
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {one.statement}"
            (plan,) = connection.exec_driver_sql(explain, one.parameters).scalar_one()
            assert {node["Actual Loops"] for node in nodes(plan["Plan"]) if node.get("Alias") == "some"} == {1}


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIl0", "bnVsbA", "é", "WzEsMl0", "WyIyMDI2LTExLTIzIiwxZTk5XQ"])
def test_a_page_that_never_was_is_refused_with_a_message(cursor: str) -> None:
    with pytest.raises(Rejected, match="begin at its start"):
        pagination.decode_cursor_as(cursor, (date, int))


def test_no_list_takes_a_page_that_never_was(history: History) -> None:
    with history.store.read() as connection, pytest.raises(Rejected, match="begin at its start"):
        document_lists.documents_page(connection, ("a",), None, PageRequest(before="x"))


def test_a_draft_shows_why_it_waits(history: History) -> None:
    draft = replace(a_draft(7), problems=(Problem("vat_unknown", Message("The VAT number is not valid.")),))
    with history.store.write() as connection:
        for order_id in (7, 8):
            drafts.save_draft(
                connection, "a", replace(draft, order_id=order_id, cause=f"order:{order_id}:invoice:1"), now=NOW
            )
        drafts.end_draft(connection, "a", replace(draft, cause="order:8:invoice:1"), state="discarded", now=NOW)
    with history.store.read() as connection:
        (row,) = document_lists.drafts_page(connection, ("a",)).rows
        assert document_lists.drafts_page(connection, ("b",)).rows == ()
    assert row == DraftRow(
        draft_id=row.draft_id,
        shop_id="a",
        created_at=NOW,
        kind=Kind.INVOICE,
        order_id=7,
        order_number="7",
        buyer="Jan Janssens",
        currency="EUR",
        total=draft.total,
        problems=draft.problems,
    )


def test_an_order_names_its_documents_and_its_flags(history: History) -> None:
    history.seen(1, flags=(CHANGED,))
    invoice = history.issued(1)
    with history.store.write() as connection:
        drafts.save_draft(connection, "a", replace(a_draft(1), cause="order:1:invoice:2"), now=NOW)
    with history.store.read() as connection:
        (row,) = order_lists.orders_page(connection, ("a",)).rows
    assert row == OrderRow(
        shop_id="a",
        order_id=1,
        order_key="wc_order_1",
        order_number="1",
        status="processing",
        buyer="Jan Janssens",
        currency="EUR",
        total=Decimal("15.00"),
        ordered_at=NOW,
        paid_at=None,
        flags=(CHANGED,),
        documents=(OrderDocument(invoice.document_id, Kind.INVOICE, invoice.number, test=False),),
        open_drafts=1,
    )


def test_orders_are_filtered_by_status_and_by_what_needs_attention(history: History) -> None:
    history.seen(1, flags=(CHANGED,))
    history.seen(2, status="completed")
    history.delivery(2, state="failed")  # answered by the delivery below
    history.later(minutes=1)
    history.seen(2, status="completed")
    history.seen(3)
    history.step(history.issued(3), WRITE_BACK, "failed")
    history.seen(4)
    history.later(minutes=1)
    history.delivery(4, state="failed")
    history.seen(5)
    history.seen(6, shop_id="b", flags=(CHANGED,))
    assert orders_of(history) == [5, 4, 3, 2, 1]
    assert orders_of(history, OrderFilter(status="completed")) == [2]
    assert orders_of(history, OrderFilter(status="completed"), None) == [2]
    assert orders_of(history, OrderFilter(needs_attention=True)) == [4, 3, 1]
    assert orders_of(history, OrderFilter(needs_attention=True), None) == [6, 4, 3, 1]
    assert orders_of(history, OrderFilter(needs_attention=True, text="4")) == [4]


def test_pages_of_orders_show_each_once_though_placed_at_one_moment(history: History) -> None:
    for shop_id in ("a", "b"):
        for order_id in (1, 2, 3):
            history.seen(order_id, shop_id=shop_id)
    for at_once in (1, 2, 3):
        with history.store.read() as connection:
            pages = all_pages(partial(order_lists.orders_page, connection, None, None), at_once=at_once)
        assert [(row.order_id, row.shop_id) for page in pages for row in page] == [
            (3, "b"), (3, "a"), (2, "b"), (2, "a"), (1, "b"), (1, "a"),
        ]  # fmt: skip


def test_every_list_says_how_many_rows_it_has_without_counting_all_of_very_many(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, shops = PageRequest(size=1, counted=True), ("a",)
    for order_id in (1, 2, 3):
        history.seen(order_id, flags=(CHANGED,))
        history.step(history.issued(order_id), MAIL, "failed", code="mail_refused", reason="No.")
    lists: dict[str, Callable[..., Page[Any]]] = {
        "orders": partial(order_lists.orders_page, shops=shops, wanted=OrderFilter(text="jan")),
        "orders that need somebody": partial(
            order_lists.orders_page, shops=shops, wanted=OrderFilter(needs_attention=True)
        ),
        "documents": partial(document_lists.documents_page, shops=shops, wanted=DocumentFilter(text="jan")),
        "unpaid": partial(document_lists.documents_page, shops=shops, wanted=DocumentFilter(unpaid=True)),
        "failed mails": partial(document_lists.documents_page, shops=shops, wanted=DocumentFilter(mail_failed=True)),
        "jobs": partial(jobs.jobs_page, shops=shops),
        "open invoices": partial(open_invoices.page, shop_id="a"),
    }
    with history.store.read() as connection:
        totals = {name: page(connection, page_request=asked).total for name, page in lists.items()}
        others: list[Page[Any]] = [
            document_lists.drafts_page(connection, shops, asked),
            jobs.deliveries_page(connection, shops, page_request=asked),
            activity.audit_trail_page(connection, shops, asked),
            reminders.page(connection, "a", asked),
            bank_lines.page(connection, "a", None, asked),
        ]
        monkeypatch.setattr(pagination, "MOST_COUNTED", 1)
        many = order_lists.orders_page(connection, shops, None, asked).total
    assert totals == dict.fromkeys(lists, 3)
    assert [page.total for page in others] == [len(page.rows) for page in others]
    assert many == 2


@pytest.mark.parametrize("words", ["jan", "jan 238", "koffie"])
def test_a_list_of_no_shop_is_empty_whatever_is_looked_for(history: History, words: str) -> None:
    """One whose address names a shop that there is not, among all."""
    history.step(history.issued(1), MAIL, "failed", code="mail_refused", reason="No.")
    typed = Typed(words)
    with history.store.read() as connection:
        found: list[Page[Any]] = [
            order_lists.orders_page(connection, (), OrderFilter(text=words)),
            document_lists.documents_page(connection, (), DocumentFilter(text=words)),
            jobs.jobs_page(connection, (), JobFilter(typed=typed)),
            jobs.deliveries_page(connection, (), DeliveryFilter(typed=typed)),
        ]
    assert [page.rows for page in found] == [()] * len(found)


def sorted_lists(history: History) -> dict[str, Callable[..., Page[Any]]]:
    for order_id, name, euros in ((1, "zoë Zeghers", "9.00"), (2, "Bert Aerts", "100.00"), (3, "an Baert", "20.00")):
        history.seen(order_id, name=name, status=("processing", "completed", "on-hold")[order_id - 1])
        said: dict[str, Any] = {"buyer": Buyer(name), "total": Decimal(euros), "rounding": Decimal(euros) - 15}
        history.step(history.issued(order_id, **said), MAIL, "failed", code=f"code{4 - order_id}")
        with history.store.write() as connection:
            connection.execute(update(orders).where(orders.c.order_id == order_id).values(total=euros))
            draft = replace(a_draft(order_id, kind=Kind.PAYMENT_REQUEST), **said)
            drafts.save_draft(connection, "a", draft, now=NOW)
    return {
        "documents": partial(document_lists.documents_page, shops=("a",)),
        "drafts": partial(document_lists.drafts_page, shops=("a",)),
        "orders": partial(order_lists.orders_page, shops=("a",)),
        "jobs": partial(jobs.jobs_page, shops=("a",)),
    }


@pytest.mark.parametrize(
    ("name", "by", "wanted"),
    [
        ("documents", "buyer", [3, 2, 1]),
        ("documents", "amount", [1, 3, 2]),
        ("documents", "number", [1, 2, 3]),
        ("drafts", "buyer", [3, 2, 1]),
        ("drafts", "amount", [1, 3, 2]),
        ("drafts", "order", [1, 2, 3]),
        ("orders", "buyer", [3, 2, 1]),
        ("orders", "amount", [1, 3, 2]),
        ("orders", "status", [2, 3, 1]),
        ("jobs", "why", [3, 2, 1]),
    ],
)
def test_a_list_is_sorted_by_its_columns_page_by_page_each_row_once(
    history: History, name: str, by: str, wanted: list[int]
) -> None:
    read = sorted_lists(history)[name]
    with history.store.read() as connection:
        pages = all_pages(lambda at: read(connection, page_request=replace(at, by=by)), at_once=2)
        falling = read(connection, page_request=PageRequest(by=by, rising=False))
    assert [row.order_id for page in pages for row in page] == wanted
    assert ([row.order_id for row in falling.rows], falling.by) == (wanted[::-1], by)


def test_a_list_of_very_many_rows_keeps_its_own_order_and_says_so(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = sorted_lists(history)
    monkeypatch.setattr(pagination, "MOST_COUNTED", 2)
    with history.store.read() as connection:
        page = lists["orders"](connection, page_request=PageRequest(by="amount"))
        few = lists["orders"](
            connection, wanted=OrderFilter(status="completed"), page_request=PageRequest(by="amount", counted=True)
        )
    assert (page.by, [row.order_id for row in page.rows]) == ("", [3, 2, 1])
    assert (few.by, few.total, few.sorts) == ("amount", 1, tuple(order_lists.ORDER_SORTS))


@pytest.mark.parametrize(
    ("name", "by", "wanted"),
    [
        ("documents", "amount", [1, 3, 2]),
        ("documents", "number", [1, 2, 3]),
        ("orders", "number", [1, 2, 3]),
        ("orders", "status", [2, 3, 1]),
    ],
)
def test_a_whole_list_of_one_shop_is_sorted_by_its_indexes_however_long_it_is(
    history: History, monkeypatch: pytest.MonkeyPatch, name: str, by: str, wanted: list[int]
) -> None:
    read = sorted_lists(history)[name]
    monkeypatch.setattr(pagination, "MOST_COUNTED", 1)
    with history.store.read() as connection:
        first = read(connection, page_request=PageRequest(by=by, counted=True))
        pages = all_pages(lambda at: read(connection, page_request=replace(at, by=by)), at_once=2)
        falling = read(connection, page_request=PageRequest(by=by, rising=False))
        of_all = read(connection, shops=None, page_request=PageRequest(by=by, counted=True))
    assert [row.order_id for page in pages for row in page] == wanted
    assert ([row.order_id for row in falling.rows], falling.by) == (wanted[::-1], by)
    assert (by in first.sorts, "buyer" in first.sorts) == (True, False)
    assert (of_all.by, of_all.sorts) == ("", ())


@pytest.mark.parametrize("by", open_invoices.SORTS)
@pytest.mark.parametrize("rising", [True, False])
def test_open_invoices_in_any_order_come_page_by_page_each_once(history: History, by: str, rising: bool) -> None:
    for order_id in range(1, 6):
        history.seen(order_id)
        history.issued(order_id)
    with history.store.read() as connection:
        wanted = OpenFilter(by=by)
        whole = open_invoices.page(connection, "a", PageRequest(rising=rising), wanted).rows
        pages = all_pages(lambda at: open_invoices.page(connection, "a", replace(at, rising=rising), wanted), at_once=2)
    assert len(whole) == 5
    assert [row for page in pages for row in page] == list(whole)
