"""Recommand as its server's source has it: one call judges and sends; nothing refuses a double."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, make_response, request

if TYPE_CHECKING:
    from worker.demo.pretend_access_points import Document, PretendAccessPoints

ASKED = {"invoice": "Invoice", "creditNote": "CreditNote"}
INVALID = (
    "Document validation failed. Please ensure your document complies with EN16931 and PEPPOL BIS 3.0 requirements."
)


@dataclass
class Recommand:
    twin: "PretendAccessPoints"

    def blueprint(self) -> Blueprint:
        routes = Blueprint("recommand", __name__, url_prefix="/api/v1")
        routes.before_request(self.refuse_strangers)
        for rule, method, view in (
            ("/companies", "GET", self.companies),
            ("/verify-document-support", "POST", self.look_up),
            ("/<company>/send", "POST", self.send),
            ("/documents", "GET", self.documents),
            ("/documents/<key>", "GET", self.show),
        ):
            routes.add_url_rule(rule, view.__name__, view, methods=[method])
        return routes

    def refuse_strangers(self) -> Response | None:
        given = request.authorization
        is_ours = given is not None and (given.username, given.password) == ("key_x", "secret_x")
        return None if is_ours else refused(401, "Unauthorized")

    def companies(self) -> Response:
        digits = [one.partition(":")[2] for one in self.twin.owners]
        found = [
            {"id": key, "name": f"Bedrijf {key[2:]} BV", "enterpriseNumber": number, "vatNumber": f"BE{number}"}
            for key, number in zip(self.company_ids(), digits, strict=True)
        ]
        return jsonify(success=True, companies=found)

    def company_ids(self) -> list[str]:
        return [f"c_{n}" for n, _ in enumerate(self.twin.owners, start=1)]

    def look_up(self) -> Response:
        asked = request.json or {}
        if ASKED.get(asked["documentType"]) not in self.twin.kinds_of(asked["peppolAddress"]):
            return jsonify(success=True, isValid=False)
        return jsonify(success=True, isValid=True, smpUrl="http://smp.test", serviceEndpoint="https://ap.test/as4")

    def send(self, company: str) -> Response:
        fault, sent = self.twin.fault("send"), request.json or {}
        if company not in self.company_ids():
            return refused(404, "Company not found")
        document = self.twin.keep(sent["document"].encode(), state="sent", recipient=sent["recipient"])
        problems = self.twin.judge(document.xml)
        if problems or not self.twin.deliver(document):
            del self.twin.documents[document.key]
            return invalid(problems) if problems else not_delivered()
        if fault == "lost-after":  # it left, and the database of the provider failed
            del self.twin.documents[document.key]
            return refused(400, "Failed to send document")
        self.twin.fail_afterwards(fault)
        return jsonify(success=True, teamId="team_x", peppolMessageId=f"{document.key}@ap", **shown(document))

    def documents(self) -> Response:
        wanted = request.args.get("search", "")
        hits = [shown(one) for one in self.twin.documents.values() if wanted in one.number]
        pages = {"total": len(hits), "page": 1, "limit": 50, "totalPages": 1}
        return jsonify(success=True, documents=hits, pagination=pages)

    def show(self, key: str) -> Response:
        document = self.twin.find(key)
        if document is None:
            return refused(404, "Document not found")
        return jsonify(success=True, document={**shown(document), "xml": document.xml.decode()})


def shown(document: "Document") -> dict[str, Any]:
    return {
        "id": document.key,
        "companyId": "c_1",
        "direction": "outgoing",
        "receiverId": document.recipient,
        "sentOverPeppol": document.state == "sent",
        "sentOverEmail": False,
        "emailRecipients": [],
        "envelopeId": f"sbdh-{document.key}",
    }


def invalid(problems: list[dict[str, Any]]) -> Response:
    errors = {"root": [INVALID]}
    for one in problems:
        errors.setdefault(one["location"] or "root", []).append(f"{one['rule_id']}: {one['message']}")
    return make_response(jsonify(success=False, errors=errors), 400)


def not_delivered() -> Response:
    return refused(422, "Failed to send document over Peppol network. The recipient is not registered.")


def refused(status: int, message: str) -> Response:
    return make_response(jsonify(success=False, errors={"root": [message]}), status)
