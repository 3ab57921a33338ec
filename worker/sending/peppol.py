"""Step: give the e-invoice of a document to the shop's access point, once, whatever is cut off in between.

Each line that calls the access point stands after a commit that says what it is about to do: `prepared`, then `tried_at`, then
`reference`. Who finds a row that was tried looks for it (`find`) before anything is sent again.
"""

from dataclasses import dataclass
from datetime import timedelta

from worker.access_points import access_point
from worker.access_points.access_point import AccessPoint, Account, Declined, Envelope, NotPrepared, Passing, Unclear
from worker.access_points.account import account_of, why_none
from worker.actions import peppol as peppol_actions
from worker.actions.peppol import ACCOUNT_ALERT
from worker.domain import peppol
from worker.domain.access_point import PROVIDERS, Blame, Reach, Sent, State
from worker.domain.actor import Actor
from worker.domain.document import Document, Problem
from worker.domain.step import BUYER_ASKS, MAIL
from worker.errors import Rejected, WaitsForOthers
from worker.message import Message
from worker.sending import Done, NotNeeded
from worker.sending.einvoice import stored_einvoice
from worker.sending.peppol_status import answer_of, did_not_reach, never_said, responses_that_ask
from worker.sending.recipient import lookup, recipient_of
from worker.services import Services
from worker.store import alerts, audit_trail, counters, documents, orders, peppol_answers, steps, transmissions
from worker.store.peppol_answers import SENT, UNCLEAR
from worker.store.shops import ConnectedShop
from worker.store.steps import LeasedSteps
from worker.store.transmissions import UNKNOWN, Transmission

# What an access point does not show at once it may show later: its own answer may have been lost before it had noted anything.
LOOKED_FOR = timedelta(minutes=10)
# An account that was refused is tried so often; whoever gives another key need not wait.
ACCOUNT_RETRY_S = 3600
# An answer that is neither a yes nor a no is somebody's to look at when it has not changed in so long.
UNCLEAR_FOR = timedelta(days=1)


class AccountRefused(WaitsForOthers):
    """The access point refuses the account, or there is none: everything waits, and one alert says so."""

    code = ACCOUNT_ALERT


class NotOnPeppol(NotNeeded):
    """The buyer cannot receive it by Peppol: it goes by mail."""

    code = peppol.NOT_ON_PEPPOL


def transmit(services: Services, leased: LeasedSteps) -> Done:
    """Give it to the access point. What to remember is its reference there.

    Raises NotNeeded where it goes by mail (a test, a buyer who is not on Peppol), Rejected where a person must act, WaitsForOthers.
    """
    with services.store.read() as connection:
        document = documents.get(connection, leased.steps[0].document_id)
    connected = services.connected(document.shop_id)
    if document.draft.test or connected.shop.test:
        raise NotNeeded("A test document goes to nobody by Peppol.")
    try:
        sent = Way(services, document, account_for(services, connected)).send_once()
    except NotOnPeppol:
        tell_on_order(services, document)
        raise
    except Declined as refused:
        raise answer_to(services, document, refused) from refused
    except Unclear as unclear:
        if services.now() - leased.since < UNCLEAR_FOR:
            raise
        raise still_unclear(document, unclear) from unclear
    except AccountRefused as refused:
        alert_account(services, document.shop_id, refused.message)
        raise
    close_alert(services, document.shop_id)
    return Done(sent.reference)


def still_unclear(document: Document, unclear: Unclear) -> Rejected:
    return Rejected(
        "{number} did not leave by Peppol: for a day your access point answers “{said}”. Ask it why, then press “Send it again” on "
        "the document's page.",
        number=document.number,
        said=unclear.message.values["said"],
        code="peppol_unclear",
    )


def account_for(services: Services, connected: ConnectedShop) -> Account:
    reason = why_none(connected.shop, connected.secrets, services.settings)
    if reason:
        raise AccountRefused(reason, retry_after_s=ACCOUNT_RETRY_S)
    account = account_of(connected.shop, connected.secrets, services.settings)
    if account is None:
        raise NotNeeded("Another system sends the e-invoices of this shop by Peppol.")
    return account


