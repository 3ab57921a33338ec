"""e-invoice.be (OpenAPI 1.1.0, read 2026-11): upload gives a draft there, and sending it a second time is refused (405)."""

from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from worker.access_points.access_point import Account, Company, Envelope, NotPrepared, Passing, declined, kinds_among
from worker.access_points.talk import Answer, Line, said_in, unclear
from worker.domain.access_point import RESPONSES, Blame, Reach, Sent, State
from worker.message import Message
from worker.net.http_call import read_json

LIVE, SANDBOX = "https://api.e-invoice.be", "https://api-dev.e-invoice.be"
STATES = {"SENT": State.DELIVERED, "RECEIVED": State.DELIVERED, "FAILED": State.FAILED}
# What its send answers, by whose turn it is. 405: it is no draft any more, so it has been sent.
BLAMES = {400: Blame.DOCUMENT, 406: Blame.DOCUMENT, 409: Blame.ACCOUNT}
SENT = (200, 405)
EVENTS = ("document.sent", "document.sent.failed")
FAILURES = ("send_failed", "mlr_received")
OTHERS = Message("it would send other amounts than those of the invoice")
SENT_OTHERS = Message("it was sent there with other amounts than those of the invoice")


class EInvoiceBe:
    def __init__(self, account: Account) -> None:
        url = account.url or (SANDBOX if account.sandbox else LIVE)
        self.account = account
        self.line = Line(url, account.allow_private, {"Authorization": f"Bearer {account.key}"})

    def companies(self) -> tuple[Company, ...]:
        told = self.line.get("/api/me/").object
        name, addresses = told.get("company_name") or told.get("name") or "–", told.get("peppol_ids") or ()
        return (Company(str(name), tuple(map(str, addresses))),) if addresses else ()

    def subscribe(self, url: str) -> str:
        """One subscription, however often it is asked for."""
        listed = read_json(self.line.get("/api/webhooks/").text)
        mine = [one for one in listed if one.get("url") == url] if isinstance(listed, list) else []
        if mine:
            return str(mine[0].get("secret") or "")
        wanted = {"url": url, "events": list(EVENTS), "enabled": True}
        answer = self.line.ask("POST", "/api/webhooks/", content=wanted)
        return str(answer.object.get("secret") or "") if answer.status == 201 else ""

    def can_receive(self, address: str) -> Reach:
        """A no is `is_valid` false. With `dns_valid` the network knows the address, and only its directory said nothing just now."""
        answer = self.line.get("/api/validate/peppol-id", peppol_id=address)
        told = answer.object if answer.status == 200 else {}
        if told.get("is_valid") is True:
            return Reach(address, kinds_among(told.get("supported_document_types") or []), answer.text)
        if told.get("is_valid") is False and not told.get("dns_valid"):
            return Reach(address, (), answer.text)
        raise unclear(answer)

    def prepare(self, envelope: Envelope) -> str:
        """Upload it as a draft of theirs."""
        file = (f"{envelope.number}.xml", envelope.xml)
        answer = self.line.ask("POST", "/api/documents/ubl", file=file)
        if answer.status != 201:
            raise declined(Blame.DOCUMENT, said_in(answer))
        return str(answer.object["id"])

    def alters(self, prepared: str, shown: dict[str, Any], envelope: Envelope) -> bool:
        """Whether what it would send, or has sent, says other amounts than ours: its own model has no rounding (BT-114).

        Compared with its UBL; where it shows none yet, with the figures that it *shows* of the document.
        """
        stored = self.line.get(f"/api/documents/{prepared}/ubl")
        url = stored.object.get("signed_url") if stored.status == 200 else None
        kept = self.line.fetch(str(url)) if url else None
        if kept is not None and kept.status == 200:
            return figures(kept.text.encode()) != figures(envelope.xml)
        return shows_others(shown, envelope.xml)

    def find(self, prepared: str, envelope: Envelope) -> Sent | None:
        answer = self.line.get(f"/api/documents/{prepared}")
        if answer.status == 404 or answer.object["state"] == "DRAFT":
            return None
        found = self.sent(prepared, answer)
        if found.state is not State.FAILED and self.alters(prepared, answer.object, envelope):
            raise declined(Blame.DOCUMENT, SENT_OTHERS)
        return found

    def refuse_to_alter(self, prepared: str, envelope: Envelope) -> None:
        answer = self.line.get(f"/api/documents/{prepared}")
        if (
            answer.status == 200
            and answer.object.get("state") == "DRAFT"
            and self.alters(prepared, answer.object, envelope)
        ):
            raise declined(Blame.DOCUMENT, OTHERS)

    def send(self, prepared: str, envelope: Envelope) -> Sent:
        """Without the receiver's address it would take one from the tax numbers, whatever the e-invoice says."""
        self.refuse_to_alter(prepared, envelope)
        scheme, _, value = envelope.recipient.partition(":")
        sender_scheme, _, sender = self.account.sender.partition(":")
        params = {
            "receiver_peppol_scheme": scheme,
            "receiver_peppol_id": value,
            "sender_peppol_scheme": sender_scheme,
            "sender_peppol_id": sender,
        }
        answer = self.line.ask("POST", f"/api/documents/{prepared}/send", params=params)
        if answer.status in SENT:
            return self.status(prepared)
        if answer.status == 404:
            raise NotPrepared("The access point no longer has the draft of {number}.", number=envelope.number)
        if answer.status == 400 and self.is_unchecked(prepared):
            raise Passing("The access point has not checked {number} yet.", number=envelope.number)
        if answer.status == 422:  # something of the request, which need not be the buyer's address
            raise unclear(answer)
        raise declined(BLAMES.get(answer.status, Blame.DOCUMENT), said_in(answer))

    def is_unchecked(self, prepared: str) -> bool:
        """Whether it says that it still has to look at it: that, too, is a 400."""
        stored = self.line.get(f"/api/documents/{prepared}/ubl")
        return stored.status == 200 and stored.object.get("validated_at", "") is None

    def status(self, reference: str) -> Sent:
        answer = self.line.get(f"/api/documents/{reference}")
        if answer.status == 404:
            raise NotPrepared("The access point no longer knows the document {reference}.", reference=reference)
        return self.sent(reference, answer)

    def sent(self, reference: str, answer: Answer) -> Sent:
        timeline = self.line.get(f"/api/documents/{reference}/timeline")
        events = timeline.object.get("events") or [] if timeline.status == 200 else []
        state = STATES.get(answer.object["state"], State.ACCEPTED)
        failures = [event for event in events if event["event_type"] in FAILURES]
        return Sent(
            reference,
            state,
            reason=reason_of(failures) if state is State.FAILED else "",
            responses=tuple(code for event in events if event["event_type"] == "imr_received" for code in codes(event)),
            answer=f"{answer.text}\n{timeline.text}",
        )


