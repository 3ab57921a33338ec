"""What a shop says of a product: whether it is sent or downloaded, and where it stands in the shop's catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from worker.domain.order import Order, OrderLine


@dataclass(frozen=True)
class Product:
    """A product, or a variation of one: their ids are of one row of numbers. *categories* are names; a variation has none.

    Of one that the shop no longer has nothing is known, and it is in no category.
    """

    product_id: int
    virtual: bool | None  # nothing is sent
    downloadable: bool | None  # it has files to download
    categories: tuple[str, ...] = ()


def with_products(order: Order, products: Mapping[int, Product]) -> Order:
    """*order* with what is known of the products on its lines; a line of an unknown product stays as it is."""
    return replace(order, lines=tuple(_with_product(line, products) for line in order.lines))


def sold_id(line: OrderLine) -> int:
    """The id of what was sold: each variation is virtual or not for itself. 0 where the line names no product."""
    return line.variation_id or line.product_id


def _with_product(line: OrderLine, products: Mapping[int, Product]) -> OrderLine:
    """A variation says for itself whether it is sent; its categories are those of the product it is of."""
    sold, whole = products.get(sold_id(line)), products.get(line.product_id)
    if sold:
        line = replace(line, virtual=sold.virtual, downloadable=sold.downloadable)
    return replace(line, categories=whole.categories) if whole else line
