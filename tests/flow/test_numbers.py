"""Numbers on the whole walk: the books prove, nothing that happens later changes a document, and tests stay apart."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import text

from tests.flow.conftest import SELLER, START, House
from worker.accounting.verify import verify
from worker.actions.go_live import checklist, live
from worker.demo.orders import a_refund, an_order
from worker.domain.document import Kind, SendMode
from worker.domain.numbering import TEST_SERIES
from worker.domain.shop import DEFAULT_SERIES, Moment, Rule, Series, VatRegime
from worker.orders import history
from worker.store import shops

EVERY_KIND = (
    Rule(Kind.ORDER_CONFIRMATION, Moment.CREATED),
    Rule(Kind.DELIVERY_NOTE, Moment.PROCESSING),
    Rule(Kind.INVOICE, Moment.PAID),
)


def paid(order_id: int = 238, **overrides: object) -> dict[str, object]:
    return an_order(id=order_id, paid=True, **overrides)  # type: ignore[arg-type]  # overrides are the order's fields


def issued(house: House) -> list[dict[str, object]]:
    """Every stored byte that belongs to a document, and what the listing says of it; what became of it later left out."""
    with house.services.store.read() as connection:
        rows = [
            dict(row) for row in connection.execute(text("SELECT * FROM documents ORDER BY document_id")).mappings()
        ]
        rows += [dict(row) for row in connection.execute(text("SELECT * FROM register ORDER BY position")).mappings()]
    for item in house.documents():
        content = [house.services.archive.get(stored.path, sha256=stored.sha256) for stored in item.files]
        listed = {name: value for name, value in history.as_json(item).items() if name != "paid"}
        rows.append({**listed, "content": content})
    return rows


def damages(house: House) -> list[str]:
    return [damage.sentence for proof in verify(house.services) for damage in proof.damages]


def test_the_books_prove_with_every_kind_of_document(house: House) -> None:
    house.change_shop(rules=EVERY_KIND)
    order = paid(5)
    house.shop.place(order)
    house.shop.refund(5, a_refund(order, id=51, amount="10.00"))
    house.ring(house.shop.order(5) or {})
    house.work()
    house.arrives(paid(6))
    (proof,) = verify(house.services)
    assert (proof.documents, proof.files, proof.damages) == (7, 7, ())
    assert proof.head.position == 7


def test_nothing_that_happens_later_changes_what_is_issued(house: House) -> None:
    house.change_shop(rules=EVERY_KIND)
    house.arrives(paid(5))
    before = issued(house)
    house.change_shop(
        name="Another name",
        seller=replace(SELLER, name="Another company", vat_number="", iban="BE68539007547034"),
        series={**DEFAULT_SERIES, Kind.INVOICE: Series("other", "X{year}-{number}")},
        rules=(Rule(Kind.INVOICE, Moment.COMPLETED, SendMode.DRAFT),),
        language="fr",
        accent="#ff0000",
        vat_regime=VatRegime.SMALL_BUSINESS,
        payment_days=1,
        exchange_rates={"USD": Decimal(2)},
        test=True,
    )
    changed = paid(
        5, status="completed", customer_note="Another note", billing={"first_name": "Somebody", "city": "Elsewhere"}
    )
    house.clock.move(days=3)
    house.arrives(changed)
    house.shop.forget(5)
    house.ring(changed)
    house.work()
    assert issued(house) == before
    assert damages(house) == []


def test_a_shop_in_test_mails_its_tests_to_itself_and_keeps_them_out_of_the_register(house: House) -> None:
    house.change_shop(test=True)
    (made,) = house.arrives(paid(1))
    assert made.document is not None
    assert (made.document.number, made.document.series, made.draft.test) == ("TEST-00001", TEST_SERIES.name, True)
    (mail,) = house.mailbox.messages()
    assert mail.recipients == (SELLER.email,)
    (proof,) = verify(house.services)
    assert (proof.documents, proof.tests, proof.head.position, proof.damages) == (0, 1, 0, ())


def go_live(house: House) -> None:
    with house.services.store.write() as connection:
        shop = shops.connected(connection, house.services.vault, house.shop_id).shop
        checks = checklist(connection, shop, smtp_url="", mail_from="", now=house.clock.now)
        shops.change(connection, live(shop, checks, since=house.clock.now))


def test_after_going_live_the_orders_of_the_tests_stay_tests(house: House) -> None:
    house.change_shop(test=True)
    house.arrives(paid(1, created=START - timedelta(hours=1)))
    house.clock.move(minutes=1)
    go_live(house)
    house.clock.move(minutes=1)
    house.arrives(paid(1, created=START - timedelta(hours=1)))
    house.arrives(paid(2, created=house.clock.now))
    assert house.numbers() == ["TEST-00001", "F2026-00001"]
    assert damages(house) == []


def test_a_refund_of_a_test_is_a_test_after_going_live_too(house: House) -> None:
    order = paid(1)
    house.change_shop(test=True)
    house.arrives(order)
    house.change_shop(test=False)
    house.shop.refund(1, a_refund(order, id=51, amount="10.00"))
    house.ring(house.shop.order(1) or {})
    house.work()
    assert house.numbers() == ["TEST-00001", "TEST-00002"]
    assert [mail.recipients for mail in house.mailbox.messages()] == [(SELLER.email,)] * 2


def test_a_number_that_exists_stops_the_order_with_a_sentence(house: House) -> None:
    house.arrives(paid(1))
    house.change_shop(series={**DEFAULT_SERIES, Kind.INVOICE: Series("sales", "F{year}-{number:05d}")})
    assert house.arrives(paid(2)) == ()
    assert house.outcomes()[-1] == ("failed", "number_exists")
    assert "would be given a second time" in house.trail(2).events[-1].sentence
    assert damages(house) == []
