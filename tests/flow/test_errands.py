"""What a page asks the worker for: each errand from its row to its answer, and what it leaves behind."""

import csv
import io
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.flow.conftest import SECRET, START, House
from worker import jobs
from worker.actions import documents
from worker.demo.orders import Payload, an_order
from worker.domain.document import Kind, SendMode
from worker.domain.party import Seller
from worker.domain.shop import Moment, Rule
from worker.maintenance.retention import tidy
from worker.orders.history import Listed
from worker.rendering.samples import a_logo
from worker.store import audit_trail, deliveries, shops, tasks
from worker.store.database.tables import errands as errands_table
from worker.store.database.tables import files
from worker.store.files import temporary
from worker.store.files.temporary import FleetingFile
from worker.store.shops import Secrets
from worker.store.steps import StepName
from worker.store.tasks import Errand

KEEP = (Rule(Kind.INVOICE, Moment.PAID, SendMode.DRAFT),)
BY = "An"


def asked(house: House, kind_: str, /, **argument: object) -> Errand:
    """Ask for something as a page does, and let the worker do it."""
    errand_id = written_down(house, kind_, **argument)
    jobs.do_errand(house.services, errand_id)
    return seen(house, errand_id)


def written_down(house: House, kind_: str, /, **argument: object) -> int:
    with house.services.store.write() as connection:
        return tasks.ask(
            connection, shop_id=house.shop_id, kind=kind_, argument=argument, asked_by=BY, now=house.clock.now
        )


def seen(house: House, errand_id: int) -> Errand:
    with house.services.store.read() as connection:
        found = tasks.of_shop(connection, house.shop_id, errand_id)
    assert found is not None
    return found


def answered(house: House, kind_: str, /, **argument: object) -> Mapping[str, Any]:
    errand = asked(house, kind_, **argument)
    assert errand.state == "done", errand.answer
    return errand.answer


def refused(house: House, kind_: str, /, **argument: object) -> tuple[str, str]:
    errand = asked(house, kind_, **argument)
    assert errand.state == "failed"
    return errand.answer["code"], errand.answer["sentence"]


def again(house: House, errand: Errand) -> Errand:
    """Do an errand once more: the worker died after its work and before its answer."""
    with house.services.store.write() as connection:
        connection.execute(errands_table.update().values(state="waiting", answer="", finished_at=None))
    jobs.do_errand(house.services, errand.errand_id)
    return seen(house, errand.errand_id)


def paid(order_id: int = 238, **facts: object) -> Payload:
    return an_order(id=order_id, paid=True, created=START - timedelta(days=1), **facts)  # type: ignore[arg-type]


def id_of(item: Listed) -> int:
    assert item.document is not None
    return item.document.document_id


def invoiced(house: House, order: Payload | None = None) -> int:
    return id_of(house.arrives(order or paid())[0])


def events(house: House, order_id: int = 238) -> list[tuple[str, str]]:
    return [(event.actor, event.code) for event in house.trail(order_id).events]


def another_shop(house: House) -> str:
    with house.services.store.write() as connection:
        mine = shops.connected(connection, house.services.vault, house.shop_id).shop
        other = type(mine)(shop_id=shops.new_shop_id(), name="Een ander", url=mine.url, orders_since=mine.orders_since)
        shops.add(connection, house.services.vault, other, Secrets(("x",)), now=house.clock.now)
    return other.shop_id


def content(house: House, file: Mapping[str, Any]) -> bytes:
    return temporary.get(house.services.archive, FleetingFile.from_json(file, shop_id=house.shop_id))


# Documents


def test_a_draft_is_issued_once_even_when_the_worker_dies_before_it_answers(house: House) -> None:
    house.change_shop(rules=KEEP)
    (draft,) = house.arrives(paid())
    assert draft.kept is not None
    errand = asked(house, "issue_draft", draft_id=draft.kept.draft_id, send=True)
    assert [document["number"] for document in errand.answer["documents"]] == ["F2026-00001"]
    assert again(house, errand).answer == errand.answer
    house.work()
    assert (house.numbers(), len(house.mailbox.messages())) == (["F2026-00001"], 1)
    assert (BY, "issued") in events(house)


