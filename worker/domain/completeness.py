"""What the law wants to be known of the seller before anything is issued, and what of it is not."""

from worker.domain.document import Problem
from worker.domain.shop import Shop, VatRegime
from worker.message import Message

# Who is registered for VAT and must say his number: the franchise and art. 44 may do with the enterprise number.
_WITH_VAT_NUMBER = (VatRegime.NORMAL, VatRegime.MARGIN)


def missing_of_seller(shop: Shop) -> tuple[Message, ...]:
    """Name what the documents of *shop* cannot do without and its seller lacks; empty when complete.

    Name, address and VAT number: art. 226 of the VAT directive, art. 5 §1 2° RD no. 1. In Belgium also the account
    (art. III.25 CEL) and, of a company or association, its legal form and register (art. 2:20 CSA). Read 2026-11-28.
    """
    seller = shop.seller
    wanted: list[tuple[Message, str | bool]] = [
        (Message("name"), seller.name),
        (Message("street"), seller.address.street),
        (Message("postcode"), seller.address.postcode),
        (Message("city"), seller.address.city),
        (Message("country"), seller.address.country),
        (Message("VAT number"), seller.vat_number)
        if shop.vat.regime in _WITH_VAT_NUMBER
        else (Message("VAT or enterprise number"), seller.vat_number or seller.enterprise_number),
    ]
    if seller.address.country == "BE":
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
