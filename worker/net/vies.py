"""Ask VIES about one VAT number, within bounds of time and size. What follows from the answer is decided elsewhere."""

import time

import requests
import urllib3

from worker.errors import FacturelayError
from worker.net.guarded_http import guarded_session
from worker.net.vies_answer import ViesAnswer, read_answer

NO_ANSWER = "NO_ANSWER"  # our own code beside those of VIES
CONNECT_S, TOTAL_S = 4.0, 10.0
MOST_BYTES = 65_536


def ask(url: str, number: str, *, requester: str, total_s: float = TOTAL_S) -> ViesAnswer:
    """Ask the VIES at *url* whether *number* is valid. Both numbers carry their prefix (EL for Greece). Raises nothing."""
    question = {
        "countryCode": number[:2],
        "vatNumber": number[2:],
        "requesterMemberStateCode": requester[:2],
        "requesterNumber": requester[2:],
    }
    try:
        raw = _post(url, question, ends_at=time.monotonic() + total_s)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError, FacturelayError):
        return ViesAnswer(None, code=NO_ANSWER)
    return read_answer(raw, number)


def _post(url: str, question: dict[str, str], *, ends_at: float) -> str:
    """The answer's text, within bounds of time and size. The operator's own address, so it may lie in a private network."""
    with guarded_session(allow_private=True, pool=1) as session:
        response = session.post(
            url,
            json=question,
            headers={"Accept": "application/json", "User-Agent": "Facturelay"},
            timeout=(CONNECT_S, max(0.1, ends_at - time.monotonic())),
            allow_redirects=False,
            stream=True,
        )
        body = bytearray()
        with response:
            while chunk := response.raw.read1(MOST_BYTES, decode_content=True):
                body += chunk
                if len(body) > MOST_BYTES or time.monotonic() > ends_at:
                    raise requests.Timeout
    return body.decode("utf-8", errors="replace").replace("\0", "")
