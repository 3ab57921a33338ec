"""Whom we believe who a server is: contexts of TLS, kept as long as their files of certificates stay as they are.

To read the certificates of a hundred authorities takes 20 ms of processor, more than a mail or a call of a shop.
"""

import ssl
from functools import lru_cache
from pathlib import Path

from urllib3.util.ssl_ import create_urllib3_context

from worker.net.talk import TlsTalkSocket


def system_context() -> ssl.SSLContext:
    """For mail servers: by the system's certificates."""
    paths = ssl.get_default_verify_paths()
    return _system_context(_state(paths.cafile), _state(paths.capath))


def context_of(ca_certs: str | None) -> ssl.SSLContext:
    """For calls by HTTP, which bring their file of certificates."""
    return _context_of(_state(ca_certs))


State = tuple[str, int] | None


def _state(path: str | None) -> State:
    return (path, Path(path).stat().st_mtime_ns) if path else None


@lru_cache(maxsize=4)
def _system_context(_cafile: State, _capath: State) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.sslsocket_class = TlsTalkSocket
    return context


@lru_cache(maxsize=4)
def _context_of(ca_certs: State) -> ssl.SSLContext:
    context = create_urllib3_context()
    context.sslsocket_class = TlsTalkSocket
    if ca_certs is not None:
        context.load_verify_locations(ca_certs[0])
    return context
