"""Every cent that came in for an order is counted once, pays what is open, or is to be given back; and all who tell of it agree."""

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from bridge import create_app
from bridge.context import EXTENSION_NAME
from tests.support import due
from tests.support.system import System
from worker import serializers
from worker.actions import bank_lines
from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.demo.orders import Payload, a_refund, an_order
from worker.domain.credit_selection import CreditSelection
from worker.domain.document import ASKING, Document, Kind, StoredDraft
from worker.domain.document_money import DocumentMoney
from worker.domain.money import ZERO, total_of
from worker.domain.order import OrderKey
from worker.domain.order_changes import asks_another_total
from worker.domain.payment import REFUND, PaymentSource, Receipt
from worker.domain.rules import Rule
from worker.errors import Rejected
from worker.invoicing import manual
from worker.invoicing.manual import Credit, ManualDocument
from worker.invoicing.request import IssueAnswer
from worker.jobs.order import process_delivery
from worker.mail.customer_mail import Ways, compose
from worker.net import document_link
from worker.payments.settle import settle
from worker.store import (
    counters,
    document_balances,
    documents,
    order_money,
    orders,
    payment_rows,
    payment_shares,
    payments,
)
from worker.store.database import tables
from worker.store.database.tables import unpaid
from worker.store.queries import document_money, order_balance, order_history
from worker.store.queries.bank_claims import claim_of

pytestmark = pytest.mark.each_database

MUG = ("Koffiemok blauw", "MUG-1", 1, "10.00", "21")
order_ids = count(1000)
line_numbers = count(1)


