"""What real shops sent, one file a report: input → what must come of it. A new report is a new file."""

from typing import Any

import pytest

from tests.support.reports import all_cases, outcome_of

CASES = all_cases()
KEYS = ("issued", "waiting", "flags", "not_made")


def shortened(outcome: Any, expected: Any) -> Any:
    """*outcome*, as far as *expected* says something of it."""
    if isinstance(expected, dict) and isinstance(outcome, dict):
        return {name: shortened(outcome.get(name), said) for name, said in expected.items()}
    if isinstance(expected, list) and isinstance(outcome, list) and len(outcome) == len(expected):
        return [shortened(one, said) for one, said in zip(outcome, expected, strict=True)]
    return outcome


@pytest.mark.parametrize("name", CASES)
def test_a_report_comes_to_what_its_file_says(name: str) -> None:
    case = CASES[name]
    expected = {key: case[key] for key in KEYS if key in case}
    assert expected, "the file says nothing of what must come of it"
    assert shortened(outcome_of(case), expected) == expected


def test_every_report_says_what_people_suffer() -> None:
    assert all(case.get("report", "").strip() for case in CASES.values())
