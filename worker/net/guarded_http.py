"""The guard on every address that a shop can set: what is checked is what is connected to. Knows nothing of shops.

A name that resolves to a public address when it is checked and to 127.0.0.1 when it is called would open the
machine's own network to anybody who may type an address. So the name is resolved once per connection, every answer
is checked, and the socket is opened to the checked number; TLS still asks for the name.
"""

import socket
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.timeout import Timeout

from worker.errors import ConnectionRejected
from worker.net.certificates import context_of
from worker.net.ip_address import is_public
from worker.net.talk import connected_socket, numbers_of


def resolve_addresses(host: str, port: int, *, allow_private: bool) -> tuple[str, ...]:
    """Resolve *host* to the numbers that may be called. Raises Rejected if any of them is not a public one, and OSError.

    Any, not all: a name with a public and a private answer is how rebinding starts.
    """
    numbers = numbers_of(host, port)
    refused = () if allow_private else tuple(number for number in numbers if not is_public(number))
    if refused:
        raise ConnectionRejected(
            "“{host}” leads to {address}, an address inside a private network, so it is not called. Use the public "
            "address; on a machine of your own, whoever runs Facturelay can allow it.",
            host=host,
            address=refused[0],
            code="private_address",
        )
    return numbers


class GuardedSession(Session):
    """A session whose every connection, also after a redirect, passes the guard. Asked by `http_call.call` alone."""


def guarded_session(*, allow_private: bool, pool: int = 4) -> GuardedSession:
    session = GuardedSession()
    # Proxies, .netrc passwords and CA bundles of the environment are for shells: a proxy would resolve the
    # name by itself, past this guard.
    session.trust_env = False
    # A cookie would make WordPress take a REST call for a visitor's.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = GuardedAdapter(allow_private=allow_private, pool=pool)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class GuardedAdapter(HTTPAdapter):
    """Transport that checks where each new connection goes, over sockets that end with the talk."""

    def __init__(self, *, allow_private: bool = False, pool: int = 4) -> None:
        self._allow_private = allow_private
        super().__init__(pool_connections=pool, pool_maxsize=pool)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: object) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS[self._allow_private]

    def send(  # noqa: PLR0913 - requests names them
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Send as requests does, but never through a proxy."""
        return super().send(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=None)


class _Guarded(HTTPConnection):
    allow_private = False

    def _new_conn(self) -> socket.socket:
        """Open the socket to a checked number. `host` stays the name: Host header, SNI and certificate go by it."""
        try:
            numbers = resolve_addresses(self._dns_host, self.port, allow_private=self.allow_private)
            wait_s = Timeout.resolve_default_timeout(self.timeout)
            options = [tuple(option) for option in self.socket_options or ()]
            return connected_socket(numbers, self.port, wait_s=wait_s, options=options)  # type: ignore[arg-type]  # of three numbers each
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{self.host} did not accept the connection in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"{self.host} cannot be reached: {error}") from error


class _GuardedTLS(_Guarded, HTTPSConnection):
    def connect(self) -> None:
        authorities = self.ca_certs
        self.ssl_context = context_of(authorities)
        self.ca_certs = None  # the context has them
        try:
            super().connect()
        finally:
            self.ca_certs = authorities  # for the next time: a connection that was closed connects again


class _Unguarded(_Guarded):
    allow_private = True


class _UnguardedTLS(_GuardedTLS):
    allow_private = True


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _GuardedTLSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


class _UnguardedPool(HTTPConnectionPool):
    ConnectionCls = _Unguarded


class _UnguardedTLSPool(HTTPSConnectionPool):
    ConnectionCls = _UnguardedTLS


_POOLS: dict[bool, dict[str, type[HTTPConnectionPool]]] = {
    False: {"http": _GuardedPool, "https": _GuardedTLSPool},
    True: {"http": _UnguardedPool, "https": _UnguardedTLSPool},
}
