"""Every talk with somebody else's server has one end, in time and in bytes: name, connection, TLS, question, head, body and trailers.

A time-out of a socket begins anew with each byte, so a server that drips, or never stops, is bounded by none. Whoever talks opens a
`talk`; the sockets of this module are the only ones that `worker.net` opens, and they look at it before each wait and after each
piece. They refuse to work without one.
"""

import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from worker.errors import TakesLong

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

# A name that nobody resolves keeps its thread until the system gives up, which can be half a minute.
LONGEST_LOOKUP_S = 10.0
MOST_LOOKUPS = 100
HEAD_BYTES = 65_536  # beside the body: status line, headers, chunk sizes


@dataclass
class Talk:
    """*ends_at* is on the monotonic clock. A talk inside another counts for both."""

    ends_at: float
    most_bytes: int
    outer: "Talk | None" = None
    received: int = 0

    @property
    def remaining_s(self) -> float:
        return self.ends_at - time.monotonic()

    @property
    def is_late(self) -> bool:
        return self.remaining_s <= 0

    @property
    def is_too_long(self) -> bool:
        return self.received > self.most_bytes

    def count(self, received: int) -> None:
        self.received += received
        if self.outer is not None:
            self.outer.count(received)
        if self.is_too_long:
            raise OSError("the other side sends without end")


_current: ContextVar[Talk | None] = ContextVar("talk", default=None)


@contextmanager
def talk(total_s: float, *, most_bytes: int) -> Iterator[Talk]:
    """All that is said over the sockets of this module meanwhile ends after *total_s*, and after *most_bytes* received."""
    outer, ends_at = _current.get(), time.monotonic() + total_s
    token = _current.set(Talk(min(ends_at, outer.ends_at) if outer else ends_at, most_bytes, outer))
    try:
        yield current_talk()
    finally:
        _current.reset(token)


@dataclass
class Haste:
    """How long somebody may still wait for questions that can be asked again later."""

    left_s: float


_haste: ContextVar[Haste | None] = ContextVar("haste", default=None)


@contextmanager
def in_haste(patience_s: float) -> Iterator[None]:
    """Whatever is asked meanwhile in `asked_in_haste` may take so long, all together."""
    token = _haste.set(Haste(patience_s))
    try:
        yield
    finally:
        _haste.reset(token)


def is_in_haste() -> bool:
    return _haste.get() is not None


@contextmanager
def asked_in_haste() -> Iterator[None]:
    """A question that can be asked again later. Raises TakesLong when patience ends before it, and asks nothing then any more."""
    haste, began = _haste.get(), time.monotonic()
    if haste is None:
        yield
        return
    try:
        with talk(haste.left_s, most_bytes=sys.maxsize):
            yield
    except Exception:
        if time.monotonic() - began >= haste.left_s:
            raise TakesLong from None
        raise
    finally:
        haste.left_s -= time.monotonic() - began


def current_talk() -> Talk:
    found = _current.get()
    if found is None:
        raise RuntimeError("nobody may be called without an end: open a worker.net.talk.talk first")
    return found


class TalkSocket(socket.socket):
    """A socket whose waits end with the talk."""

    _wait_s: float | None = None  # for one wait, as whoever uses the socket set it
    _armed_s: float | None = None  # what the socket itself was told last

    def settimeout(self, value: float | None, /) -> None:
        self._wait_s = self._armed_s = value
        super().settimeout(value)

    def gettimeout(self) -> float | None:
        return self._wait_s

    def connect(self, address: Any, /) -> None:
        self._arm()
        super().connect(address)

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        self._arm()
        return super().send(data, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0, /) -> None:
        self._arm()
        super().sendall(data, flags)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        of = self._arm()
        received = super().recv(buflen, flags)
        of.count(len(received))
        return received

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        of = self._arm()
        received = super().recv_into(buffer, nbytes or 0, flags)
        of.count(received)
        return received

    def _arm(self) -> Talk:
        """Let the next wait end with the talk at the latest. Raises TimeoutError when it is over."""
        of, wait_s = current_talk(), self._wait_s
        remaining_s = of.remaining_s
        if remaining_s <= 0:
            raise TimeoutError("timed out")
        limit_s = remaining_s if wait_s is None else min(wait_s, remaining_s)
        if limit_s != self._armed_s:
            self._armed_s = limit_s
            super().settimeout(limit_s)
        return of


class TlsTalkSocket(TalkSocket, ssl.SSLSocket):
    """The same through TLS. Made by a context that has it as its `sslsocket_class`."""

    def do_handshake(self, block: bool = False) -> None:
        self._arm()
        super().do_handshake(block)


# The end of what is said waits for no answer to its beginning.
AT_ONCE = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)


def connected_socket(
    numbers: Sequence[str], port: int, *, wait_s: float | None, options: Sequence[tuple[int, int, int]] = AT_ONCE
) -> TalkSocket:
    """A socket to the first of the IP addresses *numbers* that answers; the last one's error otherwise."""
    error: OSError = OSError("the name has no address")
    for number in numbers:
        found = TalkSocket(socket.AF_INET6 if ":" in number else socket.AF_INET, socket.SOCK_STREAM)
        try:
            for option in options:
                found.setsockopt(*option)
            found.settimeout(wait_s)
            found.connect((number, port))
        except OSError as failure:
            found.close()
            error = failure
        except BaseException:
            found.close()
            raise
        else:
            return found
    raise error


@dataclass
class _Lookup:
    """The question for one name, which all who ask it meanwhile share."""

    done: threading.Event = field(default_factory=threading.Event)
    numbers: tuple[str, ...] = ()
    error: OSError | UnicodeError | None = None


_lookups: dict[tuple[str, int], _Lookup] = {}
_lock = threading.Lock()


def numbers_of(host: str, port: int) -> tuple[str, ...]:
    """The IP addresses of *host*, within the talk. Raises socket.gaierror, and TimeoutError when no answer came in time.

    The system's resolver takes no time-out, so a thread of its own waits for it.
    """
    of = _current.get()
    lookup = _lookup_of(host, port)
    if not lookup.done.wait(min(LONGEST_LOOKUP_S, max(0.0, of.remaining_s)) if of else LONGEST_LOOKUP_S):
        raise TimeoutError(f"no answer for the name {host} in time")
    if lookup.error is not None:
        raise lookup.error
    return lookup.numbers


def _lookup_of(host: str, port: int) -> _Lookup:
    with _lock:
        found = _lookups.get((host, port))
        if found is not None:
            return found
        if len(_lookups) >= MOST_LOOKUPS:
            raise TimeoutError("too many names wait for an answer")
        lookup = _lookups[host, port] = _Lookup()
    threading.Thread(target=_look_up, args=(lookup, host, port), name=f"name {host}", daemon=True).start()
    return lookup


def _look_up(lookup: _Lookup, host: str, port: int) -> None:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        lookup.numbers = tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
    except (OSError, UnicodeError) as error:
        lookup.error = error
    finally:
        with _lock:
            _lookups.pop((host, port), None)
        lookup.done.set()
