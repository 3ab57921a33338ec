"""e-invoice.be as its OpenAPI 1.1.0 has it: upload, then send; a sent document answers 405."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, make_response, request
from lxml import etree

if TYPE_CHECKING:
    from worker.demo.pretend_access_points import Document, PretendAccessPoints

KINDS = {"Invoice": "INVOICE", "CreditNote": "CREDIT_NOTE"}
DOCUMENT_TYPE = (
    "busdox-docid-qns::urn:oasis:names:specification:ubl:schema:xsd:{0}-2::{0}##urn:cen.eu:en16931:2017#compliant#"
    "urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
)


@dataclass
class EInvoiceBe:
    twin: "PretendAccessPoints"

    def blueprint(self) -> Blueprint:
        routes = Blueprint("e_invoice_be", __name__, url_prefix="/api")
        routes.before_request(self.refuse_strangers)
        for rule, method, view in (
            ("/me/", "GET", self.me),
            ("/webhooks/", "GET", self.webhooks),
            ("/webhooks/", "POST", self.subscribe),
            ("/validate/peppol-id", "GET", self.look_up),
            ("/documents/ubl", "POST", self.upload),
            ("/documents/<key>", "GET", self.show),
            ("/documents/<key>/timeline", "GET", self.timeline),
            ("/documents/<key>/ubl", "GET", self.ubl),
            ("/files/<key>", "GET", self.file),
            ("/documents/<key>/send", "POST", self.send),
        ):
            routes.add_url_rule(rule, view.__name__, view, methods=[method])
        return routes

    def refuse_strangers(self) -> Response | None:
        is_file = request.path.startswith("/api/files/")
        if is_file or request.headers.get("Authorization") == "Bearer key":
            return None
        return refused(401, "API key is missing, invalid, or inactive")

    def me(self) -> Response:
        return jsonify(name="Tenant", company_name="De Gouden Koffiepot BV", peppol_ids=self.twin.owners)

    def webhooks(self) -> Response:
        return jsonify(self.twin.subscriptions)

    def subscribe(self) -> Response:
        number = len(self.twin.subscriptions) + 1
        new = {"id": f"wh_{number}", "secret": f"whsec_{number}", **(request.json or {})}
        self.twin.subscriptions.append(new)
        return make_response(jsonify(new), 201)

    def look_up(self) -> Response:
        address = request.args["peppol_id"]
        if not re.fullmatch(r"\d{4}:.+", address):
            return refused(422, "Invalid Peppol ID")
        kinds = self.twin.kinds_of(address)
        found = bool(kinds)
        card = {"country_code": "BE", "name": "Klant NV", "registration_date": None} if found else None
        types = [DOCUMENT_TYPE.format(kind) for kind in kinds]
        return jsonify(
            is_valid=found,
            dns_valid=found,
            business_card_valid=found,
            business_card=card,
            supported_document_types=types,
        )

    def upload(self) -> Response:
        fault = self.twin.fault("upload")
        xml = request.files["file"].read()
        try:
            etree.fromstring(xml, etree.XMLParser(huge_tree=True))
        except etree.XMLSyntaxError:
            return refused(415, "UBL file is not valid or empty")
        document = self.twin.keep(xml, state="DRAFT")
        document.happened("document_created")
        self.twin.fail_afterwards(fault)
        return make_response(jsonify(shown(document)), 201)

    def show(self, key: str) -> Response:
        document = self.twin.find(key)
        return jsonify(shown(document)) if document else unknown()

    def timeline(self, key: str) -> Response:
        document = self.twin.find(key)
        return jsonify(document_id=key, events=document.events) if document else unknown()

    def ubl(self, key: str) -> Response:
        document = self.twin.find(key)
        if document is None:
            return unknown()
        signed_url = None if self.twin.hides_xml else f"{self.twin.url}/api/files/{key}"
        return jsonify(id=key, file_name=f"{document.number}.xml", signed_url=signed_url, validated_at=self.looked_at())

    def looked_at(self) -> str | None:
        return datetime.now(UTC).isoformat() if self.twin.has_looked else None

    def file(self, key: str) -> Response:
        document = self.twin.find(key)
        return Response(document.xml, mimetype="application/xml") if document else unknown()

    def send(self, key: str) -> Response:
        fault = self.twin.fault("send")
        document = self.twin.find(key)
        if document is None:
            return refused(404, "Document with the specified ID doesn't exist")
        if not self.twin.has_looked:
            return refused(400, "Document has not been validated yet")
        with self.twin.lock:
            if document.state != "DRAFT":
                return refused(405, "Document is not in draft state")
            document.state = "TRANSIT"
        if self.twin.judge(document.xml):
            document.state = "DRAFT"
            return refused(406, "Document can not be validated as valid UBL document")
        document.recipient = recipient_of(document)
        document.happened("send_attempted", receiver=document.recipient)
        if self.twin.deliver(document):
            document.state = "SENT"
            document.happened("send_success")
        else:
            document.state = "FAILED"
            document.happened("send_failed", error=f"{document.recipient} is not registered")
        self.twin.fail_afterwards(fault)
        return jsonify(shown(document))


def recipient_of(document: "Document") -> str:
    """As told; what is not told it takes from the tax number, whatever the endpoint in the document says."""
    number = document.root.findtext("{*}AccountingCustomerParty//{*}PartyTaxScheme/{*}CompanyID") or ""
    scheme = request.args.get("receiver_peppol_scheme", "0208")
    return f"{scheme}:{request.args.get('receiver_peppol_id', number.removeprefix('BE'))}"


def shown(document: "Document") -> dict[str, Any]:
    totals = document.root.find("{*}LegalMonetaryTotal")
    return {
        "subtotal": totals.findtext("{*}TaxExclusiveAmount"),
        "total_tax": document.root.findtext("{*}TaxTotal/{*}TaxAmount"),
        "invoice_total": totals.findtext("{*}TaxInclusiveAmount"),
        "id": document.key,
        "created_at": document.at.isoformat(),
        "state": document.state,
        "invoice_id": document.number,
        "document_type": KINDS[document.kind],
        "direction": "OUTBOUND",
    }


def refused(status: int, detail: str) -> Response:
    return make_response(jsonify(detail=detail), status)


def unknown() -> Response:
    return refused(404, "Document not found")