@dataclass
class Sale:
    """One order as its shop and its bank know it, and what really *came* of its money, less what went back."""

    system: System = field(repr=False)
    by_hand: bool
    card: bool
    order_id: int = field(default_factory=lambda: next(order_ids))
    price: int = 1000
    came: Decimal = ZERO
    bank: list[tuple[int, Decimal]] = field(default_factory=list)
    refunded: Decimal = ZERO
    said: dict[str, Any] = field(default_factory=dict)
    is_edited: bool = False  # after it was paid
    unbrought: Decimal | None = None  # by the bank, of what the owner says came by transfer; None: he does not
    names: list[str] = field(default_factory=list)  # of what the bank told of
    is_cancelled: bool = False
    kept: set[str] = field(default_factory=set)  # the numbers of invoices of which the owner discarded the credit note

    def __post_init__(self) -> None:
        self.came = Decimal("5.00") if self.card else ZERO
        self.look()

    def payload(self) -> Payload:
        goods = (*MUG[:3], f"{Decimal(self.price).scaleb(-2)}", "21")
        cards = [("Cadeaubon ABC", "-5.00", None)] if self.card else []
        made: dict[str, Any] = {"status": "on-hold", "paid": False, "payment_method": "bacs"} | self.said
        if self.is_cancelled:
            made["status"] = "cancelled"
        return an_order(id=self.order_id, lines=[goods], fees=cards, shipping=None, **made)

    @property
    def key(self) -> OrderKey:
        return OrderKey(self.system.shop_id, self.order_id, str(self.payload()["order_key"]))

    def look(self) -> None:
        """Let the order be so in the shop, and look at it."""
        shop = self.system.shop
        before = shop.order(self.order_id) or {}
        placed = self.payload() | {"refunds": before.get("refunds", [])}
        shop.place(placed, shop.refunds(self.order_id) if before else ())
        self.process()

    def process(self) -> None:
        self.system.receive(self.system.shop.order(self.order_id) or {})
        with self.system.services.store.read() as connection:
            waiting = due.orders(connection, now=self.system.clock.now)
        for delivery_id in waiting:
            process_delivery(self.system.services, delivery_id)

    def invoices(self) -> list[Document]:
        with self.system.services.store.read() as connection:
            made = documents.history(connection, self.key.shop_id, self.key.order_id, self.key.order_key).documents
        return [one for one in made if one.draft.kind is Kind.INVOICE]

    # What may happen

    def bank_line(self, cents: int) -> None:
        """What is transferred now; or what the owner said of, as the bank tells of it."""
        amount, before = Decimal(cents).scaleb(-2), self.came
        if self.unbrought:
            amount, before, self.unbrought = self.unbrought, self.came - self.unbrought, ZERO
        elif self.unbrought is not None:
            return
        self.transferred(amount)
        self.came = before + amount

    def rest_by_transfer(self, cents: int) -> None:
        """A part of what an order costs more than its owner says came, days later; or all of that."""
        if self.unbrought is not None and self.rest > 0 and not self.invoices():
            self.system.clock.move(days=1)
            self.transferred(min(Decimal(cents).scaleb(-2), self.rest))

    def transferred(self, amount: Decimal) -> None:
        now = self.system.clock.now
        name = f"line-{next(line_numbers)}"  # of each its own: a name that is told of again is money that was counted
        receipt = Receipt(now.date(), PaymentSource.BANK, "bank", method="bacs", outside_ref=name)
        with self.system.services.store.write() as connection:
            payment_id = payments.receive(connection, self.key, amount, receipt, now=now)
        if payment_id is not None:
            self.bank.append((payment_id, amount))
            self.came += amount
            self.names.append(name)

    def told_twice(self, cents: int) -> None:
        """A file of the bank is read that was read before; of a line that was taken back since, too."""
        if self.names:
            now = self.system.clock.now
            receipt = Receipt(
                now.date(), PaymentSource.BANK, "bank", method="bacs", outside_ref=self.names[cents % len(self.names)]
            )
            with self.system.services.store.write() as connection:
                assert payments.receive(connection, self.key, Decimal(cents).scaleb(-2), receipt, now=now) is None

    def by_mollie(self, cents: int) -> None:
        """The buyer pays by the button of our page, whatever the bank brought."""
        now, name = self.system.clock.now, f"tr_{next(line_numbers)}"
        receipt = Receipt(
            now.date(), PaymentSource.MOLLIE, "Mollie", method="Bancontact", reference=name, outside_ref=name
        )
        with self.system.services.store.write() as connection:
            payments.receive(connection, self.key, Decimal(cents).scaleb(-2), receipt, now=now)
        self.came += Decimal(cents).scaleb(-2)

    def paid_back(self, cents: int) -> None:
        """The owner transfers back what came too much, or a part of it."""
        with self.system.services.store.read() as connection:
            balance = order_balance.of_order(connection, self.key)
        if balance is None or balance.excess <= 0 or self.refunded or self.unbrought is not None:
            return
        now, name = self.system.clock.now, f"line-{next(line_numbers)}"
        amount = min(Decimal(cents).scaleb(-2), balance.excess)
        receipt = Receipt(now.date(), PaymentSource.BANK, "bank", method=REFUND, outside_ref=name)
        with self.system.services.store.write() as connection:
            counters.lock(connection, self.key.shop_id)
            payments.give_back(connection, self.key, amount, receipt, now=now)
            order_money.flag_excess(connection, self.key)
        self.came -= amount
        self.bank.clear()  # none of it can be taken back any more

    def cancelled(self, _cents: int) -> None:
        """The shop cancels the order, of which it knows no money."""
        if not (self.said or self.refunded or self.is_cancelled):
            self.is_cancelled = True
            self.system.clock.move(minutes=1)
            self.look()

    def restored(self, _cents: int) -> None:
        if self.is_cancelled:
            self.is_cancelled = False
            self.kept.clear()  # cancelled once more, it is asked about anew
            self.system.clock.move(minutes=1)
            self.look()

    def waiting_note(self) -> StoredDraft | None:
        with self.system.services.store.read() as connection:
            made = documents.history(connection, self.key.shop_id, self.key.order_id, self.key.order_key)
        waiting = (one for one in made.drafts if one.draft.kind is Kind.CREDIT_NOTE and not one.discarded)
        return next(waiting, None)

    def note_discarded(self, _cents: int) -> None:
        waiting = self.waiting_note()
        if waiting:
            self.kept.add(self.invoices()[-1].number)
            self.system.act(document_actions.discard_draft, waiting.draft_id)

    def note_issued(self, _cents: int) -> None:
        waiting = self.waiting_note()
        if waiting:
            manual.issue_waiting_draft(
                self.system.services, waiting.draft_id, IssueAnswer(send=False), by=self.system.person
            )

    def taken_back(self, cents: int) -> None:
        if self.bank and self.unbrought is None:
            payment_id, amount = self.bank.pop(cents % len(self.bank))
            now = self.system.clock.now
            with self.system.services.store.write() as connection:
                payments.reverse(connection, payment_id, on=now.date(), by="An", now=now)
            self.came -= amount

    def paid_in_shop(self, _cents: int) -> None:
        """The buyer pays all of it on the shop's page."""
        if not self.said:
            self.is_cancelled = False
            self.kept.clear()
            self.came += Decimal(str(self.payload()["total"])) - self.refunded
            self.system.clock.move(minutes=1)
            day = self.system.clock.now.replace(tzinfo=None).isoformat()
            self.said = {
                "status": "processing", "payment_method": "mollie_wc_gateway_ideal", "transaction_id": f"tr_{self.order_id}",
                "date_paid": day, "date_paid_gmt": day,
            }  # fmt: skip
            self.look()

    def paid_by_transfer(self, _cents: int) -> None:
        """The owner says in the shop that all of it came by transfer, before the bank's file tells of it."""
        if not (self.said or self.refunded or self.is_cancelled) and self.rest > 0:
            self.unbrought = self.rest
            self.came += self.unbrought
            self.system.clock.move(minutes=1)
            day = self.system.clock.now.replace(tzinfo=None).isoformat()
            self.said = {"status": "processing", "date_paid": day, "date_paid_gmt": day}
            self.look()

    def put_back(self, _cents: int) -> None:
        """The buyer's bank takes back what he paid on the shop's page, and the shop waits for it again."""
        if self.said and self.unbrought is None and not (self.is_put_back or self.is_edited):
            self.came -= Decimal(str(self.payload()["total"])) - self.refunded
            self.system.clock.move(minutes=1)
            self.said["status"] = "on-hold"
            self.look()

    def paid_again(self, _cents: int) -> None:
        """The shop says so of the same payment: the buyer's bank gave it back, or it was never gone."""
        if self.is_put_back:
            self.came += Decimal(str(self.payload()["total"])) - self.refunded
            self.said["status"] = "processing"
            self.look()

    @property
    def rest(self) -> Decimal:
        """What of it did not come, and was not refunded; the card is no part of the shop's total."""
        by_card = Decimal("5.00") if self.card else ZERO
        return Decimal(str(self.payload()["total"])) + by_card - self.came - self.refunded

    @property
    def is_put_back(self) -> bool:
        return self.said.get("status") == "on-hold"

    def edited(self, cents: int) -> None:
        if not (self.refunded or self.is_put_back or self.is_cancelled):
            least = 600 if self.unbrought is None else self.price
            price = least + cents
            if self.said and abs(price - self.price) < 5:
                price = self.price + 5  # less may come of reckoning anew, and is asked by nobody
            self.price, self.is_edited = price, bool(self.said)
            self.look()

    def marked_by_mistake(self, _cents: int) -> None:
        """The owner says of the newest invoice that it was paid, and that it was not after all."""
        if (
            self.invoices() and not self.is_cancelled and self.invoices()[-1].draft.to_pay > self.refunded
        ):  # else nothing is left to mark
            mine, on = self.invoices()[-1].document_id, self.system.clock.now.date()
            if self.system.act(document_actions.mark_paid, mine, on=on):
                self.system.act(document_actions.mark_not_paid, mine, on=on)

    def invoiced(self, _cents: int) -> None:
        if not (self.invoices() or self.is_put_back or self.is_cancelled):  # which it asks about
            asked = ManualDocument(self.order_id, Kind.INVOICE, send=False, rest_paid=False)
            manual.issue_manual_document(self.system.services, self.key.shop_id, asked, by=self.system.person)

    def asked_by_hand(self, cents: int) -> None:
        """By a payment request or a confirmation, as far as there is none yet."""
        if not (self.invoices() or self.is_put_back or self.is_cancelled):
            asked = ManualDocument(self.order_id, ASKING[cents % 2], send=False, rest_paid=False)
            with suppress(Rejected):
                issue, by = manual.issue_manual_document, self.system.person
                made = issue(self.system.services, self.key.shop_id, asked, by=by).document_id
                self.check_paper(made)

    def check_paper(self, document_id: int) -> None:
        """What asks now says on paper what every page and the bank's lines are asked."""
        with self.system.services.store.read() as connection:
            document = documents.find(connection, document_id)
            assert document is not None
            money, balance = money_of(connection, document), order_balance.of_order(connection, self.key)
        assert (money.is_as_printed, money.credited) == (True, ZERO)
        assert balance is None or balance.open == money.to_pay

    def issued_again(self, _cents: int) -> None:
        made = self.invoices()
        if made and not (self.refunded or self.is_put_back or self.is_cancelled):
            again = Credit(issue_again=True, send=False, rest_paid=False)
            manual.credit(self.system.services, made[-1].document_id, again, by=self.system.person)

    def refund(self, cents: int) -> None:
        """The shop gives a part of the order back, by its provider; or lets it go, while nothing was paid."""
        made, whole = self.invoices(), Decimal(str(self.payload()["total"]))
        if (
            self.refunded
            or self.is_cancelled
            or self.unbrought is not None
            or (not self.said and (self.came or self.bank))
        ):
            return
        if made and made[-1].draft.total - made[-1].draft.by_card != whole:
            return  # what went back of an order that is to be issued again is counted once it is
        if made:
            whole = min(made[-1].draft.to_pay or made[-1].draft.total, whole)
        amount = min(Decimal(cents).scaleb(-2), whole)
        if self.card and amount == whole:
            return  # whether the card is given back too is asked of a person
        self.system.clock.move(minutes=1)
        made_at = self.system.clock.now
        self.system.shop.refund(
            self.order_id, a_refund(self.payload(), id=self.order_id * 10, amount=str(amount), created=made_at)
        )
        self.refunded = amount
        if self.said and not self.is_put_back:
            self.came -= amount
        self.process()

    # What must hold

    def check(self) -> None:
        self.check_asked()
        made = self.invoices()
        if not made:
            return
        store = self.system.services.store
        with store.read() as connection:
            whole = order_balance.of_order(connection, self.key)
            each = document_balances.of_documents(connection, [one.document_id for one in made])
            counted = payment_rows.of_order(connection, self.key)
            pool = payment_shares.unshared(connection, self.key, "EUR")
            waits = set(connection.execute(select(unpaid.c.document_id)).scalars())
            flags = orders.find(connection, self.key.shop_id, self.order_id).flags  # type: ignore[union-attr]
            told = {
                item.document.document_id: item
                for item in order_history.listing(connection, order_id=self.order_id)
                if item.document
            }
        assert whole is not None
        asked = total_of(each[one.document_id].total - (each[one.document_id].credited or ZERO) for one in made)
        assert total_of(one.amount for one in counted) == whole.paid == self.came
        by_card = Decimal("5.00") if self.card else ZERO  # which its plugin restores
        too_much = max(min(self.came - asked, self.came - by_card), ZERO)
        assert (whole.asked, whole.open, whole.excess) == (asked, max(asked - self.came, ZERO), too_much)
        assert (
            total_of(one.paid or ZERO for one in each.values()) + total_of(amount for *_, amount in pool) == self.came
        )
        assert waits >= {one.document_id for one in made if each[one.document_id].open > 0}
        for one in made:
            balance = each[one.document_id]
            assert (balance.paid or ZERO) >= 0
            assert (one.document_id in waits) == (balance.open > 0)
            assert told[one.document_id].open == balance.open
            with store.read() as connection:
                money = money_of(connection, one)
            assert (money.open, money.paid_on) == (balance.open, balance.paid_on)
        assert not (whole.excess and any(one.open > 0 for one in each.values()))
        is_first = not any(map(asks_another_total, flags))  # and is not to be issued again before
        assert ("to_give_back" in {flag.code for flag in flags}) == (whole.excess > 0 and is_first)

    def check_asked(self) -> None:
        """The page and the mail of each document ask for the same; before there is an invoice, for what of it did not come."""
        with self.system.services.store.read() as connection:
            made = documents.history(connection, self.key.shop_id, self.key.order_id, self.key.order_key).documents
            monies = document_money.of_documents(connection, made)
            balance = order_balance.of_order(connection, self.key)
            waits = set(connection.execute(select(unpaid.c.document_id)).scalars())
            mailed = [one.now.draft for one in monies]
            pages = [one.to_pay for one in monies]
        kinds = (Kind.INVOICE, *ASKING)
        asking = [(draft, page) for draft, page in zip(mailed, pages, strict=True) if draft.kind in kinds]
        assert [page for _, page in asking] == [draft.to_pay if draft.asks_payment else ZERO for draft, _ in asking]
        if self.is_cancelled:
            stands = [
                one
                for one, money in zip(made, monies, strict=True)
                if one.draft.kind is Kind.INVOICE and one.number in self.kept
            ]
            assert all(
                money.to_pay == max(money.open, ZERO) for one, money in zip(made, monies, strict=True) if one in stands
            )
            assert all(page == 0 for one, page in zip(made, pages, strict=True) if one not in stands)
        elif not self.invoices():
            is_paid = bool(self.said) and not self.is_put_back and self.rest <= 0  # though it cost more before
            for one, page in zip(made, pages, strict=True):
                is_other = one.draft.total > made[-1].draft.total  # a newer one asks less
                left = max(one.draft.total - self.refunded - self.came, ZERO)
                assert page == (ZERO if is_other or is_paid else left)
            if made and not self.said:
                assert balance is not None
                assert (balance.open, made[-1].document_id in waits) == (pages[-1], pages[-1] > 0)

    def check_told(self, customer: FlaskClient) -> None:
        """What its link, its mail and programs say of each document, in words: what came, was credited and is asked, and whether it is paid."""
        services, now = self.system.services, self.system.clock.now
        with services.store.read() as connection:
            items = order_history.details(connection, documents.of_order(connection, self.key))
            monies = document_money.of_documents(connection, [one.document for one in items if one.document])
        for item, money in zip(items, monies, strict=True):
            if money.document.draft.kind not in (Kind.INVOICE, *ASKING):
                continue
            link = document_link.sign(services.settings.secret_keys, money.document.document_id, now=now)
            page = re.sub("</(?:dt|p)>", ": ", customer.get(f"/d/{link}").text)
            mail = compose(
                services.connected(self.key.shop_id).shop,
                ((money.now, b"%PDF"),),
                ways=Ways(lambda _: "https://x.example/"),
                message_id="<1@x.example>",
            ).get_body(("plain",))
            assert mail
            told = figures(re.sub("<[^>]+>", " ", page.replace("</div>", "\n")))
            assert figures(mail.get_content()) == told
            said = serializers.document(item)
            assert said["paid"] == told[4]
            assert not (told[1] and not self.invoices())
            if money.document.draft.kind is Kind.INVOICE:
                assert (ZERO if money.is_off else max(Decimal(said["open"]), ZERO)) == told[3]

    def check_print(self, before: int) -> None:
        """What the invoice that was made just now says is what is open of it."""
        made = self.invoices()
        if len(made) > before:
            with self.system.services.store.read() as connection:
                balance = document_balances.of_documents(connection, [made[-1].document_id])[made[-1].document_id]
            draft = made[-1].draft
            assert (ZERO if draft.is_paid else draft.to_pay, draft.is_paid) == (
                max(balance.open, ZERO),
                balance.open <= 0,
            )


