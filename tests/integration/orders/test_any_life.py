"""Whatever happens to orders, in whatever order: no number is missing, no cent is wrong in silence, nothing is mailed twice.

Each walk is drawn from a number, so a red one can be walked again; it tells the steps it took.
"""

import random
import shutil
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.system import START, System, a_system
from worker.accounting.verify import verify
from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.demo.faults import ServerFault
from worker.demo.orders import Line, Payload, a_refund, an_order
from worker.domain.document import Kind, SendMode
from worker.domain.money import ZERO, total_of
from worker.domain.rules import Rule, Trigger
from worker.domain.step import MAIL
from worker.errors import Rejected, Unavailable
from worker.invoicing import manual
from worker.invoicing.manual import Credit
from worker.invoicing.request import IssueAnswer
from worker.store.queries.order_history import DocumentDetails

STEPS = 70
RULES = (
    (Rule(Kind.INVOICE, Trigger.PAID),),
    (
        Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED),
        Rule(Kind.INVOICE, Trigger.PAID),
        Rule(Kind.DELIVERY_NOTE, Trigger.COMPLETED),
    ),
    (Rule(Kind.INVOICE, Trigger.CREATED),),
    (Rule(Kind.INVOICE, Trigger.COMPLETED),),
    (Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),),
)
SOLD = ("processing", "completed")
OF_ITS_LINES = (
    "line_items",
    "shipping_lines",
    "fee_lines",
    "tax_lines",
    "total",
    "total_tax",
    "cart_tax",
    "shipping_tax",
    "shipping_total",
)


