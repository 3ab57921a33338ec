"""The button “Pay online”, against a pretend Mollie that loses and doubles its calls: what is asked for, and what is counted."""

import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bridge.customer import pay as pay_module
from tests.bridge.customer.test_document import paid, text_of, token_of
from tests.bridge.dashboard.test_pages import admin
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_credit_note_for, settings_for
from tests.support.factories import an_order
from worker import serializers
from worker.actions import documents as document_actions
from worker.demo.pretend_mollie import KEY, LIVE_KEY, PretendMollie
from worker.domain.actor import Actor
from worker.domain.decision import Decision
from worker.domain.document import Document, Kind, PaymentInstructions
from worker.domain.order import OrderKey
from worker.domain.payment import PaymentSource, Prepayment, Receipt
from worker.domain.payment_method import Means
from worker.domain.shop import BrandingSettings, MollieSettings, StoredFile
from worker.errors import Rejected
from worker.net import mollie_hook
from worker.net.mollie_key import Mode
from worker.store import alerts, orders, payment_attempts, payment_rows, payments, shops, tasks
from worker.store.database.encryption import Encryption
from worker.store.files.archive import Archive
from worker.store.orders import OrderState
from worker.store.payment_rows import Payment
from worker.store.queries import order_history

SORRY = "Online betalen lukt op dit moment niet, en er werd niets afgehouden."


@pytest.fixture
def twin() -> Iterator[PretendMollie]:
    with PretendMollie(calls=False) as here:
        yield here


@pytest.fixture
def app(database_url: str, tmp_path: Path, twin: PretendMollie) -> Iterator[BridgeApp]:
    """A live shop that is connected with Mollie, on each kind of database."""
    made = BridgeApp(settings_for(database_url, tmp_path, mollie_url=twin.url))
    made.add_shop()
    connect(made, MollieSettings(Mode.LIVE), LIVE_KEY)
    yield made
    made.close()


def connect(app: BridgeApp, mollie: MollieSettings, key: str, **changes: Any) -> None:
    encryption = Encryption(app.settings.secret_keys)
    with app.store.write() as connection:
        found = shops.get(connection, encryption, SHOP)
        shops.change(connection, replace(found.shop, mollie=mollie, **changes))
        shops.change_secrets(connection, encryption, SHOP, replace(found.secrets, mollie_key=key))


def press(app: BridgeApp, document: Document, **headers: str) -> TestResponse:
    return app.client.post(f"/d/{token_of(document)}/pay", headers=headers)


def chosen(app: BridgeApp, twin: PretendMollie, document: Document, status: str) -> str:
    """Press the button, and choose on the pay screen. Returns Mollie's id."""
    number = press(app, document).headers["Location"].rsplit("/", 1)[1]
    twin.become(number, status)
    return number


def returned(app: BridgeApp, document: Document) -> str:
    """What the buyer reads who comes back; a while later, so that Mollie is asked."""
    app.now += timedelta(seconds=5)
    return app.client.get(f"/d/{token_of(document)}/back").text


def money(app: BridgeApp, document: Document) -> tuple[Payment, ...]:
    with app.store.read() as connection:
        key = OrderKey(SHOP, document.draft.order_id, document.draft.order_key)
        return tuple(payment_rows.standing(connection, key))


