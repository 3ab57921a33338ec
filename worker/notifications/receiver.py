"""Post to an address that a person gave: a webhook's receiver, ntfy, Slack. All of them have the same seconds to answer."""

from collections.abc import Mapping
from contextlib import closing

from worker.errors import Unavailable
from worker.net import http_call
from worker.net.guarded_http import guarded_session
from worker.net.http_call import HttpTrouble, Question
from worker.services import Services

# A receiver should store what it hears and answer; what takes longer holds up a worker.
TOTAL_S = 8.0


class NoAnswer(Unavailable):
    """Nobody answered at all: other calls to the same address would wait as long for nothing."""


def post(services: Services, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status with which the receiver answers; what else it says is not read. Raises NoAnswer."""
    named = {"User-Agent": "Facturelay", **headers}
    question = Question("POST", url, total_s=TOTAL_S, most_bytes=0, headers=named, data=body, head_only=True)
    with closing(guarded_session(allow_private=services.settings.allow_private_shops, pool=1)) as session:
        try:
            return http_call.call(session, question).status
        except http_call.BadCertificate as error:
            raise NoAnswer("The receiver's certificate is not valid.", code="certificate_wrong") from error
        except http_call.Slow as error:
            raise NoAnswer(
                "The receiver did not answer within {seconds} seconds.", seconds=round(TOTAL_S), code="receiver_slow"
            ) from error
        except HttpTrouble as error:
            raise NoAnswer("The receiver cannot be reached.", code="receiver_away") from error