class Life:
    """A shop, its customers, its staff and its owner. Each step is something that happens to shops."""

    def __init__(self, system: System, seed: int) -> None:
        self.system = system
        self.chance = random.Random(seed)  # noqa: S311 - it draws steps, and keeps no secret
        self.rules = self.chance.choice(RULES)
        system.change_shop(rules=self.rules)
        self.story: list[str] = [f"seed {seed}, rules {[rule.trigger.value for rule in self.rules]}"]
        self.orders: list[int] = []
        self.past: list[Payload] = []
        self.last_id = 100
        self.decided: set[int] = set()  # orders of which the owner decided other than the shop says
        self.mailed_again: Counter[str] = Counter()

    def walk(self, steps: int) -> None:
        self.is_placed()
        for _ in range(steps):
            (step,) = self.chance.choices(list(STEPS_OF_LIFE), weights=list(STEPS_OF_LIFE.values()))
            step(self)
            if self.chance.random() < 0.7:
                self.system.work()

    def tells(self, *words: object) -> None:
        self.story.append(" ".join(str(word) for word in words))

    # The shop

    def is_placed(self) -> None:
        self.last_id += 1
        status = self.chance.choice(("pending", "on-hold", "processing", "processing", "completed"))
        method = self.chance.choice(("bacs", "cod", "stripe", "stripe"))
        order = an_order(
            id=self.last_id,
            lines=self.some_lines(),
            shipping=self.chance.choice((None, "5.95", "0.01")),
            status=status,
            paid=status == "completed" or (status == "processing" and method != "cod"),
            company=self.chance.choice(("", "", "Bakkerij Peeters BV")),
            payment_method=method,
            created=START,
        )
        self.system.shop.place(order)
        self.orders.append(self.last_id)
        self.delivers(self.last_id, "is placed", status, method, order["total"])

    def gets_status(self) -> None:
        order = self.some_order()
        status = self.chance.choice(
            ("processing", "processing", "completed", "completed", "cancelled", "on-hold", "failed", "refunded")
        )
        self.system.shop.change(order["id"], status=status)
        self.delivers(order["id"], "is", status)

    def is_refunded_by_amount(self) -> None:
        order = self.some_order()
        left = Decimal(order["total"]) - self.refunded(order["id"])
        amount = min(Decimal(self.chance.choice((1, 100, 1234, 99_999))) / 100, left)
        if amount > 0 and order["date_paid"]:
            self.refund(order, amount=amount)

    def is_refunded_by_line(self) -> None:
        order = self.some_order()
        item = self.chance.choice(order["line_items"])
        quantity = self.chance.randint(1, item["quantity"])
        taken = sum(
            -one["quantity"]
            for refund in self.system.shop.refunds(order["id"])
            for one in refund["line_items"]
            if any(meta["value"] == str(item["id"]) for meta in one["meta_data"])
        )
        worth = Decimal(a_refund(order, id=1, lines={item["id"]: quantity})["amount"])
        left = Decimal(order["total"]) - self.refunded(order["id"])
        if order["date_paid"] and quantity + taken <= item["quantity"] and ZERO < worth <= left:
            self.refund(order, lines={item["id"]: quantity})

    def loses_a_refund(self) -> None:
        order = self.some_order()
        for refund in self.system.shop.refunds(order["id"])[:1]:
            self.system.shop.forget_refund(order["id"], refund["id"])
            self.tells(order["id"], "loses refund", refund["id"])

    def is_edited(self) -> None:
        order = self.some_order()
        if not self.system.shop.refunds(order["id"]):
            new = an_order(id=order["id"], lines=self.some_lines(), shipping=None, created=START)
            self.system.shop.change(order["id"], **{name: new[name] for name in OF_ITS_LINES})
            self.delivers(order["id"], "is edited to", new["total"])

    def is_delivered_again(self) -> None:
        self.delivers(self.some_order()["id"], "is delivered again")

    def is_delivered_late(self) -> None:
        self.system.receive(self.chance.choice(self.past))
        self.tells("an old delivery comes late")

    # What does not work for a while

    def shop_fails(self) -> None:
        fault = self.chance.choice((ServerFault(status=503), ServerFault(cut=True), ServerFault(html=True)))
        self.system.shop.faults.next(fault, times=self.chance.randint(1, 4))
        self.tells("the shop fails", fault)

    def mail_fails(self) -> None:
        fault = self.chance.choice(("greylist", "refuse", "cut_after_data"))
        getattr(self.system.mailbox.faults, fault)(self.chance.randint(1, 3))
        self.tells("mail fails", fault)

    def time_passes(self) -> None:
        hours = self.chance.choice((0.1, 1, 7, 72))
        self.system.clock.move(hours=hours)
        self.tells(hours, "hours pass")

    # The owner

    def draft_is_issued(self) -> None:
        for item in self.one_of([item for item in self.system.documents() if item.stored_draft]):
            assert item.stored_draft
            answer = IssueAnswer(send=self.chance.random() < 0.5)
            draft_id = item.stored_draft.draft_id
            self.tells("the draft of", item.draft.order_id, "is issued", answer.send)
            self.asks(
                partial(manual.issue_waiting_draft, self.system.services, draft_id, answer, by=self.system.person)
            )

    def draft_is_discarded(self) -> None:
        for item in self.one_of([item for item in self.system.documents() if item.stored_draft]):
            assert item.stored_draft
            self.decided.add(item.draft.order_id)
            self.tells("the draft of", item.draft.order_id, "is discarded")
            self.system.act(document_actions.discard_draft, item.stored_draft.draft_id)

    def invoice_is_credited(self) -> None:
        for item in self.one_of(self.issued(Kind.INVOICE)):
            asked = Credit(issue_again=self.chance.random() < 0.5)
            self.decided.add(item.draft.order_id)
            document_id = id_of(item)
            self.tells(name_of(item), "is credited", asked.issue_again)
            self.asks(partial(manual.credit, self.system.services, document_id, asked, by=self.system.person))

    def is_mailed_again(self) -> None:
        for item in self.one_of(self.issued()):
            self.tells(name_of(item), "is mailed again")
            document_id = id_of(item)
            if self.asks(partial(self.system.act, document_actions.send_again, document_id)):
                self.mailed_again[name_of(item)] += 1

    def is_marked_paid(self) -> None:
        for item in self.one_of(self.issued(Kind.INVOICE)):
            self.tells(name_of(item), "is marked paid")
            document_id, today = id_of(item), self.system.clock.now.date()
            self.asks(partial(self.system.act, document_actions.mark_paid, document_id, on=today))

    def is_tried_again(self) -> None:
        order_id = self.some_order()["id"]
        self.tells(order_id, "is tried again")
        self.asks(partial(self.system.act, order_actions.process_again, order_id))

    # What must be so

    def settle(self) -> None:
        """Everything works again, the shop tells everything, and time enough passes."""
        self.system.shop.faults.clear()
        self.system.mailbox.faults.clear()
        for order_id in self.orders:
            self.delivers(order_id, "is delivered at last")
        for _ in range(40):
            self.system.work()
            self.system.clock.move(hours=5)

    def check(self) -> None:
        (proof,) = verify(self.system.services)
        assert proof.damages == ()
        for order_id in self.orders:
            self.check_order(order_id)
        self.check_mails()

    def check_order(self, order_id: int) -> None:
        items = [item for item in self.issued() if item.draft.order_id == order_id]
        invoiced = total_of(item.draft.total for item in items if item.draft.kind is Kind.INVOICE)
        credited = total_of(item.draft.total for item in items if item.draft.kind is Kind.CREDIT_NOTE)
        assert ZERO <= credited <= invoiced
        causes = Counter((item.draft.kind, item.draft.cause) for item in items)
        assert max(causes.values(), default=0) <= 1
        if not self.is_told(order_id):
            self.check_silent(order_id, items, invoiced - credited)

    def is_told(self, order_id: int) -> bool:
        """Whether the owner is told of it or decided on it: it stands under what needs them, or a draft waits."""
        order = self.system.trail(order_id).order
        waits = any(item.stored_draft for item in self.system.documents(order_id))
        return waits or order_id in self.decided or bool(order and order.flags)

    def check_silent(self, order_id: int, items: list[DocumentDetails], net: Decimal) -> None:
        """Nobody is told anything of this order, so all of it must be as the shop says."""
        order = self.system.shop.order(order_id) or {}
        left = Decimal(order["total"]) - self.refunded(order_id)
        is_invoiced = any(item.draft.kind is Kind.INVOICE for item in items)
        if order["status"] in SOLD:
            is_due = {
                Trigger.CREATED: True,
                Trigger.PAID: bool(order["date_paid"]),
                Trigger.COMPLETED: order["status"] == "completed",
            }[next(rule.trigger for rule in self.rules if rule.kind is Kind.INVOICE)]
            assert is_invoiced or not is_due or not left, f"{order_id} has no invoice"
        if is_invoiced:
            was_sold = order["status"] in (*SOLD, "refunded") or bool(order["date_paid"])
            fitting = {left} if was_sold else {left, ZERO}
            assert net in fitting, f"{order_id} {order['status']}: {net} is invoiced, {left} was sold"
        if order["status"] in SOLD and order["date_paid"] and order["payment_method"] != "cod":
            asked = [item.open for item in items if item.open is not None and item.open > 0]
            assert not asked, f"{order_id} is paid, and {asked} is asked"

    def check_mails(self) -> None:
        sent: dict[str, set[str]] = {}
        for mail in self.system.mailbox.messages():
            for attachment in mail.attachments:
                sent.setdefault(attachment.name.partition("-")[2].removesuffix(".pdf"), set()).add(mail.message_id)
        for item in self.issued():
            mailed, step = len(sent.get(name_of(item), ())), item.step(MAIL)
            assert mailed <= 1 + self.mailed_again[name_of(item)], f"{name_of(item)} was mailed {mailed} times"
            assert step is None or step.state != "waiting"
            assert mailed or step is None or step.state != "done", f"{name_of(item)} was not mailed"

    # Helps

    def some_lines(self) -> list[Line]:
        return [
            (
                f"Post {n}",
                f"P-{n}",
                self.chance.randint(1, 4),
                Decimal(self.chance.choice((1, 99, 1240, 3333, 19_999))) / 100,
                self.chance.choice(("21", "21", "12", "6", "0")),
            )
            for n in range(self.chance.randint(1, 3))
        ]

    def some_order(self) -> Payload:
        return self.system.shop.order(self.chance.choice(self.orders[-6:])) or {}

    def refunded(self, order_id: int) -> Decimal:
        return total_of(Decimal(refund["amount"]) for refund in self.system.shop.refunds(order_id))

    def refund(self, order: Payload, **of: Any) -> None:
        self.last_id += 1
        refund = a_refund(order, id=self.last_id, **of)
        self.system.shop.refund(order["id"], refund)
        self.delivers(order["id"], "is refunded", refund["amount"])

    def delivers(self, order_id: int, *what: object) -> None:
        order = self.system.shop.order(order_id) or {}
        self.past.append(order)
        self.system.receive(order)
        self.tells(order_id, *what)

    def issued(self, kind: Kind | None = None) -> list[DocumentDetails]:
        return [item for item in self.system.documents() if item.document and kind in (None, item.draft.kind)]

    def one_of(self, items: list[DocumentDetails]) -> list[DocumentDetails]:
        return [self.chance.choice(items)] if items else []

    def asks(self, act: Callable[[], object]) -> bool:
        """Whether it was done: what a person asks may be refused with a sentence, and in no other way."""
        try:
            act()
        except (Rejected, Unavailable) as error:
            self.tells("  refused:", error)
            return False
        return True


