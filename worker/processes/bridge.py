"""The bridge of this machine, asked from beside it."""

from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

# Where a server that listens on every address is reached from its own machine.
EVERY_ADDRESS = dict.fromkeys(("0.0.0.0", "::", ""), "127.0.0.1")  # noqa: S104  # compared, not bound


def address(host: str, port: int) -> str:
    """Where one that listens on *port* of *host* is reached from its own machine."""
    host = EVERY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def answers(url: str) -> bool:
    """Whether it answers at *url*, which is of this machine."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=2)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
