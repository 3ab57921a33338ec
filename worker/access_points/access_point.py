"""What every access point can be asked, and how it says no."""

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from worker.domain.access_point import Blame, Reach, Sent
from worker.domain.document import Kind
from worker.errors import Rejected, WaitsForOthers
from worker.message import Message


@dataclass(frozen=True)
class Account:
    """A company's account with an access point. *sender* is the company's own Peppol address, *company* which of the key's.

    *url* replaces the access point's own address; *sandbox* takes that of its test environment, from which nothing arrives.
    """

    provider: str
    key: str = field(repr=False)
    sender: str
    company: str = ""
    url: str = ""
    sandbox: bool = False
    allow_private: bool = False


class Passing(WaitsForOthers):
    """The access point does not answer, cannot now, or says what is no answer. Nothing left; the same call may work later."""

    code = "peppol_away"


class Unclear(Passing):
    """The access point answered what is documented as neither a yes nor a no. Nothing left: the buyer is looked up anew."""


class AnswerLost(WaitsForOthers):
    """It may have been done: the answer did not arrive, or says neither yes nor no. Only `find` tells."""

    code = "peppol_unknown"


class NotPrepared(WaitsForOthers):
    """The access point does not know what was prepared: it must be prepared anew. Nothing left."""

    code = "peppol_not_prepared"


class Declined(Rejected):
    """The access point said no, for a reason that only somebody can end. Nothing left."""

    def __init__(self, message: Message, *, blame: Blame, said: str) -> None:
        super().__init__(message, code=f"peppol_{blame}")
        self.blame, self.said = blame, said


def declined(blame: Blame, said: str | Message) -> Declined:
    """The refusal, with what the access point *said*, or what we say of it."""
    return Declined(refusal(blame, said or "–"), blame=blame, said=str(said))


def refusal(blame: Blame, said: str | Message) -> Message:
    match blame:
        case Blame.DOCUMENT:
            return Message("The access point refuses the e-invoice: {said}.", said=said)
        case Blame.ACCOUNT:
            return Message(
                "The access point refuses your account: {said}. Put it right with your access point, or give another key under "
                "Settings, Peppol.",
                said=said,
            )


@dataclass(frozen=True)
class Company:
    """A company whose e-invoices a key may send: its *name*, its *company_id* there, and its Peppol *addresses*."""

    name: str
    addresses: tuple[str, ...]
    company_id: str = ""


@dataclass(frozen=True)
class Envelope:
    """An e-invoice as it is handed over: the stored bytes, and for whom. *recipient* is a Peppol address."""

    number: str
    kind: Kind
    xml: bytes
    recipient: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.xml).hexdigest()


class AccessPoint(Protocol):
    """One access point. Each call raises Passing, Declined or, where it may have been done, AnswerLost; none is repeated inside.

    `can_receive` gives a no only where what was answered is documented to be one: all else is Passing. `prepare` gives what is remembered before anything is sent. `send` is called once for it; when its answer is lost, `find`
    says whether it left (None: it is not there). `subscribe` lets it tell at *url* what becomes of documents, and gives the
    secret with which it signs; empty where it cannot be asked for that. `companies` is empty where an access point does not tell whose key it is.
    """

    def companies(self) -> tuple[Company, ...]: ...
    def subscribe(self, url: str) -> str: ...
    def can_receive(self, address: str) -> Reach: ...
    def prepare(self, envelope: Envelope) -> str: ...
    def find(self, prepared: str, envelope: Envelope) -> Sent | None: ...
    def send(self, prepared: str, envelope: Envelope) -> Sent: ...
    def status(self, reference: str) -> Sent: ...


BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
DOCUMENT_TYPES = {
    kind: f"urn:oasis:names:specification:ubl:schema:xsd:{name}-2::{name}##{BILLING}"
    for kind, name in ((Kind.INVOICE, "Invoice"), (Kind.CREDIT_NOTE, "CreditNote"))
}


def kinds_among(document_types: list[str]) -> tuple[Kind, ...]:
    """The kinds of document that a participant takes, by the ids that it registered."""
    return tuple(kind for kind, wanted in DOCUMENT_TYPES.items() if any(wanted in given for given in document_types))
