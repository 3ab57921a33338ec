"""One question by HTTP and its whole answer, within bounds of time and size: every call of another server goes through `call`."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from worker.net.guarded_http import GuardedSession
from worker.net.talk import HEAD_BYTES, Talk, talk

CONNECT_S = 5.0
MOST_REDIRECTS = 3
_CHUNK = 65_536


class HttpTrouble(Exception):
    """No whole answer came. Says nothing of what was asked: addresses may be signed, and tracebacks are logged."""

    never_left = False  # no connection was made, so nobody can have heard the question


class Slow(HttpTrouble):
    """Not within the time that there was, or a connection, the next bytes or the name of the server took too long."""


class TooLong(HttpTrouble):
    """More than was to be read, packed or unpacked."""


class BadCertificate(HttpTrouble):
    """*detail* is what the library said of it."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class CannotUnpack(HttpTrouble):
    """The body is not compressed as its head says."""


class BrokenOff(HttpTrouble):
    """The answer ended in its middle."""


class BadAddress(HttpTrouble):
    """Not an address that can be called."""


class Unreachable(HttpTrouble):
    """Nobody took the connection, or the answer was no HTTP."""


class UnknownHost(Unreachable):
    """There is no such name on the internet, or nobody could be asked for it."""


@dataclass(frozen=True)
class Question:
    """What is asked. *wait_s* is for one wait (connecting, the next bytes), *total_s* for all of it; *most_bytes* bounds the body."""

    method: str
    url: str
    total_s: float
    most_bytes: int
    wait_s: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes | None = None
    auth: tuple[str, str] | None = field(default=None, repr=False)
    ca_file: str = ""
    follow: bool = False  # a few redirects
    head_only: bool = False  # what else is said is not read


@dataclass(frozen=True)
class Answer:
    """A whole answer: status, headers (their names in any spelling) and the body, unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def call(session: GuardedSession, question: Question) -> Answer:
    """Ask *question* over a `guarded_session`. Raises HttpTrouble, and ConnectionRejected by the guard."""
    wait_s = question.wait_s or question.total_s
    session.max_redirects = MOST_REDIRECTS
    # Twice: packed, a body can be a little larger than itself.
    with (
        talk(question.total_s, most_bytes=2 * question.most_bytes + HEAD_BYTES) as of,
        _translated_errors(of),
        session.request(
            question.method,
            question.url,
            data=question.data,
            headers=dict(question.headers),
            auth=question.auth,
            timeout=(min(CONNECT_S, wait_s), wait_s),
            allow_redirects=question.follow,
            stream=True,
            verify=question.ca_file or True,
        ) as response,
    ):
        body = b"" if question.head_only else _whole_body(response, question.most_bytes, of)
        return Answer(response.status_code, CaseInsensitiveDict(response.headers), body)


def read_json(body: bytes | str) -> object:
    """What *body* holds as JSON; None where it holds none, is nested too deeply or has numbers without end."""
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found


def _whole_body(response: requests.Response, most_bytes: int, of: Talk) -> bytes:
    """Read by what each packet brings; what is unpacked of it counts too."""
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > most_bytes:
            raise TooLong
        if of.is_late:
            raise Slow
    return bytes(body)


@contextmanager
def _translated_errors(of: Talk) -> Iterator[None]:
    """By what the talk knows first: libraries wrap the end of a socket in an error of their own, each in another."""
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
        trouble = _trouble(of, error)
        trouble.never_left = _never_left(error)
        # From None: the text of what requests raises holds the address.
        raise trouble from None


def _never_left(error: Exception) -> bool:
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return True
    # An address, or a key in a header, that cannot be written down.
    if isinstance(error, requests.exceptions.InvalidHeader | UnicodeError) and not isinstance(
        error, UnicodeDecodeError
    ):
        return True
    return isinstance(_reason(error), urllib3.exceptions.NewConnectionError)


def _reason(error: Exception) -> object:
    """What a library wrapped into *error*."""
    return getattr(error.args[0] if error.args else None, "reason", None)


def _trouble(of: Talk, error: Exception) -> HttpTrouble:
    if of.is_too_long:
        return TooLong()
    if of.is_late:
        return Slow()
    match error:
        case requests.Timeout() | urllib3.exceptions.TimeoutError() | TimeoutError():
            return Slow()
        case requests.exceptions.SSLError():
            return BadCertificate(str(error))
        case requests.exceptions.ContentDecodingError() | urllib3.exceptions.DecodeError():
            return CannotUnpack()
        case urllib3.exceptions.HTTPError() | requests.exceptions.ChunkedEncodingError():
            return BrokenOff()
        case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema() | UnicodeError():
            return BadAddress()
    return UnknownHost() if isinstance(_reason(error), urllib3.exceptions.NameResolutionError) else Unreachable()
