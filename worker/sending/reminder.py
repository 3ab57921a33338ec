"""Step: remind a buyer of open invoices or of orders that wait for a transfer, if at this moment nothing speaks against it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import Connection

from worker.domain.document import Document, Kind
from worker.domain.late_costs import Announcement, announcement, late_costs
from worker.domain.money import ZERO, total_of
from worker.domain.order_payment import is_paid, status_of
from worker.domain.reminder import REMINDER_TERMS, ReminderKind, next_reminder
from worker.domain.shop import Shop
from worker.domain.unpaid_order import WAITING_STATUSES, last_day, may_be_cancelled
from worker.errors import OrderGone, Rejected, ShopPaused, WaitsForOthers
from worker.mail import customer_mail, reminder_mail
from worker.mail.reminder_mail import ReminderView
from worker.message import Message
from worker.orders import fetch
from worker.sending import Done, NotNeeded
from worker.sending.customer_link import link_of
from worker.sending.email import begin_mail, message_id_of, outbox_of, send_mail
from worker.sending.pdf import document_with_pdf
from worker.services import Services
from worker.store import (
    audit_trail,
    deliveries,
    document_balances,
    documents,
    order_money,
    orders,
    payment_shares,
    reminders,
    steps,
)
from worker.store.audit_trail import AuditEntry
from worker.store.deliveries import NewDelivery
from worker.store.jobs import JobEnd
from worker.store.queries import reminder_outlook, unpaid_orders
from worker.store.queries.reminder_outlook import Outlook
from worker.store.reminders import StoredReminder
from worker.store.shops import ConnectedShop
from worker.store.steps import LeasedSteps, Step

LOOK_AGAIN_S = 6 * 3600


def send(services: Services, leased: LeasedSteps) -> Done:
    """Mail the reminder that the steps are named after: of all their documents in one. What to remember is the Message-ID, which a
    repeat carries again.

    One of which nothing is to be reminded any more is left out. Raises NotNeeded where that holds for all, WaitsForOthers while any
    is held back.
    """
    kind = ReminderKind(leased.steps[0].name)
    connected = services.connected(leased.steps[0].shop_id)
    if connected.shop.closed:  # for good: it would wait for ever
        raise NotNeeded("{shop} is closed; its orders are no longer processed.", shop=connected.shop.name)
    if connected.shop.suspended:
        raise ShopPaused("This shop is paused; its reminders wait until it goes on.", retry_after_s=3600)
    checks = Checks(services, connected, kind)
    checks.of_steps(leased.steps)
    files = {step.document_id: document_with_pdf(services, step.document_id) for step in checks.leaving(leased.steps)}
    with services.store.read() as connection:
        outbox = outbox_of(connection, services, connected)
    shop = outbox.shop
    message_id = message_id_of(services, leased)
    with services.store.write() as connection:
        # What is open now, and not when the shop was asked: money may have come meanwhile.
        for document_id in sorted(files):
            document_balances.lock(connection, document_id)
        outlooks = checks.once_more(connection, leased.steps)
        written = {
            one: written_reminder(shop, outlook, kind, services.today(shop)) for one, outlook in outlooks.items()
        }
        # Before the mail server hears of it: after a crash the same mail goes out.
        for reminder in written.values():
            reminders.save(connection, reminder)
        leave_out(connection, leased, checks.not_needed, now=services.now())
        links = {one: link_of(connection, services, outlook.document) for one, outlook in outlooks.items()}
    views = [
        ReminderView(
            document=outlook.document,
            link=links[one],
            reminder=written[one],
            formal=outlook.sent.get(ReminderKind.FORMAL),
            last_day=checks.last_days.get(one),
        )
        for one, outlook in outlooks.items()
    ]
    message = reminder_mail.compose(shop, views, [files[one][1] for one in outlooks], message_id=message_id)

    def begin(connection: Connection) -> None:
        begin_mail(connection, leased, message_id, now=services.now())

    recipients = customer_mail.recipients(shop, views[0].document)
    send_mail(services, outbox, message, recipients=recipients, begin=begin)
    for view in views:
        add_to_trail(services, view.document, kind)
    return Done(message_id)


@dataclass
class Checks:
    """What speaks against reminding of documents at this moment: here, and in the shop.

    *not_needed*: why nobody is to be reminded of one, by its id. *last_days*: the last day to pay an order that is then cancelled.
    """

    services: Services
    connected: ConnectedShop
    kind: ReminderKind
    not_needed: dict[int, NotNeeded] = field(default_factory=dict)
    last_days: dict[int, date | None] = field(default_factory=dict)

    def leaving(self, steps: Iterable[Step]) -> list[Step]:
        """Those of which nothing was found. Raises NotNeeded where there is none."""
        left = [step for step in steps if step.document_id not in self.not_needed]
        if not left:
            raise next(iter(self.not_needed.values()))
        return left

    def of_steps(self, steps: Sequence[Step]) -> None:
        """Raises WaitsForOthers where any is held back, NotNeeded where none is needed."""
        with self.services.store.read() as connection:
            outlooks = self.once_more(connection, steps)
        for document_id, outlook in outlooks.items():
            try:
                self.last_days[document_id] = last_day_in_shop(self.services, self.connected, outlook)
            except NotNeeded as reason:
                self.not_needed[document_id] = reason
        self.leaving(steps)

    def once_more(self, connection: Connection, steps: Sequence[Step]) -> dict[int, Outlook]:
        """Those that may leave by what is known here, by the document's id."""
        found = {}
        for step in self.leaving(steps):
            try:
                found[step.document_id] = self.may_leave(connection, step.document_id)
            except NotNeeded as reason:
                self.not_needed[step.document_id] = reason
        self.leaving(steps)
        return found

    def may_leave(self, connection: Connection, document_id: int) -> Outlook:
        """The document, where this reminder of it may leave now. Raises NotNeeded and WaitsForOthers."""
        shop, day = self.connected.shop, self.services.today(self.connected.shop)
        outlook = reminder_outlook.of_documents(connection, shop, [document_id], now=self.services.now())[document_id]
        if outlook.obstacle is not None and not outlook.obstacle.passes:
            raise NotNeeded(outlook.obstacle.message)
        claim = outlook.claim(without=self.kind)
        due = next_reminder(shop.reminders, claim, today=day) if claim else None
        if due is None or due.kind is not self.kind or due.on > day:
            raise NotNeeded(Message("Its time is over, or such reminders were switched off meanwhile."))
        if outlook.obstacle is not None:
            raise WaitsForOthers(outlook.obstacle.message, code="reminder_held", retry_after_s=LOOK_AGAIN_S)
        return outlook


