"""What settings would lead to, before anybody stores them: prints, mails, rules, open orders, and the uploads they need."""

import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pypdf
import pytest

from tests.support.pdfs import a_pdf
from tests.support.system import SECRET, START, System
from tests.support.task_requests import answered, content, english, refused
from worker import branding
from worker.demo.orders import Payload, an_order
from worker.domain.document import Kind
from worker.rendering.samples import a_logo
from worker.store import shops
from worker.store.database.tables import deliveries, documents, jobs
from worker.store.files import temporary
from worker.store.jobs import JobKind
from worker.store.shops import Secrets


def an_old_order(order_id: int, **facts: object) -> Payload:
    return an_order(id=order_id, created=START - timedelta(hours=order_id), **facts)  # type: ignore[arg-type]


def words_of(system: System, answer: Mapping[str, Any]) -> str:
    pages = pypdf.PdfReader(io.BytesIO(content(system, answer["file"]))).pages
    return "\n".join(page.extract_text() for page in pages)


def uploaded(system: System, name: str, bytes_: bytes) -> dict[str, Any]:
    return temporary.put(
        system.services.archive, system.shop_id, name, bytes_, until=system.clock.now + temporary.PREVIEW_LIFETIME
    ).as_json


@pytest.fixture
def unchanged(system: System) -> Iterator[System]:
    """A system whose documents, jobs and settings are the same after the test."""

    def state() -> list[Any]:
        with system.services.store.read() as connection:
            work = jobs.select().where(jobs.c.kind != JobKind.TASK)
            rows = [connection.execute(query).all() for query in (documents.select(), deliveries.select(), work)]
            return [*rows, shops.get(connection, system.services.encryption, system.shop_id).shop]

    system.shop.place(an_old_order(7, note="Graag voor vrijdag"))
    before = state()
    yield system
    assert state() == before
    assert system.mailbox.messages() == ()


def test_a_preview_prints_the_newest_order_with_settings_nobody_stored(unchanged: System) -> None:
    unchanged.shop.place(an_old_order(9))
    answer = answered(
        unchanged,
        "preview",
        kind="invoice",
        settings={"seller.name": "Nieuwe Naam", "branding.accent": "#334155", "branding.layout": "letter"},
        texts={"document.intro/invoice/*/nl": "Dag {buyer}!"},
        logo=uploaded(unchanged, "logo.png", a_logo()),
    )
    assert (answer["order_number"], answer["number"], answer["example"]) == ("7", "F2026-00001", False)
    printed = words_of(unchanged, answer)
    assert "Graag voor vrijdag" in printed
    assert "Dag " in printed
    assert "Nieuwe Naam" in printed
    assert "TEST" in printed


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_is_shown_on_an_example_where_there_is_no_order(system: System, kind: Kind) -> None:
    answer = answered(system, "preview", kind=kind, language="fr", paid=False)
    assert (answer["example"], answer["kind"], answer["problems"]) == (True, str(kind), [])
    assert "Koffiemok" in words_of(system, answer)


def test_a_wrong_setting_or_picture_is_a_sentence(unchanged: System) -> None:
    assert refused(unchanged, "preview", kind="invoice", settings={"branding.accent": "groen"})[0] == "option_wrong"
    assert refused(unchanged, "preview", kind="invoice", settings={"colour": "groen"})[0] == "option_wrong"
    broken = uploaded(unchanged, "logo.png", b"\x89PNG nothing")
    assert refused(unchanged, "preview", kind="invoice", logo=broken)[0] == "logo_wrong"


def test_a_mail_is_shown_as_it_would_leave(unchanged: System) -> None:
    answer = answered(
        unchanged,
        "preview_mail",
        kind="invoice",
        paid=False,
        texts={"mail.subject/invoice/unpaid/nl": "Rekening {number}"},
    )
    assert (answer["subject"], answer["to"]) == ("Rekening F2026-00001", answer["to"])
    assert "koper@klant.test" in answer["to"]
    assert answer["attachments"] == ["factuur-F2026-00001.pdf"]
    assert "<html" in answer["html"]
    assert "22,20" in answer["text"]


