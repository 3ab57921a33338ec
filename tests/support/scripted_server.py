"""A server that says on the wire exactly what a test wrote down, and remembers what it was asked."""

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HANG_UP = b""


def answer(status: int = 200, body: bytes = b"{}", *, headers: Sequence[str] = (), length: int | None = None) -> bytes:
    """One HTTP answer; *length* lies about the size of the body."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Slowly:
    """Send *sent* one byte at a time, with a rest after each."""

    sent: bytes
    rest_s: float


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it came: method, target (path and query), headers in small letters, body."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    """Answers the n-th request with the n-th answer; after the last it hangs up. One `with` block is its life."""

    answers: list[bytes | Slowly]
    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    asked: list[ReceivedRequest] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://{self.host}:{self.port}"

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> "ScriptedServer":
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection, suppress(OSError):
            stream = self.context.wrap_socket(connection, server_side=True) if self.context else connection
            with stream:
                while self._one_exchange(stream):
                    pass

    def _one_exchange(self, stream: socket.socket) -> bool:
        asked = _read_request(stream)
        if asked is None:
            return False
        self.asked.append(asked)
        if len(self.asked) > len(self.answers):
            return False
        said = self.answers[len(self.asked) - 1]
        if said == HANG_UP:
            return False
        if isinstance(said, Slowly):
            self._drip(stream, said)
            return False
        stream.sendall(said)
        # An answer shorter than it says: the reader must not be left waiting for the rest.
        return _is_whole(said)

    def _drip(self, stream: socket.socket, said: Slowly) -> None:
        for index in range(len(said.sent)):
            if self._closing.is_set():
                return
            stream.sendall(said.sent[index : index + 1])
            time.sleep(said.rest_s)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """A server's context with a fresh certificate for *name*, and the file that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(serialization.Encoding.PEM)
    ca_file, key_file = folder / "ca.pem", folder / "key.pem"
    ca_file.write_bytes(pem)
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file, key_file)
    return context, str(ca_file)


def _is_whole(said: bytes) -> bool:
    head, _, body = said.partition(b"\r\n\r\n")
    return f"Content-Length: {len(body)}\r\n".encode() in head + b"\r\n"


def _read_request(stream: socket.socket) -> ReceivedRequest | None:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = stream.recv(65536)
        if not chunk:
            return None
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += stream.recv(65536)
    method, target, _ = first.split(" ")
    return ReceivedRequest(method, target, headers, body)
