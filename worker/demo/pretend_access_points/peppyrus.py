"""Peppyrus as its clients see it: 200 means nothing, a message is judged and carried when it is asked for afterwards."""

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, make_response, request

from worker.demo.pretend_access_points.e_invoice_be import DOCUMENT_TYPE

if TYPE_CHECKING:
    from worker.demo.pretend_access_points import Document, PretendAccessPoints

NEEDED = ("sender", "recipient", "processType", "documentType", "fileContent")


@dataclass
class Peppyrus:
    twin: "PretendAccessPoints"

    def blueprint(self) -> Blueprint:
        routes = Blueprint("peppyrus", __name__, url_prefix="/v1")
        routes.before_request(self.refuse_strangers)
        for rule, method, view in (
            ("/peppol/bestMatch", "GET", self.best_match),
            ("/peppol/lookup", "GET", self.look_up),
            ("/message", "POST", self.take),
            ("/message/<key>", "GET", self.show),
            ("/message/<key>/report", "GET", self.report),
            ("/message/list", "GET", self.messages),
        ):
            routes.add_url_rule(rule, view.__name__, view, methods=[method])
        return routes

    def refuse_strangers(self) -> Response | None:
        return None if request.headers.get("X-Api-Key") == "key" else told(401, "Unauthorized")

    def best_match(self) -> Response:
        digits = request.args["vatNumber"]
        return self.found(f"0208:{digits}") or self.found(f"9925:BE{digits}") or told(404, "Not found")

    def look_up(self) -> Response:
        return self.found(request.args["participantId"]) or told(404, "Not found")

    def found(self, address: str) -> Response | None:
        kinds = self.twin.kinds_of(address)
        services = [{"documentType": DOCUMENT_TYPE.format(kind), "endpoint": "https://ap.test/as4"} for kind in kinds]
        answer = jsonify(participantId=address, scheme="iso6523-actorid-upis", services=services)
        return answer if kinds else None

    def take(self) -> Response:
        fault, sent = self.twin.fault("send"), request.json or {}
        missing = [name for name in NEEDED if not sent.get(name)]
        if missing:
            return make_response(
                jsonify(message="Validation failed", errors=[f"{one} is required" for one in missing]), 422
            )
        document = self.twin.keep(
            base64.b64decode(sent["fileContent"]), state="outbox", prefix="m", recipient=sent["recipient"]
        )
        self.twin.fail_afterwards(fault)
        return jsonify(shown(document, sender=sent["sender"]))

    def show(self, key: str) -> Response:
        document = self.twin.find(key)
        if document is None:
            return told(404, "Message not found")
        self.settle(document)
        return jsonify(shown(document))

    def settle(self, document: "Document") -> None:
        if document.state != "outbox":
            return
        document.report = self.twin.judge(document.xml)
        document.state = "sent" if not document.report and self.twin.deliver(document) else "failed"

    def report(self, key: str) -> Response:
        document = self.twin.documents[key]
        rules = [
            {"id": one["rule_id"], "type": "FATAL", "location": one["location"], "message": one["message"]}
            for one in document.report
        ]
        transmission = "" if rules else f"Participant {document.recipient} not found"
        return jsonify(validationRules=rules, transmissionRules=transmission)

    def messages(self) -> Response:
        folder, receiver = request.args["folder"].lower(), request.args.get("receiver", "")
        hits = [one for one in self.twin.documents.values() if one.state == folder and receiver in ("", one.recipient)]
        items = [{name: value for name, value in shown(one).items() if name != "fileContent"} for one in hits]
        return jsonify(items=items, meta={"pages": 1, "currentPage": 1, "itemCount": len(items)})


def shown(document: "Document", *, sender: str = "") -> dict[str, Any]:
    return {
        "id": document.key,
        "sender": sender,
        "recipient": document.recipient,
        "direction": "OUT",
        "folder": document.state,
        "created": document.at.isoformat(),
        "confirmed": False,
        "fileContent": base64.b64encode(document.xml).decode(),
    }


def told(status: int, message: str) -> Response:
    return make_response(jsonify(message=message), status)