@dataclass(frozen=True)
class Way:
    """One document on its way by one account."""

    services: Services
    document: Document
    account: Account

    @property
    def point(self) -> AccessPoint:
        return access_point(self.account)

    def send_once(self) -> Transmission:
        row = self.begun()
        if row.reference:
            return self.settled(row)
        if row.provider != self.account.provider:
            raise self.unknown(row)
        envelope = self.envelope(row)
        row = self.prepared(row, envelope)
        found = self.point.find(row.prepared, envelope) if row.tried_at else None
        if found is not None:
            return self.taken(row, found)
        if row.tried_at and not self.never_left(row):
            raise self.not_found(row)
        return self.sent(row, envelope)

    def begun(self) -> Transmission:
        """The row of this document; made where it is new, once it is known who receives it."""
        with self.services.store.read() as connection:
            row = transmissions.find(connection, self.document.document_id)
        if row is not None and (row.tried_at or row.reference):
            return row
        recipient = recipient_of(self.services, self.document, self.account)
        if recipient is None:
            raise NotOnPeppol(not_on_peppol(self.document))
        with self.services.store.write() as connection:
            return transmissions.begin(
                connection,
                self.document.document_id,
                self.document.shop_id,
                provider=self.account.provider,
                recipient=recipient,
            )

    def envelope(self, row: Transmission) -> Envelope:
        """The stored bytes, held against their hash."""
        try:
            stored = stored_einvoice(self.services, self.document.document_id, row.recipient)
        except NotNeeded as invalid:
            if peppol.is_required(self.document.draft):
                raise Rejected(
                    "There is no valid e-invoice to send by Peppol. {reason}",
                    reason=invalid.message,
                    code="no_einvoice",
                ) from invalid
            raise
        xml = self.services.archive.get(stored.path, sha256=stored.sha256)
        return Envelope(self.document.number, self.document.draft.kind, xml, row.recipient)

    def prepared(self, row: Transmission, envelope: Envelope) -> Transmission:
        if row.prepared:
            return row
        prepared = self.point.prepare(envelope)
        return self.noted(row, prepared=prepared)

    def sent(self, row: Transmission, envelope: Envelope) -> Transmission:
        with self.services.store.write() as connection:
            if not transmissions.mark_tried(connection, row, now=self.services.now()):
                raise Passing("This document is being sent just now.")
        try:
            sent = self.point.send(row.prepared, envelope)
        except NotPrepared:
            self.noted(row, prepared="", tried_at=None)
            raise
        except Unclear as unclear:
            self.noted(row, tried_at=None)
            self.look_up_anew(row, unclear)
            raise
        except (Passing, Declined):  # nothing left
            self.noted(row, tried_at=None)
            raise
        return self.taken(row, sent)

    def look_up_anew(self, row: Transmission, unclear: Unclear) -> None:
        """What was known of the buyer may be over: before the next try he is looked up again, and only that says no."""
        reach, now = Reach(row.recipient, (), str(unclear.message)), self.services.now()
        with self.services.store.write() as connection:
            answer = lookup(self.document, self.account, reach, verdict=UNCLEAR, now=now)
            peppol_answers.add(connection, answer)

    def taken(self, row: Transmission, sent: Sent) -> Transmission:
        """The access point has it: noted with its answer, and the mail that waited for it may go. Raises Rejected where it failed at once."""
        now, document = self.services.now(), self.document
        with self.services.store.write() as connection:
            row = transmissions.taken(connection, document.document_id, sent, now=now)
            peppol_answers.add(connection, answer_of(document, row, SENT, sent, now=now))
            if row.is_sent:
                message = Message(
                    "{number} was sent by Peppol to {address}.", number=document.number, address=row.recipient
                )
                audit_trail.note_of(connection, document, "sent_by_peppol", message, by=Actor("worker", now))
            steps.wake(connection, document.document_id, MAIL, now=now)
        return self.settled(row)

    def settled(self, row: Transmission) -> Transmission:
        if row.state == State.FAILED:
            raise Rejected(did_not_reach(self.document, row), code="peppol_failed")
        if row.state == UNKNOWN:
            raise Rejected(never_said(self.document, row), code="peppol_unknown")
        asked = responses_that_ask(self.document, row)
        if asked:  # tried again or not, a person answers the buyer
            raise Rejected(asked[-1], code=BUYER_ASKS)
        return row

    def noted(self, row: Transmission, **values: object) -> Transmission:
        with self.services.store.write() as connection:
            return transmissions.change(connection, row.document_id, **values)

    def never_left(self, row: Transmission) -> bool:
        """Whether it proves something that what was tried is not there."""
        provider = PROVIDERS[row.provider]
        return provider.is_idempotent or (provider.is_kept_first and self.time_left(row) <= timedelta(0))

    def time_left(self, row: Transmission) -> timedelta:
        """How long it is looked for."""
        return (row.tried_at or self.services.now()) + LOOKED_FOR - self.services.now()

    def not_found(self, row: Transmission) -> WaitsForOthers | Rejected:
        """It was tried, and it is not there. That proves nothing at once; later only a person can say."""
        left = self.time_left(row)
        if left > timedelta(0):
            return WaitsForOthers(
                "The answer of the access point was lost; it is looked for there before anything is sent again.",
                code="peppol_unknown",
                retry_after_s=int(left.total_seconds()) + 1,
            )
        return self.unknown(row)

    def unknown(self, row: Transmission) -> Rejected:
        self.noted(row, state=UNKNOWN)
        return Rejected(
            "Nobody knows whether {number} left: the answer of {provider} was lost, and it is not found there. Look there "
            "yourself, then press “It was sent” or “Send it again” on the document's page.",
            number=self.document.number,
            provider=PROVIDERS[row.provider].label,
            code="peppol_unknown",
        )


