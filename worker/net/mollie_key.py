"""What a key of Mollie says by itself. Pure."""

import re
from enum import StrEnum

MOLLIE = "https://api.mollie.com"
KEY = re.compile(r"(test|live)_[A-Za-z0-9_]{20,100}")


class Mode(StrEnum):
    """Mollie's two worlds, which know nothing of each other: in *test* nobody pays."""

    TEST = "test"
    LIVE = "live"


def mode_of(key: str) -> Mode | None:
    """Which of the two worlds *key* opens; None where it is no key."""
    found = KEY.fullmatch(key)
    return Mode(found[1]) if found else None
