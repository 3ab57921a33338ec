"""One mail out by SMTP. Says of each failure whether trying again may help, and who must act if not."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import partial

from worker.errors import FacturelayError, Rejected, Unavailable
from worker.mail.mime import as_bytes
from worker.message import Message
from worker.net.smtp_connection import KeptConnections, SmtpConnection, smtp_connection
from worker.net.smtp_url import SmtpServer, parse_smtp_url
from worker.net.talk import asked_in_haste, talk

# All of it: name, connection, greeting, TLS, sign-in, and the mail taken. Only then the worker is free for the next.
TOTAL_S = 60.0
LONGEST_WAIT_S = 30.0
# A server that keeps talking says nothing: what it has to say to one mail fits in a fraction of this.
MOST_BYTES = 100_000
# Of this process, where it says that it goes on sending.
kept_connections = KeptConnections()
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def send(
    message: EmailMessage,
    *,
    smtp_url: str,
    recipients: Sequence[str],
    total_s: float = TOTAL_S,
    connect_to: Sequence[str] = (),
) -> None:
    """Hand *message* to the server for *recipients*: first who it is for, then blind copies, whose refusal is ignored.

    *connect_to* are IP addresses of the host that were checked already; the first that answers is used. Raises `Unavailable` when a later try may work (code
    `mail_unsure` when the server may have taken it), and `Rejected` when a person must act.
    """
    with ready(message, smtp_url=smtp_url, recipients=recipients, total_s=total_s, connect_to=connect_to) as give:
        give()


@contextmanager
def ready(
    message: EmailMessage,
    *,
    smtp_url: str,
    recipients: Sequence[str],
    total_s: float = TOTAL_S,
    connect_to: Sequence[str] = (),
) -> Iterator[Callable[[], None]]:
    """As `send`, in two parts: the server waits for the mail, and whoever calls what it gets gives it. Before that nobody has it."""
    server = parse_smtp_url(smtp_url)
    sender = _ascii_domain(parseaddr(str(message["From"]))[1])
    addresses = tuple(_ascii_domain(address) for address in recipients)
    wide = not all(address.isascii() for address in (sender, *addresses))
    if "Date" not in message:
        message["Date"] = format_datetime(datetime.now(UTC))
    with talk(total_s, most_bytes=MOST_BYTES), _translated_errors(server):
        new = smtp_connection(server, name=_ehlo_name(message), wait_s=LONGEST_WAIT_S, connect_to=connect_to)
        with asked_in_haste():  # until the mail itself is given, all of it can be said again later
            connection = _addressed(new, partial(_envelope, sender=sender, addresses=addresses, wide=wide))
        with _closed_on_error(connection):
            yield partial(_deliver, connection, as_bytes(message, wide=wide), addresses[0])
        kept_connections.give_back(connection)


def _addressed(new: SmtpConnection, envelope: Callable[[SmtpConnection], None]) -> SmtpConnection:
    """A connection whose server knows from whom the next mail is, and to whom: one that is kept, or *new*.

    Whatever goes wrong with one that is kept is no news of the server: it may have ended it meanwhile, or take no second mail.
    """
    kept = kept_connections.take(new.key)
    if kept is not None:
        with suppress(FacturelayError, smtplib.SMTPException, OSError), _closed_on_error(kept):
            envelope(kept)
            return kept
    with _closed_on_error(new):
        _connect(new)
        envelope(new)
    return new


@contextmanager
def _closed_on_error(connection: SmtpConnection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _connect(connection: SmtpConnection) -> None:
    server = connection.server
    code, reply = connection.connect(server.host, server.port)
    if code != 220:
        raise _refusal(
            code,
            reply,
            Message("The mail server {host} takes no mail from here", host=server.host),
            "mail_server_refuses",
            later="mail_server_refuses",
        )
    if server.scheme == "smtp+starttls":
        connection.starttls(context=connection.tls)
    connection.ehlo_or_helo_if_needed()
    if server.username:
        connection.login(server.username, server.password)


def _envelope(connection: SmtpConnection, *, sender: str, addresses: Sequence[str], wide: bool) -> None:
    if wide and not connection.has_extn("smtputf8"):
        raise Rejected(
            "The mail server {host} cannot write to {address}: it knows plain letters only.",
            host=connection.server.host,
            address=addresses[0],
            code="mail_address_unsupported",
        )
    connection.is_between_mails = False
    code, reply = connection.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"] if wide else [])
    if code != 250:
        raise _refusal(
            code, reply, Message("The mail server does not let {sender} send", sender=sender), "mail_sender_refused"
        )
    buyer, *copies = addresses
    code, reply = connection.rcpt(buyer)
    if code not in (250, 251, 252):
        raise _refusal(code, reply, Message("The mail server refused {address}", address=buyer), "mail_refused")
    for copy in copies:
        connection.rcpt(copy)


def _deliver(connection: SmtpConnection, content: bytes, buyer: str) -> None:
    code, reply = connection.docmd("DATA")
    if code != 354:
        raise _refusal(code, reply, Message("The mail server refused the mail"), "mail_refused")
    lines = content.replace(b"\n.", b"\n..").rstrip(b"\r\n")  # it begins with a header
    try:
        connection.send(lines + b"\r\n.\r\n")
        code, reply = connection.getreply()
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        # The end of the mail may have arrived: sending it again at once could put two in the customer's box.
        raise Unavailable(
            "The mail server broke off before it confirmed the mail to {buyer}; it may have arrived.",
            buyer=buyer,
            code="mail_unsure",
        ) from error
    if code != 250:
        raise _refusal(code, reply, Message("The mail server refused the mail"), "mail_refused")
    connection.taken += 1
    connection.is_between_mails = True


@contextmanager
def _translated_errors(server: SmtpServer) -> Iterator[None]:
    """Say what smtplib and the network say in the two kinds of error that we know."""
    try:
        yield
    except FacturelayError:
        raise
    except smtplib.SMTPAuthenticationError as error:
        what = Message(
            "The mail server {host} refused the sign-in of {username}", host=server.host, username=server.username
        )
        raise _refusal(error.smtp_code, error.smtp_error, what, "mail_login_refused") from error
    except smtplib.SMTPNotSupportedError as error:
        raise Rejected(
            "The mail server {host} does not offer what its address asks for: {error}.",
            host=server.host,
            error=error,
            code="mail_server_setting",
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise Rejected(
            "The certificate of the mail server {host} is not valid: {reason}.",
            host=server.host,
            reason=error.verify_message,
            code="mail_certificate",
        ) from error
    except smtplib.SMTPResponseException as error:
        what = Message("The mail server {host} takes no mail from here", host=server.host)
        raise _refusal(error.smtp_code, error.smtp_error, what, "mail_refused") from error
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise Unavailable(
            "The mail server {host}:{port} does not answer: {reason}.",
            host=server.host,
            port=server.port,
            reason=_reason(error),
            code="mail_server_unreachable",
        ) from error


def _refusal(
    code: int, reply: bytes | str, what: Message, slug: str, *, later: str = "mail_server_busy"
) -> FacturelayError:
    """5xx is for good; everything else may pass, and has the code *later*."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    answer = f"{code} {' '.join(text.split())[:300]}".rstrip()
    message = Message("{what}: {answer}", what=what, answer=answer)
    if 500 <= code < 600:
        return Rejected(message, code=slug)
    return Unavailable(message, code=later)


# What systems and libraries say in English, and owners read in their own language.
_REASONS = (
    (TimeoutError, Message("no reply in time")),
    (socket.gaierror, Message("no such host")),
    (ConnectionRefusedError, Message("nothing listens there, or it refuses connections from here")),
    ((ConnectionError, smtplib.SMTPServerDisconnected), Message("it broke off the connection")),
    (ssl.SSLError, Message("it does not speak TLS on this port")),
)


def _reason(error: Exception) -> str | Message:
    if isinstance(error.__context__, TimeoutError):
        return Message("no reply in time")
    for kinds, reason in _REASONS:
        if isinstance(error, kinds):
            return reason
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _ascii_domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise Rejected("“{address}” is not a mail address.", address=address, code="mail_no_address") from error


def _ehlo_name(message: EmailMessage) -> str:
    """The host of the Message-ID, which is ours; the system's own host name can take a slow DNS lookup."""
    host = str(message["Message-ID"] or "").strip("<> ").rpartition("@")[2]
    return host if _HOST_NAME.fullmatch(host) else "[127.0.0.1]"
