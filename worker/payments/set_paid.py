"""Set an order paid in its shop: by the plugin, which compares at the moment itself, and where there is none by REST."""

from worker.domain.order import Order
from worker.domain.settlement import Move
from worker.errors import Rejected, Unavailable
from worker.plugin import sync
from worker.services import Services
from worker.store.shops import ConnectedShop
from worker.woocommerce.client import ShopClient
from worker.woocommerce.payload import parse_order

# As WooCommerce stores it.
LONGEST_TRANSACTION = 100
CHANGES: dict[Move, dict[str, object]] = {
    Move.SET_PAID: {"set_paid": True},
    Move.PROCESS: {"status": "processing"},
    Move.COMPLETE: {"status": "completed"},
}


def set_paid(services: Services, connected: ConnectedShop, order: Order, move: Move, *, transaction: str) -> None:
    """Raises Rejected where the shop leaves *order* unpaid, Unavailable where it is to be looked at again."""
    found = sync.plugin_of(services, connected.shop.shop_id)
    if found is None:
        set_paid_by_rest(services.client_of(connected), order, move, transaction[:LONGEST_TRANSACTION])
        return
    match sync.set_paid(services, found, order, transaction=transaction[:LONGEST_TRANSACTION]):
        case "paid" | "was_paid":
            return
        case "changed":
            raise Unavailable(
                "Order {number} changed in the shop at this moment; it is looked at again.",
                number=order.number,
                code="order_changed",
            )
        case "not_allowed":
            raise Rejected(
                "Whoever connected the shop to Facturelay may no longer manage it, so order {number} is not set paid. Connect it "
                "again in WordPress, as somebody who may.",
                number=order.number,
                code="plugin_not_allowed",
            )
    raise left_unpaid(order)


def set_paid_by_rest(client: ShopClient, order: Order, move: Move, transaction: str) -> None:
    """By the table of docs/woocommerce-contract.md §7. The order was looked at just before."""
    if move is Move.DATE:
        raise being_processed(order)
    extra = {"transaction_id": transaction} if transaction else {}
    after = parse_order(client.change_order(order.order_id, **CHANGES[move], **extra))
    if after.paid_at is None and move is Move.PROCESS and is_only_downloaded(after):
        after = parse_order(client.change_order(order.order_id, **CHANGES[Move.COMPLETE]))
    if after.paid_at is None:
        raise being_processed(order) if after.status == "processing" else left_unpaid(order)


def is_only_downloaded(order: Order) -> bool:
    """Whether WooCommerce dates the payment only when *order* is completed, as nothing of it is sent. Older versions do not say."""
    return order.status == "processing" and order.needs_processing is not True and order.payment_method != "cod"


def being_processed(order: Order) -> Rejected:
    return Rejected(
        "Order {number} is being processed, and WooCommerce says that it is paid only when it is completed, as with cash on "
        "delivery. Complete it there when it is delivered; where the Facturelay plugin is installed, it is set paid at once.",
        number=order.number,
        code="paid_when_completed",
    )


def left_unpaid(order: Order) -> Rejected:
    return Rejected(
        "The shop left order {number} unpaid, though all of its money came in. Set it to Processing in WooCommerce; a plugin of "
        "the shop may be holding it back.",
        number=order.number,
        code="shop_left_unpaid",
    )
