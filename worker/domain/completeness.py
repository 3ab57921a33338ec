"""What the law wants to be known of the seller on every document and of the buyer on an invoice, and what of it is not."""

from decimal import Decimal

from worker.domain.document import Problem
from worker.domain.order import Order
from worker.domain.party import Address
from worker.domain.place_of_supply import EU, Supply, main_supply
from worker.domain.shop import Shop, VatRegime
from worker.domain.vat_number import normalise_vat_number
from worker.message import Message

# What is wanted, and what is known of it.
Wanted = list[tuple[Message, str | bool]]

# Who is registered for VAT and must say his number: the franchise and art. 44 may do with the enterprise number.
_WITH_VAT_NUMBER = (VatRegime.NORMAL, VatRegime.MARGIN)
# Excluding VAT, in euros: a simplified invoice need not say where its buyer lives (art. 13 RD no. 1, art. 226b of the directive).
_SIMPLIFIED_UP_TO = Decimal(100)
_WITHOUT_POSTCODE = ("IE",)  # known to few who live there


def missing_of_seller(shop: Shop) -> tuple[Message, ...]:
    """Name what the documents of *shop* cannot do without and its seller lacks; empty when complete.

    Name, address and VAT number: art. 226 of the VAT directive, art. 5 §1 2° RD no. 1. In Belgium also the account
    (art. III.25 CEL) and, of a company or association, its legal form and register (art. 2:20 CSA). Read 2026-11-28.
    """
    seller = shop.seller
    wanted: Wanted = [
        (Message("name"), seller.name),
        (Message("street"), seller.address.street),
        (Message("postcode"), seller.address.postcode),
        (Message("city"), seller.address.city),
        (Message("country"), seller.address.country),
        (Message("VAT number"), seller.vat_number)
        if shop.vat.regime in _WITH_VAT_NUMBER
        else (Message("VAT or enterprise number"), seller.vat_number or seller.enterprise_number),
    ]
    if seller.address.country in ("", "BE"):  # who has not said where he is learns all at once
        wanted += [
            (Message("legal form (or say that it is a sole trader)"), seller.legal_form or seller.sole_trader),
            (Message("register of legal persons, like RPR Gent"), seller.register or seller.sole_trader),
            (Message("account number (IBAN)"), seller.iban),
        ]
    return tuple(what for what, known in wanted if not known)


def seller_problem(shop: Shop) -> tuple[Problem, ...]:
    missing = missing_of_seller(shop)
    if not missing:
        return ()
    message = Message(
        "The seller's details lack: {missing}. Fill them in, in the settings under Company.", missing=missing
    )
    return (Problem("seller_incomplete", message),)


def buyer_problems(order: Order, shop: Shop, *, net: Decimal) -> tuple[Problem, ...]:
    """What the invoice of *order* lacks of its buyer (art. 5 §1 3° RD no. 1). *net* is its total without VAT.

    Each of them asks: the buyer may have no more to tell, and whoever issues the draft then has looked.
    """
    wrong_number = _wrong_number(order) if _needs_vat_number(order, shop) else ""
    missing = _missing_of_buyer(order, shop, net=net, number_told=bool(wrong_number))
    problems = []
    if missing:
        message = Message(
            "The invoice of order {number} lacks this of the buyer: {missing}. Add it to the order in the shop and issue the "
            "draft; or issue it as it is, where the buyer has none.",
            number=order.number,
            missing=missing,
        )
        problems.append(Problem("buyer_incomplete", message, asks=True))
    if wrong_number:
        message = Message(
            "“{vat_number}” is not a valid VAT number, and the buyer of order {number} is a business in Belgium. Correct it in "
            "the order and issue the draft; issued as it is, the invoice shows no VAT number of the buyer.",
            vat_number=wrong_number,
            number=order.number,
        )
        problems.append(Problem("vat_number_wrong", message, asks=True))
    return tuple(problems)


def _missing_of_buyer(order: Order, shop: Shop, *, net: Decimal, number_told: bool) -> tuple[Message, ...]:
    billing = order.billing
    wanted: Wanted = [(Message("name"), billing.company or billing.name)]
    if order.is_business:
        wanted += _address_of_business(billing.address)
        if _needs_vat_number(order, shop) and not number_told:
            wanted.append((Message("VAT number"), _vat_number(order)))
    elif not _goes_without_address(order, shop, net):
        at = next((one for one in (billing.address, order.shipping.address) if one.street), billing.address)
        wanted += [(Message("street"), at.street), (Message("city"), at.city or at.country not in ("", *EU))]
    return tuple(what for what, known in wanted if not known)


def _address_of_business(address: Address) -> Wanted:
    """Outside the EU there are places without a postcode, and cities that are a country."""
    wanted: Wanted = [(Message("street"), address.street), (Message("country"), address.country)]
    if address.country in ("", *EU):
        wanted.append((Message("postcode"), address.postcode or address.country in _WITHOUT_POSTCODE))
        wanted.append((Message("city"), address.city))
    return wanted


def _goes_without_address(order: Order, shop: Shop, net: Decimal) -> bool:
    """A consumer's invoice of nothing that is sent, or of a small amount at home, does without where he lives."""
    if main_supply(order, shop) is Supply.SERVICE:
        return True
    at_home = order.shipping.address.country in ("", shop.seller.address.country)
    return at_home and order.currency == "EUR" and abs(net) <= _SIMPLIFIED_UP_TO


def _needs_vat_number(order: Order, shop: Shop) -> bool:
    """Between Belgians a business says its number (art. 53quater VAT code); elsewhere it is asked for where it decides whose VAT is due."""
    belgian = shop.seller.address.country == "BE" and order.billing.address.country in ("", "BE")
    return belgian and order.is_business and order.treatment is None


def _vat_number(order: Order) -> str:
    return normalise_vat_number(order.vat_number_given, order.billing.address.country or "BE")[0]


def _wrong_number(order: Order) -> str:
    """What was typed for a VAT number and is none; empty where nothing was."""
    given = order.vat_number_given.strip()
    return given if any(sign.isdigit() for sign in given) and not _vat_number(order) else ""
