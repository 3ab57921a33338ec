"""The button “Pay online” behind a document's link: the buyer is sent to Mollie, and comes back. Opening the page creates nothing.

Mollie is asked here and not by the worker: a buyer waits, and must not wait behind a shop's thousand orders. So it is asked within
seconds, by a few at a time; whatever goes wrong, he reads a sentence and how to pay by bank transfer.
"""

import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Response, make_response, redirect, request

from bridge.accounts.access import client_group
from bridge.accounts.attempts import is_rate_limited
from bridge.context import context, redirect_to
from bridge.customer.document import PageNotice, blueprint, open_link, show
from bridge.customer.linked_document import LinkedDocument
from worker.actions import mollie_payment
from worker.domain.money import in_minor_units
from worker.errors import FacturelayError, Rejected, Unavailable
from worker.i18n import Translator, title
from worker.net import mollie, mollie_hook
from worker.net.ip_address import is_public
from worker.net.mollie import Account, NewPayment
from worker.net.mollie_answer import MolliePayment, Status
from worker.net.mollie_key import MOLLIE
from worker.net.talk import talk
from worker.store import counters, payment_attempts, shops
from worker.store.payment_attempts import PaymentAttempt

T = TypeVar("T")
# A buyer does not wait longer, and however many press at once, the other threads of this process stay free.
MOST_S, MOST_BYTES = 8.0, 1_000_000
ASKING = threading.BoundedSemaphore(4)
# Who comes back is told soon, and reloads; Mollie is not asked at each.
ASKED_EVERY = timedelta(seconds=3)
LOOKS_AGAIN = timedelta(minutes=10)
MOST_OF_DOCUMENT, MOST_OF_SENDER = 20, 60
LOCALES = {"nl": "nl_BE", "fr": "fr_BE", "de": "de_DE", "en": "en_GB"}


@blueprint.get("/d/<token>/pay")
def only_the_button(token: str) -> Response:
    """Somebody opened the address: nothing is created, and the page has the button."""
    return redirect_to(f"/d/{token}")


@blueprint.post("/d/<token>/pay")
def pay(token: str) -> Response:
    """Send the buyer to Mollie to pay what is open now; to the page, where there is nothing to pay."""
    linked = open_link(token)
    # Who knows the link may press the button; a form elsewhere may not press it for him.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none") or not linked.may_pay_here:
        return redirect_to(f"/d/{token}")
    if is_limited(linked):
        return sorry(linked, token, HTTPStatus.TOO_MANY_REQUESTS)
    try:
        address = asked_of_mollie(lambda: checkout(linked, token))
    except FacturelayError as error:
        tell_owner(linked, error)
        return sorry(linked, token, HTTPStatus.SERVICE_UNAVAILABLE)
    return make_response(redirect(address, HTTPStatus.SEE_OTHER)) if address else redirect_to(f"/d/{token}/back")


@blueprint.get("/d/<token>/back")
def come_back(token: str) -> Response:
    """The buyer is back from Mollie: say what became of his payment, as soon as it is known."""
    linked = open_link(token)
    attempt, now = linked.attempt, context().now()
    was_asked_just_now = attempt and attempt.created_at < attempt.asked_at and now - attempt.asked_at < ASKED_EVERY
    if attempt and attempt.may_change and not was_asked_just_now:
        try:
            asked_of_mollie(lambda: learn(linked, attempt))
        except FacturelayError as error:
            tell_owner(linked, error)
        linked = open_link(token)
    return show(linked, token, notice_after_return(linked))


def notice_after_return(linked: LinkedDocument) -> PageNotice | None:
    attempt, words = linked.attempt, linked.words
    if attempt is None or not linked.money.is_owed:
        return None
    if attempt.may_change:
        soon = context().now() - attempt.created_at < LOOKS_AGAIN
        text = words.gettext("Your payment is not confirmed yet. This page looks again by itself.")
        return PageNotice(text, is_waiting=attempt.is_under_way, looks_again=soon)
    if attempt.status in (Status.FAILED, Status.CANCELED, Status.EXPIRED):
        return PageNotice(words.gettext("The payment was not completed, and nothing was taken. You can try again."))
    return None


def sorry(linked: LinkedDocument, token: str, status: HTTPStatus) -> Response:
    text = linked.words.gettext(
        "Paying online does not work at the moment, and nothing was taken. Pay by bank transfer, or try again in a few minutes."
    )
    response = show(linked, token, PageNotice(text))
    response.status_code = status
    return response


