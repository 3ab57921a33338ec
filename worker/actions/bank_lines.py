"""What a person decides about a line of the bank that waits. Each is on the audit trail, with who decided and when.

Who paid is not on the trail: that is kept for good, and a customer may ask to be erased.
"""

import re
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from worker.domain.actor import Actor
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Claim, Share
from worker.domain.money import ZERO, total_of
from worker.domain.order import OrderKey
from worker.domain.payment import REFUND, OrderBalance
from worker.errors import Rejected
from worker.message import Message, Money
from worker.store import audit_trail, bank_lines, counters, order_money, payment_rows, payments
from worker.store.audit_trail import AuditEntry
from worker.store.bank_lines import LineState, StoredLine
from worker.store.queries import order_balance
from worker.store.queries.bank_claims import claim_of, numbers_of, orders_of_numbers

# Numbers of orders and invoices have dashes, slashes and dots in them.
_BETWEEN = re.compile(r"[\s,;+&]+")


def count_for_orders(connection: Connection, shop_id: str, line_id: int, numbers: str, *, by: Actor) -> None:
    """Count all of a line that waits as money for the order that *numbers* names: by its own, or one of its documents'.

    Several orders each get what is open of them. What went out was given back of what came in too much, of several of all that did.
    Raises Rejected where that is not what the line moved.
    """
    counters.lock(connection, shop_id)
    line = waiting(connection, shop_id, line_id)
    shares = shares_of(connection, shop_id, numbers.strip(), line.line)
    if line.line.amount < 0:
        for share in shares:
            count_given_back(connection, line, share, by=by)
    else:
        bank_lines.count(connection, line_id, line.line, shares, by=by)
    bank_lines.decide(connection, line_id, LineState.COUNTED, by=by.name, now=by.now)
    for share in shares:
        message = Message(
            "{amount} that the bank booked on {day} was counted for order {order}.",
            amount=Money(share.amount, line.line.currency),
            day=line.line.booked_on,
            order=numbers_of(connection, share.order)[-1],
        )
        entry = AuditEntry(shop_id, by.now, by.name, "bank_line_counted", message, share.order.order_id)
        audit_trail.add(connection, entry)


def count_given_back(connection: Connection, line: StoredLine, share: Share, *, by: Actor) -> None:
    """Count what went out as given back to who paid too much for an order, in the place of what the shop told of that."""
    order, amount, currency = share.order, -share.amount, line.line.currency
    balance = balance_of(connection, order, currency)
    # Exactly what was to be given back beside what the shop gave back is no part of that.
    if balance is not None and amount != balance.excess:
        payments.tell_of_refund(connection, order, amount, currency, now=by.now)
        balance = balance_of(connection, order, currency)
    if line.line.is_return or balance is None or amount > balance.excess:
        raise Rejected(
            "{amount} went out, and {excess} more came in for order {number} than it asks. Refund in the shop what it no longer asks, "
            "so that a credit note is made, or say that this line pays no order.",
            amount=Money(amount, line.line.currency),
            excess=Money(balance.excess if balance else ZERO, line.line.currency),
            number=numbers_of(connection, order)[-1],
            code="bank_line_out",
        )
    receipt = bank_lines.receipt_of(
        line.line, bank_lines.outside_ref(connection, line.shop_id, line.line_id), by=by, method=REFUND
    )
    payments.give_back(connection, order, amount, receipt, now=by.now)
    order_money.flag_excess(connection, order)


def put_aside(connection: Connection, shop_id: str, line_id: int, *, by: Actor) -> None:
    """A line that waits pays no order of the shop."""
    line = waiting(connection, shop_id, line_id)
    bank_lines.decide(connection, line_id, LineState.DONE, by=by.name, now=by.now)
    message = Message(
        "{amount} that the bank booked on {day} pays no order.", amount=money(line.line), day=line.line.booked_on
    )
    audit_trail.note(connection, shop_id, "bank_line_put_aside", message, by=by)


def take_back(connection: Connection, shop_id: str, line_id: int, *, by: Actor) -> bool:
    """A line that was counted or put aside waits again; what it paid is open again. The order in the shop stays as it is.

    Whether somebody had said of the same money that it came: that counts again. Raises Rejected for money of which a line that is
    counted gave back a part.
    """
    counters.lock(connection, shop_id)
    line = bank_lines.get(connection, shop_id, line_id)
    if line.state is LineState.WAITING:
        return False
    paid = bank_lines.payment_ids(connection, shop_id, line_id)
    is_told = any(payment_rows.get(connection, payment_id).replaces for payment_id in paid)
    for payment_id in paid:
        payments.reverse(connection, payment_id, on=line.line.booked_on, by=by.name, now=by.now)
        if line.line.amount > 0:
            order = payment_rows.get(connection, payment_id).order
            refunded_of_nothing(connection, order, line.line.currency, now=by.now)
    bank_lines.decide(connection, line_id, LineState.WAITING, by=by.name, now=by.now)
    message = Message(
        "{amount} that the bank booked on {day} waits again.", amount=money(line.line), day=line.line.booked_on
    )
    audit_trail.note(connection, shop_id, "bank_line_taken_back", message, by=by)
    return is_told


