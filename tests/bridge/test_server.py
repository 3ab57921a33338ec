"""Whose request is answered next, and who is let in at the end."""

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from bridge import server
from bridge.server import TcpServer, Turns, take_those_who_wait


@dataclass(frozen=True)
class Waiting:
    sender: str
    number: int

    def sender_of_next(self) -> str:
        return self.sender


def in_turn(waiting: list[Waiting]) -> list[Waiting]:
    turns = Turns()
    for one in waiting:
        turns.append(cast(Any, one))
    assert len(turns) == len(waiting)
    found = [cast(Waiting, turns.popleft()) for _ in waiting]
    assert not turns
    return found


def test_who_sends_a_thousand_requests_waits_for_them_himself() -> None:
    many = [Waiting("a", number) for number in range(1000)]
    assert in_turn([*many, Waiting("b", 0), Waiting("c", 0)])[:3] == [many[0], Waiting("b", 0), Waiting("c", 0)]


@given(st.lists(st.builds(Waiting, st.sampled_from("abc"), st.integers(0, 9))))
def test_nothing_is_lost_and_each_sender_keeps_his_order(waiting: list[Waiting]) -> None:
    found = in_turn(waiting)
    for sender in "abc":
        assert [one for one in found if one.sender == sender] == [one for one in waiting if one.sender == sender]


def test_who_is_refused_at_the_end_does_not_keep_out_who_waits_behind_him(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two connections of which each sender may have one: 127.0.0.1 asks for three places, and 127.0.0.2 after him."""
    monkeypatch.setattr(server, "trusted_networks", lambda: ())
    channels: dict[int, Any] = {}
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        address = listener.getsockname()
        info = (listener.family, listener.type, listener.proto, address)
        adjusted = Adjustments(listen="127.0.0.1:0", connection_limit=2)
        ours = TcpServer(None, channels, True, listener, ThreadedTaskDispatcher(), adjusted, info, bind_socket=False)
        for sender in (*["127.0.0.1"] * 3, "127.0.0.2"):
            stack.enter_context(socket.create_connection(address, timeout=5, source_address=(sender, 0)))
        take_those_who_wait(ours)
        stack.callback(wasyncore.close_all, channels)
        assert sorted(channel.sender for channel in ours.active_channels.values()) == ["127.0.0.1", "127.0.0.2"]
