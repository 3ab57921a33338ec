"""Which VAT rates a country knows. Data with a date and a source (`data/rates.toml`); a new rate is one line there."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files


def known_rates(country: str) -> frozenset[Decimal]:
    """All rates above 0 % of *country*, islands and border zones included; empty for a country that we hold no list of."""
    return _rates().get(country, frozenset())


def is_known(country: str, rate: Decimal) -> bool:
    """Whether *country* levies *rate*. True for every rate of a country without a list."""
    rates = known_rates(country)
    return not rates or rate == 0 or rate in rates


@cache
def _rates() -> Mapping[str, frozenset[Decimal]]:
    text = (files("worker.domain") / "data/rates.toml").read_text(encoding="utf-8")
    countries = tomllib.loads(text, parse_float=Decimal)["rates"]
    return {
        country: frozenset(Decimal(rate) for rate in (*entry["general"], *entry.get("regional", ())))
        for country, entry in countries.items()
    }