def balance_of(connection: Connection, order: OrderKey, currency: str) -> OrderBalance | None:
    balance = order_balance.of_order(connection, order)
    return balance and balance.in_currency(currency)


def refunded_of_nothing(connection: Connection, order: OrderKey, currency: str, *, now: datetime) -> None:
    """What the shop gave back of money that is not there any more counts no more either. Raises Rejected where the bank gave back more than
    is there: an order would have been paid less than nothing.
    """
    balance = balance_of(connection, order, currency)
    if balance is None or balance.paid >= 0:
        return
    payments.tell_of_refund(connection, order, -balance.paid, currency, now=now)
    balance = balance_of(connection, order, currency)
    if balance is not None and balance.paid < 0:
        raise Rejected(
            "A part of this money was sent back: order {number} would have {amount} left. Let the bank’s line by "
            "which it went out wait again first.",
            amount=Money(balance.paid, balance.currency),
            number=numbers_of(connection, order)[-1],
            code="bank_line_sent_back",
        )


def waiting(connection: Connection, shop_id: str, line_id: int) -> StoredLine:
    line = bank_lines.get(connection, shop_id, line_id)
    if line.state is not LineState.WAITING:
        raise Rejected("Somebody decided about this line already.", code="bank_line_decided")
    return line


def claims_named(connection: Connection, shop_id: str, numbers: str, line: BankLine) -> list[Claim]:
    """The orders that *numbers* names, each once."""
    words = words_in(numbers)
    several = len(words) > 1 and not orders_of_numbers(connection, shop_id, [numbers, numbers.upper()])
    named = [claim_named(connection, shop_id, number, line) for number in (words if several else [numbers])]
    return list({claim.order: claim for claim in named}.values())


def words_in(numbers: str) -> list[str]:
    return [word for word in _BETWEEN.split(numbers) if any(letter.isdigit() for letter in word)]


def shares_of(connection: Connection, shop_id: str, numbers: str, line: BankLine) -> list[Share]:
    """What of a line belongs to each order that *numbers* names: what is open of it, and of what went out, what came in too much."""
    claims = claims_named(connection, shop_id, numbers, line)
    if len(claims) == 1:
        return [Share(claims[0].order, line.amount)]
    shares = [Share(claim.order, owed_of(claim) if line.amount > 0 else -claim.excess) for claim in claims]
    total = total_of(share.amount for share in shares)
    if total != line.amount or not all(share.amount for share in shares):
        raise Rejected(no_sum(line, words_in(numbers), total), code="bank_line_sum")
    return shares


def no_sum(line: BankLine, numbers: list[str], total: Decimal) -> Message:
    """That a line moved something else than the *total* of several orders."""
    sums = {"total": Money(abs(total), line.currency), "amount": Money(abs(line.amount), line.currency)}
    if line.amount > 0:
        return Message(
            "Of {numbers} together {total} is open, and this line brought {amount}. A line counts for several orders where it brought "
            "exactly what is open of each.",
            numbers=", ".join(numbers),
            **sums,
        )
    return Message(
        "Of {numbers} together {total} is to be given back, and {amount} went out. A line counts for several orders where it gave "
        "back exactly what came in too much of each.",
        numbers=", ".join(numbers),
        **sums,
    )


def owed_of(claim: Claim) -> Decimal:
    """What the bank may still bring of an order: what is open, or else what somebody said came in."""
    return claim.open if claim.open > 0 else total_of(claim.heard)


def claim_named(connection: Connection, shop_id: str, number: str, line: BankLine) -> Claim:
    """The order that *number* names and that money in the line's currency can pay."""
    found = sorted(orders_of_numbers(connection, shop_id, [number, number.upper()]), key=lambda order: order.order_id)
    claims = [
        claim for order in found for claim in (claim_of(connection, order, (), line.currency),) if claim is not None
    ]
    if not claims:
        raise Rejected(
            "No document of this shop asks for money for “{number}”. Enter the number of an order or of its invoice.",
            number=number,
            code="order_unknown",
        )
    payable = [claim for claim in claims if claim.currency == line.currency]
    if not payable:
        raise Rejected(
            "Order {number} is in {currency}, and this money in {other}.",
            number=number,
            currency=claims[-1].currency,
            other=line.currency,
            code="bank_line_currency",
        )
    exact = [claim for claim in payable if claim.open == line.amount]
    for some in (exact, payable):
        if len(some) == 1:
            return some[0]
    raise Rejected(
        "“{number}” is the number of several orders or their documents. Enter a number that only one of them has.",
        number=number,
        code="order_ambiguous",
    )


def money(line: BankLine) -> Money:
    return Money(line.amount, line.currency)