def leave_out(
    connection: Connection, leased: LeasedSteps, not_needed: Mapping[int, NotNeeded], *, now: datetime
) -> None:
    """End the steps of documents of which nobody is to be reminded, and let those of the others leave."""
    for step in leased.steps:
        reason = not_needed.get(step.document_id)
        if reason is None:
            continue
        steps.leave_out(connection, leased, step.step_id, JobEnd("skipped", reason.code, reason.message), now=now)
        order_id = documents.get(connection, step.document_id).draft.order_id
        entry = AuditEntry(step.shop_id, now, "worker", reason.code, reason.message, order_id, step.document_id)
        audit_trail.add(connection, entry)


def written_reminder(shop: Shop, outlook: Outlook, kind: ReminderKind, day: date) -> StoredReminder:
    announced = Announcement(day)
    if kind is ReminderKind.FORMAL:
        announced = announcement(shop.reminders, outlook.late, today=day)
    return StoredReminder(
        document_id=outlook.document.document_id,
        kind=kind,
        shop_id=shop.shop_id,
        sent_on=day,
        currency=outlook.document.draft.currency,
        open=outlook.open,
        costs=late_costs(shop.reminders, outlook.late, kind, today=day),
        announced=announced,
    )


# The order, as it is in the shop at this moment


@dataclass(frozen=True)
class ShopsWord:
    """What the shop says of an order: *status* as built in, whether it *paid*; *last_day* to pay it before it is cancelled by itself."""

    status: str
    paid: bool
    last_day: date | None = None