def money_of(connection: Connection, document: Document) -> DocumentMoney:
    (money,) = document_money.of_documents(connection, [document])
    return money


@pytest.fixture
def customer(system: System) -> Iterator[FlaskClient]:
    """Who holds the links to his documents."""
    client = create_app(system.services.settings, now=lambda: system.clock.now).test_client()
    yield client
    client.application.extensions[EXTENSION_NAME].store.close()


def figures(words: str) -> tuple[Decimal, Decimal, Decimal, Decimal, bool]:
    """What *words* say came, was credited, was refunded, and is asked; and whether it is paid."""
    lines = words.replace("\xa0", " ")

    def amounts(name: str) -> list[Decimal]:
        return [
            Decimal(found.replace(".", "").replace(",", "."))
            for found in re.findall(rf"{name}[^€\n]*: *€ ([\d.,]+)", lines)
        ]

    asked = amounts("(?:Nog te betalen|Te betalen|Bedrag)")
    return (
        total_of(amounts("(?:Betaald:|Al betaald|Ontvangen)")),
        total_of(amounts("Gecrediteerd")),
        total_of(amounts("Terugbetaald")),
        asked[0] if asked else ZERO,
        "Betaald op " in lines,
    )


STEPS = (
    "bank_line", "taken_back", "paid_in_shop", "put_back", "paid_again", "edited", "marked_by_mistake", "invoiced", "issued_again",
    "refund", "paid_by_transfer", "rest_by_transfer", "asked_by_hand", "told_twice", "by_mollie", "paid_back", "cancelled", "restored",
    "note_discarded", "note_issued",
)  # fmt: skip
histories = st.tuples(
    st.booleans(),
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 2000)), min_size=2, max_size=6),
)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@example((False, True, [("issued_again", 1), ("bank_line", 710), ("bank_line", 5)]))
@example((False, False, [("paid_in_shop", 1), ("edited", 1600), ("issued_again", 1), ("edited", 1600)]))
@example((True, False, [("paid_in_shop", 1), ("edited", 1600), ("invoiced", 1), ("bank_line", 1210)]))
@example((True, False, [("bank_line", 500), ("paid_in_shop", 1), ("invoiced", 1), ("bank_line", 1210)]))
@example(
    (False, False, [("bank_line", 500), ("taken_back", 0), ("paid_in_shop", 1), ("refund", 300), ("taken_back", 0)])
)
@example((False, False, [("bank_line", 500), ("marked_by_mistake", 1), ("edited", 1600), ("marked_by_mistake", 1)]))
@example((False, False, [("refund", 600), ("paid_in_shop", 1), ("taken_back", 0)]))
@example((False, False, [("bank_line", 1210), ("edited", 1), ("issued_again", 1), ("taken_back", 0)]))
@example(
    (
        False,
        True,
        [("paid_in_shop", 1), ("refund", 300), ("put_back", 1), ("bank_line", 500), ("paid_again", 1), ("put_back", 1)],
    )
)
@example((True, False, [("paid_by_transfer", 1), ("edited", 600), ("asked_by_hand", 0), ("bank_line", 1)]))
@example(
    (True, False, [("paid_in_shop", 1), ("asked_by_hand", 1), ("put_back", 1), ("bank_line", 500), ("paid_again", 1)])
)
@example((True, True, [("asked_by_hand", 1), ("paid_in_shop", 1), ("edited", 145)]))
@example((True, False, [("asked_by_hand", 0), ("edited", 1), ("asked_by_hand", 1), ("bank_line", 100)]))
@example(
    (
        True,
        False,
        [
            ("paid_by_transfer", 1),
            ("edited", 600),
            ("asked_by_hand", 0),
            ("rest_by_transfer", 500),
            ("rest_by_transfer", 226),
        ],
    )
)
@example((True, False, [("edited", 1), ("paid_in_shop", 1)]))
@example((True, False, [("bank_line", 645), ("edited", 375), ("paid_by_transfer", 254), ("bank_line", 1)]))
@example((True, False, [("bank_line", 1), ("taken_back", 0), ("bank_line", 1)]))
@example((False, False, [("refund", 1210), ("marked_by_mistake", 1)]))
@example((True, False, [("refund", 1000), ("bank_line", 210), ("invoiced", 1)]))
@example((True, False, [("refund", 1000), ("asked_by_hand", 0), ("bank_line", 100), ("paid_in_shop", 1)]))
@example((True, False, [("paid_in_shop", 1), ("refund", 1000), ("put_back", 1), ("bank_line", 210)]))
@example((True, False, [("refund", 1210), ("bank_line", 500)]))
@example((True, False, [("refund", 1000), ("asked_by_hand", 0), ("asked_by_hand", 1), ("bank_line", 210)]))
@example((True, False, [("bank_line", 100), ("refund", 500), ("asked_by_hand", 0)]))
@example(
    (
        False,
        False,
        [
            ("bank_line", 500),
            ("cancelled", 1),
            ("note_discarded", 1),
            ("by_mollie", 1000),
            ("paid_back", 290),
            ("cancelled", 1),
        ],
    )
)
@example(
    (False, False, [("bank_line", 500), ("cancelled", 1), ("note_issued", 1), ("paid_back", 500), ("told_twice", 0)])
)
@example((False, False, [("cancelled", 1), ("restored", 1), ("cancelled", 1), ("note_discarded", 1), ("restored", 1)]))
@example((True, False, [("asked_by_hand", 0), ("cancelled", 1), ("bank_line", 500), ("restored", 1)]))
@example(
    (True, False, [("bank_line", 1), ("paid_by_transfer", 1), ("edited", 1), ("asked_by_hand", 606), ("by_mollie", 1)])
)
@example((False, True, [("cancelled", 1), ("note_issued", 1)]))
@given(histories)
def test_every_cent_is_counted_once_and_all_who_tell_of_it_agree(
    system: System, customer: FlaskClient, history: tuple[bool, bool, list[tuple[str, int]]]
) -> None:
    random.seed(next(order_ids))  # hypothesis begins each history with the same, and the shop takes no nonce twice
    by_hand, card, steps = history
    asks_by_rule = all(name != "asked_by_hand" for name, _ in steps)
    rules = (
        "invoice:completed:send" if by_hand else "invoice:created:send",
        "order_confirmation:created:send" if asks_by_rule else "order_confirmation:completed:send",
    )
    system.change_shop(rules=tuple(map(Rule.parse, rules)))
    sale = Sale(system, by_hand=by_hand, card=card)
    for name, cents in steps:
        before = len(sale.invoices())
        getattr(sale, name)(cents)
        sale.check_asked()  # before the shop is looked at again, too
        sale.check_print(before)
        sale.process()
        sale.check()
    sale.check_told(customer)


