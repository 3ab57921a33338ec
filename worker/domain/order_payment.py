"""Whether the money of an order came, and how what is open is to be paid."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from worker.domain import payment_method, payment_reference
from worker.domain.document import Document, PaymentInstructions
from worker.domain.money import ZERO
from worker.domain.order import Order
from worker.domain.payment_method import IN_PARTS_STATUSES, Means, Method
from worker.domain.shop import Shop

# What an order may come to more when WooCommerce reckons it anew, in its own currency.
RECKONED_ANEW = Decimal("0.05")
# In which an order waits for its money: from the start, or again after a chargeback, a refused direct debit, a reversal.
OPEN_STATUSES = ("on-hold", "pending", "failed")


class Payable(Protocol):
    """What says by which method it is paid: an order, or a document."""

    @property
    def payment_method(self) -> str: ...

    @property
    def payment_title(self) -> str: ...


def status_of(order: Order, shop: Shop) -> str:
    """The built-in status that *order*'s status stands for in this shop."""
    return shop.orders.meaning_of(order.status)


def open_statuses(shop: Shop) -> frozenset[str]:
    """OPEN_STATUSES, and the shop's own that stand for them."""
    own = (own for own, meant in shop.orders.status_map.items() if meant in OPEN_STATUSES)
    return frozenset((*OPEN_STATUSES, *own))


def counts_as_paid(order: Order, shop: Shop) -> bool:
    """Whether the order has come as far as a paid one, so that rules for paid orders apply. The money is `is_paid`.

    WooCommerce dates the payment as soon as an order becomes processing, whatever the gateway; only cash on delivery waits
    until it is completed (docs/woocommerce-contract.md §4). A completed order was delivered, so its invoice is due, paid or
    not; and of an order that is paid in parts a part came, on which VAT is due too.
    """
    part_came = order.deposit is not None and deposit_paid(order) != ZERO
    in_parts = order.status in IN_PARTS_STATUSES or part_came
    return order.paid_at is not None or status_of(order, shop) == "completed" or in_parts


def is_paid(order: Order, shop: Shop) -> bool:
    """Whether all of the money came: the shop says so, and said it of no less than the order asks now."""
    return says_paid(order, shop) and not costs_more(order)


def has_all_come(order: Order, shop: Shop) -> bool:
    """Whether all of the money came, by the shop's word or by what was counted here: of an upsell the shop says only what came first."""
    return is_paid(order, shop) or order.came_in >= order.total


def costs_more(order: Order) -> bool:
    """Whether the order was changed to cost more after the shop said that it is paid: `date_paid` stays where it is.

    Cents that come of reckoning it anew are not asked for.
    """
    return order.paid_total is not None and order.total - order.paid_total > RECKONED_ANEW


def rest_may_be_charged(order: Order, shop: Shop) -> bool:
    """Whether a plugin of the shop may have charged what a paid order was changed to cost more: it was paid with a provider, who can
    be asked again without its buyer. The shop does not say it: `date_paid` and the transaction stay those of the first payment.
    """
    provider = (_known(order) or Method(Means.ONLINE)).means is Means.ONLINE
    paid_before = says_paid(order, shop) and costs_more(order) and order.paid_total != ZERO
    return provider and paid_before and order.came_in < order.total


def says_paid(order: Order, shop: Shop) -> bool:
    """Whether all of the money came, as far as the shop can know.

    - What is sold on account, by the owner's word or the nature of its method, is not paid until somebody says so here: the
      shop dates a payment when it merely ships the order. The owner may say that for him it is paid then.
    - Not paid in parts, and not taken back since.
    - `date_paid` then is the truth.
    - Completed without it: paid where the money comes at the door (cash on delivery) or through a provider, or where the
      owner says that such orders are paid. By transfer, by cheque, on account or in a way that we do not know it is not: to
      deliver is not to be paid, and an invoice that wrongly asks is put right by one click, one that wrongly thanks by none.
    """
    if terms_of(order, shop) is not None or is_paid_in_parts(order) or was_taken_back(order, shop):
        return False
    if order.paid_at is not None or order.status in IN_PARTS_STATUSES:  # of these a deposit's own order is left
        return True
    method = _known(order)
    at_once = method is not None and method.means is not Means.TRANSFER
    return status_of(order, shop) == "completed" and (at_once or order.payment_method in shop.payment_terms)


def says_paid_whole(order: Order, shop: Shop) -> bool:
    """Whether the shop says so in a status in which nothing is added to an order by itself: while a plugin still offers its buyer
    more, in a status of its own, what the order costs is not known yet."""
    return says_paid(order, shop) and status_of(order, shop) in ("processing", "completed")


def paid_on(order: Order, shop: Shop) -> date | None:
    """The day of payment in the shop's zone; a completed order without `date_paid` was paid when it was completed."""
    at = paid_at(order, shop)
    return at and shop.day_of(at)


def paid_at(order: Order, shop: Shop) -> datetime | None:
    """When all of the money had come (aware UTC); None while it has not. What the shop dates of a sale on account does not count."""
    return said_at(order) if is_paid(order, shop) else None


def said_at(order: Order) -> datetime:
    """Since when the shop says that the order is paid, where it does; a completed order without `date_paid` when it was completed."""
    return order.paid_at or order.completed_at or order.modified_at


