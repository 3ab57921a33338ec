"""What became of e-invoices that an access point took: asked for three days, as what was delivered may still be rejected."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from worker.access_points import access_point
from worker.access_points.access_point import Account
from worker.access_points.account import account_of
from worker.domain.access_point import PROVIDERS, RESPONSES_THAT_NEED_SOMEBODY, Sent, State
from worker.domain.actor import Actor
from worker.domain.document import Document
from worker.domain.step import BUYER_ASKS, MAIL, TRANSMIT
from worker.errors import FacturelayError
from worker.message import Message
from worker.services import Services
from worker.store import audit_trail, documents, peppol_answers, steps, transmissions
from worker.store.jobs import JobEnd
from worker.store.peppol_answers import STATUS, PeppolAnswer
from worker.store.shops import ConnectedShop
from worker.store.transmissions import UNKNOWN, Transmission

log = logging.getLogger(__name__)

MOST_AT_ONCE = 50
# What is under way is asked for soon; what was delivered, now and then.
WHILE_ACCEPTED, WHILE_DELIVERED = timedelta(minutes=5), timedelta(hours=6)
RESPONSE_TERMS = {
    "AB": Message("The buyer's system took it in"),
    "IP": Message("The buyer is looking at it"),
    "UQ": Message("The buyer asks something about it before going on"),
    "CA": Message("The buyer accepts it under conditions"),
    "RE": Message("The buyer rejects it"),
    "AP": Message("The buyer accepts it"),
    "PD": Message("The buyer says that it is paid"),
}


def follow(services: Services, connected: ConnectedShop) -> None:
    """Ask what became of those that are due. One whose answer does not come is asked again later.

    Without an account nothing is asked: until the three days are over there may be one again.
    """
    account = account_of(connected.shop, connected.secrets, services.settings)
    with services.store.read() as connection:
        due = transmissions.due(connection, connected.shop.shop_id, now=services.now(), limit=MOST_AT_ONCE)
    for row in due:
        if is_over(row, account, services.now()):
            stop(services, row)
        elif account is not None:
            ask(services, row, account)


def is_over(row: Transmission, account: Account | None, now: datetime) -> bool:
    """Whether there is nobody to ask any more: the days are over, or the shop sends by another access point now."""
    is_late = row.follow_until is not None and row.follow_until < now
    return is_late or (account is not None and row.provider != account.provider)


def stop(services: Services, row: Transmission) -> None:
    """Ask no more. What was never said to have arrived needs somebody who looks."""
    with services.store.write() as connection:
        if row.state != State.ACCEPTED:
            transmissions.change(connection, row.document_id, next_at=None)
            return
        document, now = documents.get(connection, row.document_id), services.now()
        message = never_said(document, row)
        transmissions.change(connection, row.document_id, state=UNKNOWN, next_at=None)
        steps.end_otherwise(connection, row.document_id, TRANSMIT, JobEnd("failed", "peppol_unknown", message), now=now)
        audit_trail.note_of(connection, document, "peppol_unknown", message, by=Actor("worker", now))


def ask(services: Services, row: Transmission, account: Account) -> None:
    now = services.now()
    try:
        sent = access_point(account).status(row.reference)
    except FacturelayError as error:
        log.info("what became of document %d could not be asked: %s", row.document_id, error.message)
        with services.store.write() as connection:
            transmissions.change(connection, row.document_id, next_at=now + WHILE_ACCEPTED)
        return
    keep(services, row, sent)


def keep(services: Services, row: Transmission, sent: Sent) -> None:
    """Note what was answered; what is new goes on the trail, and what failed waits for a person."""
    now = services.now()
    new = (sent.state != row.state, tuple(code for code in sent.responses if code not in row.responses.split()))
    with services.store.write() as connection:
        document = documents.get(connection, row.document_id)
        transmissions.change(connection, row.document_id, **transmissions.said(sent), next_at=next_look(sent, now))
        if new == (False, ()):
            return
        peppol_answers.add(connection, answer_of(document, row, STATUS, sent, now=now))
        for message in news(document, row, sent, new[1]):
            audit_trail.note_of(connection, document, f"peppol_{sent.state}", message, by=Actor("worker", now))
        if sent.state is State.FAILED and new[0]:
            reason = news(document, row, sent, ())[0]
            steps.end_otherwise(
                connection, row.document_id, TRANSMIT, JobEnd("failed", "peppol_failed", reason), now=now
            )
            steps.retry_skipped(connection, row.document_id, MAIL, now=now)
        asked = responses_that_ask(document, replace(row, responses=" ".join(new[1])))
        if asked:
            end = JobEnd("failed", BUYER_ASKS, asked[-1])
            steps.end_otherwise(connection, row.document_id, TRANSMIT, end, now=now)


def next_look(sent: Sent, now: datetime) -> datetime | None:
    if sent.state is State.FAILED:
        return None
    return now + (WHILE_DELIVERED if sent.state is State.DELIVERED else WHILE_ACCEPTED)


def news(document: Document, row: Transmission, sent: Sent, responses: tuple[str, ...]) -> tuple[Message, ...]:
    """What is told of it: its state where that is new, then each answer of the buyer."""
    told: list[Message] = []
    if sent.state is State.DELIVERED and sent.state != row.state:
        told.append(
            Message("{number} was delivered by Peppol to {address}.", number=document.number, address=row.recipient)
        )
    if sent.state is State.FAILED:
        told.append(did_not_reach(document, replace(row, reason=sent.reason)))
    told += [response(document, code) for code in responses if code in RESPONSE_TERMS]
    return tuple(told)


def response(document: Document, code: str) -> Message:
    return Message("{number}: {answer}.", number=document.number, answer=RESPONSE_TERMS[code])


def responses_that_ask(document: Document, row: Transmission) -> tuple[Message, ...]:
    """What the buyer answered and somebody must see to, oldest first."""
    return tuple(response(document, code) for code in row.responses.split() if code in RESPONSES_THAT_NEED_SOMEBODY)


def did_not_reach(document: Document, row: Transmission) -> Message:
    return Message(
        "{number} did not reach {address} by Peppol: {reason}. Nothing is sent again by itself: put the cause right, then press “Send "
        "it again” on the document's page, or credit and issue again there.",
        number=document.number,
        address=row.recipient,
        reason=row.reason or Message("the access point says no reason"),
    )


def never_said(document: Document, row: Transmission) -> Message:
    return Message(
        "{provider} took {number}, and whether it reached the buyer could not be learnt there. Look there yourself, then press “It "
        "was sent” or “Send it again” on the document's page.",
        provider=PROVIDERS[row.provider].label,
        number=document.number,
    )


def answer_of(document: Document, row: Transmission, about: str, sent: Sent, *, now: datetime) -> PeppolAnswer:
    """What the access point said of a document, to keep."""
    return PeppolAnswer(
        shop_id=row.shop_id,
        document_id=row.document_id,
        provider=row.provider,
        about=about,
        address=row.recipient,
        kind=document.draft.kind,
        verdict=str(sent.state),
        asked_at=now,
        answer=sent.answer,
    )