def test_who_pays_another_time_for_an_order_that_costs_more_has_paid_all_of_it(system: System) -> None:
    system.change_shop(rules=(Rule.parse("invoice:completed:send"),))
    sale = Sale(system, by_hand=True, card=False)
    day = {"date_paid": "2026-11-22T10:00:00", "date_paid_gmt": "2026-11-22T10:00:00"}
    for price, said in (
        (1000, {"status": "processing", **day}),  # by mistake
        (1600, {"status": "pending", **day}),
        (1600, {"status": "completed", "payment_method": "mollie_wc_gateway_ideal", "transaction_id": "tr_9", **day}),
    ):
        sale.price, sale.said = price, said
        sale.look()
    sale.came = Decimal("19.36")
    sale.check()
    assert sale.invoices()[0].draft.is_paid


def invoiced_at_once(system: System) -> Sale:
    system.change_shop(rules=(Rule.parse("invoice:created:send"),))
    return Sale(system, by_hand=False, card=False)


def test_what_the_shop_gave_back_of_a_banks_line_goes_with_the_line(system: System) -> None:
    sale = invoiced_at_once(system)
    sale.bank_line(1210)
    sale.said = {"status": "processing", "date_paid": "2026-11-22T10:00:00", "date_paid_gmt": "2026-11-22T10:00:00"}
    sale.look()
    sale.refund(1210)
    sale.check()
    now = system.clock.now
    with system.services.store.write() as connection:
        payments.reverse(connection, sale.bank[0][0], on=now.date(), by="An", now=now)
        bank_lines.refunded_of_nothing(connection, sale.key, "EUR", now=now)
        assert order_balance.of_order(connection, sale.key).paid == 0  # type: ignore[union-attr]


