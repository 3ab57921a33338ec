"""What Mollie's calls, lost, late and doubled, come to in the books; and what is told to the owner of money that goes back."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.bridge_app import settings_for
from tests.support.issued import NOW, a_draft, issue, opened
from worker.demo.pretend_mollie import LIVE_KEY, PretendMollie
from worker.domain.document import Document, Draft, PaymentInstructions
from worker.domain.money import ZERO
from worker.domain.order import OrderKey
from worker.domain.payment import OrderBalance
from worker.domain.shop import MollieSettings, Shop
from worker.errors import Rejected, Unavailable
from worker.net import mollie
from worker.net.mollie import Account, NewPayment
from worker.net.mollie_key import Mode
from worker.payments.mollie import FOLLOWED, follow, sweep
from worker.sending.customer_link import link_of
from worker.sending.pdf import with_pay_link
from worker.services import Services
from worker.store import alerts, audit_trail, payment_attempts, payment_rows, shops
from worker.store.database.engine import Store
from worker.store.queries import order_balance
from worker.store.shops import ConnectedShop
from worker.store.tasks import Task
from worker.tasks.mollie import follow_payment


@dataclass
class Till:
    """A live shop with an unpaid invoice of 15.00, connected with a pretend Mollie."""

    store: Store
    services: Services
    twin: PretendMollie
    shop: Shop
    document: Document
    now: datetime = NOW

    @property
    def connected(self) -> ConnectedShop:
        return self.services.connected(self.shop.shop_id)

    @property
    def order(self) -> OrderKey:
        draft = self.document.draft
        return OrderKey(self.shop.shop_id, draft.order_id, draft.order_key)

    def attempt(self, value: str = "15.00", *, answered: bool = True) -> str:
        """The buyer pressed the button. Returns Mollie's id."""
        with self.store.write() as connection:
            begun = payment_attempts.begin(connection, self.document, Decimal(value), now=self.now)
        metadata: dict[str, str | int] = {"shop": self.shop.shop_id, "attempt": begun.attempt_id}
        new = NewPayment(value, "EUR", "Invoice", "https://x.test/back", "https://x.test", metadata=metadata)
        said = mollie.create(Account(LIVE_KEY, self.twin.url), new, idempotency_key=begun.idempotency_key)
        if answered:
            with self.store.write() as connection:
                payment_attempts.save(connection, begun.attempt_id, said, now=self.now)
        return said.payment_id

    def paid(self, value: str = "15.00") -> str:
        number = self.attempt(value)
        self.twin.become(number, "paid")
        follow(self.services, self.connected, number)
        return number

    def standing(self) -> list[Decimal]:
        with self.store.read() as connection:
            return [payment.amount for payment in payment_rows.standing(connection, self.order)]

    def balance(self) -> OrderBalance:
        with self.store.read() as connection:
            found = order_balance.of_order(connection, self.order)
        assert found is not None
        return found

    def told(self) -> list[str]:
        with self.store.read() as connection:
            entries = audit_trail.of_order(connection, self.shop.shop_id, self.document.draft.order_id)
        return [entry.code for entry in entries if entry.actor == "Mollie"]

    def alerts(self) -> list[str]:
        with self.store.read() as connection:
            return [str(one.message) for one in alerts.open_alerts(connection, self.shop.shop_id)]


def an_unpaid_draft() -> Draft:
    payment = PaymentInstructions("090000023856", iban="BE71096123456769", beneficiary="Bakkerij Janssens BV")
    return replace(a_draft(238), paid_on=None, payment=payment)


@pytest.fixture
def till(database_url: str, tmp_path: Path) -> Iterator[Till]:
    store, shop = opened(database_url)
    with PretendMollie(calls=False) as twin:
        settings = settings_for(database_url, tmp_path, secret_keys=("k" * 32,), mollie_url=twin.url)
        document = issue(store, shop, an_unpaid_draft())
        here = Till(store, Services(settings), twin, shop, document)
        here.services = Services(settings, now=lambda: here.now)
        with store.write() as connection:
            found = shops.get(connection, here.services.encryption, shop.shop_id)
            shops.change(connection, replace(found.shop, mollie=MollieSettings(Mode.LIVE)))
            secrets = replace(found.secrets, mollie_key=LIVE_KEY)
            shops.change_secrets(connection, here.services.encryption, shop.shop_id, secrets)
        yield here
        here.services.store.close()
    store.close()


def test_a_call_that_comes_twice_or_late_counts_once(till: Till) -> None:
    number = till.attempt()
    follow(till.services, till.connected, number)
    assert till.standing() == []

    till.twin.become(number, "paid")
    for _ in range(3):
        assert follow(till.services, till.connected, number)
    till.now += timedelta(days=2)
    follow(till.services, till.connected, number)

    assert (till.standing(), till.balance().open, till.told()) == ([Decimal("15.00")], ZERO, ["paid_online"])


@pytest.mark.each_database
def test_calls_at_one_moment_count_once(till: Till) -> None:
    number = till.attempt()
    till.twin.become(number, "paid")
    ready = threading.Barrier(4)

    def at_once() -> None:
        ready.wait()
        follow(till.services, till.connected, number)

    together = [threading.Thread(target=at_once) for _ in range(4)]
    for one in together:
        one.start()
    for one in together:
        one.join()

    assert (till.standing(), till.told()) == ([Decimal("15.00")], ["paid_online"])


