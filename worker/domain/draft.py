"""An order becomes a draft: everything a document will say, with the problems that prevent issuing it by itself.

The figures are `assessment`; what exists already is `decide`, and numbers are `numbering`.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from worker.domain import mentions, peppol, texts
from worker.domain.assessment import Assessment, assess
from worker.domain.consumer_invoice import is_simplified
from worker.domain.delivery_note import carried_day, delivery_lines, undelivered
from worker.domain.description import described
from worker.domain.discount import with_discounts
from worker.domain.document import ASKING, Category, Draft, Kind, Line, Mention, PaymentInstructions, Purpose
from worker.domain.draft_problems import problems_of
from worker.domain.exchange_rate import exchange_rate, vat_in_euro
from worker.domain.language import document_language, language_of, phrase, second_language
from worker.domain.money import ZERO, total_of
from worker.domain.order import Order, Refund, SalePart
from worker.domain.order_payment import deposit_paid, is_paid, paid_on, payment_instructions
from worker.domain.party import Address, Buyer
from worker.domain.payment import Prepayment
from worker.domain.payment_method import is_transfer
from worker.domain.place_of_supply import is_picked_up
from worker.domain.shop import Shop
from worker.domain.totals import Totals
from worker.domain.treatment import Treatment
from worker.domain.unpaid_order import last_day
from worker.domain.vat_check import VatCheck
from worker.domain.vat_number import normalise_vat_number
from worker.domain.vat_proof import number_abroad
from worker.message import NO_MESSAGE, Message


def draft_document(order: Order, shop: Shop, *, purpose: Purpose, today: date, refunds: Iterable[Refund] = ()) -> Draft:
    """Draft the confirmation, payment request, delivery note or invoice of *order*. *today* is the date in the shop's zone.

    A delivery note is of what *refunds* leave to be delivered; the others are of the whole order.
    """
    kind = purpose.kind
    if kind is Kind.CREDIT_NOTE:
        raise ValueError(f"{purpose.cause}: a credit note is drafted from its invoice, not from an order")
    language = document_language(kind, order, shop)
    order = described(order, language)
    assessed = deliveries(order, refunds, language) if kind is Kind.DELIVERY_NOTE else assess(order, shop)
    totals = assessed.totals
    prepaid = (*assessed.prepaid, *_deposit_as_prepaid(order, totals.total))
    prepaid += _received_before(kind, order, shop, rest=totals.total - total_of(one.amount for one in prepaid))
    prepaid += _refunded_before(kind, order, rest=totals.total - total_of(one.amount for one in prepaid))
    to_pay = totals.total - total_of(one.amount for one in prepaid)
    has_come = any(not one.refunded for one in prepaid) and not to_pay
    ordered_on = shop.day_of(order.created_at)
    rate = exchange_rate(order.currency, shop)
    second = second_language(order, shop, first=language)
    simplified = kind is Kind.INVOICE and is_simplified(order, shop, net=totals.net)
    ship_to, ship_to_name = _ship_to(order, assessed.lines)
    return Draft(
        cause=purpose.cause,
        kind=kind,
        send_mode=purpose.send_mode,
        order_id=order.order_id,
        order_key=order.order_key,
        order_number=order.number,
        ordered_on=ordered_on,
        currency=order.currency,
        language=language,
        customer_language=language_of(order, shop),
        second_language=second,
        seller=shop.seller,
        buyer=buyer_of(order, shop),
        lines=assessed.lines if kind is Kind.DELIVERY_NOTE else _detailed(assessed.lines, order, shop, language),
        net=totals.net,
        vat=totals.vat,
        total=totals.total,
        rounding=totals.rounding,
        roundings=totals.roundings,
        vat_lines=totals.vat_lines,
        ship_to=ship_to,
        ship_to_name=ship_to_name,
        supplied_on=_supplied_on(kind, order, shop, today),
        delivery=order.delivery,
        # Subscriptions copies the note of the first order to each renewal: “ring at the back” was said once.
        customer_note="" if order.is_renewal else order.customer_note,
        purchase_order=order.purchase_order,
        mentions=()
        if kind is Kind.DELIVERY_NOTE
        else (
            *(_simplified(language, second) if simplified else ()),
            *_mentions(assessed.treatments, shop, language=language, second=second),
        ),
        payment=_payment(kind, order, shop, to_pay=to_pay, today=today),
        payment_method=order.payment_method,
        payment_title=_paid_by(order, prepaid) if has_come else order.payment_title,
        paid_on=paid_on(order, shop) or (order.came_on or ordered_on if has_come else None),
        prepaid=() if kind is Kind.DELIVERY_NOTE else prepaid,
        exchange_rate=rate,
        vat_eur=vat_in_euro(totals.vat, rate),
        problems=problems_of(kind, order, shop, assessed),
        test=shop.test,
        einvoice_obstacle=_einvoice_obstacle(assessed),
        captions=texts.captions(shop, kind, paid=is_paid(order, shop) or has_come, language=language),
        vat_check=_vat_check(kind, order, shop),
    )


def deliveries(order: Order, refunds: Iterable[Refund], language: str) -> Assessment:
    """What a delivery note says of the figures: how many of what, and no amount."""
    lines = delivery_lines(undelivered(order, refunds), language)
    return Assessment((), (), lines, Totals(ZERO, ZERO, ZERO, ZERO, (), ()), (), ())


def _deposit_as_prepaid(order: Order, total: Decimal) -> tuple[Prepayment, ...]:
    """What came in of an order in parts; more than its total is no part of it."""
    came_in = deposit_paid(order) or ZERO
    return (Prepayment(came_in, deposit=True),) if ZERO < came_in < total else ()


def _received_before(kind: Kind, order: Order, shop: Shop, *, rest: Decimal) -> tuple[Prepayment, ...]:
    """What came in of an order, not all of which is paid, before this document: it asks only for what is open, as every page does."""
    if kind is Kind.DELIVERY_NOTE or shop.test or is_paid(order, shop):
        return ()
    received = min(order.came_in - (deposit_paid(order) or ZERO), rest)
    return (Prepayment(received, received=True),) if received > 0 else ()


def _refunded_before(kind: Kind, order: Order, *, rest: Decimal) -> tuple[Prepayment, ...]:
    """What the shop refunded of *rest* before there is an invoice, of which a credit note will say it."""
    refunded = rest - max(order.reported.less_refunded(rest), ZERO) if kind in ASKING else ZERO
    return (Prepayment(refunded, refunded=True),) if refunded > 0 else ()


def _paid_by(order: Order, prepaid: tuple[Prepayment, ...]) -> str:
    """How all of it came; nothing where it may have come otherwise than by the order's own method, or gift cards left nothing to come."""
    is_other = any(one.received for one in prepaid) and not is_transfer(order.payment_method)
    return "" if is_other or not order.total else order.payment_title


