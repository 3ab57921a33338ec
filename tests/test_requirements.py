"""What gets installed: the pins in requirements/, written by make lock."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[1] / "requirements"


def pins(name: str) -> set[str]:
    """Each line that names a package, with its version and the machines it is for."""
    return set(re.findall(r"^[a-z0-9][^\\\n]*==[^\\\n]*?(?= \\$)", (REQUIREMENTS / name).read_text(), re.MULTILINE))


def test_tests_run_with_what_customers_run_with() -> None:
    assert pins("runtime.txt")
    assert pins("runtime.txt") - pins("dev.txt") == set()


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt"])
def test_every_pin_has_its_hash_and_no_line_names_an_index(name: str) -> None:
    text = (REQUIREMENTS / name).read_text()

    assert len(re.findall(r"==.*\\\n    --hash=sha256:", text)) == len(pins(name))
    assert "://" not in re.sub(r"#.*", "", text)
