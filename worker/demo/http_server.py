"""Serve a WSGI application on a loopback port from a daemon thread, without output on the terminal."""

import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from flask import abort, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class _QuietHandler(WSGIRequestHandler):
    # As a real shop's web server speaks; Werkzeug ends the connection after each answer all the same.
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name for it
        """Say nothing: a demo's terminal belongs to the demo."""


@dataclass(frozen=True)
class Served:
    """A running server. Leaving its `with` block stops it."""

    url: str
    server: BaseWSGIServer
    thread: threading.Thread

    def stop(self) -> None:
        with suppress(OSError):  # not every system ends what only listens
            self.server.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which would else look up at its next poll
        self.server.shutdown()
        self.thread.join(timeout=5)
        self.server.server_close()

    def __enter__(self) -> "Served":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@dataclass(kw_only=True)
class Pretended:
    """A server of somebody else's, pretended on loopback while its `with` block lasts. *app* makes what it answers by."""

    served: Served | None = None

    def app(self) -> "WSGIApplication":
        raise NotImplementedError

    def __enter__(self) -> Self:
        app = cache(self.app)

        def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            return app()(environ, start_response)  # made for the first question: most are never asked any

        self.served = serve(answer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.served is not None:
            self.served.stop()

    @property
    def url(self) -> str:
        if self.served is None:
            raise RuntimeError(f"{type(self).__name__} is not started")
        return self.served.url


def serve(app: "WSGIApplication", *, port: int = 0) -> Served:
    """Start *app*; port 0 takes a free one."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    return Served(f"http://127.0.0.1:{server.server_port}", server, thread)


def hang_up() -> None:
    """End the connection of this request without an answer, as a dying proxy does."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    abort(500)