def reported_amount(order: Order, shop: Shop) -> Decimal:
    """What the shop says came in for the order in all, gift cards aside: what it cost when it was paid, or its deposit.

    No more than it costs now: one that was split or captured for less since was not paid too much. No more than was left of it
    when it was paid, either.
    """
    if says_paid(order, shop):
        cost = order.total if order.paid_total is None else min(order.paid_total, order.total)
        return max(cost - order.credited_before, ZERO)
    return max(deposit_paid(order) or ZERO, ZERO)


def terms_of(order: Payable, shop: Shop) -> int | None:
    """The days that the buyer has, where the order's method is on account: by the owner's word, else by its nature."""
    terms = shop.payment_terms.get(order.payment_method)
    if terms is not None:
        return terms.days
    method = _known(order)
    return shop.payment_days if method is not None and method.on_account else None


def _known(order: Payable) -> Method | None:
    return payment_method.known_method(order.payment_method, order.payment_title)


def is_paid_in_parts(order: Order) -> bool:
    """Whether the order's rest did not come, by a plugin's status or what it wrote on the order.

    An order that is itself a deposit is not: all that it asks came.
    """
    if order.deposit is not None:
        return not order.deposit.is_order
    return order.status in IN_PARTS_STATUSES


def deposit_paid(order: Order) -> Decimal | None:
    """What came in of an order that is paid in parts; None where that is not known, is no part of it, or it is not."""
    came_in = order.deposit.came_in if order.deposit is not None else None
    return came_in if came_in is not None and came_in < order.total else None


def was_put_back(order: Order, shop: Shop) -> bool:
    """Whether the order was paid once and waits for its payment again: `date_paid` stays where it is after a chargeback."""
    return order.paid_at is not None and status_of(order, shop) in OPEN_STATUSES


def was_taken_back(order: Order, shop: Shop) -> bool:
    """Whether its money went back then, as far as is known: nobody said that it was put back by hand."""
    return was_put_back(order, shop) and not order.keeps_money


def payment_instructions(order: Order, shop: Shop, *, total: Decimal, today: date) -> PaymentInstructions | None:
    """How the buyer of *order* is to pay *total*; None where nothing is open, or where an unknown part of it may be."""
    unknown = is_paid_in_parts(order) and deposit_paid(order) is None
    if is_paid(order, shop) or unknown or total <= 0:
        return None
    asked = _asked(order, shop, today)
    return in_test(asked) if shop.test else asked


def in_test(asked: PaymentInstructions) -> PaymentInstructions:
    """*asked* as a test document says it, by which nobody can pay: a banking app does not see a watermark."""
    return PaymentInstructions(due_on=asked.due_on, means=asked.means, provider=asked.provider)


def _asked(order: Order, shop: Shop, today: date) -> PaymentInstructions:
    method = _method_of(order, shop)
    # The shop's page would take the whole total once more.
    order = replace(order, pay_url="") if asks_for_a_rest(order) else order
    if method.means is not Means.TRANSFER:
        link = "" if method.means is Means.ON_DELIVERY else order.pay_url
        return PaymentInstructions(means=method.means, provider=method.provider, pay_url=link)
    terms = terms_of(order, shop)
    return PaymentInstructions(
        reference=_reference(order, shop),
        iban=shop.seller.iban,
        bic=shop.seller.bic,
        beneficiary=shop.seller.full_name,
        due_on=today + timedelta(days=shop.payment_days if terms is None else terms),
        pay_url=order.pay_url,
    )


def rest_by_transfer(document: Document) -> PaymentInstructions:
    """How the rest of what *document* asked is paid: the shop's page would take the whole total once more, and so would the provider's
    account. Of a test as it says, by which nobody can pay."""
    payment, seller = document.draft.payment, document.draft.seller
    if payment is not None and (document.draft.test or payment.means in (Means.TRANSFER, Means.ON_DELIVERY)):
        return replace(payment, pay_url="")
    return PaymentInstructions(
        reference=document.number, iban=seller.iban, bic=seller.bic, beneficiary=seller.full_name
    )


def promised_reference(order: Order, shop: Shop) -> str:
    """The twelve digits under which *order* is paid by transfer, also where no document asks for it; empty where it is paid otherwise.

    The plugin tells the buyer them right after the checkout, by the same formula.
    """
    if shop.test or _method_of(order, shop).means is not Means.TRANSFER:
        return ""
    return _communication(order, shop)


def _communication(order: Order, shop: Shop) -> str:
    return payment_reference.structured_communication(shop.reference_digits_at(order.created_at), order.order_id)


def _method_of(order: Order, shop: Shop) -> Method:
    """How *order* is paid. A method that the table lacks is owed to the seller when the order still needs payment, or was delivered."""
    if terms_of(order, shop) is not None or costs_more(order):
        return Method(Means.TRANSFER)
    owed = order.needs_payment or status_of(order, shop) == "completed"
    known = _known(order) or Method(Means.TRANSFER if owed else Means.ONLINE)
    return known if known.means is Means.ON_DELIVERY or not asks_for_a_rest(order) else Method(Means.TRANSFER)


def asks_for_a_rest(order: Order) -> bool:
    """Whether a part of its money came, otherwise than by a plugin that takes it in parts, or was refunded before it came."""
    is_less = order.came_in > 0 or order.reported.less_refunded(order.total) < order.total
    return costs_more(order) or (is_less and not is_paid_in_parts(order))


def _reference(order: Order, shop: Shop) -> str:
    """The structured communication in Belgium; elsewhere banks expect the international form in that line of the QR code."""
    communication = _communication(order, shop)
    country = order.billing.address.country or shop.seller.address.country
    return communication if country in ("", "BE") else payment_reference.creditor_reference(communication)
