"""A database with a history for tests of what is read: shops, orders that were looked at, documents, work that failed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import insert, update

from tests.support.factories import a_shop, an_order
from tests.support.issued import ENCRYPTION, NOW, a_draft, issue
from worker.domain.decision import Decision
from worker.domain.document import Document, Draft, Kind, Problem, Reference
from worker.domain.order import Contact
from worker.domain.shop import Shop
from worker.domain.step import planned_steps
from worker.message import Message
from worker.store import deliveries, orders, shops, steps
from worker.store.database.engine import Store
from worker.store.database.pagination import Page, PageRequest
from worker.store.database.tables import jobs
from worker.store.deliveries import NewDelivery
from worker.store.orders import OrderState
from worker.store.shops import Secrets
from worker.store.steps import StepPlan

T = TypeVar("T")


@dataclass
class History:
    """What happens here happens at *now*, which a test moves on."""

    store: Store
    shops: dict[str, Shop]
    now: datetime = NOW

    def shop(self, shop_id: str, **settings: object) -> Shop:
        with self.store.write() as connection:
            shop = shops.add(
                connection, ENCRYPTION, a_shop(shop_id=shop_id, **settings), Secrets(("5f" * 25,)), now=self.now
            )
        self.shops[shop_id] = shop
        return shop

    def seen(
        self,
        order_id: int,
        *,
        shop_id: str = "a",
        name: str = "Jan Janssens",
        company: str = "",
        email: str = "jan@klant.example",
        number: str = "",
        status: str = "processing",
        flags: tuple[Problem, ...] = (),
    ) -> None:
        """Process an order that was placed now."""
        first, _, last = name.partition(" ")
        order = an_order(
            order_id=order_id,
            order_key=f"wc_order_{order_id}",
            number=number or str(order_id),
            status=status,
            created_at=self.now,
        )
        billing = replace(Contact(first, last, company, order.billing.address, email))
        with self.store.write() as connection:
            order = replace(order, billing=billing)
            orders.save(
                connection,
                shop_id,
                order,
                OrderState(paid_at=order.paid_at, decision=Decision(rule_results=(), flags=flags)),
                as_of=self.now,
            )

    def issued(
        self, order_id: int, *, shop_id: str = "a", kind: Kind = Kind.INVOICE, paid: bool = False, **more: object
    ) -> Document:
        """A document of an order, with the steps that follow."""
        draft = replace(a_draft(order_id, kind=kind), paid_on=NOW.date() if paid else None)
        return self.issue(replace(draft, **more), shop_id=shop_id)  # type: ignore[arg-type]  # fields of a draft

    def issue(self, draft: Draft, *, shop_id: str = "a") -> Document:
        document = issue(self.store, self.shops[shop_id], draft, now=self.now)
        with self.store.write() as connection:
            steps.plan(
                connection,
                StepPlan(names=planned_steps(self.shops[shop_id], draft), mail_group=f"{document.document_id}"),
                shop_id=shop_id,
                document_id=document.document_id,
                now=self.now,
            )
        return document

    def credited(self, invoice: Document, *, shop_id: str = "a", **more: object) -> Document:
        """All of *invoice* taken back, or what *more* says."""
        reference = Reference(invoice.document_id, invoice.number, invoice.issued_on)
        draft = replace(invoice.draft, kind=Kind.CREDIT_NOTE, cause=f"cancel:{invoice.number}", corrects=reference)
        return self.issue(replace(draft, **more), shop_id=shop_id)  # type: ignore[arg-type]  # fields of a draft

    def step(self, document: Document, name: str, state: str, *, code: str = "", reason: str = "") -> None:
        """What became of a step, now."""
        values = {"state": state, "code": code, "message": Message(reason), "done_at": self.now}
        mine = (steps.IS_STEP, jobs.c.document_id == document.document_id, jobs.c.name == name)
        with self.store.write() as connection:
            connection.execute(update(jobs).where(*mine).values(**values))

    def delivery(
        self, order_id: int | None, *, shop_id: str = "a", state: str = "done", code: str = "", message: str = ""
    ) -> int:
        """A delivery that came in now and was finished at once, unless it still waits."""
        with self.store.write() as connection:
            delivery_id = deliveries.add(
                connection,
                NewDelivery(shop_id=shop_id, source="webhook", topic="order.updated", order_id=order_id, body=b"{}"),
                now=self.now,
            )
            finished_at = self.now if state in ("done", "failed") else None
            values = {"state": state, "code": code, "message": Message(message), "done_at": finished_at}
            connection.execute(update(jobs).where(jobs.c.job_id == delivery_id).values(**values))
        return delivery_id

    def finish(self, delivery_id: int) -> None:
        """The look that a delivery led to went well, now."""
        values = {"state": "done", "done_at": self.now}
        with self.store.write() as connection:
            connection.execute(update(jobs).where(jobs.c.job_id == delivery_id).values(**values))

    def row(self, table: object, **values: object) -> None:
        with self.store.write() as connection:
            connection.execute(insert(table).values(**values))  # type: ignore[arg-type]  # one of our tables

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)


def all_pages(page_at: Callable[[PageRequest], Page[T]], *, at_once: int) -> list[list[T]]:
    """Every page forwards; and walking back from the last must show the same rows."""
    page = page_at(PageRequest(size=at_once))
    assert page.previous == ""
    pages = [list(page.rows)]
    while page.next:
        page = page_at(PageRequest(after=page.next, size=at_once))
        pages.append(list(page.rows))
        assert len(pages) < 100, "a page leads to itself"
    back = [list(page.rows)]
    while page.previous:
        page = page_at(PageRequest(before=page.previous, size=at_once))
        back.insert(0, list(page.rows))
        assert len(back) < 100, "a page leads to itself"
    assert [row for some in back for row in some] == [row for some in pages for row in some]
    return pages