def last_day_in_shop(services: Services, connected: ConnectedShop, outlook: Outlook) -> date | None:
    """The last day to pay, where the order is cancelled after it.

    Raises NotNeeded where the order is paid or cancelled in its shop, or waits no longer without an invoice; WaitsForOthers while a refund
    of it waits to be credited, or a person is to say what is with an order that left its shop.
    """
    document = outlook.document
    word = (
        asked_of_shop(services, connected, document)
        if connected.secrets.has_rest
        else known_word(services, connected.shop, document)
    )
    with services.store.read() as connection:
        obstacle = reminder_outlook.over_in_shop(connection, document, word.status)
    if obstacle is not None and obstacle.passes:
        let_it_be_seen(services, connected.shop, document, word)
        raise WaitsForOthers(obstacle.message, code="reminder_held", retry_after_s=LOOK_AGAIN_S)
    if obstacle is not None:
        raise NotNeeded(obstacle.message)
    if word.paid:
        raise NotNeeded(Message("The shop says that its order is paid."))
    if outlook.is_order and word.status not in WAITING_STATUSES:
        raise NotNeeded(Message("Its order no longer waits for its money in the shop."))
    return word.last_day


def let_it_be_seen(services: Services, shop: Shop, document: Document, word: ShopsWord) -> None:
    """Have the order looked at where it is not known here yet that it left its shop: then its owner is asked."""
    with services.store.write() as connection:
        seen = orders.find(connection, document.shop_id, document.draft.order_id)
        if seen is None or shop.orders.meaning_of(seen.status) != word.status:
            new = NewDelivery(document.shop_id, "poll", "order.updated", document.draft.order_id)
            deliveries.add(connection, new, now=services.now())


def asked_of_shop(services: Services, connected: ConnectedShop, document: Document) -> ShopsWord:
    draft, shop = document.draft, connected.shop
    with fetch.refusal_is_told(services, shop):
        try:
            fetched = fetch.fetch_from_shop(services, connected, draft.order_id)
        except OrderGone:
            return ShopsWord("deleted", paid=False)
    order = fetched.order
    if order.order_key != draft.order_key:  # another has its id since
        raise NotNeeded(Message("Its order is cancelled or refunded in the shop."))
    with services.store.read() as connection:
        known = order_money.with_money(connection, shop, order, fetched.refunds)
        seen = payment_shares.reported_of(connection, document.order)
    word = ShopsWord(status_of(order, shop), is_paid(known, shop))
    if draft.kind is Kind.INVOICE:
        refuse_uncredited(services, document, fetched)
        return word
    is_refunded_since = known.reported.less_refunded(order.total) != seen.less_refunded(order.total)
    if order.total != draft.total - draft.by_card or is_refunded_since:
        raise NotNeeded(
            Message(
                "Order {number} was changed in the shop since: it no longer asks what {document} asks.",
                number=order.number,
                document=document.number,
            )
        )
    with services.store.read() as connection:
        stays = unpaid_orders.may_be_paid(connection, document.order)
    return word if stays or not may_be_cancelled(order, shop) else replace(word, last_day=last_day(order, shop))


def refuse_uncredited(services: Services, document: Document, fetched: fetch.FetchedOrder) -> None:
    """What the shop gave back is open no more, though its credit note is still to come."""
    with services.store.read() as connection:
        credited = document_balances.of_documents(connection, [document.document_id])[document.document_id].credited
    if total_of(refund.amount for refund in fetched.refunds or ()) > (credited or ZERO):
        raise WaitsForOthers(
            "The shop refunded something of order {number} for which there is no credit note yet, so the reminder waits. If a draft of that credit note waits, issue it or discard it.",
            number=document.draft.order_number,
            code="reminder_held",
            retry_after_s=LOOK_AGAIN_S,
        )


def known_word(services: Services, shop: Shop, document: Document) -> ShopsWord:
    """Of a shop that gave no key: as it delivered the order last."""
    with services.store.read() as connection:
        order = orders.find(connection, document.shop_id, document.draft.order_id)
    if order is None or order.order_key != document.draft.order_key:
        raise Rejected("Nothing is known of order {number}.", number=document.draft.order_number, code="order_unknown")
    return ShopsWord(shop.orders.meaning_of(order.status), paid=order.paid_at is not None)


def add_to_trail(services: Services, document: Document, kind: ReminderKind) -> None:
    # Without a name: what is on the trail stays when a customer is forgotten.
    message = Message("{reminder} of {number} was mailed.", reminder=REMINDER_TERMS[kind], number=document.number)
    with services.store.write() as connection:
        audit_trail.note_of(connection, document, "reminded", message, by=services.actor("worker"))
