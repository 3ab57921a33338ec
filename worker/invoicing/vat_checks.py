"""Have VIES confirm the buyer's VAT number before an invoice without VAT is decided on, and keep its answer as the proof.

Asked outside any lock, like the exchange rate. Where VIES does not answer, the order waits as long as its shop chose and is asked for
again in the background; a register that is out of order is left alone meanwhile, so that it costs no order any time.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from worker.domain.decide import decide_documents
from worker.domain.document import Draft, Kind
from worker.domain.order import OrderKey
from worker.domain.shop import Shop
from worker.domain.vat_check import NO_REQUESTER, NOT_CONFIGURED, UNCHECKED, VatCheck
from worker.domain.vat_proof import number_abroad
from worker.net import vies
from worker.net.vies_answer import ViesAnswer
from worker.orders.fetch import FetchedOrder
from worker.queue import PROCESS_ORDER
from worker.services import Services
from worker.store import deliveries, order_money, sales, vat_checks
from worker.store.deliveries import NewDelivery
from worker.store.shops import ConnectedShop
from worker.store.vat_checks import VatQuestion, Wait

log = logging.getLogger(__name__)

# A confirmed number does not lapse within a day; one that is said to be invalid may have been registered since.
VALID_FOR, INVALID_FOR = timedelta(hours=24), timedelta(minutes=30)
# How long VIES is left alone after each failure, and how long an order waits after each attempt.
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
MOST_AT_ONCE = 20
SOURCE = "vies"
_OF_ONE_STATE = ("MS_UNAVAILABLE", "MS_MAX_CONCURRENT_REQ", "MS_MAX_CONCURRENT_REQ_TIME", "TIMEOUT")
_OF_ALL = (
    "SERVICE_UNAVAILABLE", "GLOBAL_MAX_CONCURRENT_REQ", "GLOBAL_MAX_CONCURRENT_REQ_TIME", "IP_BLOCKED", vies.NO_ANSWER,
)  # fmt: skip


def with_vat_check(services: Services, shop: Shop, fetched: FetchedOrder) -> FetchedOrder:
    """*fetched*, its order knowing what VIES said of the buyer's number, where an invoice is due for which that counts."""
    number = number_abroad(fetched.order, shop)
    invoices = due_invoices(services, shop, fetched) if number else ()
    if not invoices:
        return fetched
    check = check_number(services, shop, order_money.key_of(shop, fetched.order), number)
    needed = any(problem.code == UNCHECKED for draft in invoices for problem in draft.problems)
    if check.may_change and needed:
        check = wait_for_vies(services, shop, order_money.key_of(shop, fetched.order), check)
    return replace(fetched, order=replace(fetched.order, vat_check=check))


def with_vat_check_now(services: Services, shop: Shop, fetched: FetchedOrder) -> FetchedOrder:
    """The same for a person who wants a document at once: nothing waits."""
    number = number_abroad(fetched.order, shop)
    if not number:
        return fetched
    check = check_number(services, shop, order_money.key_of(shop, fetched.order), number, invalid_for=timedelta(0))
    return replace(fetched, order=replace(fetched.order, vat_check=check))


def due_invoices(services: Services, shop: Shop, fetched: FetchedOrder) -> tuple[Draft, ...]:
    """The invoices that would be made now: an order that is merely looked at again asks nothing of VIES."""
    with services.store.read() as connection:
        order = order_money.with_money(connection, shop, fetched.order, fetched.refunds)
        history = sales.history(connection, shop, order, told_statuses=fetched.told_statuses)
    today = services.today(shop)
    due = decide_documents(order, fetched.refunds or (), history, shop, today).drafts
    return tuple(draft for draft in due if draft.kind is Kind.INVOICE)


def can_ask(services: Services, shop: Shop) -> bool:
    return bool(services.settings.vies_url and shop.seller.vat_number)


def check_number(
    services: Services, shop: Shop, order: OrderKey, number: str, *, invalid_for: timedelta = INVALID_FOR
) -> VatCheck:
    """What VIES says of *number*: a recent answer, or one that is asked for now. The order gets a row of its own for it."""
    requester = shop.seller.vat_number
    if not services.settings.vies_url:
        return VatCheck(number, None, requester, code=NOT_CONFIGURED)
    if not requester:
        return VatCheck(number, None, code=NO_REQUESTER)
    question = VatQuestion(number, requester)
    return known_answer(services, order, question, invalid_for=invalid_for) or ask(services, order, question)


