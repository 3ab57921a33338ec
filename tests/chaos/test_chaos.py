"""Kill anything at any moment: nothing is lost, nothing is made twice.

`make chaos ORDERS=1000 SEED=7` runs longer; the seed decides who dies when. Real processes, a pretend shop, a real mail server.
"""

import hashlib
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.chaos.running_house import RunningHouse, running_house
from tests.flow.conftest import SELLER
from tests.services.postgres import Postgres
from worker import overview, reconciling, verifying
from worker.demo.mailbox import Mailbox
from worker.demo.orders import a_refund, an_order
from worker.demo.pretend_shop import PretendShop
from worker.domain.document import Kind
from worker.domain.shop import Shop
from worker.overview import Listed
from worker.reconciling import State
from worker.store import inbox, shops, steps
from worker.store.shops import Secrets
from worker.store.steps import StepName
from worker.store.tables import events
from worker.woocommerce.notes import marker

pytestmark = pytest.mark.chaos

ORDERS = int(os.environ.get("CHAOS_ORDERS") or 60)
SEED = int(os.environ.get("CHAOS_SEED") or 20261123)
EVERY_N_TH_IS_REFUNDED = 6
# How long the house may take to bring everything to its end once all is quiet.
PATIENCE_S = 45 + ORDERS * 0.5
PAUSE_S = 0.1
ORDERS_A_BLOW = 3  # one bad thing happens for so many


@dataclass
class Town:
    """The house and all around it, and what was done to it."""

    house: RunningHouse
    shop: PretendShop
    mailbox: Mailbox
    shop_id: str
    chance: random.Random
    orders: int
    answers: Counter[int] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    to_come: list[str] = field(default_factory=list)

    def deliver(self, order_id: int, topic: str) -> None:
        self.answers.update(self.shop.deliver(order_id, topic) or [NO_WEBHOOK])

    def strike(self) -> None:
        """Let one bad thing happen, each kind once before one comes again."""
        if not self.to_come:
            self.to_come = self.chance.sample(sorted(BLOWS), k=len(BLOWS))
        name = self.to_come.pop()
        self.blows[name] += 1
        BLOWS[name](self)

    def listed(self) -> tuple[Listed, ...]:
        return overview.listed(self.house.services)


NO_WEBHOOK = -1


def freeze(town: Town) -> None:
    town.house.freeze_broker()
    time.sleep(1.5)
    town.house.thaw_broker()


