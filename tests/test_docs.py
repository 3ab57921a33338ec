"""What the security pages name is there: no test and no file is promised that does not exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("SECURITY.md", "docs/threat-model.md", "docs/asvs.md")
PATH = re.compile(r"`((?:tests|worker|bridge|docs)/[\w./-]+\.(?:py|php|md))(?:::(\w+))?`")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_test_that_is_named_exists(page: str) -> None:
    named = PATH.findall((ROOT / page).read_text(encoding="utf-8"))
    missing = [
        (path, test)
        for path, test in named
        if not (ROOT / path).is_file() or (test and f"def {test}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]

    assert page == "SECURITY.md" or len(named) > 20
    assert missing == []


def requirements() -> list[tuple[list[str], str, str]]:
    """The rows: ids, whether it is held, the test or reason."""
    rows = re.findall(
        r"^\| ([\d., ]+) \| [^|]+ \| (yes|partly|no|–) \| ([^|]+) \|$",
        (ROOT / "docs/asvs.md").read_text(),
        re.MULTILINE,
    )
    return [(ids.split(", "), held, reason) for ids, held, reason in rows]


def test_every_line_of_the_checklist_has_a_test_or_a_reason_and_none_stands_twice() -> None:
    ids = [one for found, _, _ in requirements() for one in found]

    assert len(ids) == len(set(ids)) > 200
    assert all(reason.strip() for _, _, reason in requirements())
    # No row is lost because it is written another way.
    table_rows = [line for line in (ROOT / "docs/asvs.md").read_text().splitlines() if re.match(r"\| \d", line)]
    assert len(table_rows) == len(requirements())