def _payment(kind: Kind, order: Order, shop: Shop, *, to_pay: Decimal, today: date) -> PaymentInstructions | None:
    """How it is to be paid; what asks before there is an invoice gives no more days than the order has until it is cancelled. One of
    which a part came is not."""
    asked = None if kind is Kind.DELIVERY_NOTE else payment_instructions(order, shop, total=to_pay, today=today)
    last = None if kind is Kind.INVOICE or order.came_in else last_day(order, shop)
    if asked is None or asked.due_on is None or last is None:
        return asked
    return replace(asked, due_on=min(asked.due_on, max(last, today)))


def _detailed(lines: Iterable[Line], order: Order, shop: Shop, language: str) -> tuple[Line, ...]:
    said = tuple(_of_deposit(line, order, language) for line in lines)
    return with_discounts(said, order, language) if shop.shows_discounts else said


def _of_deposit(line: Line, order: Order, language: str) -> Line:
    """*line*, which says where it is a deposit, or what remains after one (art. 5 §1 6° and 11° RD no. 1)."""
    if order.deposit is not None and line.order_line_id in order.deposit.line_ids:
        return replace(line, details=(phrase("deposit", language), *line.details))
    if order.sale_part is SalePart.BALANCE and line.is_product:
        return replace(line, details=(phrase("balance", language).format(order=order.parent_id), *line.details))
    return line


