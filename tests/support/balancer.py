"""What stands before several bridges in real life: a proxy that hands each connection to the next one that takes it."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from tests.services.process import free_port

LONGEST_WAIT_S = 30


@contextmanager
def balancer(ports: Sequence[int]) -> Iterator[str]:
    """Listens on loopback; the address by which whoever calls reaches one of *ports*."""
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        threading.Thread(target=accept, args=(listener, list(ports)), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def accept(listener: socket.socket, ports: list[int]) -> None:
    with suppress(OSError):
        while True:
            caller, _ = listener.accept()
            ports.append(ports.pop(0))
            threading.Thread(target=hand_over, args=(caller, tuple(ports)), daemon=True).start()


def hand_over(caller: socket.socket, ports: Sequence[int]) -> None:
    """Where nobody takes it, the caller's line is cut, as it is where a single bridge dies."""
    with caller, suppress(OSError):
        taker = reach(ports)
        if taker is None:
            return
        with taker:
            caller.settimeout(LONGEST_WAIT_S)
            answer = threading.Thread(target=pump, args=(taker, caller), daemon=True)
            answer.start()
            pump(caller, taker)
            answer.join()


def reach(ports: Sequence[int]) -> socket.socket | None:
    for port in ports:
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), LONGEST_WAIT_S)
    return None


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
