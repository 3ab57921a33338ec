"""Pretend access points on this machine: e-invoice.be, Peppyrus and Recommand as their clients see them, and a small Peppol.

Each judges what it gets as the real one does (Peppyrus afterwards), delivers into a list, and fails when a test says so.
"""

import itertools
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import mockeinvoice
from flask import Flask, Response, abort
from lxml import etree

from worker.demo.http_server import Pretended, hang_up
from worker.demo.pretend_access_points.e_invoice_be import EInvoiceBe
from worker.demo.pretend_access_points.peppyrus import Peppyrus
from worker.demo.pretend_access_points.recommand import Recommand

KEY = "key"
RECOMMAND_KEY, RECOMMAND_COMPANY = "key_x:secret_x", "c_1"
KEYS = {"e-invoice.be": KEY, "peppyrus": KEY, "recommand": RECOMMAND_KEY}
BOTH = ("Invoice", "CreditNote")


@dataclass
class Document:
    """An e-invoice at an access point. *state* is in the words of the provider."""

    key: str
    xml: bytes
    state: str
    recipient: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    events: list[dict[str, Any]] = field(default_factory=list)
    report: list[dict[str, Any]] = field(default_factory=list)

    @property
    def root(self) -> Any:
        return etree.fromstring(self.xml, etree.XMLParser(huge_tree=True))

    @property
    def number(self) -> str:
        return self.root.findtext("{*}ID") or ""

    @property
    def kind(self) -> str:
        return str(etree.QName(self.root).localname)

    def happened(self, event_type: str, **details: str) -> None:
        at = datetime.now(UTC).isoformat()
        self.events.append({"event_type": event_type, "timestamp": at, "id": None, "details": details})


@dataclass
class PretendAccessPoints(Pretended):
    """All three at one address. Whoever is not *on_peppol* (address: kinds of document) cannot receive.

    *faults* says what goes wrong next at `lookup`, `upload` or `send`: "before" (cut, nothing done), "after" (done, then cut), "503",
    "500-after" (done, then an error), "lost-after" (Recommand's catch-all after sending), or any status.
    """

    on_peppol: dict[str, tuple[str, ...]] = field(default_factory=dict)
    refusing: set[str] = field(
        default_factory=set
    )  # addresses that are registered, and whose access point takes nothing
    everyone: bool = False  # whoever has a Belgian number can receive
    owners: list[str] = field(default_factory=lambda: ["0208:0445566134"])  # whose accounts these are
    hides_xml: bool = False  # e-invoice.be does not show the UBL of what was uploaded
    has_looked: bool = True  # e-invoice.be has checked what was uploaded, and takes the order to send it
    subscriptions: list[dict[str, Any]] = field(default_factory=list)  # who is told what became of a document
    faults: dict[str, list[str]] = field(default_factory=dict)
    delivered: list[tuple[str, bytes]] = field(default_factory=list)  # recipient and bytes, as the buyer got them
    documents: dict[str, Document] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # the addresses that somebody looked up

    def __post_init__(self) -> None:
        self.ids, self.lock = itertools.count(1), threading.Lock()

    def app(self) -> Flask:
        app = Flask(__name__)
        for provider in (EInvoiceBe(self), Peppyrus(self), Recommand(self)):
            app.register_blueprint(provider.blueprint())
        return app

    # Peppol

    def kinds_of(self, address: str) -> tuple[str, ...]:
        self.asked.append(address)
        self.fault("lookup")
        return self.registered(address)

    def registered(self, address: str) -> tuple[str, ...]:
        return BOTH if self.everyone and address.startswith("0208:") else self.on_peppol.get(address, ())

    def judge(self, xml: bytes) -> list[dict[str, Any]]:
        """What the rules say against it: `rule_id`, `message`, `location`."""
        try:
            _, report = mockeinvoice.validate(xml)
        except mockeinvoice.Refused as refused:
            return [{"rule_id": refused.code, "message": refused.reason, "location": ""}]
        fatal = [finding for finding in report.failures if finding.level == "fatal"]
        return [{"rule_id": finding.code, "message": finding.text, "location": finding.path} for finding in fatal]

    def deliver(self, document: Document) -> bool:
        """Bring it to the buyer; False where he cannot receive it."""
        if document.kind not in self.registered(document.recipient) or document.recipient in self.refusing:
            return False
        with self.lock:
            self.delivered.append((document.recipient, document.xml))
        return True

    def delivered_numbers(self) -> list[str]:
        return [Document("", xml, "").number for _, xml in self.delivered]

    def keep(self, xml: bytes, *, state: str, prefix: str = "doc_", recipient: str = "") -> Document:
        document = Document(f"{prefix}{next(self.ids)}", xml, state, recipient)
        self.documents[document.key] = document
        return document

    def find(self, key: str) -> Document | None:
        return self.documents.get(key)

    # Faults

    def fault(self, route: str) -> str:
        """What goes wrong now; a fault before anything is done is carried out here."""
        with self.lock:
            waiting = self.faults.get(route)
            fault = waiting.pop(0) if waiting else ""
        if fault == "before":
            hang_up()
        if fault.isdigit():
            abort(Response(status=int(fault)))
        return fault

    def fail_afterwards(self, fault: str) -> None:
        """A fault after all was done."""
        if fault == "after":
            hang_up()
        if fault == "500-after":
            abort(500)
