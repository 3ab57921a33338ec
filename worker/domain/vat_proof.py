"""Whether an invoice that leaves the VAT to its buyer has his number, and to another member state its proof: VIES's own answer.

One with VAT needs that answer too, where it decides whose VAT it is.
"""

from collections.abc import Iterable
from dataclasses import replace

from worker.domain.document import Category, Line, Problem
from worker.domain.order import Order
from worker.domain.order_treatment import TREATMENT_TERMS, TreatmentName
from worker.domain.place_of_supply import EU
from worker.domain.shop import Shop, VatRegime
from worker.domain.vat_check import INVALID, UNCHECKED, VatCheck, why_not_exempt, why_undecided
from worker.domain.vat_number import normalise_vat_number, vat_prefix
from worker.message import Message

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


def _number_for(name: TreatmentName, order: Order, shop: Shop) -> str:
    """The number that the treatment *name* takes for granted: work on a building one of the seller's country, else one of another."""
    country = shop.seller.address.country
    number, _ = normalise_vat_number(order.vat_number_given, order.billing.address.country or country)
    at_home = number[:2] == vat_prefix(country)
    return number if at_home == (name is TreatmentName.CO_CONTRACTOR) else ""


def _needs_number(order: Order, name: TreatmentName) -> Message:
    """Without it the buyer is not known to owe the VAT (art. 20 RD no. 1; art. 138 and 196 of the VAT directive)."""
    which = (
        Message("a VAT number of the seller's own country")
        if name is TreatmentName.CO_CONTRACTOR
        else Message("a VAT number of another member state")
    )
    return Message(
        "Order {number} is treated as “{treatment}”: for that the buyer needs {which}, and the order has none that is valid. Add it "
        "to the order in the shop; or say on the order's page how the order is treated instead.",
        number=order.number,
        treatment=TREATMENT_TERMS[name],
        which=which,
    )


def missing_proof(
    order: Order, shop: Shop, lines: Iterable[Line], *, counts_buyer: Message | None = None
) -> tuple[Problem, ...]:
    """Why *lines* may not go without VAT by themselves, if they do; or with VAT, where VIES's answer decides whose it is.

    *counts_buyer* is as what the buyer counts until then (`vat.counts_buyer`). Who treated the order by hand gave a reason and answers for it; only what VIES calls invalid still stops it.
    """
    number = number_abroad(order, shop)
    if not needs_proof(lines):
        return _undecided(order, number, counts_buyer) if counts_buyer else ()
    if order.treatment is not None and not _number_for(order.treatment.name, order, shop):
        return (Problem("treatment_needs_number", _needs_number(order, order.treatment.name)),)
    if not number:
        return ()
    small = shop.vat.regime is VatRegime.SMALL_BUSINESS
    why = why_not_exempt(order.vat_check, number, shop_says=order.vat_number_shop_says, small_business=small)
    answered_for = order.treatment is not None and why is not None and why[0] != INVALID
    return (Problem(*why),) if why and not answered_for else ()


def _undecided(order: Order, number: str, counts_buyer: Message) -> tuple[Problem, ...]:
    """Nothing has to be proved to charge VAT: once VIES was waited for, a plugin's word that the number is invalid will do."""
    check = order.vat_check
    is_waited_for = check is None or check.number != number or check.waits_until
    if order.treatment is not None or (order.vat_number_shop_says == "invalid" and not is_waited_for):
        return ()
    return (Problem(UNCHECKED, why_undecided(check, number, counts_buyer=counts_buyer)),)