def test_a_lost_call_is_found_by_the_sweep_which_asks_no_more_than_it_must(till: Till) -> None:
    number = till.attempt()
    till.twin.become(number, "paid")
    sweep(till.services, till.connected)
    assert till.standing() == []  # it was asked about just now

    till.now += timedelta(hours=1)
    sweep(till.services, till.connected)
    till.now += timedelta(hours=1)
    sweep(till.services, till.connected)

    assert till.standing() == [Decimal("15.00")]
    assert till.twin.asked == ["POST /v2/payments", f"GET /v2/payments/{number}"]


def test_what_is_too_old_to_be_paid_is_asked_about_no_more(till: Till) -> None:
    till.attempt()
    till.now += FOLLOWED
    sweep(till.services, till.connected)
    assert till.twin.asked == ["POST /v2/payments"]


@pytest.mark.each_database
def test_an_attempt_whose_answer_was_lost_is_known_by_what_we_told_mollie(till: Till) -> None:
    number = till.attempt(answered=False)
    till.twin.become(number, "paid")

    assert follow(till.services, till.connected, number)
    assert till.standing() == [Decimal("15.00")]


def test_another_shops_payment_and_a_made_up_one_are_left_alone(till: Till) -> None:
    account = Account(LIVE_KEY, till.twin.url)
    foreign = NewPayment(
        "15.00", "EUR", "x", "https://x.test", "https://x.test", metadata={"shop": "other", "attempt": 1}
    )
    number = mollie.create(account, foreign, idempotency_key="x").payment_id
    till.twin.become(number, "paid")

    assert not follow(till.services, till.connected, number)
    task = Task(1, till.shop.shop_id, "follow_payment", {"payment": "tr_madeup"}, "Mollie", NOW, "running", {})
    assert follow_payment(till.services, task) == {"known": False}
    assert till.standing() == []


@pytest.mark.parametrize("outcome", ["failed", "canceled", "expired"])
def test_what_comes_to_nothing_changes_nothing(till: Till, outcome: str) -> None:
    number = till.attempt()
    till.twin.become(number, outcome)
    follow(till.services, till.connected, number)
    assert (till.standing(), till.told(), till.alerts()) == ([], [], [])


def test_paid_while_nothing_was_open_is_counted_and_shows_as_too_much(till: Till) -> None:
    till.paid()
    till.paid()
    balance = till.balance()
    assert (till.standing(), balance.open, balance.excess) == ([Decimal("15.00")] * 2, ZERO, Decimal("15.00"))


def test_a_refund_at_mollie_leaves_what_it_still_has(till: Till) -> None:
    number = till.paid()
    for given_back, left in (("2.20", "12.80"), ("5.00", "10.00"), ("2.20", "12.80"), ("15.00", None)):
        till.now += timedelta(minutes=1)
        till.twin.give_back(number, given_back)
        follow(till.services, till.connected, number)
        follow(till.services, till.connected, number)

        assert till.standing() == ([Decimal(left)] if left else [])
        assert till.balance().open == Decimal(given_back)
    assert till.told() == ["paid_online", *["money_went_back"] * 4]
    assert till.alerts() == []


def test_a_refund_of_what_was_paid_twice_takes_the_second_away(till: Till) -> None:
    till.paid()
    second = till.paid()
    till.twin.give_back(second, "15.00")
    follow(till.services, till.connected, second)
    balance = till.balance()
    assert (till.standing(), balance.open, balance.excess) == ([Decimal("15.00")], ZERO, ZERO)


def test_a_chargeback_opens_the_invoice_and_alerts_until_it_is_paid_another_way(till: Till) -> None:
    number = till.paid()
    till.twin.give_back(number, "15.00", chargeback=True)
    follow(till.services, till.connected, number)

    (alert,) = till.alerts()
    assert "The customer's bank took 15.00 EUR back of what was paid for F2026-00001 (order 238)" in alert
    assert till.balance().open == Decimal("15.00")
    sweep(till.services, till.connected)
    assert till.alerts() == [alert]

    till.paid()
    sweep(till.services, till.connected)
    assert till.alerts() == []


@pytest.mark.parametrize(("fault", "kind"), [("503", Unavailable), ("429", Unavailable), ("401", Rejected)])
def test_what_mollie_refuses_is_told_and_loses_nothing(till: Till, fault: str, kind: type[Exception]) -> None:
    number = till.attempt()
    till.twin.become(number, "paid")
    till.now += timedelta(hours=1)
    till.twin.faults = [fault]
    with pytest.raises(kind):
        sweep(till.services, till.connected)

    sweep(till.services, till.connected)
    assert till.standing() == [Decimal("15.00")]


def test_one_payment_of_another_account_does_not_stop_the_sweep(till: Till) -> None:
    gone, kept = till.attempt(), till.attempt("10.00")
    del till.twin.payments[gone]
    till.twin.become(kept, "paid")
    till.now += timedelta(hours=1)

    sweep(till.services, till.connected)

    assert till.standing() == [Decimal("10.00")]


def test_the_paper_leads_to_the_page_that_takes_the_payment_and_the_document_stays(till: Till) -> None:
    shop, document = till.connected.shop, till.document

    printed = with_pay_link(till.services, shop, document)

    assert printed.draft.payment is not None
    with till.services.store.read() as connection:
        assert printed.draft.payment.pay_url == link_of(connection, till.services, document)
    assert document.draft.payment is not None
    assert document.draft.payment.pay_url == ""
    assert with_pay_link(till.services, replace(shop, mollie=MollieSettings()), document) is document