def test_chosen_lines_are_credited_once_for_one_errand(house: House) -> None:
    two = (("Koffiemok blauw", "MUG-1", 2, "12.40", "21"),)
    document_id = invoiced(house, paid(lines=two))
    errand = asked(
        house, "credit", document_id=document_id, lines=[{"place": 0, "quantity": "1"}], reason="Kapot", send=True
    )
    assert [(made["number"], made["total"]) for made in errand.answer["documents"]] == [("C2026-00001", "15.00")]
    assert again(house, errand).answer == errand.answer
    asked(house, "credit", document_id=document_id, lines=[{"place": 0, "quantity": "1"}])
    house.work()
    assert house.numbers() == ["F2026-00001", "C2026-00001", "C2026-00002"]
    assert len(house.mailbox.messages()) == 2  # the invoice, and the first credit note: the second was not to be sent
    code, sentence = refused(house, "credit", document_id=document_id, lines=[{"place": 0, "quantity": "1"}])
    assert (code, "0 of it is left" in sentence) == ("quantity_wrong", True)


def test_an_amount_and_then_all_the_rest_is_credited(house: House) -> None:
    document_id = invoiced(house)
    first = answered(house, "credit", document_id=document_id, amount="5.00", send=True)
    rest = answered(house, "credit", document_id=document_id, send=True)
    assert [made["total"] for made in (*first["documents"], *rest["documents"])] == ["5.00", "17.20"]
    assert refused(house, "credit", document_id=document_id, amount="0.01")[0] == "more_than_left"
    assert refused(house, "credit", document_id=document_id, amount="veel")[0] == "credit_unclear"
    assert refused(house, "credit", document_id=document_id, amount="1", again=True)[0] == "credit_unclear"


def test_credit_and_issue_again_is_one_pair_whatever_happens(house: House) -> None:
    errand = asked(house, "credit", document_id=invoiced(house), again=True, send=True)
    assert [made["number"] for made in errand.answer["documents"]] == ["C2026-00001", "F2026-00002"]
    assert again(house, errand).answer == errand.answer
    assert house.numbers() == ["F2026-00001", "C2026-00001", "F2026-00002"]


def test_a_document_is_made_by_hand_once(house: House) -> None:
    house.change_shop(rules=())
    assert house.arrives(an_order(id=238, paid=False, status="on-hold")) == ()
    made = answered(house, "make_document", order_id=238, kind="invoice", send=True)
    assert [document["number"] for document in made["documents"]] == ["F2026-00001"]
    assert refused(house, "make_document", order_id=238, kind="invoice")[1] == (
        "Order 238 has its invoice. It exists: F2026-00001."
    )
    assert refused(house, "make_document", order_id=238, kind="credit_note")[0] == "not_by_hand"
    house.work()
    assert len(house.mailbox.messages()) == 1


def test_a_document_by_hand_is_refused_with_what_speaks_against_it(house: House) -> None:
    house.change_shop(rules=(), seller=Seller(name="Zonder adres"))
    house.arrives(paid())
    assert refused(house, "make_document", order_id=238, kind="invoice")[0] == "seller_incomplete"
    assert house.numbers() == []


