"""Peppyrus (v1, read 2026-11 in its open clients): takes everything with an id at once, and judges it afterwards."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from worker.access_points.access_point import (
    DOCUMENT_TYPES,
    PROCESS,
    Account,
    Company,
    Envelope,
    NotPrepared,
    declined,
    kinds_among,
)
from worker.access_points.talk import Answer, Line, said_in, unclear
from worker.domain import peppol
from worker.domain.access_point import Blame, Reach, Sent, State

LIVE, SANDBOX = "https://api.peppyrus.be", "https://api.test.peppyrus.be"
STATES = {"sent": State.DELIVERED, "failed": State.FAILED}
SCHEME = "iso6523-actorid-upis"
FOLDERS = ("outbox", "sent", "failed")
# A company that sends a hundred invoices a day is found within ten pages of the last days.
PER_PAGE, MOST_PAGES = 100, 20


class Peppyrus:
    def __init__(self, account: Account) -> None:
        url = account.url or (SANDBOX if account.sandbox else LIVE)
        self.account = account
        self.line = Line(f"{url}/v1", account.allow_private, {"X-Api-Key": account.key})

    def companies(self) -> tuple[Company, ...]:
        """Not asked: what its account says of itself is not published."""
        return ()

    def subscribe(self, url: str) -> str:
        """Not asked: the address is pasted in its settings."""
        return ""

    def can_receive(self, address: str) -> Reach:
        """A Belgian company is asked for by its number: the answer names the address that it has. A no is 404, in both."""
        scheme, _, value = address.partition(":")
        if scheme in (peppol.ENTERPRISE_NUMBER, peppol.BELGIAN_VAT_NUMBER):
            digits = value.upper().removeprefix("BE")
            answer = self.line.get("/peppol/bestMatch", vatNumber=digits, countryCode="BE")
        else:
            answer = self.line.get("/peppol/lookup", scheme=SCHEME, participantId=address)
        if answer.status == 404:
            return Reach(address, (), answer.text)
        if answer.status != 200:
            raise unclear(answer)
        told = answer.object
        types = [str(service["documentType"]) for service in told.get("services") or ()]
        is_it = told.get("participantId", address).lower() == address.lower()
        return Reach(address, kinds_among(types) if is_it else (), answer.text)

    def prepare(self, envelope: Envelope) -> str:
        return envelope.sha256

    def send(self, prepared: str, envelope: Envelope) -> Sent:
        message = {
            "sender": self.account.sender,
            "recipient": envelope.recipient,
            "processType": f"cenbii-procid-ubl::{PROCESS}",
            "documentType": f"busdox-docid-qns::{DOCUMENT_TYPES[envelope.kind]}",
            "fileContent": base64.b64encode(envelope.xml).decode(),
        }
        answer = self.line.ask("POST", "/message", content=message)
        if answer.status in (200, 201):
            # It is taken, whatever that says: it is judged afterwards.
            return Sent(str(answer.object["id"]), State.ACCEPTED, answer=without_content(answer))
        if answer.status == 404:  # it does not know the buyer's address, or ours
            raise unclear(answer)
        raise declined(Blame.DOCUMENT, said_in(answer))

    def find(self, prepared: str, envelope: Envelope) -> Sent | None:
        """Looked for by its bytes, in what this sender sent to this recipient."""
        for message in self.messages(envelope.recipient):
            content = message.get("fileContent") or self.content_of(str(message["id"]))
            if hashlib.sha256(base64.b64decode(content)).hexdigest() == prepared:
                return self.status(str(message["id"]))
        return None

    def messages(self, recipient: str) -> Iterator[dict[str, Any]]:
        for folder in FOLDERS:
            for page in range(1, MOST_PAGES + 1):
                wanted = {"folder": folder, "sender": self.account.sender, "receiver": recipient}
                told = self.line.get("/message/list", **wanted, page=str(page), perPage=str(PER_PAGE)).object
                yield from (one for one in told["items"] if one.get("recipient", recipient) == recipient)
                if page >= told["meta"]["pages"]:
                    break

    def content_of(self, message_id: str) -> str:
        return str(self.line.get(f"/message/{message_id}").object.get("fileContent", ""))

    def status(self, reference: str) -> Sent:
        answer = self.line.get(f"/message/{reference}")
        if answer.status == 404:
            raise NotPrepared("The access point no longer knows the document {reference}.", reference=reference)
        state = STATES.get(str(answer.object.get("folder", "")).lower(), State.ACCEPTED)
        if state is not State.FAILED:
            return Sent(reference, state, evidence=reference, answer=without_content(answer))
        report = self.line.get(f"/message/{reference}/report")
        reason = reason_in(report.object) if report.status == 200 else ""
        said = f"{without_content(answer)}\n{report.text}"
        return Sent(reference, state, reason, evidence=reference, answer=said)


def reason_in(report: dict[str, Any]) -> str:
    fatal = [rule for rule in report.get("validationRules") or () if rule.get("type") == "FATAL"]
    return "; ".join(f"{rule['id']}: {rule['message']}" for rule in fatal) or str(report.get("transmissionRules") or "")


def without_content(answer: Answer) -> str:
    """What it said, without the e-invoice itself."""
    told = dict(answer.object)
    told.pop("fileContent", None)
    return str(told)
