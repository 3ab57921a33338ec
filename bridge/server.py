"""The bridge's web server: waitress under gunicorn. Slow clients cost it memory, never a thread.

A request is read whole, in one loop for all connections, before a thread sees it, and an answer is kept until its reader has taken it.
Senders take turns: who sends a thousand requests waits for them himself.
gunicorn starts the processes and starts them anew; the figures behind the choice are in benchmarks/README.md.
"""

import ipaddress
import logging
import os
import resource
import select
import socket
import sys
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer, UnixWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import Error

from worker.net.sender import Network, is_in, sender_group, sender_of
from worker.settings import Settings

HEAD_S = 10.0
REQUEST_S = 30.0  # head and body: five megabytes over a slow line
# Whoever reads an answer more slowly than this, after a while, does not read it.
PATIENCE_S, LEAST_BYTES_PER_S = 30.0, 2_000
IDLE_S = 20
# How long other threads may hold up the one that ends the process: who is connected after its last look at the queue is cut off.
LAST_LOOK_S = 0.000_01
NEWCOMER_S = 2.0  # how long a process that ends waits for the first byte of a connection
MOST_CONNECTIONS = 4_000
SPARE_FILES = 200  # for databases, files and logs
# Of the places for connections one sender has half at most, so that nobody can keep the others out alone.
MOST_OF_SENDER = 0.5
LARGEST_HEAD = 32_768
IN_MEMORY = 131_072  # what is longer waits in a file
LONGEST_UNREAD = 16_000_000


class TooSlow(Error):  # type: ignore[misc]  # the package publishes no types
    code = 408
    reason = "Request Timeout"


class TimedRequest(HTTPRequestParser):  # type: ignore[misc]  # as above
    """A request in the making, which knows when it began."""

    def __init__(self, adjustments: Adjustments) -> None:
        super().__init__(adjustments)
        self.began = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        """As waitress does, and refuse what two readers could end at different places: it may hide a second request."""
        super().parse_header(header_plus)
        two_ends = self.chunked and "CONTENT_LENGTH" in self.headers
        if two_ends or (self.version == "1.0" and "TRANSFER_ENCODING" in self.headers):
            raise ParsingError("Transfer-Encoding does not belong here")

    def is_late(self, now: float) -> bool:
        return bool(now - self.began > (REQUEST_S if self.headers_finished else HEAD_S))


class Channel(HTTPChannel):  # type: ignore[misc]  # as above
    """One connection."""

    parser_class = TimedRequest
    request: TimedRequest | None
    requests: list[TimedRequest]
    total_outbufs_len: int
    sending_since = 0.0
    sent = 0
    sender = ""
    was_heard = False
    creation_time: float

    def __init__(
        self, server: "_Watched", sock: socket.socket, addr: tuple[str, int | None], *more: Any, **map_: Any
    ) -> None:
        super().__init__(server, sock, addr, *more, **map_)
        if addr[1] is None or is_in(addr[0], trusted_networks()):  # a proxy, with everybody behind it
            return
        self.sender = sender_group(addr[0])
        server.places[self.sender] += 1
        if server.has_too_many(self.sender):
            self.handle_close()

    def del_channel(self, map: dict[int, Any] | None = None) -> None:  # noqa: A002  # waitress calls it so
        super().del_channel(map)
        if self.sender:
            self.server.places[self.sender] -= 1
            self.sender = ""

    def end_when_late(self, now: float) -> None:
        """End a request that does not come to its end, and an answer that nobody takes."""
        if self.request is not None and self.request.is_late(now):
            self._refuse_late()
        if not self.total_outbufs_len:
            self.sending_since = 0.0
        elif not self.sending_since:
            self.sending_since, self.sent = now, 0
        elif self.sent < (now - self.sending_since - PATIENCE_S) * LEAST_BYTES_PER_S:
            self.handle_close()

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent: int = super().send(data, do_close)
        self.sent += sent
        return sent

    def sender_of_next(self) -> str:
        """Who sent the request that is to be answered next, also from behind a proxy."""
        if self.sender or not self.requests:
            return self.sender
        forwarded = self.requests[0].headers.get("X_FORWARDED_FOR", "").split(",")
        return sender_group(sender_of(str(self.addr[0]), forwarded, tuple(map(str, trusted_networks()))))

    def _refuse_late(self) -> None:
        with self.requests_lock:
            late, self.request = self.request, None
            if late is None:
                return
            late.error, late.completed = TooSlow("The request did not come to its end in time."), True
            self.requests.append(late)
            if len(self.requests) == 1:
                self.server.add_task(self)

    def received(self, data: bytes) -> bool:
        self.was_heard = True
        return bool(super().received(data))

    @property
    def is_busy(self) -> bool:
        """Whether an answer is owed: to a newcomer too, who was let in and whose request is still on its way."""
        is_new = not self.was_heard and time.time() - self.creation_time < NEWCOMER_S
        return bool(self.requests or self.request or self.total_outbufs_len or is_new)


