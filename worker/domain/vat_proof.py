"""Whether an invoice without VAT to another member state has its proof: VIES's own answer on the buyer's number."""

from collections.abc import Iterable
from dataclasses import replace

from worker.domain.document import Category, Line, Problem
from worker.domain.order import Order
from worker.domain.place_of_supply import EU
from worker.domain.shop import Shop
from worker.domain.vat_check import INVALID, VatCheck, why_not_exempt
from worker.domain.vat_number import normalise_vat_number, vat_prefix

_NEEDS_PROOF = (Category.INTRA_EU, Category.REVERSE_CHARGE)


def number_abroad(order: Order, shop: Shop) -> str:
    """The buyer's VAT number where another member state gave it (or Northern Ireland, XI); else empty."""
    seller_country = shop.seller.address.country
    number, _ = normalise_vat_number(order.vat_number_given, order.billing.address.country or seller_country)
    return number if seller_country in EU and number[:2] != vat_prefix(seller_country) else ""


def needs_proof(lines: Iterable[Line]) -> bool:
    """Whether any of *lines* goes without VAT because of the buyer's number."""
    return any(line.category in _NEEDS_PROOF for line in lines)


def as_if_confirmed(order: Order, shop: Shop) -> Order:
    """*order* as it will be when VIES confirms its number: for a preview, which asks nothing of VIES."""
    number = number_abroad(order, shop)
    return replace(order, vat_check=VatCheck(number, True)) if number else order


def missing_proof(order: Order, shop: Shop, lines: Iterable[Line]) -> tuple[Problem, ...]:
    """Why *lines* may not go without VAT by themselves, if they do.

    Who treated the order by hand gave a reason and answers for it; only what VIES calls invalid still stops it.
    """
    number = number_abroad(order, shop)
    if not number or not needs_proof(lines):
        return ()
    why = why_not_exempt(order.vat_check, number, shop_says=order.vat_number_shop_says)
    answered_for = order.treatment is not None and why is not None and why[0] != INVALID
    return (Problem(*why),) if why and not answered_for else ()
