"""How much text fits on a document: what a customer or a shop writes beyond it is cut where everybody sees it.

A guest may type 45 kB into the order note, and twenty thousand options fit on a line; printing them would take minutes, and the
number would be given before. What is cut ends in “…”, and a flag on the order says what it was.
"""

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from enum import Enum

from worker.domain.document import Draft, Problem
from worker.domain.order import Contact, Order, OrderLine, Refund
from worker.domain.party import Address
from worker.message import Message

CUT = "…"
NAME = 200  # a line of an address, a name, a title
DESCRIPTION = 500
OPTION = 1_000
OPTIONS = 60  # of one line
NOTE, NOTE_LINES = 2_000, 60
REASON = 500

# A document of more than this is printed on trial before it gets a number: its letters, and its lines.
ORDINARY_LETTERS, ORDINARY_LINES = 25_000, 250
# Fira Sans has these, or `rendering.letters` has something in their place that says the same.
_ORDINARY = re.compile(
    r"[\s\x21-\x7e\xa0-\xff\u0100-\u017f\u0370-\u0373\u0376\u0377\u037b-\u037e\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f"
    r"\u1e80-\u1e85\u1ea0-\u1ef9\u2010-\u2026\u2030-\u203a\u20ac\u2122\u2600-\u27bf\ufe0f\U0001f300-\U0001f64f\U0001f900-\U0001f9ff]*"
)

WHAT = {
    "note": Message("the order note"),
    "billing": Message("the customer's name and address"),
    "shipping": Message("the delivery address"),
    "lines": Message("names or options of the lines"),
    "order": Message("the order's number, payment method or reference"),
}


def cut(text: str, most: int) -> str:
    """*text*, of at most *most* letters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + CUT


def cut_note(text: str) -> str:
    """*text*, of at most so many letters and lines as a note may have."""
    text = cut(text, NOTE)
    rows = text.split("\n")
    return text if len(rows) <= NOTE_LINES else "\n".join([*rows[: NOTE_LINES - 1], CUT])


def within_limits(order: Order) -> Order:
    """*order* with every text that is too long cut; `Order.cut` names what was."""
    fitting = replace(
        order,
        number=cut(order.number, NAME),
        payment_title=cut(order.payment_title, NAME),
        purchase_order=cut(order.purchase_order, NAME),
        vat_number_given=cut(order.vat_number_given, NAME),
        billing=_contact(order.billing),
        shipping=_contact(order.shipping),
        customer_note=cut_note(order.customer_note),
        coupons=tuple(cut(code, NAME) for code in order.coupons[:OPTIONS]),
        lines=tuple(map(_line, order.lines)),
    )
    return fitting if fitting == order else replace(fitting, cut=tuple(_changed(order, fitting)))


def refund_within_limits(refund: Refund) -> Refund:
    return replace(refund, reason=cut(refund.reason, REASON), lines=tuple(map(_line, refund.lines)))


def text_cut_flag(order: Order) -> tuple[Problem, ...]:
    """That some text of *order* is not printed whole."""
    if not order.cut:
        return ()
    message = Message(
        "Order {number} holds more text than fits on a document. It is cut, where “…” shows: {what}.",
        number=order.number,
        what=tuple(WHAT[name] for name in order.cut),
    )
    return (Problem("text_cut", message),)


def is_ordinary(*things: object) -> bool:
    """Whether the texts of *things* (an order, a draft, a shop's texts) surely print as they are, in no time."""
    letters = 0
    for text in _texts(things):
        letters += len(text)
        if letters > ORDINARY_LETTERS or not _ORDINARY.fullmatch(text):
            return False
    return not any(len(thing.lines) > ORDINARY_LINES for thing in things if isinstance(thing, Order | Draft))


def _contact(contact: Contact) -> Contact:
    address = contact.address
    return Contact(
        first_name=cut(contact.first_name, NAME),
        last_name=cut(contact.last_name, NAME),
        company=cut(contact.company, NAME),
        address=Address(*(cut(getattr(address, field.name), NAME) for field in fields(address))),
        email=cut(contact.email, 320),  # more is no address (RFC 5321)
        phone=cut(contact.phone, NAME),
    )


def _line(line: OrderLine) -> OrderLine:
    options = tuple((cut(name, NAME), cut(value, OPTION)) for name, value in line.options[:OPTIONS])
    more = len(line.options) - OPTIONS
    return replace(
        line,
        name=cut(line.name, DESCRIPTION),
        sku=cut(line.sku, NAME),
        options=(*options, (CUT, f"+ {more}")) if more > 0 else options,
    )


def _changed(order: Order, fitting: Order) -> Iterator[str]:
    if fitting.customer_note != order.customer_note:
        yield "note"
    if fitting.billing != order.billing:
        yield "billing"
    if fitting.shipping != order.shipping:
        yield "shipping"
    if fitting.lines != order.lines:
        yield "lines"
    others = ("number", "payment_title", "purchase_order", "vat_number_given", "coupons")
    if any(getattr(fitting, name) != getattr(order, name) for name in others):
        yield "order"


def _texts(thing: object) -> Iterator[str]:
    """Every text in *thing*, however deep; messages are for owners."""
    waiting = [thing]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, tuple | list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
        elif hasattr(one, "__dict__") and not isinstance(one, type | Enum | Problem):
            waiting += vars(one).values()
