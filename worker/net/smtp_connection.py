"""Connections to mail servers, over sockets that end with the talk. What is said over them, and what it means, is `worker.mail`'s."""

import smtplib
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from worker.net.certificates import system_context
from worker.net.smtp_url import SmtpServer
from worker.net.talk import TalkSocket, TlsTalkSocket, connected_socket, numbers_of, talk

# A connection waits so long for the next mail, and takes so many: servers end what is silent, or goes on and on.
KEPT_S, MOST_MAILS = 10.0, 50
MOST_KEPT = 8
FAREWELL_S, FAREWELL_BYTES = 1.0, 1_000


class SmtpConnection(smtplib.SMTP):
    """Connects to the checked address while names and certificates are those of the host."""

    def __init__(self, server: SmtpServer, *, name: str, wait_s: float, connect_to: Sequence[str]) -> None:
        super().__init__(local_hostname=name, timeout=wait_s)
        self._host = server.host  # starttls checks the certificate against it
        self.server, self.connect_to = server, tuple(connect_to)
        self.taken = 0  # mails
        self.is_between_mails = True
        self.free_until = 0.0

    @property
    def key(self) -> "Key":
        return self.server, self.local_hostname, frozenset(self.connect_to)

    def end(self) -> None:
        """Take leave. Nobody waits for the answer, as whoever dies before it is written down that the mail was taken would send it again."""
        with suppress(smtplib.SMTPException, OSError), talk(FAREWELL_S, most_bytes=FAREWELL_BYTES):
            self.putcmd("quit")
        self.close()

    @property
    def tls(self) -> ssl.SSLContext:
        return system_context()

    def _get_socket(self, host: str, port: int, timeout: float) -> TalkSocket:
        return connected_socket(self.connect_to or numbers_of(host, port), port, wait_s=timeout)


class _OverTls(SmtpConnection):
    def _get_socket(self, host: str, port: int, timeout: float) -> TalkSocket:
        wrapped = self.tls.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=host)
        assert isinstance(wrapped, TlsTalkSocket)  # noqa: S101  # for mypy: the context makes no other
        return wrapped


def smtp_connection(server: SmtpServer, *, name: str, wait_s: float, connect_to: Sequence[str]) -> SmtpConnection:
    """Not connected yet. *name* is ours in its greeting; *connect_to* are IP addresses that were checked already."""
    kind = _OverTls if server.scheme == "smtps" else SmtpConnection
    return kind(server, name=name, wait_s=wait_s, connect_to=connect_to)


Key = tuple[SmtpServer, str, frozenset[str]]


@dataclass
class KeptConnections:
    """Connections that took a mail and wait for the next one of this process, signed in. Threads may use it: each has what it took alone."""

    is_on: bool = False
    free: dict[Key, SmtpConnection] = field(default_factory=dict)

    def take(self, key: Key) -> SmtpConnection | None:
        found = self.free.pop(key, None)
        if found is not None and time.monotonic() >= found.free_until:
            found.end()
            return None
        return found

    def give_back(self, connection: SmtpConnection) -> None:
        self.end_unused()
        is_good = connection.is_between_mails and connection.taken < MOST_MAILS
        if not (self.is_on and is_good and len(self.free) < MOST_KEPT):
            connection.end()
            return
        connection.free_until = time.monotonic() + KEPT_S
        if (other := self.free.pop(connection.key, None)) is not None:
            other.end()
        self.free[connection.key] = connection

    def end_unused(self, *, all_of_them: bool = False) -> None:
        for key, one in tuple(self.free.items()):
            if (all_of_them or time.monotonic() >= one.free_until) and self.free.pop(key, None) is one:
                one.end()
