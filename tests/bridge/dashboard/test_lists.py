"""The lists of a busy shop: what is wrong in its row, found, sorted, and many done at once."""

import html
import re
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus

import pytest
from sqlalchemy import func, literal, select, update
from werkzeug.test import TestResponse

from tests.support import busy_shop
from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.factories import an_order
from tests.support.issued import pay
from tests.support.personas import Visitor, signed_in
from worker.domain.decision import Decision
from worker.domain.order import OrderKey
from worker.domain.payment import PaymentSource, Receipt
from worker.jobs.task import do_task
from worker.message import Message
from worker.services import Services
from worker.store import audit_trail, orders, payments, roads
from worker.store.audit_trail import AuditEntry
from worker.store.database import pagination
from worker.store.database.tables import deliveries, drafts, jobs, users
from worker.store.database.tables import orders as orders_table
from worker.store.database.text_columns import folded
from worker.store.orders import OrderState
from worker.store.queries import ticked
from worker.store.users import Role
from worker.tasks import common


@pytest.fixture
def busy(app: BridgeApp) -> BridgeApp:
    busy_shop.fill(app, orders_=6, failed=4, drafts_=4)
    return app


@pytest.fixture
def owner(busy: BridgeApp) -> Visitor:
    return signed_in(busy, "owner@shop.example", roles={SHOP: Role.ADMIN})


def shown(visitor: Visitor, path: str) -> str:
    return html.unescape(visitor.get(f"/s/{SHOP}{path}").text)


def test_the_list_of_orders_says_which_mail_was_refused_and_why(owner: Visitor) -> None:
    orders = shown(owner, "/orders")
    assert orders.count("Mail failed: The mail server refused") == 4
    assert "F2026-00001: Mail failed" in orders
    assert "F2026-00005: Mail failed" not in orders


def told(visitor: Visitor, answer: TestResponse, *, slices: int = 1) -> str:
    """Let the worker do what was asked for, and read what is said of it."""
    found = re.search(r"/tasks/(\d+)", answer.headers["Location"])
    assert found
    services = Services(visitor.app.settings, now=lambda: NOW)
    for _ in range(slices):
        assert do_task(services, int(found[1]))
    return shown(visitor, f"/many?task={found[1]}")


def asked_and_sure(visitor: Visitor, of_list: str, what: str, **fields: str) -> tuple[str, TestResponse]:
    """The question, and the answer to "yes"."""
    visitor.get(f"/s/{SHOP}/documents")
    many = {"list": of_list, "what": what}
    question = html.unescape(visitor.post(f"/s/{SHOP}/many", **many, all="1").text)
    found = re.search(r'name="ids" value="([0-9,]+)"', question)
    assert found
    return question, visitor.post(f"/s/{SHOP}/many", **many, ids=found[1], sure="1", **fields)


def test_all_that_a_list_holds_is_asked_about_by_count_and_kind_done_by_a_task_and_told(owner: Visitor) -> None:
    question, answer = asked_and_sure(owner, "drafts", "discard")
    assert ("Discard 4 drafts?" in question, "2 × Delivery note" in question) == (True, True)
    assert "4 of 4 discarded" in told(owner, answer)
    assert "No draft waits" in shown(owner, "/documents?list=drafts")


def test_each_invoice_that_could_not_be_marked_paid_is_named_with_its_reason(busy: BridgeApp, owner: Visitor) -> None:
    with busy.store.write() as connection:
        pay(connection, 1, on=NOW.date())
    _question, late = asked_and_sure(owner, "documents", "paid", on=f"{NOW.date() + timedelta(days=2)}")
    assert "Choose a day that is not still to come." in late.text
    said = told(owner, asked_and_sure(owner, "documents", "paid", on=f"{NOW.date()}")[1])
    assert ("5 of 6 marked as paid; one was not" in said, "F2026-00001 was paid already." in said) == (True, True)


