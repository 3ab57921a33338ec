"""The list of a reason counts like the overview, and its buttons put off, dismiss and try again."""

import dataclasses
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

import bridge
from tests.bridge.dashboard.test_pages import admin
from tests.support import busy_shop
from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.job_counts import job_counts
from tests.support.personas import signed_in
from worker.domain.party import Address, Buyer
from worker.message import Message
from worker.store import alerts, deliveries, jobs
from worker.store.database.tables import jobs as jobs_table
from worker.store.database.tables import shops
from worker.store.deliveries import NewDelivery
from worker.store.jobs import JobEnd, JobKind
from worker.store.users import Role

OTHER = "0ther0ther0ther0ther0the"


def fail(app: BridgeApp, count: int) -> None:
    with app.store.write() as connection:
        for order_id in range(1, count + 1):
            new = NewDelivery(shop_id=SHOP, source="webhook", topic="order.updated", order_id=order_id, body=b"{}")
            job_id = deliveries.add(connection, new, now=NOW)
            end = JobEnd("failed", "order_unreadable", Message("The field “total” is not a number."))
            jobs.close(connection, jobs_table.c.job_id == job_id, end=end, now=NOW)


def test_overview_shop_list_and_list_of_the_reason_say_the_same_count(app: BridgeApp) -> None:
    fail(app, 60)
    visitor = admin(app)
    overview, first, whole, further = (
        visitor.get(f"/s/{SHOP}{page}").text
        for page in ("", *(f"/attention/order_failed{query}" for query in ("", "?size=200", "?size=50&from=51")))
    )
    assert '<span class="count">60</span>' in overview
    assert ("1 to 10 of 60" in first, "and 50 more" in first, 'href="?size=200"' in first) == (True, True, True)
    assert ("1 to 60 of 60" in whole, 'id="more"' in whole) == (True, False)
    assert "51 to 60 of 60" in further
    assert "needs you: 60" in visitor.get("/shops").text
    assert "1 to 10 of 60" in visitor.get("/attention/order_failed").text


def test_what_more_is_offered_is_what_comes_then(app: BridgeApp) -> None:
    fail(app, 230)
    visitor = admin(app)
    first, more = (visitor.get(f"/s/{SHOP}/attention/order_failed{query}").text for query in ("", "?size=200"))
    assert ("1 to 10 of 230" in first, "and 190 more" in first, "1 to 200 of 230" in more) == (True, True, True)
    # And it is the one way on.
    assert ("Further" in first, "Further" in more, "more</a>" in more) == (False, True, False)


def test_a_house_of_many_shops_is_kept_to_those_of_a_name_or_an_address(app: BridgeApp) -> None:
    fail(app, 2)
    app.add_shop(OTHER)
    with app.store.write() as connection:
        named = {"name": "Slagerij Mertens", "url": "https://mertens.example"}
        connection.execute(update(shops).where(shops.c.shop_id == OTHER).values(**named))
    visitor = signed_in(app, "els@host.example", operator=True)
    for page in ("/attention/order_failed", "/jobs"):
        assert visitor.get(f"{page}?shop=JANSSENS").text.count(f"/s/{SHOP}/orders/") == 2, page
        assert visitor.get(f"{page}?shop=mertens.example").text.count(f"/s/{SHOP}/orders/") == 0, page
    retry = {"what": "process_order", "code": "order_unreadable"}
    visitor.post("/jobs/retry?shop=mertens", **retry)
    assert waiting_tasks(app) == 0
    visitor.post("/jobs/retry?shop=bakkerij", **retry)
    assert waiting_tasks(app) == 1


def waiting_tasks(app: BridgeApp) -> int:
    with app.store.read() as connection:
        return job_counts(connection, JobKind.TASK).get("waiting", 0)


