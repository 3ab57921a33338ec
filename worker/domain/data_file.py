"""The trade's own tables, in `data/`: rates, legal sentences, words."""

import tomllib
from decimal import Decimal
from importlib.resources import files
from typing import Any


def read_data(name: str) -> dict[str, Any]:
    """What `data/*name*.toml` says; its numbers are exact."""
    text = (files("worker.domain") / f"data/{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)