def answer_to(services: Services, document: Document, refused: Declined) -> Exception:
    """What a refusal means here: an account's trouble waits; the rest is a person's."""
    match refused.blame:
        case Blame.ACCOUNT:
            alert_account(services, document.shop_id, refused.message)
            return AccountRefused(refused.message, retry_after_s=ACCOUNT_RETRY_S)
        case Blame.DOCUMENT:
            return Rejected(
                Message(
                    "{reason} What was issued cannot be changed: put the cause right, then “Credit and issue again”.",
                    reason=refused.message,
                ),
                code=refused.code,
            )


def not_on_peppol(document: Document) -> Message:
    asked = peppol.addresses_of_buyer(document.draft.buyer)
    return Message(
        "The buyer cannot receive this by Peppol: the network knows no company at {addresses} that takes it. So it goes by mail, "
        "with the PDF.",
        addresses=", ".join(map(str, asked)),
    )


def tell_on_order(services: Services, document: Document) -> None:
    """By law it should have gone by Peppol: its order says that it did not, and what there is to do."""
    if not peppol.is_required(document.draft):
        return
    message = Message(
        "{number} went by mail, as a PDF: by Peppol the buyer cannot receive it. By law he must be able to; once he is, press “Ask "
        "again, and send it by Peppol” on the document's page.",
        number=document.number,
    )
    with services.store.write() as connection:
        counters.lock(connection, document.shop_id)
        code = peppol.flag_of(document.number)
        orders.set_flags(connection, document.order, code, (Problem(code, message),))


def alert_account(services: Services, shop_id: str, reason: Message) -> None:
    peppol_actions.hold(services, shop_id, reason, by=services.actor("worker"))


def close_alert(services: Services, shop_id: str) -> None:
    with services.store.read() as connection:
        is_open = alerts.find(connection, shop_id, ACCOUNT_ALERT) is not None
    if is_open:
        with services.store.write() as connection:
            alerts.close(connection, shop_id, code=ACCOUNT_ALERT, now=services.now())
