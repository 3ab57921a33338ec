"""Whose request is answered next."""

from dataclasses import dataclass
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from bridge.server import Turns


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