def test_a_reason_is_dismissed_and_put_off_by_its_forms_and_never_without_one(app: BridgeApp) -> None:
    fail(app, 3)
    with app.store.write() as connection:
        alerts.raise_alert(connection, SHOP, code="invoice_term", message=Message("It is the 14th."), now=NOW)
    visitor, here = admin(app), f"/s/{SHOP}/attention"
    assert visitor.post(f"{here}/order_failed/dismiss", why="").status_code == 303
    assert '<span class="count">4</span>' in visitor.get(f"/s/{SHOP}").text
    visitor.post(f"{here}/order_failed/dismiss", why="They were tests.")
    visitor.post(f"{here}/invoice_term/snooze", until=(NOW + timedelta(days=3)).date().isoformat())
    visitor.post(f"{here}/invoice_term/snooze", until="soon")
    assert 'class="count"' not in visitor.get(f"/s/{SHOP}").text
    assert "They were tests." in visitor.get(f"/s/{SHOP}/activity").text


def test_a_refused_mail_is_sent_elsewhere_from_the_list_which_comes_back(app: BridgeApp) -> None:
    busy_shop.fill(app, orders_=12, failed=12, drafts_=0)
    visitor, here = admin(app), f"/s/{SHOP}/attention/mail_refused?from=11"
    viewer = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    promised = ["Send to another address" in one.get(f"/s/{SHOP}").text for one in (visitor, viewer)]
    assert promised == [True, False]
    text = visitor.get(here).text
    assert re.findall(r'name="back" value="([^"]*)"', text) == [here, here]
    (path, *_) = re.findall(r'action="(/s/\w+/documents/\d+/send)"', text)
    waits = visitor.post(path, to="nieuw@klant.example", back=here).headers["Location"]
    assert parse_qs(urlsplit(waits).query)["then"] == [here]
    waits = visitor.post(path, to="nieuw@klant.example", back="//elsewhere.example").headers["Location"]
    assert parse_qs(urlsplit(waits).query)["then"] == ["/"]


@pytest.mark.parametrize(
    ("typed", "told"), [("31-6-2026", "“31-6-2026” is not a day"), ("1-1-2020", "Choose a day that is still to come.")]
)
def test_a_day_that_cannot_be_stays_in_its_field_with_what_is_wrong(app: BridgeApp, typed: str, told: str) -> None:
    fail(app, 2)
    visitor, page = admin(app), f"/s/{SHOP}/attention/order_failed"
    item = re.findall(r'name="item" value="(\d+)"', visitor.get(page).text)[0]
    for one, field in (({}, "until-all"), ({"item": item}, f"until-{item}")):
        refused = visitor.post(f"{page}/snooze", until=typed, **one)
        assert (refused.status_code, refused.text.count(told), refused.text.count(" open>")) == (422, 1, 1)
        described = re.search(
            rf'<input type="text" id="{field}" name="until" value="([^"]*)".*?aria-describedby="([^"]*)"', refused.text
        )
        assert described
        assert (described[1].replace("/", "-").replace("01-01", "1-1"), f'id="{described[2]}"' in refused.text) == (
            typed,
            True,
        )


def test_several_that_failed_for_one_reason_are_not_told_by_the_sentence_of_the_first(app: BridgeApp) -> None:
    fail(app, 2)
    by_reason = admin(app).get(f"/s/{SHOP}/jobs").text.partition("One by one")[0]
    assert "Orders that could not be processed" in by_reason
    assert "is not a number" not in by_reason


def test_a_page_names_the_fields_of_an_address_that_there_are_and_shows_each_of_them(app: BridgeApp) -> None:
    fields = {field.name for field in dataclasses.fields(Address)}
    templates = Path(bridge.__file__).parent / "templates"
    named = {
        name
        for path in templates.rglob("*.html")
        for name in re.findall(r"(?:buyer|seller)\.address\.(\w+)", path.read_text(encoding="utf-8"))
    }
    assert named - {*fields, "one_line"} == set()
    address = Address("Kerkstraat 1", "bus 3", "9000", "Gent", "Oost-Vlaanderen", country="BE")
    app.issue(buyer=Buyer("Jan Peeters", address=address))
    visitor, parts = admin(app), ("Kerkstraat 1", "bus 3", "9000", "Gent", "Oost-Vlaanderen", "BELGIUM")
    for page in ("/documents/1", "/orders/238"):
        shown = visitor.get(f"/s/{SHOP}{page}").text
        assert [part in shown for part in parts] == [True] * 6, page