def test_what_belongs_to_another_shop_is_unknown(house: House) -> None:
    document_id = invoiced(house)
    house.change_shop(rules=KEEP)
    draft = house.arrives(paid(239))[0].kept
    assert draft is not None
    mine, house.shop_id = house.shop_id, another_shop(house)
    for kind, argument in (
        ("credit", {"document_id": document_id}),
        ("send_again", {"document_id": document_id, "to": "dief@elders.test"}),
        ("renew_link", {"document_id": document_id}),
        ("issue_draft", {"draft_id": draft.draft_id}),
    ):
        assert refused(house, kind, **argument)[0] in ("document_unknown", "draft_unknown"), kind
    file = temporary.put(house.services.archive, mine, "logo.png", a_logo(), now=house.clock.now)
    assert refused(house, "keep_logo", file=file.as_json)[0] == "file_missing"
    assert refused(house, "keep_logo", file={**file.as_json, "path": f"fleeting/../{mine}/x"})[0] == "file_missing"
    house.shop_id = mine
    house.work()
    assert (house.numbers(), len(house.mailbox.messages())) == (["F2026-00001", "draft"], 1)


def test_a_document_goes_to_another_address_and_stays_as_it_is(house: House) -> None:
    document_id = invoiced(house)
    (before,) = house.documents(238)
    assert answered(house, "send_again", document_id=document_id, to="boekhouder@klant.test") == {
        "to": "boekhouder@klant.test"
    }
    first, second = house.mailbox.messages()
    assert (first.recipients, second.recipients) == (("koper@klant.test",), ("boekhouder@klant.test",))
    assert first.attachments[0].content == second.attachments[0].content
    assert house.documents(238) == (before,)
    assert (BY, "sent_elsewhere") in events(house)
    assert refused(house, "send_again", document_id=document_id, to="niemand")[0] == "mail_no_address"


# Many at once


def test_all_that_failed_for_one_reason_is_tried_again_and_the_rest_is_not(house: House) -> None:
    house.mailbox.faults.reject("koper@klant.test")
    for order_id in (1, 2, 3):
        house.arrives(paid(order_id))
    house.arrives(paid(4, email="geen adres"))
    house.mailbox.faults.clear()
    codes = {step.reason_code for item in house.documents() for step in item.steps if step.state == "failed"}
    assert "mail_no_address" in codes
    (other,) = codes - {"mail_no_address"}
    assert answered(house, "retry_failed", what="mail", code=other) == {"tried": 3}
    house.work()
    assert len(house.mailbox.messages()) == 3
    assert events(house, 2).count((BY, "tried_again")) == 1
    assert events(house, 4).count((BY, "tried_again")) == 0
    assert answered(house, "retry_failed", what="mail", code=other) == {"tried": 0}
    assert refused(house, "retry_failed", what="laundry", code="x")[0] == "nothing_to_retry"


def test_what_fails_after_a_person_asked_is_left_alone(house: House) -> None:
    """Or what fails at once would be tried again for ever."""
    house.mailbox.faults.reject("koper@klant.test")
    house.arrives(paid(1))
    (code,) = {step.reason_code for item in house.documents() for step in item.steps if step.state == "failed"}
    errand_id = written_down(house, "retry_failed", what="mail", code=code)
    house.clock.move(seconds=1)
    house.arrives(paid(2))
    jobs.do_errand(house.services, errand_id)
    assert seen(house, errand_id).answer == {"tried": 1}


def test_failed_looks_are_tried_again_too(house: House) -> None:
    for order_id in (1, 2):
        house.shop.place(paid(order_id))
        house.ring(paid(order_id), body=b"no order at all")
    house.change_secrets(Secrets((SECRET,)))
    house.work()
    failed = {code for state, code in house.outcomes() if state == "failed"}
    house.change_secrets(Secrets((SECRET,), house.shop.consumer_key, house.shop.consumer_secret))
    tried = [answered(house, "retry_failed", what="look", code=code)["tried"] for code in failed]
    house.work()
    assert (sum(tried), house.numbers()) == (2, ["F2026-00001", "F2026-00002"])


