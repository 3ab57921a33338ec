"""Use case: Mollie called, or has not for too long → ask it what became of a payment, and count what came in."""

from datetime import timedelta

from worker.actions import mollie_payment
from worker.errors import Rejected
from worker.net import mollie
from worker.net.mollie import Account
from worker.services import Services
from worker.store import alerts, payment_attempts, payment_rows
from worker.store.payment_attempts import PaymentAttempt
from worker.store.queries import order_balance
from worker.store.shops import ConnectedShop

# After its longest time-out (a bank transfer: 14 days) nothing is open at Mollie any more.
FOLLOWED = timedelta(days=14)
ASKED_EVERY = timedelta(minutes=50)
# As long as nobody answers, one attempt takes 15 seconds; the rest waits for the next round.
MOST = 50


def follow(services: Services, connected: ConnectedShop, payment_ref: str) -> bool:
    """Ask Mollie about one payment, and count it where it is paid. False where it is none of the shop's. Raises Rejected and Unavailable."""
    key = connected.secrets.mollie_key
    if not key:
        return False
    said = mollie.payment(Account(key, services.settings.mollie_url), payment_ref)
    with services.store.write() as connection:
        return mollie_payment.record(connection, connected.shop, said, now=services.now())


def sweep(services: Services, connected: ConnectedShop) -> None:
    """Ask again about every attempt that may still become paid: its webhook may have been lost. Raises Unavailable while Mollie is away."""
    now, shop_id = services.now(), connected.shop.shop_id
    close_alerts(services, shop_id)
    if not connected.secrets.mollie_key:
        return
    with services.store.read() as connection:
        due = payment_attempts.open_attempts(
            connection, shop_id, since=now - FOLLOWED, asked_before=now - ASKED_EVERY, limit=MOST
        )
    for attempt in due:
        ask_again(services, connected, attempt)


def ask_again(services: Services, connected: ConnectedShop, attempt: PaymentAttempt) -> None:
    try:
        follow(services, connected, attempt.payment_ref or "")
    except Rejected as error:
        if error.code not in (mollie.UNKNOWN, mollie.GONE):
            raise
        # The key is another account's now: nothing comes of it here any more.
        with services.store.write() as connection:
            payment_attempts.was_asked(connection, attempt.attempt_id, now=services.now())


def close_alerts(services: Services, shop_id: str) -> None:
    """Close the alert of a chargeback once nothing of its order is open: it was paid another way, or credited."""
    with services.store.read() as connection:
        found = [one.code for one in alerts.open_alerts(connection, shop_id)]
    for code in found:
        name, _, document_id = code.partition(":")
        if name == mollie_payment.CHARGED_BACK:
            with services.store.write() as connection:
                balance = order_balance.of_order(
                    connection, payment_rows.order_of_document(connection, int(document_id))
                )
                if balance is None or not balance.open:
                    alerts.close(connection, shop_id, code=code, now=services.now())
