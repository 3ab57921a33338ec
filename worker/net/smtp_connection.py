"""Connections to mail servers, over sockets that end with the talk. What is said over them, and what it means, is `worker.mail`'s."""

import smtplib
import ssl
from collections.abc import Sequence

from worker.net.certificates import system_context
from worker.net.smtp_url import SmtpServer
from worker.net.talk import TalkSocket, TlsTalkSocket, connected_socket, numbers_of


class SmtpConnection(smtplib.SMTP):
    """Connects to the checked address while names and certificates are those of the host."""

    def __init__(self, server: SmtpServer, *, name: str, wait_s: float, connect_to: Sequence[str]) -> None:
        super().__init__(local_hostname=name, timeout=wait_s)
        self._host = server.host  # starttls checks the certificate against it
        self.connect_to = tuple(connect_to)

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
