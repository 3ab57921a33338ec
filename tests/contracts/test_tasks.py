"""Every errand: a page builder reads its docstring and nothing else, and it knows one shop only."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from worker.services import Services
from worker.store.tasks import Errand
from worker.tasks import ERRANDS


@pytest.mark.parametrize(("kind", "errand"), ERRANDS.items())
def test_an_errand_says_what_it_takes_and_what_it_gives(
    kind: str, errand: Callable[[Services, Errand], Mapping[str, Any]]
) -> None:
    said = errand.__doc__ or ""
    assert [word for word in ("Argument:", "Answer:") if word not in said] == []


def test_the_kinds_fit_into_their_column() -> None:
    assert [kind for kind in ERRANDS if len(kind) > 40] == []