def test_rules_are_tried_on_the_last_orders_without_making_anything(unchanged: System) -> None:
    unchanged.shop.place(an_old_order(8, status="on-hold", paid=False))
    answer = answered(unchanged, "dry_run_rules", rules="invoice:paid:send\norder_confirmation:created:draft")
    found = {order["number"]: [f["rule"] for f in order["rule_results"] if f["fired"]] for order in answer["orders"]}
    assert found == {
        "7": ["invoice:paid:send", "order_confirmation:created:draft"],
        "8": ["order_confirmation:created:draft"],
    }
    assert (answer["matched"], answer["count"]) == (2, 2)
    reasons = {f["rule"]: english(f["message"]) for f in answer["orders"][1]["rule_results"]}
    assert "not paid yet" in reasons["invoice:paid:send"]
    assert refused(unchanged, "dry_run_rules", rules="invoice")[0] == "option_wrong"


def test_without_a_key_rules_are_tried_on_what_was_delivered(system: System) -> None:
    system.change_secrets(Secrets((SECRET,)))
    system.change_shop(rules=())
    system.arrives(an_old_order(7))
    system.arrives(an_old_order(7, note="later"))
    answer = answered(system, "dry_run_rules", rules="invoice:paid:send")
    assert [(order["number"], order["matched"]) for order in answer["orders"]] == [("7", True)]


def test_open_orders_say_what_going_live_would_do_to_them(system: System) -> None:
    system.change_shop(test=True)
    system.shop.place(an_old_order(1))
    system.shop.place(an_old_order(2, status="completed"))
    now = answered(system, "open_orders")
    (order,) = now["orders"]
    assert (order["number"], order["documents"], [english(planned) for planned in order["if_included"]]) == (
        "1",
        [],
        ["invoice 22.20 EUR"],
    )
    assert "was placed before" in english(order["message"])
    earlier = answered(system, "open_orders", since="2026-11-01")
    (planned,) = earlier["orders"][0]["documents"]
    assert (earlier["to_make"], english(planned)) == (1, "invoice 22.20 EUR")
    assert system.numbers() == []


def test_an_uploaded_logo_and_terms_are_stored_and_told(system: System) -> None:
    kept = answered(system, "save_logo", file=uploaded(system, "logo.png", a_logo()))["logo"]
    terms = answered(system, "save_attachment", file=uploaded(system, "Voorwaarden.pdf", a_pdf()))
    shop = system.connected.shop
    assert shop.branding.logo is not None
    assert (vars(shop.branding.logo), terms["attachment"]["name"]) == (kept, "Voorwaarden.pdf")
    assert branding.brand_of(system.services, shop).logo == a_logo()
    assert refused(system, "save_logo", file=uploaded(system, "x.png", b"no picture"))[0] == "logo_wrong"
    system.clock.move(hours=3)
    late = uploaded(system, "logo.png", a_logo())
    system.clock.move(hours=3)
    temporary.delete_expired(system.services.archive, now=system.clock.now)
    assert refused(system, "save_logo", file=late)[0] == "file_missing"


def test_going_live_says_which_open_orders_another_plugin_invoiced(system: System) -> None:
    system.change_shop(test=True)
    system.shop.place({**an_old_order(1), "meta_data": [{"id": 1, "key": "_wcpdf_invoice_number", "value": "240"}]})
    (order,) = answered(system, "open_orders", since="2026-11-01")["orders"]
    assert (order["documents"], order["if_included"]) == ([], [])
    assert "as 240 by the plugin" in english(order["message"])


def test_the_fields_of_the_shops_own_orders_are_shown_with_an_example(unchanged: System) -> None:
    metas = {"_klantcode_b2b": "BE0403170701", "_wc_order_attribution_source": "google"}
    unchanged.shop.place(an_old_order(8, metas=metas))
    found = {one["field"]: one for one in answered(unchanged, "seen_fields")["fields"]}
    assert (found["_klantcode_b2b"]["example"], found["_klantcode_b2b"]["orders"]) == ("BE0403170701", 1)
    assert "_wc_order_attribution_source" not in found