def test_what_another_tells_of_a_part_of_what_the_shop_gave_back_is_counted_once(system: System) -> None:
    sale = invoiced_at_once(system)
    sale.paid_in_shop(1)
    sale.refund(1000)
    now = system.clock.now
    for _ in range(2):
        with system.services.store.write() as connection:
            payments.tell_of_refund(connection, sale.key, Decimal("5.00"), "EUR", now=now)
    with system.services.store.read() as connection:
        balance = order_balance.of_order(connection, sale.key)
    assert (balance.asked, balance.paid) == (Decimal("2.10"), Decimal("12.10"))  # type: ignore[union-attr]


def test_an_invoice_issued_again_asks_nothing_of_what_was_paid_and_given_back(system: System) -> None:
    sale = invoiced_at_once(system)
    sale.paid_in_shop(1)
    sale.refund(600)
    again = Credit(issue_again=True, send=False)
    manual.credit(system.services, sale.invoices()[-1].document_id, again, by=system.person)
    sale.process()  # what was refunded before is credited to the new one too
    sale.check()
    assert sale.invoices()[-1].draft.is_paid


def test_what_went_back_of_an_order_that_is_to_be_issued_again_is_counted_once_it_is(system: System) -> None:
    sale = invoiced_at_once(system)
    sale.edited(1)
    sale.paid_in_shop(1)
    refund = a_refund(sale.payload(), id=1, amount="0.05", created=system.clock.now)
    system.shop.refund(sale.order_id, refund)
    sale.process()
    again = Credit(issue_again=True, send=False, rest_paid=False)
    manual.credit(system.services, sale.invoices()[-1].document_id, again, by=system.person)
    sale.process()
    sale.came -= Decimal("0.05")
    sale.check()


