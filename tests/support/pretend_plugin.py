"""A pretend plugin of a shop: its signed route, answered as the real one does."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from worker.net.request_signature import RequestSignature

SECRET = "7e" * 32


@dataclass
class PretendPlugin:
    """Answers the signed route as the plugin does; refuses what is not signed. Keeps what it was told."""

    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    late: bool = False
    rest_is_closed: bool = False
    url: str = ""
    is_silent: bool = False
    is_off: bool = False
    secret: str = SECRET
    payment: dict[str, Any] = field(default_factory=lambda: {"result": "paid", "status": "processing"})

    def verbs(self) -> list[str]:
        return [verb if verb != "mailed" else f"mailed {told['stage']}" for verb, told in self.told]

    def answer(self, path: str, seal: RequestSignature, body: bytes) -> tuple[int, dict[str, Any] | int]:
        by_rest = "rest_route=" in path
        verb = path.rpartition("/" if by_rest else "=")[2]
        if self.is_off:
            return (404, {"code": "rest_no_route"}) if by_rest else (400, -1)
        if self.is_silent or (by_rest and self.rest_is_closed):
            return 403, {"code": "rest_forbidden"}
        if not seal.is_valid(self.secret, f"/facturelay/v1/{verb}", body):
            return 401, {"code": "rest_forbidden"}
        self.told.append((verb, json.loads(body)))
        return 200, {"facturelay": True, **(self.payment if verb == "payment" else {"late": self.late})}


@contextmanager
def pretend_plugin() -> Iterator[PretendPlugin]:
    pretend = PretendPlugin()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = (self.headers.get(f"X-Facturelay-{name}", "") for name in ("Time", "Nonce", "Signature"))
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = pretend.answer(self.path, RequestSignature(*said), body)
            answer = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any, **kwargs: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pretend.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield pretend
    server.shutdown()
    server.server_close()
    thread.join()
