"""A pretend VIES on this machine: it answers by the number that is asked, by the table of the Commission's own test service."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import stdnum.eu.vat
from flask import Flask, Response, jsonify, make_response, request

from worker.demo.http_server import Pretended

# The test service's numbers, whatever the country; an error comes with status 200, 400 or 500, as on the real one.
TABLE: dict[str, tuple[str, int]] = {
    "201": ("INVALID_INPUT", 400),
    "202": ("INVALID_REQUESTER_INFO", 400),
    "300": ("SERVICE_UNAVAILABLE", 500),
    "301": ("MS_UNAVAILABLE", 200),
    "302": ("TIMEOUT", 200),
    "400": ("VAT_BLOCKED", 200),
    "401": ("IP_BLOCKED", 200),
    "500": ("GLOBAL_MAX_CONCURRENT_REQ", 500),
    "501": ("GLOBAL_MAX_CONCURRENT_REQ_TIME", 500),
    "600": ("MS_MAX_CONCURRENT_REQ", 200),
    "601": ("MS_MAX_CONCURRENT_REQ_TIME", 200),
}
VALID, INVALID = "100", "200"


@dataclass
class PretendVies(Pretended):
    """Answers as VIES does. Numbers beside the table are valid when their check digits are; *says* overrules that, by number.

    *questions* holds what was asked, oldest first.
    """

    says: dict[str, str] = field(default_factory=dict)  # "NL123456782B90": a number of the table
    questions: list[dict[str, Any]] = field(default_factory=list)
    always: str = ""  # what every number is answered as, whatever it is

    def app(self) -> Flask:
        app = Flask(__name__)
        app.add_url_rule("/check-vat-number", view_func=self.answer, methods=["POST"])
        return app

    @property
    def url(self) -> str:
        return f"{super().url}/check-vat-number"

    def answer(self) -> Response:
        asked = request.get_json()
        self.questions.append(asked)
        number = f"{asked['countryCode']}{asked['vatNumber']}"
        wanted = self.always or self.says.get(number, asked["vatNumber"])
        if wanted in TABLE:
            code, status = TABLE[wanted]
            return make_response(jsonify({"actionSucceed": False, "errorWrappers": [{"error": code}]}), status)
        valid = wanted == VALID or (wanted != INVALID and stdnum.eu.vat.is_valid(number))
        has_requester = asked.get("requesterMemberStateCode") and asked.get("requesterNumber")
        return jsonify({
            "countryCode": asked["countryCode"],
            "vatNumber": asked["vatNumber"],
            "requestDate": datetime.now(UTC).isoformat(),
            "valid": valid,
            "requestIdentifier": f"WAPIAAAA{secrets.token_urlsafe(6)}" if has_requester else "",
            "name": "PRETEND COMPANY" if valid else "---",
            "address": "PRETEND STREET 1\n1000 SOMEWHERE" if valid else "---",
            "traderName": "",
        })  # fmt: skip
