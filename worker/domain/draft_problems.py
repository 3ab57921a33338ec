"""What keeps a draft from being issued by itself, and what a person must say of it first."""

from collections.abc import Iterable
from decimal import Decimal

from worker.domain.assessment import Assessment
from worker.domain.completeness import buyer_problems, seller_problem
from worker.domain.consumer_invoice import is_simplified
from worker.domain.document import Kind, Line, Problem
from worker.domain.exchange_rate import exchange_rate, exchange_rate_problem
from worker.domain.order import Order
from worker.domain.order_payment import deposit_paid, is_paid_in_parts, rest_may_be_charged, was_taken_back
from worker.domain.order_status import status_term
from worker.domain.payment import Deposit
from worker.domain.sale_part import suborders_question
from worker.domain.shop import Shop
from worker.domain.vat_check import INVALID
from worker.domain.vat_proof import missing_proof
from worker.domain.zero_reason import Untaxed
from worker.message import Message, Money

# That the rest of an order which was changed after it was paid may have been paid too.
REST_CHARGED = "rest_charged"


def problems_of(kind: Kind, order: Order, shop: Shop, assessed: Assessment) -> tuple[Problem, ...]:
    """A delivery note states no amounts, so only its seller can be wrong; a confirmation and a payment request are no tax documents."""
    if kind is Kind.DELIVERY_NOTE:
        return seller_problem(shop)
    # While nobody said from where the seller sells, each sale would seem to be one abroad; the draft waits for that alone.
    is_seated = bool(shop.seller.address.country)
    found = (*seller_problem(shop), *(assessed.problems if is_seated else ()))
    proof = missing_proof(order, shop, assessed.lines, counts_buyer=assessed.counts_buyer) if is_seated else ()
    if kind in (Kind.ORDER_CONFIRMATION, Kind.PAYMENT_REQUEST):
        # It may go before VIES answered, but never promise an exemption that VIES has refused.
        refused = (problem for problem in proof if problem.code == INVALID)
        return (*found, *refused, *rest_question(order, shop))
    return (
        *found,
        *proof,
        *(
            ()
            if is_simplified(order, shop, net=assessed.totals.net)
            else buyer_problems(order, shop, net=assessed.totals.net)
        ),
        *exchange_rate_problem(order.currency, assessed.totals.vat, exchange_rate(order.currency, shop)),
        *negative_total_problem(order),
        *(only_vouchers_question(order, assessed.lines) if assessed.lines else ()),
        *payment_questions(order, shop),
        *suborders_question(order, shop),
    )


def only_vouchers_question(order: Order, lines: Iterable[Line]) -> tuple[Problem, ...]:
    """To sell vouchers for several purposes is no supply: the invoice is made of what they buy (art. 1 §15 and 22ter VAT code)."""
    if any(line.mention != Untaxed.VOUCHER for line in lines):
        return ()
    message = Message(
        "Order {number} is of gift cards alone: to sell them is outside VAT, and the invoice follows when they are spent. Give the "
        "customer an order confirmation as a receipt (a rule can make it) and discard this draft, or issue it all the same.",
        number=order.number,
    )
    return (Problem("only_vouchers", message, asks=True),)


def negative_total_problem(order: Order) -> tuple[Problem, ...]:
    """What an order takes back belongs on a credit note of the invoice it corrects, with its number and date (art. 53 §2 of the VAT code)."""
    if order.total >= 0:
        return ()
    message = Message(
        "Order {number} comes to {total}, and an invoice cannot be below zero. Credit the invoice of what comes back: open it, "
        "choose what to credit, and discard this draft. If more is taken off than there is to pay, correct that in the order.",
        number=order.number,
        total=Money(order.total, order.currency),
    )
    return (Problem("negative_total", message),)


def payment_questions(order: Order, shop: Shop) -> tuple[Problem, ...]:
    """What only a person knows of the money: an invoice that says paid, or asks for all of it, may be wrong."""
    if is_paid_in_parts(order):
        return (Problem("paid_in_parts", _paid_in_parts(order, deposit_paid(order)), asks=True),)
    if order.deposit is not None:
        return (Problem("deposit_order", _deposit_order(order, order.deposit), asks=True),)
    if was_taken_back(order, shop):
        message = Message(
            "Order {number} was paid, but the shop put it back to “{status}”: was the money taken back? If not, issue the invoice "
            "when the order is in processing again; issued now, it says that it is not paid.",
            number=order.number,
            status=status_term(order.status),
        )
        return (Problem("money_taken_back", message, asks=True),)
    return rest_question(order, shop)


def rest_question(order: Order, shop: Shop) -> tuple[Problem, ...]:
    return (Problem(REST_CHARGED, _rest_charged(order), asks=True),) if rest_may_be_charged(order, shop) else ()


def _rest_charged(order: Order) -> Message:
    return Message(
        "Order {number} was changed after it was paid: {came} came in, and it asks {total} now. Did a plugin of the shop charge the "
        "rest too (an upsell)? Say so when you issue it, by itself on its page: the rest was paid too, or {rest} is asked for by transfer.",
        number=order.number,
        came=Money(order.came_in, order.currency),
        total=Money(order.total, order.currency),
        rest=Money(order.total - order.came_in, order.currency),
    )


def _paid_in_parts(order: Order, came_in: Decimal | None) -> Message:
    number, total = order.number, Money(order.total, order.currency)
    if came_in is None:
        return Message(
            "Order {number} is paid in parts: not all of its {total} came in. Issue the invoice when the rest is paid, or issue "
            "it now and note there what came in. VAT is due on a deposit when it comes in: ask your accountant how to invoice it.",
            number=number,
            total=total,
        )
    if not came_in:
        return Message(
            "Order {number} is to be paid in parts, and its deposit has not come in yet. Issued now, the invoice asks for all of "
            "its {total}.",
            number=number,
            total=total,
        )
    return Message(
        "Order {number} is paid in parts: of its {total} a deposit of {deposit} came in, and {rest} is still to come. Issue the "
        "invoice when the rest is paid; issued now, it says that {deposit} was paid and asks for {rest}. VAT is due on a deposit "
        "when it comes in: ask your accountant how to invoice it.",
        number=number,
        total=total,
        deposit=Money(came_in, order.currency),
        rest=Money(order.total - came_in, order.currency),
    )


def _deposit_order(order: Order, deposit: Deposit) -> Message:
    came_in = Money(order.total, order.currency)
    if deposit.full_price is None:
        return Message(
            "Order {number} is a deposit of {deposit}, and the balance follows in an order of its own. Issued, the invoice is of "
            "the deposit alone and its lines say so; VAT is due on it since it came in. Issue it if your accountant invoices "
            "deposits so.",
            number=order.number,
            deposit=came_in,
        )
    return Message(
        "Order {number} is a deposit of {deposit} on goods of {price}, and the balance follows in an order of its own. Issued, the "
        "invoice is of the deposit alone and its lines say so; VAT is due on it since it came in. Issue it if your accountant "
        "invoices deposits so.",
        number=order.number,
        deposit=came_in,
        price=Money(deposit.full_price, order.currency),
    )
