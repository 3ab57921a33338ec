"""Two business orders after the recorded ones: one goes out by Peppol, one is refused on the buyer's side."""

from collections.abc import Callable
from dataclasses import dataclass

from worker.demo.orders import an_order
from worker.demo.pretend_access_points import PretendAccessPoints
from worker.demo.pretend_shop import PretendShop
from worker.domain.step import TRANSMIT
from worker.store.queries.order_history import DocumentDetails, OrderHistory


@dataclass(frozen=True)
class BusinessOrder:
    """An order of a Belgian business, and in which state its step "Peppol" should end."""

    order_id: int
    company: str
    vat_number: str
    state: str

    @property
    def address(self) -> str:
        return f"0208:{self.vat_number.removeprefix('BE')}"


DELIVERED = BusinessOrder(9001, "Bakkerij De Korenaar BV", "BE0403170701", "done")
REFUSED = BusinessOrder(9002, "Drukkerij Ter Zee NV", "BE0477472701", "failed")
BUSINESS_ORDERS = (DELIVERED, REFUSED)


def place(shop: PretendShop, points: PretendAccessPoints, order: BusinessOrder) -> None:
    """Let a business order in the shop; the access point of one of them refuses what it is brought."""
    if order is REFUSED:
        points.refusing.add(order.address)
    shop.place(an_order(id=order.order_id, company=order.company, metas={"_billing_vat_number": order.vat_number}))
    shop.deliver(order.order_id)


def tell(order: BusinessOrder, history: OrderHistory, say: Callable[[str], None]) -> list[str]:
    """Say what became of it; what differs from what should."""
    item = next((one for one in history.documents), None)
    step = item.step(TRANSMIT) if item else None
    is_right = step is not None and step.state == order.state
    say(f"{'✓' if is_right else '✗'} by Peppol  order {order.order_id}  {order.company}")
    say(f"    {way_of(item)}" if item else "    no document")
    return (
        []
        if is_right
        else [f"order {order.order_id}: Peppol is {step.state if step else None!r}, expected {order.state!r}"]
    )


def way_of(item: DocumentDetails) -> str:
    number, step, way = item.document.number if item.document else "", item.step(TRANSMIT), item.transmission
    said = f"  {step.message}" if step and step.message else ""
    return f"{number}  Peppol: {way.state if way else 'not sent'}{f' to {way.recipient}' if way else ''}{said}"