def test_the_button_sends_the_buyer_to_mollie_for_what_is_open_now(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue()
    app.issue(number="C2026-00001", sequence=1, **a_credit_note_for(document, "2.20"))

    answer = press(app, document)

    (made,) = twin.payments.values()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{twin.url}/screen/{made['id']}")
    page = f"https://documents.example/d/{token_of(document)}"
    told = ("amount", "description", "redirectUrl", "cancelUrl", "webhookUrl", "metadata")
    assert {name: made[name] for name in told} == {
        "amount": {"currency": "EUR", "value": "20.00"},
        "description": "Factuur F2026-00017",
        "redirectUrl": f"{page}/back",
        "cancelUrl": page,
        "webhookUrl": mollie_hook.url("https://documents.example", app.settings.secret_keys, SHOP),
        "metadata": {"shop": SHOP, "order": 238, "document": document.document_id, "attempt": 1},
    }


def test_opening_the_page_creates_nothing_however_often(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue()
    address = f"/d/{token_of(document)}"

    for _ in range(3):
        page = app.client.get(address)
        again = app.client.get(f"{address}/pay")
    assert f'<form class="actions" method="post" action="{address}/pay">' in page.text
    assert (again.status_code, again.headers["Location"]) == (303, address)
    assert "form-action 'self' https:" in page.headers["Content-Security-Policy"]
    assert (twin.asked, money(app, document)) == ([], ())


def test_pressing_again_uses_the_same_payment_and_a_failed_one_is_followed_by_another(
    app: BridgeApp, twin: PretendMollie
) -> None:
    document = app.issue()
    first = press(app, document).headers["Location"]
    assert press(app, document).headers["Location"] == first

    twin.become(first.rsplit("/", 1)[1], "failed")
    assert press(app, document).headers["Location"] != first
    assert (len(twin.payments), money(app, document)) == (2, ())


@pytest.mark.parametrize("outcome", ["failed", "canceled", "expired"])
def test_an_attempt_that_comes_to_nothing_changes_nothing_and_the_buyer_is_told(
    app: BridgeApp, twin: PretendMollie, outcome: str
) -> None:
    document = app.issue()
    before = text_of(app.client.get(f"/d/{token_of(document)}").text)
    chosen(app, twin, document, outcome)

    page = returned(app, document)

    assert "De betaling werd niet afgerond, en er werd niets afgehouden." in page
    assert f"/d/{token_of(document)}/pay" in page
    assert money(app, document) == ()
    assert text_of(app.client.get(f"/d/{token_of(document)}").text) == before


def test_a_lost_call_is_made_good_by_the_buyers_return(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue()
    number = chosen(app, twin, document, "paid")

    page = returned(app, document)

    (payment,) = money(app, document)
    assert (payment.amount, payment.currency, payment.source) == (Decimal("22.20"), "EUR", PaymentSource.MOLLIE)
    assert (payment.method, payment.reference, payment.outside_ref) == ("Bancontact", number, number)
    assert "Betaald op" in page
    assert "/pay" not in page
    assert "refresh" not in page


@pytest.mark.each_database
def test_a_payment_is_counted_once_whoever_tells_of_it_and_at_one_moment(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue()
    chosen(app, twin, document, "paid")
    app.now += timedelta(seconds=5)
    bridges = [app.client.application.test_client() for _ in range(4)]
    address = f"/d/{token_of(document)}/back"
    ready = threading.Barrier(len(bridges))

    def come_back(number: int) -> None:
        ready.wait()
        bridges[number].get(address)

    together = [threading.Thread(target=come_back, args=(number,)) for number in range(len(bridges))]
    for one in together:
        one.start()
    for one in together:
        one.join()
    returned(app, document)

    assert [payment.amount for payment in money(app, document)] == [Decimal("22.20")]


def test_a_payment_under_way_is_not_asked_for_twice(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue()
    number = press(app, document).headers["Location"].rsplit("/", 1)[1]
    twin.payments[number]["status"] = "pending"

    page = returned(app, document)

    assert "Je betaling is nog niet bevestigd." in page
    assert 'http-equiv="refresh"' in page
    assert ("/pay" in page, "BE71" in page) == (False, False)
    assert press(app, document).headers["Location"] == f"/d/{token_of(document)}/back"
    assert "Je betaling is onderweg" in app.client.get(f"/d/{token_of(document)}").text


def test_an_open_attempt_of_another_amount_is_taken_back_where_it_can_be(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue()
    old = press(app, document).headers["Location"].rsplit("/", 1)[1]
    twin.payments[old]["isCancelable"] = True
    app.issue(number="C2026-00001", sequence=1, **a_credit_note_for(document, "2.20"))

    new = press(app, document).headers["Location"].rsplit("/", 1)[1]

    assert twin.payments[old]["status"] == "canceled"
    assert twin.payments[new]["amount"]["value"] == "20.00"


@pytest.mark.each_database
def test_paid_in_an_old_tab_once_more_is_counted_and_nothing_is_lost(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue()
    old = press(app, document).headers["Location"].rsplit("/", 1)[1]
    paid(app, document)
    twin.become(old, "paid")

    returned(app, document)

    assert [payment.amount for payment in money(app, document)] == [Decimal("22.20"), Decimal("22.20")]


def test_a_lost_answer_is_asked_for_again_under_the_same_key(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue()
    twin.faults = ["after"]
    lost = press(app, document)
    assert (lost.status_code, SORRY in lost.text) == (503, True)

    assert press(app, document).status_code == 303
    assert len(twin.payments) == 1


@pytest.mark.parametrize("fault", ["before", "500", "503", "429"])
def test_while_mollie_is_away_the_buyer_reads_a_sentence_and_the_account(
    app: BridgeApp, twin: PretendMollie, fault: str
) -> None:
    document = app.issue()
    twin.faults = [fault]

    answer = press(app, document)

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert SORRY in answer.text
    assert "BE71 0961 2345 6769" in text_of(answer.text)
    with app.store.read() as connection:
        assert alerts.open_alerts(connection, SHOP) == ()
    assert press(app, document).status_code == 303


def test_a_key_that_mollie_no_longer_takes_is_told_to_the_owner_until_it_works(
    app: BridgeApp, twin: PretendMollie
) -> None:
    document = app.issue()
    twin.faults = ["401"]
    assert SORRY in press(app, document).text
    with app.store.read() as connection:
        (alert,) = alerts.open_alerts(connection, SHOP)
    assert "A customer could not pay online: Mollie does not take the API key." in str(alert.message)

    press(app, document)
    with app.store.read() as connection:
        assert alerts.open_alerts(connection, SHOP) == ()


def test_who_asks_while_enough_others_do_is_told_at_once(
    app: BridgeApp, twin: PretendMollie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pay_module, "ASKING", threading.BoundedSemaphore(1))
    pay_module.ASKING.acquire()

    assert SORRY in press(app, app.issue()).text
    assert twin.asked == []


def test_nobody_presses_the_button_without_end(
    app: BridgeApp, twin: PretendMollie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pay_module, "MOST_OF_DOCUMENT", 3)
    document = app.issue()

    answers = [press(app, document).status_code for _ in range(5)]

    assert answers == [303, 303, 303, 429, 429]
    assert len(twin.payments) == 1


def test_another_site_cannot_press_it(app: BridgeApp, twin: PretendMollie) -> None:
    answer = press(app, app.issue(), **{"Sec-Fetch-Site": "cross-site"})
    assert answer.headers["Location"].startswith("/d/")
    assert twin.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"payment": PaymentInstructions(means=Means.ON_DELIVERY)},
        {"payment": PaymentInstructions(means=Means.PROVIDER_TRANSFER, provider="Mollie")},
        {"payment": None},
        {"kind": Kind.DELIVERY_NOTE},
        {"test": True},  # a live key takes real money
    ],
)
def test_what_asks_for_no_money_here_has_no_button_and_takes_none(
    app: BridgeApp, twin: PretendMollie, changes: dict[str, Any]
) -> None:
    document = app.issue(**changes)

    assert "/pay" not in app.client.get(f"/d/{token_of(document)}").text
    assert press(app, document).headers["Location"] == f"/d/{token_of(document)}"
    assert twin.asked == []


@pytest.mark.parametrize(("status", "is_asked"), [("cancelled", False), ("refunded", False), ("trash", True)])
def test_an_order_that_is_off_is_not_paid(app: BridgeApp, twin: PretendMollie, status: str, is_asked: bool) -> None:
    """One that was only tidied away is, as its invoice stands."""
    document = app.issue()
    with app.store.write() as connection:
        state = OrderState(paid_at=None, decision=Decision(rule_results=(), flags=()))
        order = an_order(status=status, order_key=document.draft.order_key)
        orders.save(connection, SHOP, order, state, as_of=NOW)

    press(app, document)
    assert bool(twin.asked) == is_asked


def test_an_expired_or_withdrawn_link_pays_nothing(app: BridgeApp, twin: PretendMollie) -> None:
    token = token_of(app.issue(), lifetime=timedelta(days=-1))
    assert app.client.post(f"/d/{token}/pay").status_code == HTTPStatus.GONE
    assert app.client.post("/d/x/pay").status_code == HTTPStatus.NOT_FOUND
    assert twin.asked == []


def test_a_shop_in_test_is_paid_with_test_money(app: BridgeApp, twin: PretendMollie) -> None:
    connect(app, MollieSettings(Mode.TEST), KEY, test=True)
    document = app.issue(test=True)
    chosen(app, twin, document, "paid")

    page = returned(app, document)

    assert "Betaald op" in page
    assert not money(app, document)  # its order may be invoiced in earnest afterwards
    with app.store.write() as connection, pytest.raises(Rejected, match="is a test"):
        document_actions.mark_paid(
            connection, document.shop_id, document.document_id, on=NOW.date(), by=Actor("An", NOW)
        )


@pytest.mark.parametrize(
    ("status", "told"), [("expired", (["19,60"], "19.60", "not paid")), ("paid", ([], "0.00", "paid"))]
)
def test_what_a_gift_card_left_of_a_test_is_told_alike_behind_its_link_by_a_program_and_in_the_list(
    app: BridgeApp, twin: PretendMollie, status: str, told: tuple[list[str], str, str]
) -> None:
    connect(app, MollieSettings(Mode.TEST), KEY, test=True)
    document = app.issue(test=True, prepaid=(Prepayment(Decimal("2.60"), name="Cadeaubon"),))
    chosen(app, twin, document, status)

    page = re.findall(r'"money total"><dt>Nog te betalen</dt><dd>€.([\d,]+)', returned(app, document))
    with app.store.read() as connection:
        (item,) = order_history.listing(connection, shop_id=SHOP)
    *_, listed = re.findall(r"(?:not )?paid(?=</span>)", admin(app).get(f"/s/{SHOP}/documents").text)

    assert (page, serializers.document(item)["open"], listed) == told


def test_a_test_that_was_charged_back_and_credited_is_not_told_to_be_paid(app: BridgeApp, twin: PretendMollie) -> None:
    connect(app, MollieSettings(Mode.TEST), KEY, test=True)
    document = app.issue(test=True)
    twin.give_back(chosen(app, twin, document, "paid"), "22.20", chargeback=True)
    app.issue(number="TEST-C1", sequence=2, test=True, **a_credit_note_for(document))

    page = returned(app, document)

    assert ("Gecrediteerd" in page, "Betaald op" in page) == (True, False)


def test_a_confirmation_is_paid_before_there_is_an_invoice(app: BridgeApp, twin: PretendMollie) -> None:
    confirmation = app.issue(number="B2026-00001", kind=Kind.ORDER_CONFIRMATION)
    chosen(app, twin, confirmation, "paid")

    page = returned(app, confirmation)

    assert "Betaald op" in page
    assert [payment.amount for payment in money(app, confirmation)] == [Decimal("22.20")]


def test_a_currency_without_cents_is_asked_for_without(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue(currency="JPY", total=Decimal("1500.00"), net=Decimal("1500.00"), vat=Decimal("0.00"))
    press(app, document)
    (made,) = twin.payments.values()
    assert made["amount"] == {"currency": "JPY", "value": "1500"}


def test_only_the_methods_that_the_owner_chose_are_offered(app: BridgeApp, twin: PretendMollie) -> None:
    connect(app, MollieSettings(Mode.LIVE, methods=("bancontact",)), LIVE_KEY)
    press(app, app.issue())
    (made,) = twin.payments.values()
    assert made["method"] == "bancontact"


def test_nothing_is_asked_of_an_account_that_has_no_such_payment_any_more(app: BridgeApp, twin: PretendMollie) -> None:
    document = app.issue()
    press(app, document)
    twin.payments.clear()  # another account's key
    assert press(app, document).status_code == 303
    with app.store.read() as connection:
        last = payment_attempts.latest(connection, document.document_id)
    assert last is not None
    assert (last.attempt_id, last.status) == (2, "open")


# Mollie's call


def call(app: BridgeApp, secret: str = "", **form: str) -> TestResponse:
    address = mollie_hook.url("", app.settings.secret_keys, SHOP)
    return app.client.post(f"/hooks/mollie/{secret}" if secret else address, data=form)


def followed(app: BridgeApp) -> list[Any]:
    """The payments that the worker is to ask about."""
    found = []
    with app.store.read() as connection:
        for task_id in range(1, 9):
            task = tasks.find(connection, task_id)
            found += [(task.kind, task.shop_id, dict(task.argument))] if task else []
    return found


def test_a_call_has_the_worker_ask_once_however_often_it_comes(app: BridgeApp) -> None:
    assert [call(app, id="tr_7UhSN1zuXS").status_code for _ in range(3)] == [200, 200, 200]
    assert call(app, id="tr_other").status_code == 200
    assert followed(app) == [
        ("follow_payment", SHOP, {"payment": "tr_7UhSN1zuXS"}),
        ("follow_payment", SHOP, {"payment": "tr_other"}),
    ]


@pytest.mark.parametrize(
    ("secret", "form"),
    [
        ("made-up", {"id": "tr_7UhSN1zuXS"}),
        (SHOP, {"id": "tr_7UhSN1zuXS"}),
        ("", {"id": "pl_7UhSN1zuXS"}),
        ("", {"id": "tr_" + "x" * 100}),
        ("", {"id": "../../v2/methods"}),
        ("", {"id": "tr_1\x00"}),
        ("", {"payment": "tr_1"}),
        ("", {}),
    ],
)
def test_a_forged_call_is_answered_alike_and_causes_nothing(app: BridgeApp, secret: str, form: dict[str, str]) -> None:
    answer = call(app, secret, **form)
    assert (answer.status_code, answer.data) == (200, b"")
    assert followed(app) == []


# The codes


def test_the_code_asks_for_what_is_open_now_and_values_can_be_copied(app: BridgeApp) -> None:
    document = app.issue()
    app.issue(number="C2026-00001", sequence=1, **a_credit_note_for(document, "2.20"))

    page = app.client.get(f"/d/{token_of(document)}").text

    assert 'alt="QR-code om € 20,00 te betalen"' in page.replace("\N{NO-BREAK SPACE}", " ")
    copied = re.findall(r'data-copy="([^"]+)"', page)
    assert copied == ["20.00", "Bakkerij Janssens BV", "BE71096123456769", "+++090/0000/23856+++"]
    assert "Bancontact Pay" not in page


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.PAYMENT_REQUEST])
def test_who_paid_a_part_reads_what_came_and_what_is_left(app: BridgeApp, kind: Kind) -> None:
    document = app.issue(kind=kind)
    with app.store.write() as connection:
        receipt = Receipt(NOW.date(), PaymentSource.BANK, "bank", outside_ref="B1")
        payments.receive(connection, document.order, Decimal("12.20"), receipt, now=NOW)

    page = text_of(app.client.get(f"/d/{token_of(document)}").text)

    said = " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())
    assert "Ontvangen € 12,20 Nog te betalen € 10,00" in said


def test_a_second_code_is_there_for_who_has_that_product(app: BridgeApp) -> None:
    connect(app, MollieSettings(Mode.LIVE), LIVE_KEY, bancontact_profile="0123456789abcdef01234567")
    page = app.client.get(f"/d/{token_of(app.issue())}").text
    assert page.count("<figure>") == 2
    assert "Bancontact Pay" in page


def test_the_page_carries_the_shops_logo_and_colour(app: BridgeApp) -> None:
    picture = b"\x89PNG picture"
    Archive(app.settings.archive).put("logos/1.png", picture)
    look = BrandingSettings("#ffd400", logo=StoredFile("logos/1.png", hashlib.sha256(picture).hexdigest(), "logo.png"))
    connect(app, MollieSettings(), "", branding=look)
    address = f"/d/{token_of(app.issue())}"

    page, logo, colour = (app.client.get(f"{address}{part}") for part in ("", "/logo", "/colour.css"))

    assert f'<img src="{address}/logo" alt="Bakkerij Janssens">' in page.text
    assert f'href="{address}/colour.css"' in page.text
    assert "img-src 'self' data:;" in page.headers["Content-Security-Policy"]
    assert (logo.data, logo.content_type) == (picture, "image/png")
    assert "background: #ffd400; border-color: #ffd400; color: #000000" in colour.text
    assert "--accent: var(--ink)" in colour.text  # no second colour beside the shop's
    assert app.client.get("/d/x/logo").status_code == HTTPStatus.NOT_FOUND


def test_a_shop_without_a_logo_has_none_at_that_address(app: BridgeApp) -> None:
    address = f"/d/{token_of(app.issue())}"
    assert app.client.get(f"{address}/logo").status_code == HTTPStatus.NOT_FOUND
    assert "/logo" not in app.client.get(address).text