class _Watched:
    """What both kinds of server do: look at all connections every second, and count them by sender."""

    channel_class = Channel
    active_channels: dict[int, Channel]
    adj: Any

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self.places = Counter[str]()
        super().__init__(*arguments, **more)

    def maintenance(self, now: float) -> None:
        for channel in tuple(self.active_channels.values()):
            channel.end_when_late(time.monotonic())
        super().maintenance(now)  # type: ignore[misc]  # the server's, which it is mixed into

    def has_too_many(self, sender: str) -> bool:
        return bool(self.places[sender] > MOST_OF_SENDER * self.adj.connection_limit)


class TcpServer(_Watched, TcpWSGIServer):  # type: ignore[misc]  # the package publishes no types
    pass


class UnixServer(_Watched, UnixWSGIServer):  # type: ignore[misc]  # as above
    pass


class Turns:
    """Whose request is next: of each sender in the order in which they came, the senders in turn.

    In the place of the plain queue of waitress, which asks it for no more than this, under its lock.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Channel]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def append(self, channel: Channel) -> None:
        self._waiting.setdefault(channel.sender_of_next(), deque()).append(channel)

    def popleft(self) -> Channel:
        sender, waiting = self._waiting.popitem(last=False)
        channel = waiting.popleft()
        if waiting:
            self._waiting[sender] = waiting
        return channel


class BufferingWorker(Worker):  # type: ignore[misc]  # as above
    """One process of gunicorn's."""

    def run(self) -> None:
        connections: dict[int, Any] = {}
        servers, dispatcher = self._open(connections)
        while self.alive and self.ppid == os.getppid():
            self._turn(connections)
        sys.setswitchinterval(LAST_LOOK_S)
        for server in servers:  # others may go on listening
            server.accepting = False
            server.del_channel(connections)
            take_those_who_wait(server)
            server.socket.close()
        until = time.monotonic() + self.cfg.graceful_timeout
        while any(isinstance(one, Channel) and one.is_busy for one in connections.values()):
            if time.monotonic() > until:
                break
            self._turn(connections)
        dispatcher.shutdown(timeout=1)
        wasyncore.close_all(connections)

    def _turn(self, connections: dict[int, Any]) -> None:
        self.notify()
        wasyncore.loop(timeout=1.0, use_poll=True, map=connections, count=1)

    def _open(self, connections: dict[int, Any]) -> tuple[list[Any], ThreadedTaskDispatcher]:
        adjustments = adjusted(threads=self.cfg.threads, backlog=self.cfg.backlog)
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.queue = Turns()
        dispatcher.set_thread_count(self.cfg.threads)
        application = access_logged(self.wsgi, self.log.access_log) if self.cfg.accesslog else self.wsgi
        servers = []
        for listener in self.sockets:
            kind = UnixServer if listener.sock.family == socket.AF_UNIX else TcpServer
            info = (listener.sock.family, listener.sock.type, listener.sock.proto, listener.sock.getsockname())
            servers.append(
                kind(application, connections, True, listener.sock, dispatcher, adjustments, info, bind_socket=False)
            )
        return servers, dispatcher


def take_those_who_wait(server: Any) -> None:
    """Let in whom the system has connected already: whoever stands in that queue when the socket is closed is cut off."""
    waiting = select.poll()
    waiting.register(server.socket, select.POLLIN)
    for _ in range(server.adj.backlog):
        if not waiting.poll(0):
            return
        server.handle_accept()


def adjusted(*, threads: int, backlog: int) -> Adjustments:
    # Our own answer to a body that is too large says what to do; beyond three times the limit waitress gives its own.
    largest_body = 3 * Settings.from_environment().max_body_bytes
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    return Adjustments(
        listen="127.0.0.1:0",
        threads=threads,
        backlog=backlog,
        connection_limit=most_connections(),
        channel_timeout=IDLE_S,
        cleanup_interval=1,
        asyncore_use_poll=True,
        max_request_header_size=LARGEST_HEAD,
        max_request_body_size=largest_body,
        inbuf_overflow=IN_MEMORY,
        outbuf_overflow=IN_MEMORY,
        outbuf_high_watermark=LONGEST_UNREAD,
        # What proxies say of the sender is read by bridge.accounts.access, and only where they are trusted.
        clear_untrusted_proxy_headers=False,
        log_socket_errors=False,
        ident="Facturelay",
    )


@cache
def trusted_networks() -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, Settings.from_environment().trusted_proxies))


def most_connections() -> int:
    """As many as there may be, as far as the system lets this process open files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    with suppress(OSError, ValueError):
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return int(max(100, min(MOST_CONNECTIONS, soft - SPARE_FILES)))


Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def access_logged(application: Application, log: logging.Logger) -> Application:
    """*application*, with a line in *log* for each request."""

    def logged(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
            log.info('%s "%s" %s', environ.get("REMOTE_ADDR", ""), asked, status.partition(" ")[0])
            return start_response(status, headers, *more)

        return application(environ, start)

    return logged