@pytest.mark.parametrize("by_bank", [True, False])
def test_what_was_credited_by_hand_before_an_order_was_paid_did_not_come(system: System, by_bank: bool) -> None:
    sale = invoiced_at_once(system)
    part = Credit(CreditSelection(amount=Decimal("2.00")), send=False, idempotency_key="1")
    manual.credit(system.services, sale.invoices()[-1].document_id, part, by=system.person)
    system.clock.move(minutes=1)
    if by_bank:
        sale.bank_line(1010)
    day = system.clock.now.replace(tzinfo=None).isoformat()
    sale.said = {"status": "processing", "date_paid": day, "date_paid_gmt": day}  # all that was asked
    sale.came = Decimal("10.10")
    for _ in range(2):
        sale.look()
        sale.check()
    if not by_bank:
        sale.transferred(Decimal("6.00"))  # a part of what was said
        sale.came = Decimal("10.10")
        sale.look()
        sale.check()
    sale.issued_again(1)
    sale.process()
    with system.services.store.read() as connection:
        money = money_of(connection, sale.invoices()[-1])
    assert (money.document.draft.is_paid, money.open) == (True, ZERO)  # for the shop's total, as the shop says


def test_what_is_paid_on_the_shops_page_came_whole_though_a_part_was_credited_by_hand(system: System) -> None:
    sale = invoiced_at_once(system)
    part = Credit(CreditSelection(amount=Decimal("2.00")), send=False, idempotency_key="1")
    manual.credit(system.services, sale.invoices()[-1].document_id, part, by=system.person)
    sale.paid_in_shop(1)
    sale.check()
    assert sale.came == Decimal("12.10")


