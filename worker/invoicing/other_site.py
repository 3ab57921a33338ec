"""Process what came in a shop's name from another address: a language of its own, the shop after it moved, or a copy for tests."""

from collections.abc import Sequence

from worker.actions import other_site
from worker.errors import Rejected, Unavailable
from worker.invoicing.outcome import Outcome
from worker.orders.fetch import FetchedOrder, fetch
from worker.services import Services
from worker.store.deliveries import Delivery
from worker.store.shops import ConnectedShop
from worker.woocommerce.payload import parse_order


def fetch_if_shown(services: Services, connected: ConnectedShop, deliveries: Sequence[Delivery]) -> FetchedOrder | None:
    """The order as the shop itself shows it; None where it does not show what *deliveries* tell of it, or cannot be asked."""
    try:
        fetched = fetch(services, connected, deliveries)
        told = [parse_order(one.body) for one in deliveries if one.body]
    except (Rejected, Unavailable):
        return None
    if fetched is None or not told:
        return None
    shown = fetched.order
    is_shown = all(one.order_key == shown.order_key and one.modified_at <= shown.modified_at for one in told)
    return fetched if is_shown else None


def keep(services: Services, connected: ConnectedShop, deliveries: Sequence[Delivery]) -> Outcome:
    """Make nothing of *deliveries*, and tell the owner where they came from: they wait for the day on which that is the shop's address."""
    with services.store.write() as connection:
        message = other_site.tell(connection, connected.shop, deliveries[-1].site, now=services.now())
    return Outcome(other_site.CODE, message)
