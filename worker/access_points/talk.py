"""One HTTP request to an access point, and what its failure means: nothing left, or it may have."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from worker.access_points.access_point import AnswerLost, Passing, Unclear, declined
from worker.domain.access_point import Blame
from worker.domain.document import file_stem
from worker.net import http_call
from worker.net.guarded_http import guarded_session
from worker.net.http_call import HttpTrouble, Question, read_json

TOTAL_S = 25.0
# Answers are small; what they send back of an e-invoice has a PDF of at most 5 MB in it.
MOST_BYTES = 20_000_000
NOT_NOW, NOT_DONE = (408, 429, 503), (500, 502, 504)
NOT_ALLOWED = (401, 402, 403)
SHOWN = 500


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    retry_after_s: int | None = None

    @property
    def object(self) -> dict[str, Any]:
        """The JSON object that it says. Raises AnswerLost where it says none: a proxy may have answered in its place."""
        told = read_json(self.text)
        if not isinstance(told, dict):
            raise AnswerLost("The access point answered something that cannot be read.")
        return told


@dataclass(frozen=True)
class Line:
    """The line to one access point: its address, and what every request carries."""

    url: str
    allow_private: bool
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)

    def get(self, path: str, **params: str) -> Answer:
        return self.ask("GET", path, params=params)

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: object = None,
        file: tuple[str, bytes] | None = None,
    ) -> Answer:
        """One request, once, with *content* as JSON or *file* (name and XML) as a form. Of 408, 429, 5xx and a refused key it raises."""
        data, more = body_of(content, file)
        question = Question(
            method,
            f"{self.url}{path}{'?' if params else ''}{urlencode(params or {})}",
            total_s=TOTAL_S,
            most_bytes=MOST_BYTES,
            headers={"Accept": "application/json", **self.headers, **more},
            data=data,
            auth=self.auth,
        )
        return judged(self.exchange(question))

    def fetch(self, url: str) -> Answer:
        """Something that it stores elsewhere: the address is the key, so none of ours goes along."""
        return judged(self.exchange(Question("GET", url, total_s=TOTAL_S, most_bytes=MOST_BYTES)))

    def exchange(self, question: Question) -> Answer:
        try:
            with guarded_session(allow_private=self.allow_private, pool=1) as session:
                answer = http_call.call(session, question)
        except HttpTrouble as trouble:
            if trouble.never_left:
                raise Passing("The access point cannot be reached.") from trouble
            raise AnswerLost("The access point was called, and its answer was lost.") from trouble
        text = answer.body.decode("utf-8", errors="replace").replace("\0", "")
        return Answer(answer.status, text, wait_named(answer.headers.get("Retry-After", "")))


def body_of(content: object, file: tuple[str, bytes] | None) -> tuple[bytes | None, dict[str, str]]:
    if file is not None:
        return in_form(*file)
    if content is not None:
        return json.dumps(content).encode(), {"Content-Type": "application/json"}
    return None, {}


def in_form(name: str, xml: bytes) -> tuple[bytes, dict[str, str]]:
    """A form with one file (RFC 7578). The boundary is in no e-invoice: nobody can guess it."""
    boundary = secrets.token_hex(16)
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{file_stem(name.removesuffix(".xml"))}.xml"\r\n'
        "Content-Type: application/xml\r\n\r\n"
    )
    data = head.encode() + xml + f"\r\n--{boundary}--\r\n".encode()
    return data, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def judged(answer: Answer) -> Answer:
    if answer.status in NOT_NOW:
        raise Passing(
            "The access point has no time now ({status}).", status=answer.status, retry_after_s=answer.retry_after_s
        )
    if answer.status in NOT_DONE or answer.status > max(NOT_DONE):
        raise AnswerLost("The access point failed ({status}).", status=answer.status)
    if answer.status in NOT_ALLOWED:
        raise declined(Blame.ACCOUNT, f"{answer.status} {said_in(answer)}".strip())
    return answer


def unclear(answer: Answer) -> Unclear:
    return Unclear(
        "The access point says “{said}”, and that tells nothing about the buyer. It is asked again.",
        said=f"{answer.status} {said_in(answer)}".strip(),
    )


def wait_named(named: str) -> int | None:
    return int(named) if named.isascii() and named.isdigit() and len(named) < 6 else None


def said_in(answer: Answer) -> str:
    """What went wrong in its own words, wherever its kind of answer keeps them; without a full stop."""
    return one_sentence("; ".join(texts_in(read_json(answer.text))) or answer.text)


def texts_in(told: Any) -> list[str]:
    if isinstance(told, str):
        return [told]
    if isinstance(told, list):
        return [text for one in told for text in texts_in(one)]
    if not isinstance(told, dict):
        return []
    if "msg" in told:
        place = ".".join(str(part) for part in told.get("loc") or ())
        return [f"{place}: {told['msg']}" if place else str(told["msg"])]
    said = [told[name] for name in ("detail", "message", "error", "errors") if told.get(name)]
    if said:
        return [text for one in said for text in texts_in(one)]
    return [text for one in told.values() if isinstance(one, list) for text in texts_in(one)]


def one_sentence(text: str) -> str:
    return " ".join(text.split())[:SHOWN].rstrip(". ")
