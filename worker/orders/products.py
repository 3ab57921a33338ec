"""Ask the shop what the products of an order are: an order's own JSON does not say whether anything was sent."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.product import Product, sold_id, with_products
from worker.errors import FacturelayError
from worker.services import Services
from worker.store import products
from worker.store.products import KnownProducts
from worker.store.shops import ConnectedShop

log = logging.getLogger(__name__)

ASK_AGAIN_AFTER = timedelta(days=7)  # an owner rarely makes goods of a service
AFTER_NO_ANSWER = timedelta(hours=1)
MOST_AT_ONCE = 100  # WooCommerce answers no more in one page; the rest of a giant order is learnt with the next ones
MOST_VARIABLE = 3  # products whose variations are asked for, each with a call of its own


@dataclass(frozen=True)
class _Wanted:
    """What must be asked for: whole products, and variations by the product they are of."""

    products: tuple[int, ...]
    variations: dict[int, tuple[int, ...]]

    @property
    def ids(self) -> tuple[int, ...]:
        return (*self.products, *(one for some in self.variations.values() for one in some))


def with_learnt_products(services: Services, connected: ConnectedShop, orders: tuple[Order, ...]) -> tuple[Order, ...]:
    """*orders* with what the shop says of their products; asked for are only those that are not known of late.

    A shop that does not answer, or whose key may not read products, holds no order up: what was known before counts, and
    where nothing was, the order itself has to do (`place_of_supply`).
    """
    lines = _product_lines(orders)
    before = _find(services, connected.shop.shop_id, lines)
    wanted = _wanted(lines, before.settled)
    if wanted.ids and connected.secrets.has_rest:
        _learn(services, connected, wanted, before)
        return with_known_products(services, connected.shop.shop_id, orders)
    return tuple(with_products(order, before.products) for order in orders)


def with_known_products(services: Services, shop_id: str, orders: tuple[Order, ...]) -> tuple[Order, ...]:
    """*orders* with what was learnt earlier; the shop is not asked."""
    known = _find(services, shop_id, _product_lines(orders)).products
    return tuple(with_products(order, known) for order in orders)


def _learn(services: Services, connected: ConnectedShop, wanted: _Wanted, before: KnownProducts) -> None:
    seen, is_whole = _ask(services, connected, wanted)
    now, unanswered = services.now(), [one for one in wanted.ids if one not in seen]
    # What the shop no longer has may come back from its trash; what was known of it stays.
    gone = {one: Product(one, None, None) for one in unanswered if is_whole and one not in before.products}
    with services.store.write() as connection:
        shop_id = connected.shop.shop_id
        products.save(connection, shop_id, seen, now=now, ask_again_at=now + ASK_AGAIN_AFTER)
        products.save(connection, shop_id, gone, now=now, ask_again_at=now + AFTER_NO_ANSWER)
        products.save_unanswered(connection, shop_id, unanswered, ask_again_at=now + AFTER_NO_ANSWER)


def _ask(services: Services, connected: ConnectedShop, wanted: _Wanted) -> tuple[dict[int, Product], bool]:
    """What the shop says, and whether that is all; as much as it said before something went wrong."""
    client, seen = services.client_of(connected), dict[int, Product]()
    try:
        if wanted.products:
            seen |= {product.product_id: product for product in client.products(wanted.products)}
        for product_id, variation_ids in wanted.variations.items():
            seen |= {found.product_id: found for found in client.variations(product_id, variation_ids)}
    except FacturelayError as error:
        log.info("products of shop %s cannot be read: %s", connected.shop.shop_id, error.message)
        return seen, False
    return seen, True


def _wanted(lines: tuple[OrderLine, ...], settled: frozenset[int]) -> _Wanted:
    """The parent of a variation is asked for too: the categories are the parent's."""
    whole = dict.fromkeys(line.product_id for line in lines if line.product_id not in settled)
    variations: dict[int, dict[int, None]] = {}
    for line in lines:
        if line.variation_id and line.variation_id not in settled:
            variations.setdefault(line.product_id, {})[line.variation_id] = None
    chosen = list(variations.items())[:MOST_VARIABLE]
    return _Wanted(tuple(whole)[:MOST_AT_ONCE], {parent: tuple(some)[:MOST_AT_ONCE] for parent, some in chosen})


def _find(services: Services, shop_id: str, lines: Iterable[OrderLine]) -> KnownProducts:
    ids = {one for line in lines for one in (line.product_id, sold_id(line))}
    with services.store.read() as connection:
        return products.find(connection, shop_id, ids, now=services.now())


def _product_lines(orders: Iterable[Order]) -> tuple[OrderLine, ...]:
    return tuple(line for order in orders for line in order.lines if line.kind is LineKind.PRODUCT and line.product_id)