def reason_of(failures: list[dict[str, object]]) -> str:
    details = failures[-1].get("details") if failures else None
    values = details.values() if isinstance(details, dict) else ()
    return "; ".join(str(value) for value in values)


def codes(event: dict[str, object]) -> list[str]:
    """The codes of an Invoice Response, wherever its details keep them."""
    details = event.get("details")
    values = details.values() if isinstance(details, dict) else ()
    return [str(value) for value in values if value in RESPONSES]


FIGURES = ("TaxExclusiveAmount", "TaxInclusiveAmount", "PrepaidAmount", "PayableRoundingAmount", "PayableAmount")


def figures(xml: bytes) -> tuple[str, ...]:
    """The number of an e-invoice and its totals, to compare."""
    root = read(xml)
    return (root.findtext("{*}ID") or "", *(f"{amount_in(root, name):.2f}" for name in FIGURES))


def shows_others(shown: dict[str, Any], xml: bytes) -> bool:
    """Whether a document of theirs says another number, or amounts that are none of ours. What it does not say is not held against it."""
    root = read(xml)
    total = amount_in(root, "TaxInclusiveAmount")
    ours: dict[str, set[Any]] = {
        "subtotal": {amount_in(root, "TaxExclusiveAmount"), amount_in(root, "LineExtensionAmount")},
        "total_tax": {Decimal(root.findtext("{*}TaxTotal/{*}TaxAmount") or 0)},
        "invoice_total": {total, total + amount_in(root, "PayableRoundingAmount")},
    }
    given = {name: as_amount(shown[name]) for name in ours if shown.get(name) is not None}
    is_other = shown.get("invoice_id") not in (None, "", root.findtext("{*}ID"))
    return is_other or any(amount is not None and amount not in ours[name] for name, amount in given.items())


def as_amount(told: object) -> Decimal | None:
    try:
        return Decimal(str(told))
    except InvalidOperation:
        return None


def read(xml: bytes) -> Any:
    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def amount_in(root: Any, name: str) -> Decimal:
    return Decimal(root.findtext(f"{{*}}LegalMonetaryTotal/{{*}}{name}") or 0)
