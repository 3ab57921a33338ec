"""What a person decides that takes a number: issue a draft, make a document by hand, credit, issue again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from worker.domain.actor import Actor
from worker.domain.credit_balance import CreditedInvoice, credit_balance_of
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_question import BY_HAND
from worker.domain.credit_selection import CreditSelection
from worker.domain.decide import decide_documents, draft_manually, draft_reissue
from worker.domain.decision import Decision
from worker.domain.document import KIND_TERMS, Document, Draft, History, Kind, Purpose, StoredDraft
from worker.domain.dossier import Dossier, refund_of
from worker.domain.order import Contact, Order
from worker.domain.order_flags import IN_BIN, STATUS_MISSED, still_missed
from worker.domain.order_payment import rest_may_be_charged
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.shop import Shop
from worker.domain.vat_check import UNCHECKED
from worker.errors import OrderGone, Rejected
from worker.invoicing.current_shop import reload_shop
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.preflight import Preflight
from worker.invoicing.request import IssueAnswer, Request, answered, chosen, issue_requested, try_before_lock
from worker.invoicing.vat_checks import with_vat_check_now
from worker.message import NO_MESSAGE
from worker.orders.fetch import FetchedOrder, fetch_from_shop, read_from_deliveries
from worker.queue import PROCESS_ORDER, SEND_DOCUMENT
from worker.services import Services
from worker.store import counters, deliveries, documents, drafts, order_money, orders, payments, sales, shops
from worker.store.deliveries import NewDelivery
from worker.store.shops import ConnectedShop

# Of the order as it is known, what was made of it, and the shop.
Wanted = Callable[[Order, History, Shop], tuple[Draft, ...]]


def issue_waiting_draft(services: Services, draft_id: int, answer: IssueAnswer, *, by: Actor) -> Document:
    """Issue a waiting draft as the order is now. Raises Rejected when the order no longer calls for it, or a check fails.

    With a reason also where VIES could not say whether the buyer's number is valid, and where there is no valid e-invoice; what
    VIES calls invalid stays refused.
    """
    with services.store.read() as connection:
        waiting = drafts.get_draft(connection, draft_id)
        connected = shops.get(connection, services.encryption, waiting.shop_id)
    fetched = fetch_now(services, connected, waiting.draft.order_id)
    shop = with_rate(services, connected.shop, fetched.order.currency)
    fetched = with_vat_check_now(services, shop, fetched)

    def wanted(order: Order, history: History, shop: Shop) -> tuple[Draft, ...]:
        decision = decide_documents(order, fetched.refunds or (), history, shop, services.today(shop))
        return (redraft(waiting, decision, order, request=request),)

    request = Request(Preflight(services), by, answer)
    try_before_lock(request, shop, drafts_of(fetched, wanted))
    with services.store.write() as connection:
        counters.lock(connection, waiting.shop_id)
        shop = reload_shop(connection, shop)
        (document,) = issue_of_order(connection, shop, fetched, wanted, request)
        # Refunds made while it waited become due now. Without a key they cannot be read anyway.
        delivery_id = request_processing(connection, services, connected, waiting.draft.order_id)
    services.enqueue(SEND_DOCUMENT, document.document_id)
    if delivery_id is not None:
        services.enqueue(PROCESS_ORDER, delivery_id)
    return document


def with_rest(connection: Connection, shop: Shop, order: Order, fetched: FetchedOrder, request: Request) -> Order:
    """The *order* that was changed after it was paid, of which a person says that the rest was paid too: that is counted, but of a test,
    which only says so. Raises Rejected where it is not asked, unless he said it of many orders.
    """
    by, is_asked = request.by, rest_may_be_charged(order, shop)
    if not (is_asked or request.answer.of_many):
        raise Rejected(
            "Whether the rest of order {number} was paid too is not asked.", number=order.number, code="no_choice"
        )
    if not is_asked:
        return order
    if shop.test:
        return replace(order, paid_total=order.total)
    order_money.count_reported(connection, shop, order, now=by.now)
    receipt = Receipt(
        shop.day_of(by.now), PaymentSource.PERSON, by.name, method=order.payment_method, currency=order.currency
    )
    payments.receive(connection, order_money.key_of(shop, order), order.total - order.came_in, receipt, now=by.now)
    return order_money.with_money(connection, shop, fetched.order, fetched.refunds)


def request_processing(
    connection: Connection, services: Services, connected: ConnectedShop, order_id: int
) -> int | None:
    """The id of the delivery that lets the order be looked at again; None without a key."""
    if not connected.secrets.has_rest:
        return None
    again = NewDelivery(connected.shop.shop_id, "person", "order.updated", order_id, body=b"")
    return deliveries.add(connection, again, now=services.now())


def redraft(waiting: StoredDraft, decision: Decision, order: Order, *, request: Request) -> Draft:
    """The draft of the same cause as it is decided now, without what a person answered with *request*.

    What is left is the number that he trusts without the word of VIES: of that the trail tells.
    """
    draft = next((due for due in decision.drafts if due.cause == waiting.draft.cause), None)
    if draft is None and order.status == "trash" and refund_of(waiting.draft.cause) is not None:
        raise refund_in_bin(waiting.draft)
    if draft is None:
        own = (":".join(waiting.draft.cause.split(":")[:2]), waiting.draft.kind)
        about = (f for f in decision.rule_results if f.rule == own[0] or f.rule.partition(":")[0] == own[1])
        why = next((f.message for f in about if not f.fired), NO_MESSAGE)
        raise Rejected(
            "Order {number} no longer calls for this {kind}. {reason} Discard the draft.",
            number=waiting.draft.order_number,
            kind=KIND_TERMS[waiting.draft.kind],
            reason=why,
            code="draft_outdated",
        )
    draft = chosen(draft, within_left=request.answer.within_left)
    trusted = tuple(replace(problem, asks=True) for problem in draft.problems if problem.code == UNCHECKED)
    return replace(answered(draft, request), problems=trusted)


def refund_in_bin(draft: Draft) -> Rejected:
    """WooCommerce puts the refunds of an order in the bin with it: nobody can read then what they give back."""
    return Rejected(
        "Order {number} is in the bin of the shop, and the refund of this credit note with it. Take the order out of the bin to issue "
        "it, or credit {invoice} on its page and discard this draft.",
        number=draft.order_number,
        invoice=draft.corrects.number if draft.corrects else "",
        code="refund_in_bin",
    )


@dataclass(frozen=True)
class ManualDocument:
    """A document that no rule made: of which *kind*, for which order, whether to *send* it, and *rest_paid* and *of_many* as of an
    `IssueAnswer`."""

    order_id: int
    kind: Kind
    send: bool
    rest_paid: bool | None = None
    of_many: bool = False


@dataclass(frozen=True)
class Credit:
    """What is credited of an invoice: all that is left, or a *selection* of it; *issue_again*: then it is issued anew from the
    order as it is now, of which *rest_paid* says the same as of an `IssueAnswer`.

    With an *idempotency_key* the call may be repeated: the same key makes the same documents once. Chosen lines need one, as an
    invoice may be credited often.
    """

    selection: CreditSelection | None = None
    issue_again: bool = False
    send: bool = True
    rest_paid: bool | None = None
    idempotency_key: str = ""


def issue_manual_document(services: Services, shop_id: str, asked: ManualDocument, *, by: Actor) -> Document:
    """Make a document that no rule made, from the order as it is now. Raises Rejected where it exists, or a check fails.

    Where the order has refunds, which may be due now, or was told to miss it, it is looked at once more.
    """
    connected = services.connected(shop_id)
    fetched = fetch_now(services, connected, asked.order_id)
    shop = with_rate(services, connected.shop, fetched.order.currency)
    fetched = with_vat_check_now(services, shop, fetched)

    def wanted(order: Order, history: History, shop: Shop) -> tuple[Draft, ...]:
        dossier = Dossier(order, fetched.refunds or (), history, shop, services.today(shop))
        return (draft_manually(asked.kind, dossier),)

    answer = IssueAnswer(asked.send, rest_paid=asked.rest_paid, of_many=asked.of_many)
    request = Request(Preflight(services), by, answer)
    try_before_lock(request, shop, drafts_of(fetched, wanted))
    with services.store.write() as connection:
        counters.lock(connection, shop_id)
        shop = reload_shop(connection, shop)
        (document,) = issue_of_order(connection, shop, fetched, wanted, request)
        is_unfinished = bool(fetched.order.refunds) or is_no_longer_missed(connection, document)
        delivery_id = request_processing(connection, services, connected, asked.order_id) if is_unfinished else None
    services.enqueue(SEND_DOCUMENT, document.document_id)
    if delivery_id is not None:
        services.enqueue(PROCESS_ORDER, delivery_id)
    return document


def is_no_longer_missed(connection: Connection, made: Document) -> bool:
    """Whether the order was told to miss the document that was *made*. It no longer is, in the same transaction."""
    shop_id, order_id, kind = made.shop_id, made.draft.order_id, made.draft.kind
    known = orders.find(connection, shop_id, order_id)
    missed = [flag for flag in known.flags if flag.code == STATUS_MISSED] if known else []
    if known and missed:
        orders.set_flags(connection, known.key, STATUS_MISSED, still_missed(missed, kind))
    return bool(missed)


def credit(services: Services, document_id: int, asked: Credit = Credit(), *, by: Actor) -> tuple[Document, ...]:
    """Credit an invoice, all in one transaction: either the shop has the corrected pair, or nothing has changed."""
    with services.store.read() as connection:
        invoice = documents.get(connection, document_id)
        connected = shops.get(connection, services.encryption, invoice.shop_id)
    if invoice.draft.kind is not Kind.INVOICE:
        raise Rejected(
            "{number} is not an invoice; only invoices are credited.", number=invoice.number, code="not_an_invoice"
        )
    fetched = fetch_credited(services, connected, invoice, is_gone_too=not asked.issue_again)
    shop = with_rate(services, connected.shop, fetched.order.currency)
    if asked.issue_again:
        fetched = with_vat_check_now(services, shop, fetched)
    # Another cause than a cancelled order's: what a person credited is not invoiced again by itself.
    cause = f"{BY_HAND}{invoice.number}" + (f":{asked.idempotency_key}" if asked.idempotency_key else "")

    def wanted(order: Order, history: History, shop: Shop) -> tuple[Draft, ...]:
        if asked.selection is None:
            pair = draft_reissue(order, invoice, history, shop, services.today(shop))
            return pair if asked.issue_again else (replace(pair[0], cause=cause),)
        already = tuple(document.draft for document in history.credit_notes_of(invoice))
        credited = CreditedInvoice(invoice, already)
        return (draft_credit_note(asked.selection, credited, order, shop, purpose=Purpose(Kind.CREDIT_NOTE, cause)),)

    def earlier_result(connection: Connection) -> tuple[Document, ...]:
        return (
            find_earlier_result(connection, invoice, cause, issue_again=asked.issue_again)
            if asked.idempotency_key
            else ()
        )

    request = Request(Preflight(services), by, IssueAnswer(asked.send, rest_paid=asked.rest_paid))
    with services.store.read() as connection:
        is_made = bool(earlier_result(connection))
    if not is_made:
        try_before_lock(request, shop, drafts_of(fetched, wanted))
    with services.store.write() as connection:
        counters.lock(connection, shop.shop_id)
        made = earlier_result(connection)
        if made:
            return made
        shop = reload_shop(connection, shop)
        made = issue_of_order(connection, shop, fetched, wanted, request)
        end_bin_flag(connection, invoice)
        # What is flagged of the invoice may be answered by it.
        delivery_id = request_processing(connection, services, connected, invoice.draft.order_id)
    for document in made:
        services.enqueue(SEND_DOCUMENT, document.document_id)
    if delivery_id is not None:
        services.enqueue(PROCESS_ORDER, delivery_id)
    return made


def end_bin_flag(connection: Connection, invoice: Document) -> None:
    """Once nothing is left of *invoice*, its order may lie in the bin: an order that is gone for good is not looked at again."""
    made = documents.history(connection, invoice.shop_id, invoice.draft.order_id, invoice.draft.order_key)
    if not credit_balance_of(invoice, (note.draft for note in made.credit_notes_of(invoice))).total:
        orders.set_flags(connection, invoice.order, IN_BIN, ())


def find_earlier_result(
    connection: Connection, invoice: Document, cause: str, *, issue_again: bool
) -> tuple[Document, ...]:
    """What an earlier try of the same call made before it was broken off."""
    first = documents.by_cause(
        connection, invoice.shop_id, f"cancel:{invoice.number}" if issue_again else cause, invoice.draft.order_key
    )
    if first is None or not issue_again:
        return () if first is None else (first,)
    history = documents.history(connection, invoice.shop_id, invoice.draft.order_id, invoice.draft.order_key)
    later = [d for d in history.documents if d.draft.kind is Kind.INVOICE and d.document_id > first.document_id]
    return (first, later[0]) if later else ()


def fetch_now(services: Services, connected: ConnectedShop, order_id: int) -> FetchedOrder:
    """The order as the shop shows it; what was delivered last where there is no REST key."""
    if connected.secrets.has_rest:
        return fetch_from_shop(services, connected, order_id)
    fetched = read_delivered(services, connected, order_id)
    if fetched is None:
        raise Rejected(
            "Order {order_id} cannot be read: Facturelay has no key of the shop. Connect the shop again.",
            order_id=order_id,
            code="rest_key_missing",
        )
    return fetched


def fetch_credited(
    services: Services, connected: ConnectedShop, invoice: Document, *, is_gone_too: bool
) -> FetchedOrder:
    """The order of *invoice*. One that the shop deleted for good as the invoice tells of it, where *is_gone_too*: that stands."""
    try:
        return fetch_now(services, connected, invoice.draft.order_id)
    except OrderGone:
        if not is_gone_too:
            raise
        return FetchedOrder(order_of(invoice), None, services.now())


def order_of(invoice: Document) -> Order:
    """The order of *invoice* as far as that tells of it: enough to credit it, which takes from the invoice alone."""
    draft = invoice.draft
    buyer = Contact(draft.buyer.name, company=draft.buyer.company, address=draft.buyer.address, email=draft.buyer.email)
    return Order(
        order_id=draft.order_id,
        order_key=draft.order_key,
        number=draft.order_number,
        status="trash",
        currency=draft.currency,
        total=draft.total,
        prices_include_tax=False,
        created_at=invoice.issued_at,
        modified_at=invoice.issued_at,
        paid_at=None,
        completed_at=None,
        created_via="",
        payment_method=draft.payment_method,
        payment_title=draft.payment_title,
        transaction_id="",
        billing=buyer,
        shipping=buyer,
        customer_note="",
        lines=(),
        tax_rates=(),
    )


def read_delivered(services: Services, connected: ConnectedShop, order_id: int) -> FetchedOrder | None:
    with services.store.read() as connection:
        delivered = deliveries.of_order(connection, connected.shop.shop_id, order_id)
    return read_from_deliveries(services, delivered)


def known_of(connection: Connection, shop: Shop, fetched: FetchedOrder) -> tuple[Order, History]:
    """The order with what is known of its money, and what was made of it."""
    order = order_money.with_money(connection, shop, fetched.order, fetched.refunds)
    return order, sales.history(connection, shop, fetched.order)


def drafts_of(fetched: FetchedOrder, wanted: Wanted) -> Callable[[Connection, Shop], tuple[Draft, ...]]:
    """What is *wanted* of an order, as it is known when it is asked."""
    return lambda connection, shop: wanted(*known_of(connection, shop, fetched), shop)


def issue_of_order(
    connection: Connection, shop: Shop, fetched: FetchedOrder, wanted: Wanted, request: Request
) -> tuple[Document, ...]:
    """Issue what is *wanted* of the order, and let its money follow: what the shop says came in pays its invoice, and who is owed
    some of it back is told of."""
    order, history = known_of(connection, shop, fetched)
    if request.answer.rest_paid:
        order = with_rest(connection, shop, order, fetched, request)
    drafts = wanted(order, history, shop)
    if any(draft.kind is Kind.INVOICE for draft in drafts) and not shop.test:
        order_money.count_reported(connection, shop, order, now=request.by.now)
    made = issue_requested(connection, shop, drafts, request)
    order_money.flag_excess(connection, made[0].order)
    return made
