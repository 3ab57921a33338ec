"""Faults of a shop's server: a test orders how the next calls fail, one by one."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PAGE = b"<!DOCTYPE html><title>Maintenance</title><h1>Briefly unavailable for scheduled maintenance.</h1>"
_CRITICAL = {
    "code": "internal_server_error",
    "message": "<p>There has been a critical error on this website.</p>",
    "data": {"status": 500},
}


@dataclass(frozen=True)
class ServerFault:
    """One kind of bad answer. *status*, *retry_after* and *html* answer without doing anything; *cut* and *silence_s*
    come after the work is done: the shop has written, and the caller gets no answer (or a late one).

    301 leads to the same address with a slash at the end, as WordPress does while its addresses are “Plain”.
    """

    status: int | None = None
    retry_after: int | str | None = None
    html: bool = False
    body: bytes | None = None  # what a cache in front of the shop had kept
    cut: bool = False
    silence_s: float = 0.0
    path: str | None = None  # what the call's path holds, as a regular expression
    method: str | None = None

    def meets(self, method: str, path: str) -> bool:
        return (self.method in (None, method)) and (self.path is None or re.search(self.path, path) is not None)

    @property
    def refuses(self) -> bool:
        return self.status is not None or self.retry_after is not None or self.html or self.body is not None


@dataclass
class Faults:
    """The faults still to come, in order. Thread-safe."""

    _waiting: list[ServerFault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, fault: ServerFault, *, times: int = 1) -> None:
        """Let the next *times* calls that meet *fault* go wrong."""
        with self._lock:
            self._waiting.extend([fault] * times)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._waiting)

    def take(self, method: str, path: str) -> ServerFault | None:
        with self._lock:
            fault = next((f for f in self._waiting if f.meets(method, path)), None)
            if fault is not None:
                self._waiting.remove(fault)
            return fault


def with_faults(app: "WSGIApplication", faults: Faults) -> "WSGIApplication":
    """*app* behind a server that has the bad days of *faults*."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        fault = faults.take(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        if fault is None:
            return app(environ, start_response)
        if fault.refuses:
            time.sleep(fault.silence_s)
            return _refusal(fault, environ, start_response)
        if not fault.cut:
            parts = app(environ, start_response)
            time.sleep(fault.silence_s)
            return parts
        b"".join(app(environ, lambda *_args: lambda _data: None))
        time.sleep(fault.silence_s)
        return _hang_up(environ)

    return answer


def _refusal(fault: ServerFault, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    status = fault.status or (503 if fault.body is None else 200)
    body = (
        fault.body
        if fault.body is not None
        else _PAGE
        if fault.html
        else json.dumps({**_CRITICAL, "data": {"status": status}}).encode()
    )
    kind = "text/html; charset=UTF-8" if fault.html else "application/json; charset=UTF-8"
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    if fault.retry_after is not None:
        headers.append(("Retry-After", str(fault.retry_after)))
    if status == HTTPStatus.MOVED_PERMANENTLY:
        headers.append(("Location", f"http://{environ['HTTP_HOST']}{environ['PATH_INFO']}/?{environ['QUERY_STRING']}"))
    start_response(f"{status} Bad Day", headers)
    return [body]


def _hang_up(environ: "WSGIEnvironment") -> Iterable[bytes]:
    """Promise a long answer, send the beginning and cut the line."""
    line: socket.socket = environ["werkzeug.socket"]
    line.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4096\r\n\r\n{"id":')
    line.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("cut on purpose")