def test_failures_are_dismissed_with_a_reason_and_one_that_was_done_meanwhile_is_named(
    busy: BridgeApp, owner: Visitor
) -> None:
    _question, unsaid = asked_and_sure(owner, "jobs", "dismiss")
    assert "Say in a few words" in unsaid.text
    _question, answer = asked_and_sure(owner, "jobs", "dismiss", why="Called them")
    with busy.store.write() as connection:
        connection.execute(update(jobs).where(jobs.c.document_id == 1).values(state="done"))
    said = told(owner, answer)
    assert ("6 of 7 dismissed; one was not" in said, "done or dismissed meanwhile" in said) == (True, True)
    assert "Nothing has failed." in shown(owner, "/jobs")
    assert "Called them" in shown(owner, "/activity")


def test_a_worker_that_stops_in_the_middle_mails_nothing_twice(owner: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    _question, answer = asked_and_sure(owner, "documents", "mail")
    monkeypatch.setattr(common, "SLICE_S", -1.0)  # others go first after each
    assert "On their way to the customers: 6 of 6" in told(owner, answer, slices=6)
    assert shown(owner, "/activity").count("is mailed again.") == 6


def test_many_orders_are_fetched_tried_again_or_need_nothing_and_those_left_are_named(
    busy: BridgeApp, owner: Visitor
) -> None:
    question, answer = asked_and_sure(owner, "orders", "retry_order")
    assert ("Try again what failed of 6 orders?" in question, "6 × " in question) == (True, True)
    said = told(owner, answer)
    assert ("Tried again: 4 of 6; 2 were not" in said, "Order 1006" in said) == (True, True)
    assert failures(busy) == 0
    assert "Being fetched again: 6 of 6" in told(owner, asked_and_sure(owner, "orders", "fetch")[1])
    said = told(owner, asked_and_sure(owner, "orders", "ignore")[1])
    assert "Needing nothing any more: 1 of 6; 5 were not" in said  # the one that is flagged
    assert "Nothing about order 1001 waits for a person." in said


def test_orders_fetched_by_hundreds_wait_behind_what_is_new_as_what_a_person_asked_for(
    busy: BridgeApp, owner: Visitor
) -> None:
    told(owner, asked_and_sure(owner, "orders", "fetch")[1])
    joined = select(jobs.c.queue, deliveries.c.source).join(deliveries, deliveries.c.delivery_id == jobs.c.job_id)
    with busy.store.read() as connection:
        found = connection.execute(joined.where(jobs.c.state == "waiting", deliveries.c.body == b"")).all()
    assert [tuple(one) for one in found] == [("bulk", "person")] * 6


@pytest.mark.parametrize(("of_list", "what"), [("orders", "fetch"), ("orders", "retry_order"), ("documents", "mail")])
def test_what_is_done_with_many_ends_the_rests_of_servers_once(
    owner: Visitor, monkeypatch: pytest.MonkeyPatch, of_list: str, what: str
) -> None:
    ended: list[str] = []
    monkeypatch.setattr(roads, "try_now", lambda _connection, shop_id, *, now: ended.append(shop_id))  # noqa: ARG005
    told(owner, asked_and_sure(owner, of_list, what)[1])
    assert ended == [SHOP]


def failures(app: BridgeApp) -> int:
    with app.store.read() as connection:
        mine = jobs.c.state == "failed"
        return int(connection.execute(select(func.count()).select_from(jobs).where(mine)).scalar_one())


def test_of_ticked_orders_the_documents_are_mailed_and_zipped(owner: Visitor) -> None:
    owner.get(f"/s/{SHOP}/orders")
    ticked = {"list": "orders", "item": "1001"}
    question = html.unescape(owner.post(f"/s/{SHOP}/many?q=x", **ticked, what="mail").text)
    assert ("Mail one document?" in question, "F2026-00001" in question) == (True, True)
    assert f'href="/s/{SHOP}/orders?q=x"' in question  # Cancel leads back to the orders
    assert ">order 1001</span>" in owner.post(f"/s/{SHOP}/many", **ticked, what="fetch").text
    zipped = owner.post(f"/s/{SHOP}/many", **ticked, what="zip")
    assert "One document, with tables" in told(owner, zipped)
    nothing = owner.post(f"/s/{SHOP}/many", list="orders", item="9999", what="zip")
    assert nothing.headers["Location"].endswith(f"/s/{SHOP}/orders")


def test_documents_of_an_older_order_whose_id_came_back_are_not_mailed_with_the_new_one(busy: BridgeApp) -> None:
    later = an_order(order_id=1001, order_key="wc_order_restored", number="1001", created_at=NOW + timedelta(hours=1))
    with busy.store.write() as connection:
        orders.save(connection, SHOP, later, OrderState(Decision(), None), as_of=NOW)
        found = ticked.documents_of_orders(connection, SHOP, [1001, 1002], mailed=True)
    assert found.names == ("F2026-00002",)


@pytest.mark.parametrize("path", ["/jobs", "/activity", "/activity/deliveries"])
def test_of_rows_that_were_not_searched_yet_no_list_says_that_nothing_is_found(
    owner: Visitor, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(pagination, "MAX_SCANNED", 2)
    page = shown(owner, f"{path}?q=zzz")
    assert ("Nothing like that" in page, "2 rows were searched for this page. “Next”" in page) == (False, True)
    assert "Next →</a>" in page


def test_the_page_after_a_long_name_in_any_letters_is_there(app: BridgeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy_shop, "COMPANY", "Ω😀" * 255)  # of each third, which come last
    busy_shop.fill(app, orders_=36, failed=0, drafts_=0)
    owner = signed_in(app, "owner@shop.example", roles={SHOP: Role.ADMIN})
    for path in ("/orders?by=buyer", "/documents?by=buyer", "/payments?by=buyer"):
        first = shown(owner, f"{path}&size=25")
        found = re.search(r'rel="next" href="([^"]+)"', first)
        assert found, path
        second = owner.get(f"/s/{SHOP}{path.partition('?')[0]}{found[1]}")
        assert (second.status_code, second.text.count("Ω😀") > 5) == (HTTPStatus.OK, True), path


def test_all_of_a_filter_of_orders_is_what_the_list_shows(owner: Visitor) -> None:
    owner.get(f"/s/{SHOP}/orders")
    asked = owner.post(f"/s/{SHOP}/many?attention=1", list="orders", what="fetch", all="1").text
    assert "Fetch 4 orders again?" in asked


def test_which_kind_is_made_of_many_orders_is_one_that_can_be_made_by_hand(owner: Visitor) -> None:
    question, wrong = asked_and_sure(owner, "orders", "make", kind="credit_note")
    assert ("Make a document of each of 6 orders?" in question, "Make a document of each" in wrong.text) == (True, True)
    assert 'value="credit_note"' not in question


def test_only_what_is_of_this_shop_and_ticked_is_meant(owner: Visitor) -> None:
    nothing = owner.post(f"/s/{SHOP}/many", list="documents", what="paid", item="999")
    assert nothing.headers["Location"].endswith(f"/s/{SHOP}/documents")
    assert "Tick the rows first" in shown(owner, "/documents")
    one = owner.post(f"/s/{SHOP}/many", list="documents", what="paid", item="2", ids="x,999")
    assert "Mark one invoice as paid?" in one.text
    assert "F2026-00002" in one.text
    wrong = owner.post(f"/s/{SHOP}/many", list="documents", what="discard", item="2")
    assert wrong.status_code == HTTPStatus.BAD_REQUEST


def test_a_viewer_sees_no_ticks_and_can_do_nothing_with_many(busy: BridgeApp, owner: Visitor) -> None:
    viewer = signed_in(busy, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    for path in ("/orders", "/documents", "/documents?list=drafts", "/payments", "/jobs"):
        assert ('name="item"' in shown(owner, path), 'name="item"' in shown(viewer, path)) == (True, False), path
    answer = viewer.post(f"/s/{SHOP}/many", list="documents", what="mail", item="1")
    assert answer.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("path", "first"), [("/orders", "1001"), ("/documents", "F2026-00006"), ("/activity", "F2026-00006")]
)
def test_a_list_is_turned_round_cut_by_days_and_counted(owner: Visitor, path: str, first: str) -> None:
    last = {"/orders": "1006"}.get(path, "F2026-00001")
    newest, oldest = shown(owner, path), shown(owner, f"{path}?sort=oldest")
    assert newest.index(f">{first}" if path != "/activity" else first) < newest.index(last)
    assert oldest.index(last) < oldest.index(first)
    assert "6 of 6" in newest
    assert first in shown(owner, f"{path}?since=2026-11-22&until=2026-11-23")
    for nowhere in ("until=2026-11-20", "since=2026-11-25"):
        assert first not in shown(owner, f"{path}?{nowhere}"), nowhere
    assert first in shown(owner, f"{path}?since=1970-01-01&until=9999-12-31")
    for nowhere in ("since=9999-12-31", "until=1970-01-01", "since=0001-01-01", "until=0001-01-01"):
        assert first not in shown(owner, f"{path}?{nowhere}"), nowhere


@pytest.mark.parametrize(
    ("path", "typed", "found", "absent"),
    [
        ("/activity", "f2026-00003", ["F2026-00003"], ["F2026-00002"]),
        ("/activity", "Peeters4", ["F2026-00005"], ["F2026-00004"]),
        ("/activity", "An issued", ["F2026-00001", "F2026-00006"], []),
        ("/jobs", "F2026-00002", ["F2026-00002"], ["F2026-00001", "order 1001"]),
        ("/jobs", "Peeters1", ["F2026-00002", "order 1002"], ["F2026-00001", "order 1001"]),
        ("/jobs", "donaudampfschifffahrtsgesellschaft unavailable", ["F2026-00001"], ["order 1001"]),
        ("/activity/deliveries", "1002", ["orders/1002"], ["orders/1001", "orders/1003"]),
        ("/activity/deliveries", "Peeters0 updated", ["orders/1001"], ["orders/1002"]),
    ],
)
def test_activity_and_work_are_searched_by_order_number_buyer_and_what_they_say(
    owner: Visitor, path: str, typed: str, found: list[str], absent: list[str]
) -> None:
    text = shown(owner, f"{path}?q={typed.replace(' ', '+')}").partition("One by one")
    page = text[2] or text[0]
    assert [(word, word in page) for word in (*found, *absent)] == [
        *((word, True) for word in found),
        *((word, False) for word in absent),
    ]
    assert "Nothing like that is found here." in shown(owner, f"{path}?q=zzzz%25_'\"+x")


def test_an_order_is_called_what_its_shop_calls_it_wherever_it_is_listed(busy: BridgeApp, owner: Visitor) -> None:
    with busy.store.write() as connection:
        connection.execute(update(orders_table).values(order_number="2026-A7"))
        entry = AuditEntry(SHOP, NOW, "Els", "issued", Message("It was issued."), order_id=busy_shop.FIRST)
        audit_trail.add(connection, entry)
    for page in ("/activity", "/activity/deliveries", "/jobs"):
        called = re.findall(rf'/orders/{busy_shop.FIRST}">(?:order )?([^<]+)</a>', shown(owner, page))
        assert set(called) == {"2026-A7"}, page


def test_where_there_is_nothing_yet_nothing_is_asked_to_be_searched(app: BridgeApp) -> None:
    visitor = signed_in(app, "owner@shop.example", roles={SHOP: Role.ADMIN})
    for page in ("/orders", "/documents", "/activity", "/activity/deliveries", "/jobs"):
        assert 'class="filters"' not in shown(visitor, page), page
        assert 'class="filters"' in shown(visitor, f"{page}?q=zzzz"), page


def test_capitals_of_any_language_are_found_by_small_letters_and_sorted_as_them(
    busy: BridgeApp, owner: Visitor
) -> None:
    with busy.store.write() as connection:
        audit_trail.add(connection, AuditEntry(SHOP, NOW, "ÉMILIE", "issued", Message("It was issued.")))
        sort_key = connection.execute(select(folded(literal("ÉΩŽ")))).scalar_one()
    assert ("ÉMILIE" in shown(owner, "/activity?q=émilie"), sort_key) == (True, "éωž")


def test_what_is_searched_is_found_in_the_words_of_the_reader(busy: BridgeApp, owner: Visitor) -> None:
    with busy.store.write() as connection:
        connection.execute(update(users).values(language="nl"))
    assert "F2026-00001" in shown(owner, "/activity?q=opgemaakt")
    assert "F2026-00001" not in shown(owner, "/activity?q=issued")


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_a_sentence_is_found_by_the_apostrophe_of_a_keyboard(busy: BridgeApp, owner: Visitor, apostrophe: str) -> None:
    with busy.store.write() as connection:
        connection.execute(update(users).values(language="fr"))
        message = Message("A code for the plugin was made.")
        audit_trail.add(connection, AuditEntry(SHOP, NOW, "Els", "code_made", message))
    assert "Un code pour l’extension a été créé." in shown(owner, f"/activity?q=L{apostrophe}extension")


def test_a_heading_sorts_and_all_that_is_ticked_stays_what_the_filter_finds(owner: Visitor) -> None:
    for path, by in (
        ("/documents", "buyer"), ("/documents?list=drafts", "amount"), ("/orders", "status"), ("/jobs", "why"),
    ):  # fmt: skip
        page = shown(owner, path)
        assert f"by={by}" in page, path
        assert 'aria-sort="ascending"' in shown(owner, f"{path}{'&' if '?' in path else '?'}by={by}"), path
        assert shown(owner, f"{path}{'&' if '?' in path else '?'}by=zzz").count('name="item"') > 3


def test_a_page_holds_as_many_rows_as_is_asked_and_says_of_how_many(app: BridgeApp) -> None:
    busy_shop.fill(app, orders_=30, failed=0, drafts_=0)
    owner = signed_in(app, "owner@shop.example", roles={SHOP: Role.ADMIN})
    page = shown(owner, "/orders?size=25")
    assert ("25 of 30" in page, page.count('class="title')) == (True, 25)
    assert "30 of 30" in shown(owner, "/orders?size=9999999999999999999")


def test_open_invoices_are_sorted_by_each_column_and_kept_to_days(busy: BridgeApp, owner: Visitor) -> None:
    with busy.store.write() as connection:
        for order_id, euros in ((1003, 1), (1005, 2)):
            receipt = Receipt(NOW.date(), PaymentSource.PERSON, "An")
            order = OrderKey(SHOP, order_id, f"wc_order_{order_id}")
            payments.receive(connection, order, Decimal(euros), receipt, now=NOW)

    def numbers(query: str) -> list[str]:
        return re.findall(r"<strong>F2026-0000(\d)</strong>", shown(owner, f"/payments?{query}"))

    assert numbers("by=open")[:2] == ["5", "3"]
    assert numbers("by=open&sort=newest")[-2:] == ["3", "5"]
    assert numbers("by=buyer") == ["1", "4", "2", "3", "5", "6"]
    assert numbers("by=number&sort=newest") == ["6", "5", "4", "3", "2", "1"]
    assert numbers("since=2026-11-22&until=2026-11-22") == ["1", "2", "3", "4", "5", "6"]
    assert "No document is like that." in shown(owner, "/payments?since=2027-01-01")


def test_drafts_are_kept_to_days_and_so_is_what_is_done_with_all_of_them(busy: BridgeApp, owner: Visitor) -> None:
    with busy.store.write() as connection:
        oldest = NOW - timedelta(days=9)
        connection.execute(update(drafts).where(drafts.c.draft_id == 1).values(created_at=oldest))
    query = f"list=drafts&until={oldest.date()}"
    assert shown(owner, f"/documents?{query}").count('name="item"') == 1
    assert "No draft is from these days." in shown(owner, "/documents?list=drafts&until=2020-01-01")
    owner.get(f"/s/{SHOP}/documents")
    asked = owner.post(f"/s/{SHOP}/many?{query}", list="drafts", what="discard", all="1").text
    assert "Discard one draft?" in asked
