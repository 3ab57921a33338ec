"""A mail server that stores every mail it accepts, and can fail as real ones do."""

import asyncio
import email
import email.policy
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

_SIZE_LIMIT = 25 * 1024 * 1024

# aiosmtpd logs every connection at level INFO and every dropped one as a warning; dropping is on purpose here.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Attachment:
    """*content_id* is set on pictures the HTML part shows inside itself."""

    name: str
    type: str
    content: bytes
    content_id: str | None = None


@dataclass(frozen=True)
class Mail:
    """*recipients* are those of the envelope: who really gets it."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    raw: bytes
    received_at: datetime


@dataclass
class MailFaults:
    """What the server will get wrong next. Thread-safe."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _remaining: dict[str, int] = field(default_factory=dict)
    _rejected: dict[str, str] = field(default_factory=dict)

    def refuse(self, times: int = 1) -> None:
        """Drop the next connections before the greeting."""
        self._set("refuse", times)

    def greylist(self, times: int = 1) -> None:
        """Answer the next recipients with a passing refusal (451)."""
        self._set("greylist", times)

    def cut_after_data(self, times: int = 1) -> None:
        """Store the next mails, but cut the connection instead of answering: the sender cannot know."""
        self._set("cut_after_data", times)

    def reject(self, recipient: str, reply: str = "550 5.1.1 mailbox unavailable") -> None:
        """Refuse one recipient, for good or (with a 4xx *reply*) for now, until `clear`."""
        with self._lock:
            self._rejected[recipient.lower()] = reply

    def clear(self) -> None:
        with self._lock:
            self._remaining.clear()
            self._rejected.clear()

    def take(self, name: str) -> bool:
        with self._lock:
            remaining = self._remaining.get(name, 0)
            self._remaining[name] = max(remaining - 1, 0)
            return remaining > 0

    def reply_for(self, recipient: str) -> str | None:
        with self._lock:
            return self._rejected.get(recipient.lower())

    def _set(self, name: str, times: int) -> None:
        with self._lock:
            self._remaining[name] = times


class Mailbox:
    """Starts listening on a loopback port when it is made. STARTTLS and passwords are not offered."""

    def __init__(self, *, port: int = 0, size_limit: int = _SIZE_LIMIT) -> None:
        self.faults = MailFaults()
        self._mails: list[Mail] = []
        self._arrived = threading.Condition()
        self._listener = _Listener(_Handler(self), self.faults, port=port, size_limit=size_limit)
        self.port = self._listener.port
        self.url = f"smtp://127.0.0.1:{self.port}"

    def messages(self) -> tuple[Mail, ...]:
        """Every mail taken so far, oldest first."""
        with self._arrived:
            return tuple(self._mails)

    def wait_for(self, count: int, *, timeout_s: float = 10) -> tuple[Mail, ...]:
        """Every mail so far, once there are *count* of them; raises TimeoutError when that does not happen."""
        until = time.monotonic() + timeout_s
        with self._arrived:
            while len(self._mails) < count:
                if not self._arrived.wait(max(until - time.monotonic(), 0)) and time.monotonic() >= until:
                    raise TimeoutError(f"{len(self._mails)} mails after {timeout_s} s, {count} were expected")
            return tuple(self._mails)

    def clear(self) -> None:
        with self._arrived:
            self._mails.clear()

    def take_in(self, envelope: Envelope) -> None:
        self.add(_mail(envelope))

    def add(self, mail: Mail) -> None:
        with self._arrived:
            self._mails.append(mail)
            self._arrived.notify_all()

    def close(self) -> None:
        self._listener.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Handler:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        faults = self._mailbox.faults
        refusal = faults.reply_for(address)
        if refusal is not None:
            return refusal
        if faults.take("greylist"):
            return "451 4.7.1 Greylisted, please try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - as above
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self._mailbox.take_in(envelope)
        if self._mailbox.faults.take("cut_after_data"):
            _cut(server.transport)
        return "250 2.0.0 Kept"


class _Server(SMTP):
    """An SMTP conversation that may end before it begins."""

    def __init__(
        self, handler: _Handler, faults: MailFaults, *, loop: asyncio.AbstractEventLoop, size_limit: int
    ) -> None:
        super().__init__(handler, data_size_limit=size_limit, enable_SMTPUTF8=True, ident="mailbox", loop=loop)
        self._faults = faults
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._refused = self._faults.take("refuse")
        if self._refused:
            _cut(transport)
        else:
            super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._refused:
            super().connection_lost(error)


class _Listener:
    """The event loop of the mail server, in a daemon thread. (aiosmtpd's own controller needs a port in advance, and
    begins with a connection to itself, which the faults would count.)"""

    def __init__(self, handler: _Handler, faults: MailFaults, *, port: int, size_limit: int) -> None:
        self._loop = asyncio.new_event_loop()
        listening = self._loop.create_server(
            lambda: _Server(handler, faults, loop=self._loop, size_limit=size_limit), "127.0.0.1", port
        )
        self._server = self._loop.run_until_complete(listening)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _hang_up(self) -> None:
        self._server.close()
        talks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def _cut(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _mail(envelope: Envelope) -> Mail:
    raw = envelope.original_content or b""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return Mail(
        message_id=str(message["Message-ID"] or ""),
        sender=str(envelope.mail_from or ""),
        recipients=tuple(envelope.rcpt_tos),
        subject=str(message["Subject"] or ""),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        attachments=tuple(_attachments(message)),
        raw=raw,
        received_at=datetime.now(UTC),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def _attachments(message: EmailMessage) -> list[Attachment]:
    bodies = [message.get_body(preferencelist=(kind,)) for kind in ("plain", "html")]
    parts = [part for part in message.walk() if not part.is_multipart() and all(part is not body for body in bodies)]
    return [_attachment(part) for part in parts]


def _attachment(part: EmailMessage) -> Attachment:
    content, content_id = part.get_payload(decode=True), part["Content-ID"]
    return Attachment(
        name=part.get_filename() or "",
        type=part.get_content_type(),
        content=content if isinstance(content, bytes) else b"",
        content_id=str(content_id).strip("<>") if content_id else None,
    )
