"""Recommand (its server's source, April 2026): one call sends at once. It refuses no double, and its 400 may come after sending."""

import hashlib
from typing import Any

from worker.access_points.access_point import (
    DOCUMENT_TYPES,
    PROCESS,
    Account,
    AnswerLost,
    Company,
    Declined,
    Envelope,
    NotPrepared,
    Unclear,
    declined,
)
from worker.access_points.talk import Answer, Line, said_in, texts_in, unclear
from worker.domain import peppol
from worker.domain.access_point import Blame, Reach, Sent, State
from worker.domain.document import Kind

LIVE = "https://app.recommand.eu"
ASKED = {Kind.INVOICE: "invoice", Kind.CREDIT_NOTE: "creditNote"}
RULE_PREFIXES = ("BR-", "PEPPOL-", "UBL-")
INVALID = "validation failed"
MOST_FOUND = "50"


class Recommand:
    """Its test environment is a company of its own (a playground team), not another address."""

    def __init__(self, account: Account) -> None:
        key, _, secret = account.key.partition(":")
        self.account = account
        self.line = Line(f"{account.url or LIVE}/api/v1", account.allow_private, auth=(key, secret))

    def companies(self) -> tuple[Company, ...]:
        told = self.line.get("/companies").object.get("companies") or ()
        return tuple(Company(str(one.get("name") or "–"), addresses_of(one), str(one["id"])) for one in told)

    def subscribe(self, url: str) -> str:
        """It tells of what comes in, and not of what went out."""
        return ""

    def can_receive(self, address: str) -> Reach:
        """Asked for each kind of document. It says no as well when it fails itself, so a no to all of them is in doubt."""
        answers = {
            kind: self.line.ask(
                "POST", "/verify-document-support", content={"peppolAddress": address, "documentType": name}
            )
            for kind, name in ASKED.items()
        }
        for answer in answers.values():
            if answer.status != 200 or not isinstance(answer.object.get("isValid"), bool):
                raise unclear(answer)
        kinds = tuple(kind for kind, answer in answers.items() if answer.object["isValid"])
        return Reach(address, kinds, "\n".join(answer.text for answer in answers.values()), in_doubt=not kinds)

    def prepare(self, envelope: Envelope) -> str:
        return envelope.sha256

    def send(self, prepared: str, envelope: Envelope) -> Sent:
        message = {
            "recipient": envelope.recipient,  # with its scheme: without one it takes 0208 and the digits
            "documentType": "xml",
            "document": envelope.xml.decode(),
            "doctypeId": DOCUMENT_TYPES[envelope.kind],
            "processId": PROCESS,
        }
        answer = self.line.ask("POST", f"/{self.account.company}/send", content=message)
        if answer.status == 200 and answer.object.get("success"):
            return sent(answer.object)
        raise refusal(answer)

    def find(self, prepared: str, envelope: Envelope) -> Sent | None:
        wanted = {"direction": "outgoing", "companyId": self.account.company, "search": envelope.number}
        listed = self.line.get("/documents", **wanted, limit=MOST_FOUND, excludeAttachments="true").object
        for one in listed.get("documents") or ():
            answer = self.line.get(f"/documents/{one['id']}")
            document = answer.object.get("document") or {}
            if hashlib.sha256(str(document.get("xml") or "").encode()).hexdigest() == prepared:
                return sent(document)
        return None

    def status(self, reference: str) -> Sent:
        answer = self.line.get(f"/documents/{reference}")
        if answer.status == 404:
            raise NotPrepared("The access point no longer knows the document {reference}.", reference=reference)
        return sent(answer.object["document"])


def addresses_of(company: dict[str, Any]) -> tuple[str, ...]:
    given = (company.get("enterpriseNumber"), company.get("vatNumber"))
    found = (peppol.read_address(str(one)) for one in given if one)
    return tuple(dict.fromkeys(str(one) for one in found if one))


def sent(told: dict[str, Any]) -> Sent:
    state = State.DELIVERED if told.get("sentOverPeppol") else State.FAILED
    ids = (told.get("peppolMessageId"), told.get("envelopeId"))
    evidence = " ".join(str(one) for one in ids if one)
    answered = {name: value for name, value in told.items() if name not in ("xml", "attachments")}
    return Sent(str(told["id"]), state, evidence=evidence, answer=str(answered))


def refusal(answer: Answer) -> Declined | AnswerLost | Unclear:
    """Whose turn it is. A 400 that names no rule may have been sent: its catch-all also covers what it failed to note.

    422 is any failure of the network, from a buyer who is not there to a line that was cut while he took it.
    """
    said = said_in(answer)
    if answer.status == 404:
        return declined(Blame.ACCOUNT, said)
    if answer.status == 422 and not may_have_arrived(said):
        return unclear(answer)
    texts = texts_in(answer.object)
    if any(text.startswith(RULE_PREFIXES) or INVALID in text for text in texts):
        return declined(Blame.DOCUMENT, said)
    return AnswerLost("The access point says “{said}”, which does not tell whether it was sent.", said=said)


def may_have_arrived(said: str) -> bool:
    """Whether the line to the buyer's access point was cut once it stood: then that may have taken all, and never says so again."""
    text = said.lower()
    is_late = any(word in text for word in ("timed out", "timedout", "timeout")) and "connect" not in text
    return is_late or any(word in text for word in ("reset", "hang up", "no response"))
