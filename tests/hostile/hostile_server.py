"""A server on loopback that behaves as badly as its script says, for as long as anybody listens."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Victim:
    """One connection that the server torments, until the other side hangs up or the test is over."""

    connection: socket.socket
    over: threading.Event

    def read_head(self) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            more = self.connection.recv(65_536)
            if not more:
                return
            received += more

    def read_line(self) -> None:
        while self.connection.recv(1) not in (b"\n", b""):
            pass

    def say(self, text: bytes) -> None:
        self.connection.sendall(text)

    def endlessly(self, text: bytes) -> None:
        """As fast as the line takes it."""
        many = text * max(1, 60_000 // len(text))
        while not self.over.is_set():
            self.connection.sendall(many)

    def dripping(self, text: bytes, *, every_s: float = 0.05) -> None:
        """One byte after another, over and over."""
        while not self.over.is_set():
            for byte in text:
                self.connection.sendall(bytes([byte]))
                time.sleep(every_s)

    def silently(self) -> None:
        self.over.wait(20)


Script = Callable[[Victim], None]


@dataclass
class HostileServer:
    port: int
    connections: int = 0
    threads: list[threading.Thread] = field(default_factory=list)


@contextmanager
def hostile_server(script: Script, *, tls: ssl.SSLContext | None = None) -> Iterator[HostileServer]:
    """Torment everybody who connects, each in a thread of his own."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        server = HostileServer(listener.getsockname()[1])

        def torment(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                connection.settimeout(20)
                wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
                with wrapped:
                    script(Victim(wrapped, over))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    server.connections += 1
                    thread = threading.Thread(target=torment, args=(connection,), daemon=True)
                    thread.start()
                    server.threads.append(thread)

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
    accepting.join(timeout=5)
    for thread in server.threads:
        thread.join(timeout=5)
