"""How a mail server is written down: `smtp+starttls://user:password@host:port`. Settings check it, the mail room calls it."""

from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from worker.errors import Rejected

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True)
class SmtpServer:
    """A mail server: *scheme* is smtp (no encryption), smtp+starttls or smtps."""

    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)


def parse_smtp_url(url: str) -> SmtpServer:
    """Read `smtp+starttls://user:password@host:port`. Raises ValueError with a sentence that keeps the password."""
    form = "write it as smtp+starttls://user:password@host:587, smtps://… or smtp://…"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise ValueError(f"The mail server's address cannot be read; {form}") from error
    if parts.scheme not in _PORTS:
        raise ValueError(f"“{parts.scheme}” is no way to reach a mail server; {form}")
    if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"The mail server's address needs a host and nothing behind it; {form}")
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(username) != bool(password):
        raise ValueError(f"The mail server's address has half of a sign-in: give user and password, or neither; {form}")
    return SmtpServer(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], username, password)


def format_smtp_url(server: SmtpServer) -> str:
    """*server* as it is written down, for `parse_smtp_url` to read."""
    password = f":{quote(server.password, safe='')}" if server.password else ""
    user = f"{quote(server.username, safe='')}{password}@" if server.username else ""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{server.scheme}://{user}{host}:{server.port}"


def check_smtp_url(url: str, *, allow_private: bool) -> str:
    """*url*, where it can be read. Raises Rejected for one that cannot, or that would tell the password to all."""
    try:
        server = parse_smtp_url(url)
    except ValueError as error:
        raise Rejected(f"{error}.", code="mail_server_wrong") from error
    if server.password and server.scheme == "smtp" and not allow_private:
        raise Rejected(
            f"smtp://…@{server.host} would send the password unencrypted; use smtp+starttls:// or smtps://.",
            code="mail_server_open",
        )
    return url
