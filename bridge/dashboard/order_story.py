"""What an order's page says before all else: what is wrong with it and what to press; and all that happened, in one row of time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from bridge.dashboard.labels import actor_name, begun_large, kind_within
from bridge.i18n.translate import _, translate_message, translator
from worker.domain import peppol
from worker.domain.attention import Harm, Source
from worker.domain.attention_reasons import OF_MAIL_ADDRESS, reason_of
from worker.domain.document import Document, Draft, Kind, Problem, SendMode, planned_document
from worker.domain.dossier import ALREADY_MADE, refund_of
from worker.domain.order_changes import CHANGED
from worker.domain.order_flags import IN_BIN, STATUS_MISSED, missed_kind
from worker.domain.order_status import DELETED, DISCARDED, GONE
from worker.domain.shop import Shop
from worker.domain.step import MAIL, SENT_ELSEWHERE, TRANSMIT
from worker.message import NO_MESSAGE, Message
from worker.store import plugins
from worker.store.audit_trail import AuditEntry
from worker.store.deliveries import PROCESS_ORDER, Delivery
from worker.store.orders import StoredOrder
from worker.store.queries.order_history import DocumentDetails, OrderHistory
from worker.store.steps import ERASED, Step

# Who acts where no person does.
OURSELVES = ("worker", "scheduler", "facturelay")
# What processing an order says that the trail of its documents says too, or that is no news.
NO_NEWS = ("issued", ALREADY_MADE, "nothing_due")


@dataclass(frozen=True)
class Trouble:
    """What needs a person: *about* what it is, *why* in one sentence, and one button, *label*.

    *address* is below the shop's own, or whole where it is in the shop itself; *presses*: it changes something at once, else it
    only leads there, or asks first; *values* are told with it. *harm* sorts.
    """

    about: str
    why: str
    code: str
    label: str = ""
    address: str = ""
    presses: bool = False
    harm: Harm = Harm.DECISION
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One thing that happened to an order. *who* is empty where no person did it; *item* is the document that it is about."""

    at: datetime
    text: str
    who: str = ""
    item: DocumentDetails | None = None


def troubles(history: OrderHistory, in_shop: str) -> tuple[Trouble, ...]:
    """What of an order needs a person, the most harmful first. *in_shop*: its address there."""
    found = [*unread(history), *unsettled(history), *failed_steps(history), *waiting_drafts(history)]
    found += [of_flag(history, flag, in_shop) for flag in flags(history, counted=True) if not is_made(history, flag)]
    return tuple(sorted(found, key=lambda trouble: trouble.harm))


def flags(history: OrderHistory, *, counted: bool) -> tuple[Problem, ...]:
    """What is to be known of the order: what needs a person, or what only informs."""
    found = history.order.flags if history.order else ()
    return tuple(flag for flag in found if reason_of(Source.FLAG, flag.code).is_counted == counted)


def unread(history: OrderHistory) -> Iterator[Trouble]:
    """The order could not be processed, and has not been since."""
    done = max((one.delivery_id for one in history.deliveries if one.state == "done"), default=0)
    failed = [one for one in history.deliveries if one.state == "failed" and one.delivery_id > done]
    for last in failed[-1:]:
        reason = reason_of(Source.WORK, last.code, PROCESS_ORDER)
        if reason.button.page:
            label, address = translate_message(reason.button.label), f"/{reason.button.page}"
            yield Trouble("", translate_message(last.message), last.code, label, address, harm=reason.harm)
        else:
            yield again(history, last.message, last.code, reason.harm)


def unsettled(history: OrderHistory) -> Iterator[Trouble]:
    if history.not_settled:
        yield again(history, history.not_settled, "", Harm.DECISION)


def again(history: OrderHistory, why: Message, code: str, harm: Harm) -> Trouble:
    return Trouble(
        "", translate_message(why), code, _("Try again"), f"/orders/{history.order_id}/retry", presses=True, harm=harm
    )