STEPS_OF_LIFE: dict[Callable[[Life], None], int] = {
    Life.is_placed: 8,
    Life.gets_status: 12,
    Life.is_refunded_by_amount: 5,
    Life.is_refunded_by_line: 5,
    Life.loses_a_refund: 1,
    Life.is_edited: 3,
    Life.is_delivered_again: 2,
    Life.is_delivered_late: 2,
    Life.shop_fails: 2,
    Life.mail_fails: 3,
    Life.time_passes: 4,
    Life.draft_is_issued: 3,
    Life.draft_is_discarded: 1,
    Life.invoice_is_credited: 1,
    Life.is_mailed_again: 2,
    Life.is_marked_paid: 2,
    Life.is_tried_again: 2,
}


def id_of(item: DocumentDetails) -> int:
    assert item.document
    return item.document.document_id


def name_of(item: DocumentDetails) -> str:
    assert item.document
    return item.document.number


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_documents_agree_with_the_shop_or_somebody_is_told(
    sqlite_template: Path, tmp_path: Path, seed: int
) -> None:
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'facturelay.db')}"
    with a_system(url, tmp_path) as system:
        life = Life(system, seed)
        try:
            life.walk(STEPS)
            life.settle()
            life.check()
        except BaseException:
            print("\n".join(life.story))
            raise
