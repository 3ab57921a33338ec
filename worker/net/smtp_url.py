"""Mail server addresses: `smtp+starttls://user:password@host:port`. Settings check them, `mail` connects to them."""

from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from worker.errors import InvalidValue, Rejected

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
    """Read `smtp+starttls://user:password@host:port`. Raises ValueError with a message that does not show the password."""
    form = "write it as smtp+starttls://user:password@host:587, smtps://… or smtp://…"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise InvalidValue("The mail server's address cannot be read; {form}.", form=form) from error
    if parts.scheme not in _PORTS:
        raise InvalidValue("“{scheme}” is no way to reach a mail server; {form}.", scheme=parts.scheme, form=form)
    if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise InvalidValue("The mail server's address needs a host and nothing behind it; {form}.", form=form)
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(username) != bool(password):
        raise InvalidValue(
            "The mail server's address has half of a sign-in: give user and password, or neither; {form}.", form=form
        )
    return SmtpServer(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], username, password)


def format_smtp_url(server: SmtpServer) -> str:
    """*server* as it is written down, for `parse_smtp_url` to read."""
    password = f":{quote(server.password, safe='')}" if server.password else ""
    user = f"{quote(server.username, safe='')}{password}@" if server.username else ""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{server.scheme}://{user}{host}:{server.port}"


def check_smtp_url(url: str, *, allow_private: bool) -> str:
    """*url*, where it can be read. Raises Rejected for one that cannot, or that would send the password unencrypted."""
    try:
        server = parse_smtp_url(url)
    except InvalidValue as error:
        raise Rejected(error.message, code="mail_server_wrong") from error
    if server.password and server.scheme == "smtp" and not allow_private:
        raise Rejected(
            "smtp://…@{host} would send the password unencrypted; use smtp+starttls:// or smtps://.",
            host=server.host,
            code="mail_server_open",
        )
    return url