def test_old_orders_are_foreseen_and_then_made(house: House) -> None:
    old = START - timedelta(days=200)
    house.shop.place(an_order(id=1, created=old))
    house.shop.place(an_order(id=2, created=old, paid=False, status="on-hold"))
    period = {"since": f"{old:%Y-%m-%d}", "until": f"{old:%Y-%m-%d}"}
    foreseen = answered(house, "backfill", **period)
    assert [(order["order_id"], order["due"]) for order in foreseen["orders"]] == [(1, ["invoice 22.20 EUR"])]
    assert {name: foreseen[name] for name in ("count", "to_make", "documents", "mails", "looks")} == {
        "count": 2, "to_make": 1, "documents": 1, "mails": 1, "looks": 0,
    }  # fmt: skip
    assert house.numbers() == []
    assert answered(house, "backfill", **period, make=True)["looks"] == 1
    with house.services.store.read() as connection:
        assert deliveries.waiting(connection, house.shop_id, source="backfill") == 1
    house.work()
    assert house.numbers() == ["F2026-00001"]
    assert refused(house, "backfill", since="gisteren", until="2026-01-01")[0] == "day_wrong"
    assert refused(house, "backfill", since="2026-02-01", until="2026-01-01")[0] == "day_wrong"


def test_a_long_errand_lets_others_go_first_and_goes_on_where_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.tasks.common.SLICE_S", 0.0)
    monkeypatch.setattr("worker.invoicing.backfill.KEPT_EVERY", 2)
    for order_id in range(1, 6):
        house.shop.place(an_order(id=order_id, created=START - timedelta(days=200)))
    errand = asked(house, "backfill", orders=[1, 2, 3, 4, 5])
    assert (errand.state, errand.answer) == ("waiting", {"done": 2, "of": 5})
    for _ in range(2):
        jobs.do_errand(house.services, errand.errand_id)
    assert seen(house, errand.errand_id).answer["to_make"] == 5
    asked_for = [call.path for call in house.shop.calls if call.path.endswith("/orders/1")]
    assert len(asked_for) == 1


# Proofs


def test_a_month_is_proven(house: House) -> None:
    invoiced(house)
    found = answered(house, "reconcile", month="2026-11")
    assert (found["ok"], found["counts"]["complete"], found["orders"]) == (True, 1, [])
    assert refused(house, "reconcile", month="november")[0] == "month_wrong"


def test_books_are_verified_and_a_changed_file_is_named(house: House) -> None:
    invoiced(house)
    assert answered(house, "verify")["intact"] is True
    with house.services.store.read() as connection:
        path = connection.execute(files.select()).mappings().one()["path"]
    (house.services.settings.archive / path).write_bytes(b"%PDF other")
    found = answered(house, "verify")
    assert (found["intact"], [damage["code"] for damage in found["damages"]]) == (False, ["file_altered"])


# The line to the shop


def test_a_whole_connection_is_all_good_and_a_broken_one_says_what_is_wrong(house: House) -> None:
    url = f"{house.services.settings.public_url}/webhooks/{house.shop_id}"
    for topic in ("order.created", "order.updated"):
        house.shop.add_webhook(topic, url, SECRET)
    invoiced(house)
    found = answered(house, "check_connection")
    named = {check["name"]: check["good"] for check in found["checks"]}
    # The pretend shop lives now, the test's clock in November.
    assert named == {"address": True, "rest_key": True, "webhooks": True, "clock": named["clock"], "heard": True}
    house.change_secrets(Secrets((SECRET,), "ck_wrong", "cs_wrong"))
    broken = {check["name"]: check for check in answered(house, "check_connection")["checks"]}
    assert (broken["rest_key"]["good"], "refuses the REST key" in broken["rest_key"]["sentence"]) == (False, True)


def test_missing_webhooks_are_made_when_a_person_asks(house: House) -> None:
    assert "is missing" in {c["name"]: c["sentence"] for c in answered(house, "check_connection")["checks"]}["webhooks"]
    repaired = answered(house, "repair_webhooks")["repaired"]
    assert repaired == [{"topic": topic, "why": "was missing"} for topic in ("order.created", "order.updated")]
    assert answered(house, "repair_webhooks")["repaired"] == []
    with house.services.store.read() as connection:
        told = audit_trail.of_order(connection, house.shop_id, 0)
    assert told == ()


