"""What a shop says of itself when its plugin connects: it fills in the settings that nobody has filled in yet, while the shop is in test.

The shop's site is not its owner: what he typed stays, and what is wrong or missing is left for him. The page of the connection shows
what was taken over, to be checked before the first real document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from worker.domain import settings_form
from worker.domain.settings_form import WrongSettings
from worker.domain.shop import OrderSettings, Shop
from worker.domain.shop_facts import OfferedMethod, ShopFacts

# In the order of the form: the country counts for the number after it.
TAKEN_OVER = (
    "seller.name", "seller.address.street", "seller.address.postcode", "seller.address.city", "seller.address.country",
    "seller.vat_number", "seller.email", "seller.website", "seller.iban", "seller.bic", "zone",
)  # fmt: skip
ADDRESS = tuple(name for name in TAKEN_OVER if name.startswith("seller.address."))
MOST_LETTERS, MOST_METHODS, MOST_LANGUAGES, MOST_STATUSES = 200, 40, 20, 60
_UNTOUCHED = settings_form.settings_as_text(Shop("", "", "", OrderSettings(datetime(2000, 1, 1, tzinfo=UTC))))


@dataclass(frozen=True)
class TakenOver:
    """The shop as it is then, and by setting what was filled in."""

    shop: Shop
    settings: Mapping[str, str]


def take_over(shop: Shop, facts: Mapping[str, Any]) -> TakenOver:
    """Fill in what *facts* know and nobody has filled in: a setting that is as in a shop just made. Nothing once it is live.

    An address is one: of one that was begun by hand nothing is filled in, nor of what a shop tells without street, postcode and city,
    for WooCommerce has a country before anybody typed one.
    """
    taken: dict[str, str] = {}
    address = shop.seller.address
    is_begun = address.street or address.postcode or address.city
    is_whole = all(text_of(facts.get(name)) for name in ADDRESS)
    skipped = ADDRESS if is_begun or not is_whole else ()
    for name in (one for one in TAKEN_OVER if one not in skipped) if shop.test else ():
        before, text = settings_form.settings_as_text(shop)[name], text_of(facts.get(name))
        if not text or before != _UNTOUCHED[name]:
            continue
        try:
            shop = settings_form.apply_settings(shop, {name: text})
        except WrongSettings:
            continue  # a number with wrong digits in the shop: the owner is asked for it as if nobody knew it
        if settings_form.settings_as_text(shop)[name] != before:
            taken[name] = settings_form.settings_as_text(shop)[name]
    return TakenOver(shop, taken)


def facts_to_keep(facts: Mapping[str, Any], taken: Mapping[str, str]) -> ShopFacts:
    """What the page shows of them, whatever the plugin sent."""
    return ShopFacts(
        taken=dict(taken),
        currency=text_of(facts.get("currency"))[:3],
        languages=tuple(text_of(one) for one in as_list(facts.get("languages"))[:MOST_LANGUAGES] if text_of(one)),
        charges_vat=facts.get("charges_vat") is True,
        prices_with_vat=facts.get("prices_with_vat") is True,
        payment_methods=tuple(
            OfferedMethod(text_of(one["id"]), text_of(one.get("title")))
            for one in as_list(facts.get("payment_methods"))[:MOST_METHODS]
            if isinstance(one, dict) and text_of(one.get("id"))
        ),
    )


def statuses_in(told: Mapping[str, Any]) -> dict[str, str]:
    """The order statuses that a plugin tells of: what the shop calls each, by its name without `wc-`; one without a name by that."""
    return {
        status: text_of(one.get("title")) or status
        for one in as_list(told.get("order_statuses"))[:MOST_STATUSES]
        if isinstance(one, dict) and (status := text_of(one.get("id")))
    }


def text_of(value: object) -> str:
    """A text of one line, cut to what fits; empty where it is anything else."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())[:MOST_LETTERS]


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
