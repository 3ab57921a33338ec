"""Step: remind the buyer of an open invoice, if at this moment nothing speaks against it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from worker.domain.document import Document
from worker.domain.late_costs import Announcement, announcement, late_costs
from worker.domain.money import ZERO, total_of
from worker.domain.online_payment import CLOSED_STATUSES
from worker.domain.order_payment import is_paid, status_of
from worker.domain.reminder import REMINDER_TERMS, ReminderKind, next_reminder
from worker.domain.shop import Shop
from worker.errors import OrderGone, Rejected, ShopPaused, WaitsForOthers
from worker.mail import customer_mail, reminder_mail
from worker.mail.reminder_mail import ReminderView
from worker.message import Message
from worker.orders import fetch
from worker.sending import NotNeeded
from worker.sending.customer_link import link_of
from worker.sending.email import new_message_id, send_mail, with_sender
from worker.sending.pdf import document_with_pdf
from worker.services import Services
from worker.store import audit_trail, document_balances, jobs, orders, reminders
from worker.store.audit_trail import AuditEntry
from worker.store.queries import reminder_outlook
from worker.store.queries.reminder_outlook import Outlook
from worker.store.reminders import StoredReminder
from worker.store.shops import ConnectedShop
from worker.store.steps import LeasedSteps

LOOK_AGAIN_S = 6 * 3600


def send(services: Services, leased: LeasedSteps) -> str:
    """Mail the reminder that the step is named after. Returns the Message-ID, which a repeat carries again.

    Raises NotNeeded where nothing is to be reminded of any more, WaitsForOthers while it is held back.
    """
    step, connected = leased.steps[0], services.connected(leased.steps[0].shop_id)
    kind = ReminderKind(step.name)
    if connected.shop.suspended:
        raise ShopPaused("This shop is paused; its reminders wait until it goes on.", retry_after_s=3600)
    with services.store.read() as connection:
        may_leave(services, connection, connected.shop, step.document_id, kind)
    refuse_if_settled_in_shop(services, connected, step.document_id)
    document, pdf = document_with_pdf(services, step.document_id)
    shop = with_sender(services, connected.shop)
    message_id = step.detail or new_message_id(services.settings.public_url)
    with services.store.write() as connection:
        # What is open now, and not when the shop was asked: money may have come meanwhile.
        document_balances.lock(connection, step.document_id)
        outlook = may_leave(services, connection, connected.shop, step.document_id, kind)
        reminder = written_reminder(shop, outlook, kind, today(services, shop))
        # Before the mail server hears of it: after a crash the same mail goes out under the same id.
        reminders.save(connection, reminder)
        jobs.save_detail(connection, leased.lease, message_id)
    view = ReminderView(document, link_of(services, document), reminder, outlook.sent.get(ReminderKind.FORMAL))
    message = reminder_mail.compose(shop, view, pdf, message_id=message_id)
    send_mail(services, connected, message, recipients=customer_mail.recipients(shop, document))
    add_to_trail(services, document, kind)
    return message_id


def today(services: Services, shop: Shop) -> date:
    return services.now().astimezone(shop.zoneinfo).date()


def may_leave(services: Services, connection: Connection, shop: Shop, document_id: int, kind: ReminderKind) -> Outlook:
    """The invoice, where this reminder of it may leave now. Raises NotNeeded and WaitsForOthers."""
    found = reminder_outlook.of_documents(connection, shop, [document_id], now=services.now())
    outlook = found[document_id]
    if outlook.obstacle is not None and not outlook.obstacle.passes:
        raise NotNeeded(outlook.obstacle.message)
    claim = outlook.claim(without=kind)
    due = next_reminder(shop.reminders, claim, today=today(services, shop)) if claim else None
    if due is None or due.kind is not kind or due.on > today(services, shop):
        raise NotNeeded(Message("Its time is over, or such reminders were switched off meanwhile."))
    if outlook.obstacle is not None:
        raise WaitsForOthers(outlook.obstacle.message, code="reminder_held", retry_after_s=LOOK_AGAIN_S)
    return outlook


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
    """What the shop says of an order: *status* as built in, whether it *paid*."""

    status: str
    paid: bool


def refuse_if_settled_in_shop(services: Services, connected: ConnectedShop, document_id: int) -> None:
    """Raises NotNeeded where the order is paid, cancelled or gone in its shop, WaitsForOthers while a refund of it waits to be credited."""
    with services.store.read() as connection:
        found = reminder_outlook.of_documents(connection, connected.shop, [document_id], now=services.now())
        document = found[document_id].document
    word = (
        asked_of_shop(services, connected, document) if connected.secrets.has_rest else known_word(services, document)
    )
    if word.status in CLOSED_STATUSES:
        raise NotNeeded(Message("Its order is cancelled or refunded in the shop."))
    if word.paid:
        raise NotNeeded(Message("The shop says that its order is paid."))


def asked_of_shop(services: Services, connected: ConnectedShop, document: Document) -> ShopsWord:
    with fetch.key_refused_is_told(services, connected.shop):
        try:
            fetched = fetch.fetch_from_shop(services, connected, document.draft.order_id)
        except OrderGone:
            return ShopsWord("deleted", paid=False)
    if fetched.order.order_key != document.draft.order_key:
        return ShopsWord("deleted", paid=False)
    refuse_uncredited(services, document, fetched)
    return ShopsWord(status_of(fetched.order, connected.shop), is_paid(fetched.order, connected.shop))


def refuse_uncredited(services: Services, document: Document, fetched: fetch.FetchedOrder) -> None:
    """What the shop gave back is open no more, though its credit note is still to come."""
    with services.store.read() as connection:
        credited = document_balances.of_documents(connection, [document.document_id])[document.document_id].credited
    if total_of(refund.amount for refund in fetched.refunds or ()) > (credited or ZERO):
        raise WaitsForOthers(
            "The shop refunded something of order {number} for which there is no credit note yet.",
            number=document.draft.order_number,
            code="reminder_held",
            retry_after_s=LOOK_AGAIN_S,
        )


def known_word(services: Services, document: Document) -> ShopsWord:
    """Of a shop that gave no key: as it delivered the order last."""
    with services.store.read() as connection:
        order = orders.find(connection, document.shop_id, document.draft.order_id)
    if order is None or order.order_key != document.draft.order_key:
        raise Rejected("Nothing is known of order {number}.", number=document.draft.order_number, code="order_unknown")
    return ShopsWord(order.status, paid=order.paid_at is not None)


def add_to_trail(services: Services, document: Document, kind: ReminderKind) -> None:
    # Without a name: what is on the trail stays when a customer is forgotten.
    message = Message("{reminder} of {number} was mailed.", reminder=REMINDER_TERMS[kind], number=document.number)
    entry = AuditEntry(
        document.shop_id, services.now(), "worker", "reminded", message, document.draft.order_id, document.document_id
    )
    with services.store.write() as connection:
        audit_trail.add(connection, entry)
