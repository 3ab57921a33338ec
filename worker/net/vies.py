"""Ask VIES about one VAT number, within bounds of time and size. What follows from the answer is decided elsewhere."""

import json

from worker.errors import FacturelayError
from worker.net.guarded_http import guarded_session
from worker.net.http_call import HttpTrouble, Question, call
from worker.net.vies_answer import ViesAnswer, read_answer

NO_ANSWER = "NO_ANSWER"  # our own code beside those of VIES
TOTAL_S = 10.0
MOST_BYTES = 65_536


def ask(url: str, number: str, *, requester: str, total_s: float = TOTAL_S) -> ViesAnswer:
    """Ask the VIES at *url* whether *number* is valid. Both numbers carry their prefix (EL for Greece). Raises nothing."""
    content = {
        "countryCode": number[:2],
        "vatNumber": number[2:],
        "requesterMemberStateCode": requester[:2],
        "requesterNumber": requester[2:],
    }
    question = Question(
        "POST",
        url,
        total_s=total_s,
        most_bytes=MOST_BYTES,
        headers={"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "Facturelay"},
        data=json.dumps(content).encode(),
    )
    try:
        # The operator's own address, so it may lie in a private network.
        with guarded_session(allow_private=True, pool=1) as session:
            answer = call(session, question)
    except (HttpTrouble, FacturelayError):
        return ViesAnswer(None, code=NO_ANSWER)
    return read_answer(answer.body.decode("utf-8", errors="replace").replace("\0", ""), number)