# Books


def test_a_period_is_one_zip_with_its_sums(house: House) -> None:
    document_id = invoiced(house)
    answered(house, "credit", document_id=document_id, amount="5.00")
    house.clock.move(days=40)
    invoiced(house, paid(239))
    answer = answered(house, "zip_period", since="2026-11-01", until="2026-11-30")
    assert (answer["documents"], answer["file"]["name"]) == (2, "2026-11-01_2026-11-30.zip")
    with zipfile.ZipFile(io.BytesIO(content(house, answer["file"]))) as books:
        assert sorted(books.namelist()) == [
            "documents.csv", "files/C2026-00001.pdf", "files/F2026-00001.pdf", "vat.csv",
        ]  # fmt: skip
        rows = list(csv.DictReader(io.StringIO(books.read("documents.csv").decode())))
        rates = list(csv.DictReader(io.StringIO(books.read("vat.csv").decode())))
        assert books.read("files/F2026-00001.pdf").startswith(b"%PDF")
    assert [(row["number"], row["total"]) for row in rows] == [("F2026-00001", "22.20"), ("C2026-00001", "-5.00")]
    assert [(row["rate"], row["vat"]) for row in rates] == [("21", "3.85"), ("21", "-0.87")]
    assert refused(house, "zip_period", since="2026-01-01", until="2026-01-31")[0] == "nothing_found"


def test_a_shop_takes_its_books_along_and_leaves(house: House) -> None:
    invoiced(house)
    answer = answered(house, "export_shop")
    with zipfile.ZipFile(io.BytesIO(content(house, answer["file"]))) as books:
        assert {"settings.json", "register.csv", "documents/F2026-00001.json", "files/F2026-00001.pdf"} <= set(
            books.namelist()
        )
        assert SECRET not in books.read("settings.json").decode()
    assert answer["documents"] == 1
    kept = answered(house, "leave")["kept"]
    assert kept == [{"year": 2026, "documents": 1, "until": "2036-12-31"}]


def test_a_shopper_is_erased_but_for_documents(house: House) -> None:
    invoiced(house)
    erased = answered(house, "erase_shopper", email="koper@klant.test")
    assert (erased["orders"], [kept["number"] for kept in erased["kept"]]) == ([238], ["F2026-00001"])


# Tidying up


def test_errands_and_their_files_vanish_after_their_time(house: House) -> None:
    invoiced(house)
    answer = answered(house, "zip_period", since="2026-11-01", until="2026-11-30")
    house.clock.move(days=2)
    assert tidy(house.services) == 0
    assert content(house, answer["file"])
    house.clock.move(days=2)
    assert (tidy(house.services), house.services.archive.names("fleeting")) == (0, ())
    house.clock.move(days=4)
    assert tidy(house.services) == 1
    with house.services.store.read() as connection:
        assert connection.execute(errands_table.select()).all() == []
    # What the books are made of is not touched.
    assert answered(house, "verify")["intact"] is True


def test_a_paused_shop_is_told_at_once(house: House) -> None:
    house.arrives(an_order(id=238, paid=False, status="on-hold"))
    house.change_shop(suspended=True)
    assert refused(house, "make_document", order_id=238, kind="invoice")[0] == "shop_suspended"


def test_a_shop_that_is_away_is_asked_again_for_an_hour(house: House) -> None:
    house.arrives(an_order(id=238, paid=False, status="on-hold"))
    house.shop.close()
    errand = asked(house, "make_document", order_id=238, kind="invoice")
    assert errand.state == "waiting"
    house.clock.move(minutes=61)
    jobs.do_errand(house.services, errand.errand_id)
    assert seen(house, errand.errand_id).answer["code"] == "shop_unreachable"


def test_the_deciding_layer_knows_every_step() -> None:
    assert set(documents.WORDS_OF_STEPS) == set(StepName)
