"""Which server takes a shop's mail: its own, or the operator's. What is checked is what is connected to."""

import socket
from dataclasses import dataclass, field

from worker.errors import Rejected, Unavailable
from worker.net.guarded_http import resolve_addresses
from worker.net.smtp_url import SmtpServer, check_smtp_url, parse_smtp_url


@dataclass(frozen=True)
class ChosenServer:
    """A mail server and the checked addresses to reach it by; *is_own* where the shop named it."""

    smtp_url: str = field(repr=False)
    connect_to: tuple[str, ...] = ()
    is_own: bool = False

    @property
    def server(self) -> SmtpServer:
        return parse_smtp_url(self.smtp_url)


def choose_server(own_url: str, operators_url: str, *, allow_private: bool) -> ChosenServer:
    """The way out for a shop with the setting *own_url*. Raises Rejected where there is none, Unavailable for now."""
    if not own_url:
        if not operators_url:
            raise Rejected(
                "No mail server is set. Give the shop its own under Settings, Mail, or ask whoever runs Facturelay; then send it again.",
                code="mail_server_missing",
            )
        return ChosenServer(operators_url)
    server = parse_smtp_url(check_smtp_url(own_url, allow_private=allow_private))
    try:
        return ChosenServer(
            own_url, resolve_addresses(server.host, server.port, allow_private=allow_private), is_own=True
        )
    except socket.gaierror as error:
        raise Unavailable(
            "The mail server {host} cannot be found: no such host.", host=server.host, code="mail_server_unreachable"
        ) from error