def failed_steps(history: OrderHistory) -> Iterator[Trouble]:
    for item in sorted(history.documents, key=lambda item: item.draft.kind is not Kind.INVOICE):
        yield from troubles_of(item)


def troubles_of(item: DocumentDetails) -> Iterator[Trouble]:
    if item.document:
        yield from (of_step(item.document, step) for step in item.steps if step.state == "failed")


def of_step(document: Document, step: Step) -> Trouble:
    """A step that failed: sent elsewhere, put right in the settings, looked at with its document, or tried again."""
    reason, here = reason_of(Source.WORK, step.code, step.name), f"/documents/{document.document_id}"
    label, address, presses = translate_message(reason.button.label), f"/{reason.button.page}", False
    if wants_other_address(step):
        address = f"{here}?open=elsewhere#elsewhere"
    elif step.name == TRANSMIT:
        label, address = _("Look at the document"), here
    elif not reason.button.page:
        label, address, presses = _("Try again"), f"{here}/retry/{step.name}", True
    return Trouble(document.number, translate_message(step.message), step.code, label, address, presses, reason.harm)


def wants_other_address(step: Step | None) -> bool:
    """Whether a mail failed at its address: to try the same one again is no use."""
    if step is None or step.name != MAIL or step.state != "failed":
        return False
    return reason_of(Source.WORK, step.code, MAIL).name in OF_MAIL_ADDRESS


def waiting_drafts(history: OrderHistory) -> Iterator[Trouble]:
    """Drafts that wait for a person, of several each by its kind and amount; one that nothing is wrong with is only to be looked at."""
    waiting = [(one.draft, one.stored_draft) for one in history.drafts if one.stored_draft]
    waiting = [(draft, stored) for draft, stored in waiting if not stored.discarded]
    for draft, stored in waiting:
        here = f"/drafts/{stored.draft_id}"
        about = begun_large(translate_message(planned_document(draft))) if len(waiting) > 1 else ""
        if not draft.problems:
            why = _("The draft waits for you to check and issue it.")
            yield Trouble(about, why, "", _("Check and issue"), here, harm=Harm.INFORMATION)
            continue
        problem = draft.problems[0]
        reason = reason_of(Source.DRAFT, problem.code)
        label, address = _("Look at the draft"), here
        if reason.button.page.startswith("settings/"):
            label, address = translate_message(reason.button.label), f"/{reason.button.page}"
        yield Trouble(about, translate_message(problem.message), problem.code, label, address, harm=reason.harm)


def of_flag(history: OrderHistory, flag: Problem, in_shop: str) -> Trouble:
    reason, why = reason_of(Source.FLAG, flag.code), translate_message(flag.message)
    harm, button = reason.harm, reason.button
    invoice = next((one.document for one in reversed(history.documents) if one.draft.kind is Kind.INVOICE), None)
    if flag.code == CHANGED and invoice is not None:
        label, address = _("Credit and issue again"), f"/documents/{invoice.document_id}?open=credit#credit"
        return Trouble(invoice.number, why, flag.code, label, address, harm=harm)
    if flag.code == IN_BIN and invoice is not None:
        address = f"/documents/{invoice.document_id}?open=credit#credit"
        return Trouble(invoice.number, why, flag.code, _("Credit"), address, harm=harm)
    if flag.code == STATUS_MISSED:
        return of_missed_status(history, flag, harm)
    if button.page:
        return Trouble("", why, flag.code, translate_message(button.label), f"/{button.page}", harm=harm)
    return Trouble("", why, flag.code, _("Open the order in the shop"), in_shop, harm=harm)


def is_made(history: OrderHistory, flag: Problem) -> bool:
    """Whether the document that *flag* misses was made since: the order is about to be looked at again."""
    return flag.code == STATUS_MISSED and any(one.draft.kind is missed_kind(flag) for one in history.documents)


