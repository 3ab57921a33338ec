"""Every task: its docstring has all that a page needs, and it knows one shop only."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from worker.services import Services
from worker.store.tasks import Task
from worker.tasks import TASKS


@pytest.mark.parametrize(("kind", "task"), TASKS.items())
def test_a_task_says_what_it_takes_and_what_it_gives(
    kind: str, task: Callable[[Services, Task], Mapping[str, Any]]
) -> None:
    said = task.__doc__ or ""
    assert [word for word in ("Argument:", "Answer:") if word not in said] == []


def test_the_kinds_fit_into_their_column() -> None:
    assert [kind for kind in TASKS if len(kind) > 40] == []
