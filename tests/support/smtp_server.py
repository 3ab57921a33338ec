"""A mail server for tests that answers as it is told: on one thread, on loopback, one connection after another."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

GREETING = "220 test"
# What it answers to the first word of each command unless a test says otherwise. "CUT" drops the connection.
ANSWERS = {
    "EHLO": "250-test\r\n250-AUTH PLAIN\r\n250-SMTPUTF8\r\n250 8BITMIME",
    "AUTH": "235 welcome",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    ".": "250 taken",
    "STARTTLS": "220 go on",
    "QUIT": "221 bye",
    "RSET": "250 ok",
}


@dataclass
class Taken:
    """What the server heard, and the mails that it took."""

    port: int
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def smtp_server(
    answers: Mapping[str, str | Callable[[str], str]] | None = None,
    *,
    greeting: str = GREETING,
    tls: ssl.SSLContext | None = None,
    wrapped: bool = False,
    connections: int = 1,
) -> Iterator[Taken]:
    """Listen while the block runs, to so many. With *tls* it offers STARTTLS, or with *wrapped* speaks TLS from the start."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        taken = Taken(listener.getsockname()[1])

        def serve() -> None:
            for _ in range(connections):
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    connection.settimeout(5)
                    if tls and wrapped:
                        connection = tls.wrap_socket(connection, server_side=True)
                    _talk(connection, taken, {**ANSWERS, **(answers or {})}, greeting, tls)

        thread = threading.Thread(target=serve)
        thread.start()
        yield taken
    thread.join()


def _talk(
    connection: socket.socket,
    taken: Taken,
    answers: Mapping[str, str | Callable[[str], str]],
    greeting: str,
    tls: ssl.SSLContext | None,
) -> None:
    with connection, connection.makefile("rb") as lines:
        connection.sendall(greeting.encode() + b"\r\n" if greeting else b"")
        while line := lines.readline().decode().rstrip("\r\n"):
            # A server reads both alike, and Python writes these in one way or the other.
            taken.commands.append(line.replace("mail FROM:", "mail from:").replace("rcpt TO:", "rcpt to:"))
            verb = line.split()[0].upper()
            answer = _said(answers[verb], line)
            if answer == "CUT":
                return
            connection.sendall(f"{answer}\r\n".encode())
            if verb == "STARTTLS" and tls:
                _talk(tls.wrap_socket(connection, server_side=True), taken, answers, "", None)
                return
            if verb == "DATA" and answer.startswith("354") and not _take(connection, lines, taken, answers["."]):
                return
            if verb == "QUIT":
                return


def _take(connection: socket.socket, lines: BinaryIO, taken: Taken, answer: str | Callable[[str], str]) -> bool:
    """Read a mail to its end and say what becomes of it; False cuts the connection instead."""
    mail = b""
    while (row := lines.readline()) != b".\r\n":
        mail += row
    after = _said(answer, ".")
    if after == "CUT":
        return False
    taken.mails.append(mail)
    connection.sendall(f"{after}\r\n".encode())
    return True


def _said(answer: str | Callable[[str], str], line: str) -> str:
    return answer if isinstance(answer, str) else answer(line)