def of_missed_status(history: OrderHistory, flag: Problem, harm: Harm) -> Trouble:
    """The document is made as the rule that waited would have: sent to the customer, or not."""
    kind = missed_kind(flag)
    sends = flag.message.values.get("send_mode") == SendMode.SEND
    return Trouble(
        "",
        translate_message(flag.message),
        flag.code,
        _("Make it now: {kind}", kind=kind_within(kind)),
        f"/orders/{history.order_id}/make",
        presses=True,
        harm=harm,
        values={"kind": kind, "send": "1" if sends else ""},
    )


def order_in_shop(connection: Connection, shop: Shop, order_id: int) -> str:
    """Where the shop shows the order to whoever runs it; where orders are posts yet, WooCommerce leads on from there."""
    return f"{plugins.admin_of(connection, shop)}admin.php?page=wc-orders&action=edit&id={order_id}"


def remedy(draft: Draft, in_shop: str) -> Trouble | None:
    """What must be put right before a draft can be issued, and where; none where a person may issue it as it is.

    That VIES could not say what a number is does not stop it: whoever issues it has VIES asked once more.
    """
    blocking = next((one for one in draft.problems if not one.asks and one.code != "vat_number_unchecked"), None)
    if blocking is None:
        return None
    page, why = reason_of(Source.DRAFT, blocking.code).button.page, translate_message(blocking.message)
    if blocking.code == peppol.NOT_CONNECTED:
        return Trouble("", why, blocking.code, _("Connect Peppol"), "/settings/peppol")
    if blocking.code == "exchange_rate_missing":
        return Trouble("", why, blocking.code, _("Fill in the exchange rate"), "/settings/vat")
    if page:
        return Trouble("", why, blocking.code, _("Fill in your company"), f"/{page}")
    return Trouble("", why, blocking.code, _("Correct it in the shop"), in_shop)


def why_no_invoice(history: OrderHistory) -> Message:
    """Why there is no invoice yet, by the first rule that made none; empty where there is one, or where nobody wants one.

    Of an order that is gone its rules say what was due while it was there.
    """
    if history.order is None or any(item.draft.kind is Kind.INVOICE for item in history.items):
        return NO_MESSAGE
    is_gone = history.order.status == DELETED
    of_invoices = [one for one in history.order.rule_results if one.rule.startswith(Kind.INVOICE)]
    thrown_away = any(entry.code in ("discarded", "ignored") for entry in history.audit_entries)
    # Looked at again since, its own rule says so; before, the rule still says that a draft waits.
    if not is_gone and any(one.message == DISCARDED or (one.fired and thrown_away) for one in of_invoices):
        return DISCARDED
    asked = [one for one in history.order.rule_results if is_gone or not one.fired]
    found = [one for one in asked if one in of_invoices] or ([] if history.items else asked)
    return NO_MESSAGE if not found else GONE if is_gone else found[0].message


def pending(history: OrderHistory) -> Delivery | None:
    """What still waits to be looked at; none once it was."""
    return next((one for one in reversed(history.deliveries) if one.state in ("waiting", "running")), None)


def shown_draft(history: OrderHistory) -> Draft | None:
    """What the order sells and to whom, as its newest document or draft says it; one that credits says only what is given back."""
    found = [item.draft for item in history.items if item.draft.kind is not Kind.CREDIT_NOTE]
    priced = [draft for draft in found if draft.kind is not Kind.DELIVERY_NOTE]
    return next(reversed(priced or found), None)


def waits_without_vat(history: OrderHistory) -> bool:
    """Whether a draft waits with a line without VAT: a person may say then how such lines are treated."""
    return any(not line.rate for item in history.drafts for line in item.draft.lines)


def mailed_to(item: DocumentDetails) -> str:
    """The address that a document was mailed to; empty where it is another's business: a test goes to the shop itself, and of a customer
    who was erased nobody knows it any more."""
    step = item.step(MAIL)
    if step is None or step.state != "done" or item.draft.test or step.mail_to == ERASED:
        return ""
    return step.mail_to or item.draft.buyer.email