def buyer_of(order: Order, shop: Shop) -> Buyer:
    billing = order.billing
    number, _ = normalise_vat_number(order.vat_number_given, billing.address.country or shop.seller.address.country)
    return Buyer(
        name=billing.name or billing.company or billing.email,
        company=billing.company,
        address=billing.address,
        email=billing.email,
        phone=billing.phone,
        vat_number=number,
        vat_number_given=order.vat_number_given,
        peppol_address=str(peppol.read_address(order.peppol_address_given) or ""),
    )


def _vat_check(kind: Kind, order: Order, shop: Shop) -> VatCheck | None:
    """What an invoice keeps of the check: that of the number it states."""
    check = order.vat_check if kind is Kind.INVOICE else None
    return replace(check, waits_until=None) if check and check.number == number_abroad(order, shop) else None


def _mentions(treatments: tuple[Treatment, ...], shop: Shop, *, language: str, second: str) -> tuple[Mention, ...]:
    country = shop.seller.address.country
    keys = dict.fromkeys(treatment.mention for treatment in treatments if treatment.mention)
    said = (mentions.mention(key, language=language, second=second, seller_country=country) for key in keys)
    return tuple(_with_countries(one, treatments, language, second) for one in said)


def _simplified(language: str, second: str) -> tuple[Mention, ...]:
    return (mentions.mention(mentions.SIMPLIFIED, language=language, second=second),)


def _with_countries(said: Mention, treatments: tuple[Treatment, ...], language: str, second: str) -> Mention:
    """*said*, and whose VAT it is, with the seller's number there where it has one, in both languages."""
    named = [
        f"{one.vat_country} – {one.seller_number}" if one.seller_number else one.vat_country
        for one in treatments
        if one.mention == said.key and one.vat_country
    ]
    where = ", ".join(dict.fromkeys(named))
    if not where:
        return said
    return replace(
        said, text=_with(said.text, where, language), second=said.second and _with(said.second, where, second)
    )


def _with(sentence: str, where: str, language: str) -> str:
    """French sets a space that does not break before a colon."""
    return f"{sentence}\N{NARROW NO-BREAK SPACE}: {where}" if language == "fr" else f"{sentence}: {where}"


def _ship_to(order: Order, lines: Iterable[Line]) -> tuple[Address | None, str]:
    """Where the goods go, when that is not the buyer's address; always for an intra-EU supply (EN 16931 BR-IC-12).

    Who picks them up leaves an address too, of himself or, by the block checkout, of the shop: nothing is sent to it.
    """
    shipping, billing = order.shipping, order.billing
    name = ", ".join(part for part in (shipping.company, shipping.name) if part)
    elsewhere = _comparable(shipping.address) != _comparable(billing.address) or shipping.name not in ("", billing.name)
    if shipping.address != Address() and elsewhere and not is_picked_up(order):
        return shipping.address, name
    if any(line.category is Category.INTRA_EU for line in lines):
        return billing.address, billing.company or billing.name
    return None, ""


def _comparable(address: Address) -> str:
    """An address for comparison: case, spaces and commas aside. Fields of shipping may be empty where billing's are not."""
    parts = (address.street, address.street_2, address.postcode, address.city, address.country)
    return re.sub(r"[\s,]+", " ", " ".join(parts)).strip().casefold()


def _supplied_on(kind: Kind, order: Order, shop: Shop, today: date) -> date | None:
    """The day of supply as far as it is known: that on which the order was completed (art. 5 §1 5° RD no. 1, read 2026-11).

    The day of ordering says nothing of it, and that of payment stands in the line that says how it was paid. A
    confirmation and a payment request come before any supply. A day of delivery that the order carries counts once it has come; before that it
    is printed as what it is, the day that was chosen.
    """
    if kind in (Kind.ORDER_CONFIRMATION, Kind.PAYMENT_REQUEST):
        return None
    completed = shop.day_of(order.completed_at) if order.completed_at else None
    return completed or carried_day(order.delivery, today)


def _einvoice_obstacle(assessed: Assessment) -> Message:
    if any(one.seller_number for one in assessed.treatments):
        return Message("The VAT is of another country, under the seller's VAT number there: PDF only.")
    if not any(rate.several for rate in assessed.rates):
        return NO_MESSAGE
    return Message("A line carries several taxes or a compound tax, which an e-invoice cannot say: PDF only.")