def test_who_says_that_the_money_of_an_order_put_back_is_there_has_it_counted_again(system: System) -> None:
    sale = invoiced_at_once(system)
    sale.paid_in_shop(1)
    sale.put_back(1)
    sale.check()
    system.act(order_actions.ignore_order, sale.order_id)
    sale.came = Decimal("12.10")
    for _ in range(2):
        sale.process()
        sale.check()
    sale.paid_again(1)
    sale.came = Decimal("12.10")
    sale.put_back(1)  # and is asked of again
    sale.check()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_the_shop_says_after_it_waited_again_for_what_was_taken_back_is_its_own_word(system: System) -> None:
    sale = invoiced_at_once(system)
    sale.bank_line(1210)
    system.clock.move(hours=2)
    day = system.clock.now.replace(tzinfo=None).isoformat()
    sale.said = {"status": "processing", "date_paid": day, "date_paid_gmt": day}  # and this stays so
    system.clock.move(hours=2)
    sale.taken_back(0)
    for status, came in (("processing", "0.00"), ("on-hold", "0.00"), ("processing", "12.10"), ("completed", "12.10")):
        system.clock.move(minutes=1)
        sale.said["status"] = status
        sale.look()
        sale.came = Decimal(came)
        sale.check()


def test_what_the_shop_says_first_after_a_line_was_taken_back_is_its_own_word(system: System) -> None:
    sale = invoiced_at_once(system)
    sale.bank_line(1210)
    for at, came in (("10:00", "0.00"), ("14:00", "12.10")):  # before and after it is 12:00 there
        if sale.bank:
            system.clock.now = datetime(2026, 11, 23, 12, tzinfo=UTC)
            sale.taken_back(0)
        day = f"2026-11-23T{at}:00"
        sale.said = {"status": "processing", "date_paid": day, "date_paid_gmt": day}
        sale.look()
        sale.came = Decimal(came)
        sale.check()


def in_another_currency(sale: Sale, **said: Any) -> None:
    sale.system.change_shop(exchange_rates={"USD": Decimal("1.10")})
    sale.system.clock.move(minutes=1)
    sale.said = {"currency": "USD"} | said
    sale.look()


def paid_now(sale: Sale) -> dict[str, str]:
    day = sale.system.clock.now.replace(tzinfo=None).isoformat()
    return {"status": "processing", "date_paid": day, "date_paid_gmt": day}


def balances(sale: Sale) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """By currency, what is asked of the order, was paid, and is to be given back."""
    with sale.system.services.store.read() as connection:
        whole = order_balance.of_order(connection, sale.key)
    assert whole is not None
    return {one.currency: (one.asked, one.paid, one.excess) for one in (whole, *whole.others)}


def open_of_each(sale: Sale) -> list[tuple[str, Decimal]]:
    made = sale.invoices()
    with sale.system.services.store.read() as connection:
        found = document_balances.of_documents(connection, [one.document_id for one in made])
        mixed = connection.execute(
            select(tables.payments.c.payment_id)
            .join_from(tables.payment_shares, tables.payments)
            .join(tables.documents)
            .where(tables.payments.c.currency != tables.documents.c.currency)
        ).all()
    assert not mixed
    return [(one.draft.currency, found[one.document_id].open) for one in made]