BLOWS: dict[str, Callable[[Town], None]] = {
    "worker killed": lambda town: town.house.kill("worker", town.chance),
    "bridge killed": lambda town: town.house.kill("bridge", town.chance),
    "one of the bridge's processes killed": lambda town: town.house.kill_answering_process(town.chance),
    "sweep killed": lambda town: town.house.kill("sweep", town.chance),
    "valkey killed": lambda town: town.house.kill("valkey", town.chance),
    "valkey emptied": lambda town: town.house.empty_broker(),
    "valkey frozen": freeze,
    "mail refused": lambda town: town.mailbox.faults.refuse(3),
    "mail greylisted": lambda town: town.mailbox.faults.greylist(3),
    "mail cut after its data": lambda town: town.mailbox.faults.cut_after_data(2),
    "shop fails": lambda town: town.shop.faults.next(status=500, times=3),
    "shop is busy": lambda town: town.shop.faults.next(status=429, retry_after=1, times=2),
    "shop in maintenance": lambda town: town.shop.faults.next(html=True, status=503, times=2),
    "shop shows a page": lambda town: town.shop.faults.next(html=True, status=200, times=2),
    "shop breaks off": lambda town: town.shop.faults.next(cut=True, times=2),
    "note's answer lost": lambda town: town.shop.faults.next(cut=True, method="POST", path="notes"),
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    """A connected shop with its two webhooks, and everything running."""
    database_url, server = "", None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        assert isinstance(server, Postgres)
        database_url = server.url(server.create_database())
    with (
        PretendShop() as shop,
        Mailbox() as mailbox,
        running_house(smtp_url=mailbox.url, database_url=database_url) as house,
    ):
        # PostgreSQL differs in its locks alone: a third of the orders meets them often enough.
        yield connect(house, shop, mailbox, orders=ORDERS // 3 if database_url else ORDERS)
        house.services.store.close()


def connect(house: RunningHouse, shop: PretendShop, mailbox: Mailbox, *, orders: int) -> Town:
    services, secret = house.services, shops.new_webhook_secret()
    made = Shop(
        shop_id=shops.new_shop_id(), name=SELLER.name, url=shop.url, seller=SELLER,
        orders_since=datetime.now(UTC) - timedelta(days=1),
    )  # fmt: skip
    with services.store.write() as connection:
        keys = Secrets((secret,), shop.consumer_key, shop.consumer_secret)
        shops.add(connection, services.vault, made, keys, now=services.now())
    for topic in ("order.created", "order.updated"):
        shop.add_webhook(topic, f"{services.settings.public_url}/webhooks/{made.shop_id}", secret)
    chance = random.Random(SEED)  # noqa: S311  # repeatable chance is what is wanted
    return Town(house, shop, mailbox, made.shop_id, chance, orders)


def test_nothing_is_lost_and_nothing_doubled_whatever_dies(town: Town) -> None:
    began = time.monotonic()
    due = live(town)
    lived = time.monotonic() - began
    town.shop.faults.clear()
    town.mailbox.faults.clear()
    settled = wait_until_settled(town, due)
    print(figures(town, due, lived=lived, all_in=time.monotonic() - began))
    assert settled, unsettled(town, due)
    assert sorted(item.draft.cause for item in town.listed()) == sorted(due)
    assert numbers_without_gap(town)
    assert wrong_mails(town) == []
    assert wrong_notes(town) == []
    assert kept_of_answered(town)
    assert [proof.damages for proof in verifying.verify(town.house.services)] == [()]
    assert reconciled(town) == []


def live(town: Town) -> set[str]:
    """Let the shop sell, refund and ring while one thing after the other goes wrong. Returns the causes that are due."""
    due = set()
    for order_id in range(1, town.orders + 1):
        town.shop.place(an_order(id=order_id, paid=True, email=f"koper{order_id}@klant.test"))
        due.add(f"order:{order_id}:invoice:1")
        ring = ["order.created", "order.updated"]
        town.chance.shuffle(ring)
        for topic in ring:
            town.deliver(order_id, topic)
        if order_id % EVERY_N_TH_IS_REFUNDED == 0:
            due.add(refund_an_earlier_one(town, order_id))
        if order_id % ORDERS_A_BLOW == 0:
            town.strike()
        time.sleep(PAUSE_S)
    return due


def refund_an_earlier_one(town: Town, order_id: int) -> str:
    earlier = order_id - EVERY_N_TH_IS_REFUNDED + 1
    refund_id = 1_000_000 + order_id
    order = town.shop.order(earlier)
    assert order is not None
    town.shop.refund(earlier, a_refund(order, id=refund_id, amount="5.00"))
    town.deliver(earlier, "order.updated")
    return f"refund:{refund_id}"


def wait_until_settled(town: Town, due: set[str]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if unsettled(town, due) == "":
            return True
        time.sleep(0.3)
    return False


def unsettled(town: Town, due: set[str]) -> str:
    """What is still to be done, in words; empty when nothing is."""
    made = {item.draft.cause for item in town.listed()}
    with town.house.services.store.read() as connection:
        looks, work = inbox.counts(connection), steps.counts(connection)
    open_looks = {state: n for state, n in looks.items() if state != "done"}
    open_work = {state: n for state, n in work.items() if state != "done"}
    if made >= due and not open_looks and not open_work:
        return ""
    return f"missing {sorted(due - made)[:5]}, looks {looks}, steps {work}\n{town.house.log.read_text()[-3000:]}"


def numbers_without_gap(town: Town) -> bool:
    found: dict[str, list[int]] = {}
    for item in town.listed():
        assert item.document is not None
        found.setdefault(item.document.series, []).append(item.document.sequence)
    return all(sorted(sequence) == list(range(1, len(sequence) + 1)) for sequence in found.values())


def wrong_mails(town: Town) -> list[str]:
    """Documents that no mail brought, or mails under several ids."""
    ids: dict[str, set[str]] = {}
    for mail in town.mailbox.messages():
        for attachment in mail.attachments:
            ids.setdefault(hashlib.sha256(attachment.content).hexdigest(), set()).add(mail.message_id)
    return [
        f"{item.document.number}: {ids.get(item.files[0].sha256, 'no mail')}"
        for item in town.listed()
        if item.document and len(ids.get(item.files[0].sha256, ())) != 1
    ]


def wrong_notes(town: Town) -> list[str]:
    """Documents without exactly one note on their order."""
    wrong = []
    for item in town.listed():
        assert item.document is not None
        wanted = marker(item.document.number)
        notes = [note for note in town.shop.notes(item.draft.order_id) if wanted in str(note["note"])]
        if len(notes) != 1:
            wrong.append(f"{item.document.number}: {len(notes)} notes")
    return wrong


def kept_of_answered(town: Town) -> bool:
    """Whatever was answered with 200 is a row. A delivery may be a row without an answer: the line was cut in between."""
    with town.house.services.store.read() as connection:
        kept = len(inbox.arrivals(connection, town.shop_id, since=datetime.now(UTC) - timedelta(days=1)))
    return kept >= town.answers[200] > 0


def reconciled(town: Town) -> list[str]:
    """What our own proof of completeness finds missing, asked of the shop."""
    services = town.house.services
    with services.store.read() as connection:
        connected = shops.connected(connection, services.vault, town.shop_id)
    month = f"{datetime.now(connected.shop.zoneinfo):%Y-%m}"
    found = reconciling.reconcile(services, connected, month, pause_s=0)
    return [f"{row.number}: {row.sentence}" for row in found.rows if row.state is not State.COMPLETE]


def figures(town: Town, due: set[str], *, lived: float, all_in: float) -> str:
    mails = Counter(mail.message_id for mail in town.mailbox.messages())
    listed = town.listed()
    made = Counter(item.draft.kind for item in listed)
    polled = sum(1 for item in listed if rang_by_poll_only(town, item.draft.order_id))
    mailed = sorted(
        (item.done_at(StepName.MAIL) or item.document.issued_at) - item.document.issued_at
        for item in listed
        if item.document
    )
    lines = [
        f"\n{town.orders} orders, seed {SEED}: {len(due)} documents due",
        f"made: {made[Kind.INVOICE]} invoices and {made[Kind.CREDIT_NOTE]} credit notes",
        f"answers to deliveries: {dict(sorted(town.answers.items()))} (0: none, {NO_WEBHOOK}: webhook switched off)",
        f"orders that only polling brought: {polled}; webhooks made anew: {repaired(town)}",
        f"mails: {len(mails)}, of which {sum(n > 1 for n in mails.values())} came more than once under the same id",
        f"from number to mail: median {mailed[len(mailed) // 2].total_seconds():.1f} s, longest {mailed[-1].total_seconds():.1f} s"
        if mailed
        else "no mail",
        f"selling took {lived:.1f} s, everything {all_in:.1f} s",
        *(f"  {times} x {name}" for name, times in sorted(town.blows.items())),
    ]
    return "\n".join(lines)


def repaired(town: Town) -> int:
    with town.house.services.store.read() as connection:
        return len(connection.execute(select(events).where(events.c.code == "webhook_repaired")).all())


def rang_by_poll_only(town: Town, order_id: int) -> bool:
    with town.house.services.store.read() as connection:
        return {delivery.source for delivery in inbox.of_order(connection, town.shop_id, order_id)} == {"poll"}
