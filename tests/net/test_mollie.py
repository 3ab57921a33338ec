"""Mollie's API against a pretend one: what is asked, what is read, and in which sentence each refusal is told."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.scripted_server import HANG_UP, ScriptedServer, answer
from worker.demo.pretend_mollie import KEY, LIVE_KEY, PretendMollie
from worker.errors import FacturelayError, Rejected, Unavailable
from worker.net import mollie
from worker.net.mollie import Account, NewPayment
from worker.net.mollie_answer import Status
from worker.net.mollie_key import Mode, mode_of

NEW = NewPayment(
    "22.20", "EUR", "Factuur F2026-00017", "https://documents.example/d/x/back", "https://documents.example/d/x"
)


@pytest.fixture
def twin() -> Iterator[PretendMollie]:
    with PretendMollie() as here:
        yield here


def account_at(twin: PretendMollie, key: str = KEY) -> Account:
    return Account(key, twin.url)


def test_a_payment_is_asked_for_and_read_back(twin: PretendMollie) -> None:
    made = mollie.create(account_at(twin), replace(NEW, metadata={"document": 17}), idempotency_key="17-22.20-1")

    assert (made.status, made.amount, made.currency, made.mode) == (Status.OPEN, Decimal("22.20"), "EUR", Mode.TEST)
    assert made.checkout_url == f"{twin.url}/screen/{made.payment_id}"
    twin.become(made.payment_id, "paid")
    paid = mollie.payment(account_at(twin), made.payment_id)
    assert (paid.status, paid.checkout_url, dict(paid.metadata)) == (Status.PAID, "", {"document": 17})
    assert paid.refunded == Decimal("0.00")
    assert paid.paid_at is not None


def test_the_same_key_makes_one_payment_and_another_amount_under_it_is_refused(twin: PretendMollie) -> None:
    first = mollie.create(account_at(twin), NEW, idempotency_key="17-22.20-1")

    assert mollie.create(account_at(twin), NEW, idempotency_key="17-22.20-1") == first
    with pytest.raises(Rejected, match="other parameters"):
        mollie.create(account_at(twin), replace(NEW, value="10.00"), idempotency_key="17-22.20-1")
    assert len(twin.payments) == 1


def test_refunds_and_chargebacks_are_amounts_beside_a_status_that_stays(twin: PretendMollie) -> None:
    made = mollie.create(account_at(twin), NEW, idempotency_key="a")
    twin.become(made.payment_id, "paid")
    twin.give_back(made.payment_id, "2.20")
    twin.give_back(made.payment_id, "20.00", chargeback=True)

    found = mollie.payment(account_at(twin), made.payment_id)
    assert (found.status, found.refunded, found.charged_back) == (Status.PAID, Decimal("2.20"), Decimal("20.00"))


def test_only_what_can_be_taken_back_is(twin: PretendMollie) -> None:
    made = mollie.create(account_at(twin), NEW, idempotency_key="a")
    with pytest.raises(Rejected, match="cannot be canceled"):
        mollie.cancel(account_at(twin), made.payment_id)

    twin.payments[made.payment_id]["isCancelable"] = True
    assert mollie.cancel(account_at(twin), made.payment_id).status is Status.CANCELED


def test_the_methods_that_are_on_show_that_the_key_works(twin: PretendMollie) -> None:
    assert mollie.methods(account_at(twin)) == ("Bancontact", "iDEAL", "Credit card", "KBC/CBC")
    with pytest.raises(Rejected, match="does not take the API key"):
        mollie.methods(account_at(twin, "test_wrongwrongwrongwrongwrong"))


def test_the_two_worlds_do_not_know_each_others_payments(twin: PretendMollie) -> None:
    made = mollie.create(account_at(twin), NEW, idempotency_key="a")
    with pytest.raises(Rejected, match="no such payment"):
        mollie.payment(account_at(twin, LIVE_KEY), made.payment_id)


@pytest.mark.parametrize(
    ("key", "mode"),
    [
        (KEY, Mode.TEST),
        (LIVE_KEY, Mode.LIVE),
        ("", None),
        ("live_short", None),
        (f" {KEY}", None),
        ("sk_test_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM", None),
        (f"{KEY}\n", None),
    ],
)
def test_a_key_says_by_its_beginning_which_world_it_opens(key: str, mode: Mode | None) -> None:
    assert mode_of(key) is mode


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (answer(401), Rejected, "mollie_key"),
        (answer(403), Rejected, "mollie_key"),
        (answer(404), Rejected, "mollie_unknown"),
        (answer(410), Rejected, "mollie_gone"),
        (answer(422, b'{"detail":"The amount is too high","field":"amount"}'), Rejected, "mollie_refused"),
        (answer(409), Unavailable, "mollie_busy"),
        (answer(429, headers=["Retry-After: 40"]), Unavailable, "mollie_busy"),
        (answer(500), Unavailable, "mollie_away"),
        (answer(503, b"<html>"), Unavailable, "mollie_away"),
        (answer(302, headers=["Location: http://127.0.0.1:1/"]), Unavailable, "mollie_away"),
        (answer(200, b"[]"), Unavailable, "mollie_away"),
        (answer(200, b"{}"), Unavailable, "mollie_unreadable"),
        (answer(200, b'{"id":"tr_1","status":"new","mode":"live"}'), Unavailable, "mollie_unreadable"),
        (
            answer(200, b'{"id":"tr_1","status":"paid","mode":"live","amount":{"value":"NaN","currency":"EUR"}}'),
            Unavailable,
            "mollie_unreadable",
        ),
        (HANG_UP, Unavailable, "mollie_away"),
    ],
)
def test_each_refusal_is_a_sentence_and_asked_once(said: bytes, kind: type[FacturelayError], code: str) -> None:
    with ScriptedServer([said]) as server:
        with pytest.raises(kind) as refused:
            mollie.payment(Account(KEY, server.url), "tr_1")
        assert len(server.asked) == 1
    assert refused.value.code == code
    assert str(refused.value.message).endswith(".")
    assert KEY not in str(refused.value.message)


def test_a_refused_field_is_named_with_mollies_own_words() -> None:
    said = answer(422, b'{"detail":"The amount is higher than the maximum","field":"amount"}')
    with (
        ScriptedServer([said]) as server,
        pytest.raises(Rejected, match=r"The amount is higher than the maximum \(amount\)\."),
    ):
        mollie.payment(Account(KEY, server.url), "tr_1")


def test_a_busy_mollie_is_asked_again_when_it_says() -> None:
    with ScriptedServer([answer(429, headers=["Retry-After: 40"])]) as server, pytest.raises(Unavailable) as later:
        mollie.payment(Account(KEY, server.url), "tr_1")
    assert later.value.retry_after_s == 40


def test_nobody_listening_is_said_as_such() -> None:
    with pytest.raises(Unavailable, match="Mollie does not answer"):
        mollie.payment(Account(KEY, "http://127.0.0.1:1"), "tr_1")


def test_a_checkout_that_is_no_web_address_is_none() -> None:
    told = (
        b'{"id":"tr_1","status":"open","mode":"test","amount":{"value":"1.00","currency":"EUR"},'
        b'"_links":{"checkout":{"href":"javascript:alert(1)"}}}'
    )
    with ScriptedServer([answer(200, told)]) as server:
        assert mollie.payment(Account(KEY, server.url), "tr_1").checkout_url == ""