def known_answer(
    services: Services, order: OrderKey, question: VatQuestion, *, invalid_for: timedelta
) -> VatCheck | None:
    """A recent answer to the same seller on the same number, if there is one."""
    now = services.now()
    with services.store.write() as connection:
        for valid, good_for in ((True, VALID_FOR), (False, invalid_for)):
            known = vat_checks.latest(connection, order.shop_id, question, since=now - good_for, valid=valid)
            if known and good_for:
                mine = vat_checks.of_this_order(connection, order, known)
                vat_checks.end_wait(connection, order)
                return mine or vat_checks.reuse(connection, order, known)
    return None


def ask(services: Services, order: OrderKey, question: VatQuestion) -> VatCheck:
    """Ask VIES, unless it is known to be out of order, and store the answer."""
    number, requester = question.number, question.requester
    with services.store.read() as connection:
        outage = vat_checks.outage(connection, number, now=services.now())
    if outage is not None:
        return VatCheck(number, None, requester, code=outage.code)
    answer = vies.ask(services.settings.vies_url, number, requester=requester)
    now = services.now()
    with services.store.write() as connection:
        check = vat_checks.add(connection, order, question, answer, now=now)
        if answer.valid is not None:
            vat_checks.end_outages(connection, number)
            vat_checks.end_wait(connection, order)
        elif scope := scope_of(answer, number):
            vat_checks.begin_outage(connection, scope, answer.code, now=now, waits=WAITS)
            log.warning("VIES does not answer for %s: %s", number[:2], answer.code)
    return check


def scope_of(answer: ViesAnswer, number: str) -> str:
    """What is out of order by *answer*: one member state's register, all of VIES (*), or nothing."""
    if answer.code in _OF_ONE_STATE:
        return number[:2]
    return "*" if answer.code in _OF_ALL else ""


# Orders that wait


def wait_for_vies(services: Services, shop: Shop, order: OrderKey, check: VatCheck) -> VatCheck:
    """*check*, with until when the order waits for an answer; without where it has waited long enough."""
    now = services.now()
    with services.store.write() as connection:
        before = vat_checks.wait_of(connection, order)
        if before is None or before.number != check.number:
            before = Wait(order, check.number, now, now, 0, None)
        until = before.since + timedelta(hours=shop.vat.vies_wait_hours)
        if now >= until:
            vat_checks.wait(connection, replace(before, until=until, next_at=None))
            return check
        vat_checks.wait(connection, replace(next_attempt(before, until, now=now), until=until))
    return replace(check, waits_until=until)


def next_attempt(before: Wait, until: datetime, *, now: datetime) -> Wait:
    """When VIES is asked again: later with each attempt. Who looks at the order meanwhile puts nothing off."""
    if before.next_at is not None and before.next_at > now:
        return replace(before, next_at=min(before.next_at, until))
    next_at = now + WAITS[min(before.attempts, len(WAITS) - 1)]
    return replace(before, attempts=before.attempts + 1, next_at=min(next_at, until))


def ask_again(services: Services, connected: ConnectedShop) -> int:
    """Ask VIES again for the orders that wait. Each that has its answer, or waited long enough, is processed again; how many."""
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        due = vat_checks.due_waits(connection, shop.shop_id, now=now, limit=MOST_AT_ONCE)
    return sum(process_again(services, waiting) for waiting in due if is_over(services, shop, waiting))


def is_over(services: Services, shop: Shop, waiting: Wait) -> bool:
    """Whether the order need not wait any longer; otherwise it rests until the next attempt."""
    check = check_number(services, shop, waiting.order, waiting.number)
    return not check.may_change or not wait_for_vies(services, shop, waiting.order, check).waits_until


def process_again(services: Services, waiting: Wait) -> bool:
    """Have the order processed again, as if the shop had told of it."""
    order = waiting.order
    with services.store.write() as connection:
        vat_checks.rest(connection, order)
        delivery_id = deliveries.add(
            connection,
            NewDelivery(shop_id=order.shop_id, source=SOURCE, topic="order.updated", order_id=order.order_id, body=b""),
            now=services.now(),
        )
    services.enqueue(PROCESS_ORDER, delivery_id)
    return True