def events(history: OrderHistory) -> tuple[Event, ...]:
    """All that happened, the newest first."""
    return newest_first(
        [
            *in_the_shop(history),
            *refunds(history),
            *looks(history),
            *mails_of(history.documents),
            *said(history.audit_entries, history.documents),
        ]
    )


def changed_since(document: Document, order: StoredOrder | None) -> bool:
    """Whether *order* was changed after *document*, the invoice that it is compared with."""
    told = [flag.message.values.get("invoice") for flag in (order.flags if order else ()) if flag.code == CHANGED]
    return document.number in told


def events_of(item: DocumentDetails, entries: Iterable[AuditEntry]) -> tuple[Event, ...]:
    """All that happened to one document, of the *entries* of its order's audit trail."""
    document_id = item.document.document_id if item.document else 0
    mine = [entry for entry in entries if entry.document_id == document_id]
    return newest_first([*mails_of((item,)), *said(mine, (item,))])


def newest_first(found: list[Event]) -> tuple[Event, ...]:
    return tuple(reversed(sorted(found, key=lambda event: event.at)))  # noqa: C413 - of two at once the later one is first


def in_the_shop(history: OrderHistory) -> Iterator[Event]:
    if history.order:
        yield Event(history.order.ordered_at, _("The order was placed in the shop."))
    if history.order and history.order.paid_at:
        yield Event(history.order.paid_at, _("The order was paid."))


def refunds(history: OrderHistory) -> Iterator[Event]:
    """What the shop refunded, as its credit notes were made or began to wait: before, it was not known here."""
    for item in history.items:
        made_at = item.document.issued_at if item.document else item.stored_draft and item.stored_draft.created_at
        if made_at and refund_of(item.draft.cause) is not None:
            amount = translator().amount(item.draft.total, item.draft.currency)
            yield Event(made_at, _("{amount} was refunded in the shop.", amount=amount))


def looks(history: OrderHistory) -> Iterator[Event]:
    """What came of looking at the order, where it was news. What failed stands in the audit trail."""
    before = NO_MESSAGE
    for one in history.deliveries:
        is_news = one.state == "done" and one.code not in NO_NEWS and one.message != before
        if is_news:
            yield Event(one.finished_at or one.received_at, translate_message(one.message))
        before = one.message


def mails_of(documents: Iterable[DocumentDetails]) -> Iterator[Event]:
    """Mails that left. Whatever else happens to a document stands in the audit trail."""
    for item in documents:
        number, mailed_at = item.document.number if item.document else "", item.done_at(MAIL)
        mail, to = item.step(MAIL), mailed_to(item)
        if mailed_at and to:
            yield Event(mailed_at, _("{number} was mailed to {address}.", number=number, address=to), item=item)
        elif mailed_at and mail and mail.mail_to == ERASED:
            yield Event(mailed_at, _("{number} was mailed to an address that was erased.", number=number), item=item)
        elif mailed_at and not to:
            yield Event(mailed_at, _("{number} was mailed to you: it is a test.", number=number), item=item)


def said(entries: Iterable[AuditEntry], documents: Iterable[DocumentDetails]) -> Iterator[Event]:
    """What the audit trail says."""
    by_id = {item.document.document_id: item for item in documents if item.document}
    entries = tuple(entries)
    last_elsewhere = {entry.document_id: entry for entry in entries if entry.code == SENT_ELSEWHERE}
    for entry in entries:
        who = "" if entry.actor in OURSELVES else actor_name(entry.actor)
        item = by_id.get(entry.document_id) if entry.document_id else None
        mail = item.step(MAIL) if item and entry is last_elsewhere.get(entry.document_id) else None
        # Which addresses those were is on the mail's row alone, from which they can be erased.
        message = mail.message if mail and "addresses" in mail.message.values else entry.message
        yield Event(entry.at, translate_message(message), who, item)