def is_limited(linked: LinkedDocument) -> bool:
    return is_rate_limited("pay", str(linked.document.document_id), MOST_OF_DOCUMENT) or is_rate_limited(
        "pay-from", client_group(), MOST_OF_SENDER
    )


# Asking Mollie


def asked_of_mollie(questions: Callable[[], T]) -> T:
    """What *questions* found out, all of them within seconds. Raises Unavailable where enough others ask already."""
    if not ASKING.acquire(blocking=False):
        raise Unavailable("Enough others are asking Mollie.", code="mollie_busy")
    try:
        with talk(MOST_S, most_bytes=MOST_BYTES):
            return questions()
    finally:
        ASKING.release()


def checkout(linked: LinkedDocument, token: str) -> str:
    """Where the buyer pays what is open: the attempt that is there, or a new one. Empty where he has paid, or is about to."""
    with context().store.read() as connection:
        last = payment_attempts.latest(connection, linked.document.document_id)
    said = learn(linked, last) if last and last.may_change else None
    if said and said.status in (Status.PAID, Status.PENDING, Status.AUTHORIZED):
        return ""
    if said and said.status is Status.OPEN and said.amount == linked.money.to_pay:
        return said.checkout_url
    if said and said.is_cancelable:  # it asks for another amount: better that nobody pays it
        mollie.cancel(account_of(linked), said.payment_id)
    return new_checkout(linked, token)


def learn(linked: LinkedDocument, attempt: PaymentAttempt) -> MolliePayment | None:
    """What became of *attempt*, counted where it is paid; None where the account is another one by now."""
    try:
        said = mollie.payment(account_of(linked), attempt.payment_ref or "")
    except Rejected as error:
        if error.code not in (mollie.UNKNOWN, mollie.GONE):
            raise
        return None
    keep(linked, said)
    return said


def new_checkout(linked: LinkedDocument, token: str) -> str:
    now, document = context().now(), linked.document
    with context().store.write() as connection:
        counters.lock(connection, document.shop_id)  # who presses twice at one moment makes one attempt
        attempt = payment_attempts.begin(connection, document, linked.money.to_pay, now=now)
    new = new_payment(linked, token, attempt)
    # The words too: under the same key Mollie refuses another question.
    key = hashlib.sha256(f"{attempt.idempotency_key} {new}".encode()).hexdigest()[:40]
    said = mollie.create(account_of(linked), new, idempotency_key=key)
    with context().store.write() as connection:
        payment_attempts.save(connection, attempt.attempt_id, said, now=now)
        mollie_payment.tell_works(connection, document.shop_id, now=now)
    return said.checkout_url


def new_payment(linked: LinkedDocument, token: str, attempt: PaymentAttempt) -> NewPayment:
    document, draft = linked.document, linked.document.draft
    page = f"{context().settings.public_url}/d/{token}"
    return NewPayment(
        value=in_minor_units(attempt.amount, draft.currency),
        currency=draft.currency,
        description=f"{title(draft.kind, Translator(draft.mail_language))} {document.number}",
        redirect_url=f"{page}/back",
        cancel_url=page,
        webhook_url=webhook_url(document.shop_id),
        locale=LOCALES[draft.mail_language],
        methods=linked.shop.mollie.methods,
        metadata={
            "shop": document.shop_id,
            "order": draft.order_id,
            "document": document.document_id,
            "attempt": attempt.attempt_id,
        },
    )


def webhook_url(shop_id: str) -> str:
    """Empty on a machine that Mollie itself cannot reach: it refuses such an address. The return and the sweep then tell."""
    settings = context().settings
    host = urlsplit(settings.public_url).hostname or ""
    is_number = host.replace(".", "").isdigit() or ":" in host
    if settings.mollie_url == MOLLIE and (host == "localhost" or (is_number and not is_public(host))):
        return ""
    return mollie_hook.url(settings.public_url, settings.secret_keys, shop_id)


def account_of(linked: LinkedDocument) -> Account:
    with context().store.read() as connection:
        found = shops.get(connection, context().encryption, linked.shop.shop_id)
    return Account(found.secrets.mollie_key, context().settings.mollie_url)


def keep(linked: LinkedDocument, said: MolliePayment) -> None:
    with context().store.write() as connection:
        mollie_payment.record(connection, linked.shop, said, now=context().now())


def tell_owner(linked: LinkedDocument, error: FacturelayError) -> None:
    """Of what passes by itself nobody is told."""
    if isinstance(error, Rejected):
        with context().store.write() as connection:
            mollie_payment.tell_out_of_order(connection, linked.shop.shop_id, error, now=context().now())
