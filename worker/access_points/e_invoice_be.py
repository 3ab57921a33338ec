"""e-invoice.be (OpenAPI 1.1.0, read 2026-11): upload gives a draft there, and sending it a second time is refused (405)."""

from decimal import Decimal

from lxml import etree

from worker.access_points.access_point import Account, Company, Envelope, NotPrepared, declined, kinds_among
from worker.access_points.talk import Answer, Line, said_in
from worker.domain.access_point import RESPONSES, Blame, Reach, Sent, State
from worker.net.http_call import read_json

LIVE, SANDBOX = "https://api.e-invoice.be", "https://api-dev.e-invoice.be"
STATES = {"SENT": State.DELIVERED, "RECEIVED": State.DELIVERED, "FAILED": State.FAILED}
# What its send answers, by whose turn it is. 405: it is no draft any more, so it has been sent.
BLAMES = {
    400: Blame.DOCUMENT,
    406: Blame.DOCUMENT,
    409: Blame.ACCOUNT,
    422: Blame.RECIPIENT,
}
SENT = (200, 405)
EVENTS = ("document.sent", "document.sent.failed")
FAILURES = ("send_failed", "mlr_received")


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
        answer = self.line.get("/api/validate/peppol-id", peppol_id=address)
        if answer.status != 200:
            return Reach(address, (), answer.text)
        told = answer.object
        types = told.get("supported_document_types") or [] if told.get("is_valid") else []
        return Reach(address, kinds_among(types), answer.text)

    def prepare(self, envelope: Envelope) -> str:
        """Upload it as a draft of theirs, and make sure that its amounts are still ours: their model has no rounding (BT-114)."""
        file = (f"{envelope.number}.xml", envelope.xml)
        answer = self.line.ask("POST", "/api/documents/ubl", file=file)
        if answer.status != 201:
            raise declined(Blame.DOCUMENT, said_in(answer))
        prepared = str(answer.object["id"])
        self.refuse_other_amounts(prepared, envelope.xml)
        return prepared

    def refuse_other_amounts(self, prepared: str, xml: bytes) -> None:
        stored = self.line.get(f"/api/documents/{prepared}/ubl")
        url = stored.object.get("signed_url") if stored.status == 200 else None
        if not url:  # it shows them only once it has looked at them itself
            return
        kept = self.line.fetch(str(url))
        if kept.status == 200 and figures(kept.text.encode()) != figures(xml):
            raise declined(Blame.DOCUMENT, "it would send other amounts than those of the invoice")

    def find(self, prepared: str, envelope: Envelope) -> Sent | None:
        answer = self.line.get(f"/api/documents/{prepared}")
        if answer.status == 404:
            return None
        return None if answer.object["state"] == "DRAFT" else self.sent(prepared, answer)

    def send(self, prepared: str, envelope: Envelope) -> Sent:
        """Without the receiver's address it would take one from the tax numbers, whatever the e-invoice says."""
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
        raise declined(BLAMES.get(answer.status, Blame.DOCUMENT), said_in(answer))

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
    return "; ".join(str(value) for value in values) or "it says no reason"


def codes(event: dict[str, object]) -> list[str]:
    """The codes of an Invoice Response, wherever its details keep them."""
    details = event.get("details")
    values = details.values() if isinstance(details, dict) else ()
    return [str(value) for value in values if value in RESPONSES]


FIGURES = ("TaxExclusiveAmount", "TaxInclusiveAmount", "PrepaidAmount", "PayableRoundingAmount", "PayableAmount")


def figures(xml: bytes) -> tuple[str, ...]:
    """The number of an e-invoice and its totals, to compare."""
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    totals = root.find("{*}LegalMonetaryTotal")
    found = [totals.findtext(f"{{*}}{name}") if totals is not None else None for name in FIGURES]
    return (root.findtext("{*}ID") or "", *(f"{Decimal(text or 0):.2f}" for text in found))
