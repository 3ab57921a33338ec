"""What Mollie says of a payment, put into the books: rows alone. Whoever asked Mollie calls it: the buyer's page, a webhook's task, the sweep.

All three may come at one moment: money is counted under the shop's lock, and once, by Mollie's own id.
"""

from datetime import datetime

from sqlalchemy import Connection

from worker.domain.money import ZERO
from worker.domain.online_payment import METHODS, mode_needed
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.message import Message, Money, Value
from worker.net.mollie_answer import MolliePayment, Status
from worker.store import alerts, audit_trail, counters, documents, payment_attempts, payment_rows, payments
from worker.store.audit_trail import AuditEntry
from worker.store.payment_attempts import PaymentAttempt
from worker.store.queries import order_balance

MOLLIE = "Mollie"
CHARGED_BACK, OUT_OF_ORDER = "mollie_charged_back", "mollie_out_of_order"


def record(connection: Connection, shop: Shop, said: MolliePayment, *, now: datetime) -> bool:
    """Keep what Mollie *said* of one of the shop's payments, and count its money. False where it is none of this shop's.

    An attempt that failed, expired or was canceled changes nothing else; nor does anything said twice.
    """
    counters.lock(connection, shop.shop_id)
    attempt = attempt_of(connection, shop.shop_id, said)
    if attempt is None:
        return False
    test = documents.get(connection, attempt.document_id).draft.test
    payment_attempts.save(connection, attempt.attempt_id, said, now=now)
    if said.mode is mode_needed(test=test) and said.status is Status.PAID:
        if not test:
            count(connection, shop, attempt, said, now=now)
        elif attempt.status != Status.PAID:
            # Its attempt is all that a test leaves: its order may be invoiced in earnest afterwards.
            tell_came(connection, attempt, said, now=now)
    return True


def attempt_of(connection: Connection, shop_id: str, said: MolliePayment) -> PaymentAttempt | None:
    """The attempt that *said* is about; also one whose answer got lost, which Mollie names as we told it."""
    known = payment_attempts.find(connection, shop_id, said.payment_id)
    named = said.metadata.get("attempt")
    if known is not None or said.metadata.get("shop") != shop_id or not isinstance(named, int):
        return known
    return payment_attempts.find_unanswered(connection, shop_id, named)


def count(connection: Connection, shop: Shop, attempt: PaymentAttempt, said: MolliePayment, *, now: datetime) -> None:
    """Count the money the first time, and from then on what of it went back."""
    paid_on = shop.day_of(said.paid_at or now)
    method = METHODS.get(said.method, said.method)
    receipt = Receipt(
        paid_on,
        PaymentSource.MOLLIE,
        MOLLIE,
        method=method,
        reference=said.payment_id,
        outside_ref=said.payment_id,
        currency=said.currency,
    )
    if payments.receive(connection, attempt.order, said.amount, receipt, now=now) is not None:
        tell_came(connection, attempt, said, now=now)
    if said.gone_back != attempt.gone_back:
        take_back(connection, shop, attempt, said, now=now)


def tell_came(connection: Connection, attempt: PaymentAttempt, said: MolliePayment, *, now: datetime) -> None:
    message = Message(
        "{amount} came in for {number} by Mollie ({method}, {reference}).",
        amount=Money(said.amount, said.currency),
        number=documents.get(connection, attempt.document_id).number,
        method=METHODS.get(said.method, said.method) or MOLLIE,
        reference=said.payment_id,
    )
    tell(connection, attempt, "paid_online", message, now=now)


def take_back(
    connection: Connection, shop: Shop, attempt: PaymentAttempt, said: MolliePayment, *, now: datetime
) -> None:
    """Let what stands in the books be what Mollie still has; say so to the owner, and alert him where the buyer's bank took it."""
    today = shop.day_of(now)
    standing = [one for one in payment_rows.standing(connection, attempt.order) if one.reference == said.payment_id]
    for payment in standing:
        payments.reverse(connection, payment.payment_id, on=today, by=MOLLIE, now=now)
    kept = said.amount - said.gone_back
    if standing and kept > ZERO:
        # Under a name of its own: Mollie's id was counted once, and is not again.
        name = f"{said.payment_id} {now.isoformat()}"
        receipt = Receipt(
            standing[0].paid_on,
            PaymentSource.MOLLIE,
            MOLLIE,
            method=standing[0].method,
            reference=said.payment_id,
            outside_ref=name,
            currency=said.currency,
        )
        payments.receive(connection, attempt.order, kept, receipt, now=now)
    payments.tell_of_refund(connection, attempt.order, said.gone_back - attempt.gone_back, said.currency, now=now)
    message = went_back(connection, attempt, said)
    tell(connection, attempt, "money_went_back", message, now=now)
    balance = order_balance.of_order(connection, attempt.order)
    if said.charged_back > ZERO and (balance is None or balance.open > ZERO):
        alerts.raise_and_notify_again(
            connection, attempt.order.shop_id, code=alert_of(attempt), message=message, now=now
        )


def went_back(connection: Connection, attempt: PaymentAttempt, said: MolliePayment) -> Message:
    document = documents.get(connection, attempt.document_id)
    amount = Money(said.charged_back or said.refunded, said.currency)
    about: dict[str, Value] = {"amount": amount, "number": document.number, "order": document.draft.order_number}
    if said.charged_back > ZERO:
        return Message(
            "The customer's bank took {amount} back of what was paid for {number} (order {order}) by Mollie: a chargeback. It "
            "is open again. Ask the customer to pay another way, or credit the document; you can object in your Mollie dashboard.",
            **about,
        )
    return Message(
        "{amount} of what was paid for {number} (order {order}) was refunded at Mollie. Where there is no credit note for it, "
        "the document is open again for that much.",
        **about,
    )


def tell(connection: Connection, attempt: PaymentAttempt, code: str, message: Message, *, now: datetime) -> None:
    order = attempt.order
    entry = AuditEntry(order.shop_id, now, MOLLIE, code, message, order.order_id, attempt.document_id)
    audit_trail.add(connection, entry)


def alert_of(attempt: PaymentAttempt) -> str:
    return f"{CHARGED_BACK}:{attempt.document_id}"


# Whether customers can pay


def tell_out_of_order(connection: Connection, shop_id: str, error: Rejected, *, now: datetime) -> None:
    """A customer wanted to pay and could not, by something that the owner alone can mend: an alert until it works."""
    message = Message(
        "A customer could not pay online: {reason} Until it works, documents say how to pay by bank transfer.",
        reason=error.message,
    )
    alerts.raise_alert(connection, shop_id, code=OUT_OF_ORDER, message=message, now=now)


def tell_works(connection: Connection, shop_id: str, *, now: datetime) -> None:
    alerts.close(connection, shop_id, code=OUT_OF_ORDER, now=now)
