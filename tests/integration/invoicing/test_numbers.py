"""Numbers from order to mail: the register verifies, nothing that happens later changes a document, and tests stay apart."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from tests.support.system import SELLER, START, System
from worker import serializers
from worker.accounting.verify import verify
from worker.actions.go_live import checklist, make_live
from worker.demo.orders import a_refund, an_order
from worker.domain.document import Kind, SendMode
from worker.domain.numbering import TEST_SERIES
from worker.domain.rules import Rule, Trigger
from worker.domain.shop import DEFAULT_SERIES, BrandingSettings, NumberingSettings, Series, VatRegime, VatSettings
from worker.store import shops

pytestmark = pytest.mark.each_database

EVERY_KIND = (
    Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED),
    Rule(Kind.DELIVERY_NOTE, Trigger.PROCESSING),
    Rule(Kind.INVOICE, Trigger.PAID),
)


def paid(order_id: int = 238, **overrides: object) -> dict[str, object]:
    return an_order(id=order_id, paid=True, **overrides)  # type: ignore[arg-type]  # overrides are the order's fields


def issued(system: System) -> list[dict[str, object]]:
    """Every stored byte that belongs to a document, and what the listing says of it; what became of it later left out."""
    with system.services.store.read() as connection:
        rows = [
            dict(row) for row in connection.execute(text("SELECT * FROM documents ORDER BY document_id")).mappings()
        ]
        rows += [dict(row) for row in connection.execute(text("SELECT * FROM register ORDER BY position")).mappings()]
    for item in system.documents():
        content = [system.services.archive.get(stored.path, sha256=stored.sha256) for stored in item.files]
        listed = {name: value for name, value in serializers.document(item).items() if name not in ("paid", "paid_on")}
        rows.append({**listed, "content": content})
    return rows


def damages(system: System) -> list[str]:
    return [str(damage.message) for proof in verify(system.services) for damage in proof.damages]


def test_the_books_prove_with_every_kind_of_document(system: System) -> None:
    system.change_shop(rules=EVERY_KIND)
    order = paid(5)
    system.shop.place(order)
    system.shop.refund(5, a_refund(order, id=51, amount="10.00"))
    system.receive(system.shop.order(5) or {})
    system.work()
    system.arrives(paid(6))
    (proof,) = verify(system.services)
    assert (proof.documents, proof.files, proof.damages) == (7, 7, ())
    assert proof.head.position == 7


def test_nothing_that_happens_later_changes_what_is_issued(system: System) -> None:
    system.change_shop(rules=EVERY_KIND)
    system.arrives(paid(5))
    before = issued(system)
    system.change_shop(
        name="Another name",
        seller=replace(SELLER, name="Another company", vat_number="", iban="BE68539007547034"),
        numbering=NumberingSettings({**DEFAULT_SERIES, Kind.INVOICE: Series("other", "X{year}-{number}")}),
        rules=(Rule(Kind.INVOICE, Trigger.COMPLETED, SendMode.DRAFT),),
        language="fr",
        branding=BrandingSettings("#ff0000"),
        vat=VatSettings(VatRegime.SMALL_BUSINESS),
        payment_days=1,
        exchange_rates={"USD": Decimal(2)},
        test=True,
    )
    changed = paid(
        5, status="completed", customer_note="Another note", billing={"first_name": "Somebody", "city": "Elsewhere"}
    )
    system.clock.move(days=3)
    system.arrives(changed)
    system.shop.forget(5)
    system.receive(changed)
    system.work()
    assert issued(system) == before
    assert damages(system) == []


def test_a_shop_in_test_mails_its_tests_to_itself_and_keeps_them_out_of_the_register(system: System) -> None:
    system.change_shop(test=True)
    (made,) = system.arrives(paid(1))
    assert made.document is not None
    assert (made.document.number, made.document.series, made.draft.test) == ("TEST-00001", TEST_SERIES.name, True)
    (mail,) = system.mailbox.messages()
    assert mail.recipients == (SELLER.email,)
    (proof,) = verify(system.services)
    assert (proof.documents, proof.tests, proof.head.position, proof.damages) == (0, 1, 0, ())


def go_live(system: System) -> None:
    with system.services.store.write() as connection:
        shop = shops.get(connection, system.services.encryption, system.shop_id).shop
        checks = checklist(connection, shop, system.services, now=system.clock.now)
        shops.change(connection, make_live(shop, checks, since=system.clock.now))


def test_after_going_live_the_orders_of_the_tests_stay_tests(system: System) -> None:
    system.change_shop(test=True)
    system.arrives(paid(1, created=START - timedelta(hours=1)))
    system.clock.move(minutes=1)
    go_live(system)
    system.clock.move(minutes=1)
    system.arrives(paid(1, created=START - timedelta(hours=1)))
    system.arrives(paid(2, created=system.clock.now))
    assert system.numbers() == ["TEST-00001", "F2026-00001"]
    assert damages(system) == []


def test_a_refund_of_a_test_is_a_test_after_going_live_too(system: System) -> None:
    order = paid(1)
    system.change_shop(test=True)
    system.arrives(order)
    system.change_shop(test=False)
    system.shop.refund(1, a_refund(order, id=51, amount="10.00"))
    system.receive(system.shop.order(1) or {})
    system.work()
    assert system.numbers() == ["TEST-00001", "TEST-00002"]
    assert [mail.recipients for mail in system.mailbox.messages()] == [(SELLER.email,)] * 2


def test_a_number_that_exists_stops_the_order_with_a_message(system: System) -> None:
    system.arrives(paid(1))
    system.change_shop(
        numbering=NumberingSettings({**DEFAULT_SERIES, Kind.INVOICE: Series("sales", "F{year}-{number:05d}")})
    )
    assert system.arrives(paid(2)) == ()
    assert system.outcomes()[-1] == ("failed", "number_exists")
    assert "would be given a second time" in str(system.trail(2).audit_entries[-1].message)
    assert damages(system) == []
