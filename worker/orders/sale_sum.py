"""What a sale that a marketplace plugin split comes to, asked of the shop where its suborders are documented."""

from dataclasses import replace

from worker.domain.order import Order, SalePart, SaleSum
from worker.domain.shop import DocumentedOrders, Shop
from worker.errors import KeyRefused, Rejected
from worker.woocommerce.client import ShopClient
from worker.woocommerce.payload import parse_order

_SPLIT = (SalePart.MAIN, SalePart.SUBORDER, SalePart.CHILD)


def with_sale_sum(client: ShopClient, shop: Shop, order: Order) -> Order:
    """*order* with the totals of its sale; as it is where its documents do not depend on them, or the main order is gone.

    Raises as a call to the shop does: without the figures a part of the sale might be on no invoice.
    """
    if shop.orders.documented is not DocumentedOrders.SUBORDERS or order.sale_part not in _SPLIT:
        return order
    try:
        main = parse_order(client.order(order.parent_id)) if order.parent_id else order
    except KeyRefused:
        raise
    except Rejected:
        return order
    if main.sale_part is not SalePart.MAIN:
        return order
    totals = client.suborder_totals(main.order_id)
    return replace(order, sale_sum=SaleSum(main.number, main.total, totals))