def issue_again(sale: Sale) -> None:
    again = Credit(issue_again=True, send=False, rest_paid=False)
    manual.credit(sale.system.services, sale.invoices()[-1].document_id, again, by=sale.system.person)
    sale.process()


def flags_of(sale: Sale, code: str) -> list[str]:
    with sale.system.services.store.read() as connection:
        seen = orders.find(connection, sale.key.shop_id, sale.order_id)
    assert seen is not None
    return [str(flag.message) for flag in seen.flags if flag.code == code]


EURO, DOLLAR, ALL, NONE = "EUR", "USD", Decimal("12.10"), Decimal("0.00")


def test_what_an_order_says_in_another_currency_than_its_invoice_pays_it_nothing(system: System) -> None:
    sale = invoiced_at_once(system)
    in_another_currency(sale, **paid_now(sale))
    for _ in range(2):
        sale.process()
        assert (open_of_each(sale), balances(sale)) == ([(EURO, ALL)], {EURO: (ALL, NONE, NONE)})
    assert flags_of(sale, "changed_after_invoice")
    issue_again(sale)  # as the flag says
    assert open_of_each(sale) == [(EURO, NONE), (DOLLAR, NONE)]
    assert balances(sale) == {DOLLAR: (ALL, ALL, NONE), EURO: (NONE, NONE, NONE)}


def test_what_the_shop_said_before_its_order_got_another_currency_is_the_same_money(system: System) -> None:
    sale = invoiced_at_once(system)
    sale.paid_in_shop(1)
    in_another_currency(sale, **paid_now(sale))
    issue_again(sale)
    assert open_of_each(sale) == [(EURO, NONE), (DOLLAR, NONE)]
    assert balances(sale) == {DOLLAR: (ALL, ALL, NONE), EURO: (NONE, NONE, NONE)}
    assert not flags_of(sale, "to_give_back")


def test_what_the_bank_brought_in_another_currency_pays_no_later_invoice_and_is_given_back(system: System) -> None:
    sale = invoiced_at_once(system)
    for amount in ("5.00", "10.00"):
        euros = Receipt(system.clock.now.date(), PaymentSource.BANK, "bank", method="bacs", currency=EURO)
        with system.services.store.write() as connection:
            payments.receive(connection, sale.key, Decimal(amount), euros, now=system.clock.now)
    in_another_currency(sale)
    assert balances(sale) == {EURO: (ALL, Decimal("15.00"), Decimal("2.90"))}
    issue_again(sale)
    assert open_of_each(sale) == [(EURO, Decimal("-12.10")), (DOLLAR, ALL)]
    assert balances(sale) == {DOLLAR: (ALL, NONE, NONE), EURO: (NONE, Decimal("15.00"), Decimal("15.00"))}
    assert ["15.00 EUR" in told for told in flags_of(sale, "to_give_back")] == [True]
    with pytest.raises(Rejected, match="Money in EUR came in"):
        settle(system.services, sale.key)  # and pays nothing in the shop either

    now = system.clock.now
    back = Receipt(now.date(), PaymentSource.BANK, "bank", method=REFUND, currency=EURO)
    dollars = Receipt(now.date(), PaymentSource.BANK, "bank", method="bacs", currency=DOLLAR)
    with system.services.store.write() as connection:
        payments.give_back(connection, sale.key, Decimal("15.00"), back, now=now)
        payments.receive(connection, sale.key, ALL, dollars, now=now)
        order_money.flag_excess(connection, sale.key)
    assert open_of_each(sale) == [(EURO, NONE), (DOLLAR, NONE)]
    assert balances(sale) == {DOLLAR: (ALL, ALL, NONE), EURO: (NONE, NONE, NONE)}
    assert not flags_of(sale, "to_give_back")


def test_a_line_of_the_bank_that_gave_back_another_currency_is_counted_by_the_number_of_its_order(
    system: System,
) -> None:
    sale = invoiced_at_once(system)
    sale.bank_line(1210)
    in_another_currency(sale)
    issue_again(sale)
    with system.services.store.read() as connection:
        found = [claim_of(connection, sale.key, (), currency) for currency in (EURO, DOLLAR)]
    assert [(one.currency, one.open, one.excess) for one in found if one] == [(EURO, -ALL, ALL), (DOLLAR, ALL, NONE)]


def test_what_asked_in_another_currency_before_the_invoice_asks_nothing_more(system: System) -> None:
    system.change_shop(rules=(Rule.parse("order_confirmation:created:send"), Rule.parse("invoice:completed:send")))
    sale = Sale(system, by_hand=True, card=False)
    in_another_currency(sale)
    sale.invoiced(1)
    with system.services.store.read() as connection:
        made = documents.history(connection, sale.key.shop_id, sale.key.order_id, sale.key.order_key).documents
        found = document_money.of_documents(connection, made)
    assert [(one.document.draft.kind, one.document.draft.currency, one.to_pay) for one in found] == [
        (Kind.ORDER_CONFIRMATION, EURO, NONE),
        (Kind.INVOICE, DOLLAR, ALL),
    ]
