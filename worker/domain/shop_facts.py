"""What a shop said of itself when its plugin connected, as it is kept and shown; what was filled in of it are settings like others."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OfferedMethod:
    """A payment method that is switched on in the shop: its id there, and what the shop calls it."""

    method: str
    title: str


@dataclass(frozen=True)
class ShopFacts:
    """*taken*: the settings that were filled in, as text by their names. *languages*: locales like nl_BE, the shop's own first."""

    taken: dict[str, str] = field(default_factory=dict)
    currency: str = ""
    languages: tuple[str, ...] = ()
    charges_vat: bool = False
    prices_with_vat: bool = False
    payment_methods: tuple[OfferedMethod, ...] = ()
