"""What customers and staff of a pretend shop can do: order, pay, change, deliver, refund, cancel. Each tells Facturelay as WooCommerce does."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from worker.demo.orders import Line, Payload, a_refund, an_order
from worker.demo.pretend_shop import PretendShop, a_product

CARD, TRANSFER = "bancontact", "bacs"
SHIPPING = Decimal("4.95")
# Of an order that is changed, what follows from its lines.
_OF_LINES = (
    "line_items",
    "shipping_lines",
    "tax_lines",
    "shipping_total",
    "shipping_tax",
    "cart_tax",
    "total",
    "total_tax",
)


@dataclass(frozen=True)
class Product:
    """Something a shop sells: net price, and VAT rate in percent."""

    sku: str
    name: str
    price: str
    rate: str

    def line(self, quantity: int) -> Line:
        return (self.name, self.sku, quantity, self.price, self.rate)


@dataclass(frozen=True)
class Customer:
    """Who orders. *vat_number* is what is typed at the checkout."""

    first_name: str
    last_name: str
    street: str
    postcode: str
    city: str
    email: str
    company: str = ""
    vat_number: str = ""
    country: str = "BE"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def address(self) -> dict[str, str]:
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "company": self.company,
            "address_1": self.street,
            "address_2": "",
            "postcode": self.postcode,
            "city": self.city,
            "state": "",
            "country": self.country,
        }


@dataclass(frozen=True)
class Counter:
    """A shop with its products, customers and *methods* (what a payment method is called, by its id)."""

    shop: PretendShop
    products: tuple[Product, ...] = ()
    customers: tuple[Customer, ...] = ()
    methods: Mapping[str, str] | None = None

    def product(self, sku: str) -> Product | None:
        return next((product for product in self.products if product.sku == sku), None)

    def stock(self) -> None:
        self.shop.stock(*(a_product(n, product.name) for n, product in enumerate(self.products, 10)))

    def order(self, customer: Customer, basket: Mapping[str, int], method: str) -> int:
        """Place an order of quantities by SKU and return its id. By card it is paid at once, by transfer it waits."""
        order_id, paid = self._next_id(), method != TRANSFER
        lines, products = self._goods(basket)
        order = an_order(
            id=order_id,
            lines=lines,
            products=products,
            shipping=SHIPPING,
            status="processing" if paid else "on-hold",
            paid=paid,
            payment_method=method,
            metas={"_billing_vat_number": customer.vat_number} if customer.vat_number else {},
        )
        order["payment_method_title"] = (self.methods or {}).get(method, method)
        order["billing"] |= {**customer.address(), "email": customer.email, "phone": ""}
        order["shipping"] |= {**customer.address(), "phone": ""}
        self.shop.place(order)
        self.shop.deliver(order_id, "order.created")
        return order_id

    def can_change(self, order: Payload) -> bool:
        """Whether all that was ordered is of our own products, whose prices are known."""
        return bool(order["line_items"]) and all(self.product(line["sku"]) for line in order["line_items"])

    def change(self, order_id: int, basket: Mapping[str, int], **billing: str) -> None:
        """Edit an order as staff does: other quantities by SKU, and other fields of the address."""
        order, changed = self._order(order_id), {}
        if self.can_change(order) and any(basket.values()):
            lines, products = self._goods(basket)
            fresh = an_order(id=order_id, lines=lines, products=products, shipping=SHIPPING)
            changed = {field: fresh[field] for field in _OF_LINES}
        self.shop.change(order_id, **changed, billing=order["billing"] | billing)
        self.shop.deliver(order_id)

    def pay(self, order_id: int) -> None:
        """The money arrived, and staff says so."""
        self._set_status(order_id, "processing" if self._order(order_id)["needs_processing"] else "completed")

    def complete(self, order_id: int) -> None:
        self._set_status(order_id, "completed")

    def cancel(self, order_id: int) -> None:
        self._set_status(order_id, "cancelled")

    def refund(self, order_id: int, lines: Mapping[int, int]) -> None:
        """Give back quantities by line item id; none of any means all that is left of the order."""
        order = self._order(order_id)
        if not any(lines.values()):
            self._set_status(order_id, "refunded")
            return
        taken = {line_id: quantity for line_id, quantity in lines.items() if quantity}
        self.shop.refund(order_id, a_refund(order, id=self._next_id(), lines=taken, reason="Returned"))
        self.shop.deliver(order_id)

    def _set_status(self, order_id: int, status: str) -> None:
        self.shop.change(order_id, status=status)
        self.shop.deliver(order_id)

    def _order(self, order_id: int) -> Payload:
        found = self.shop.order(order_id)
        if found is None:
            raise KeyError(order_id)
        return found

    def _goods(self, basket: Mapping[str, int]) -> tuple[list[Line], list[int]]:
        """The lines of quantities by SKU, and the ids of their products."""
        chosen = [(n, one) for n, one in enumerate(self.products, 10) if basket.get(one.sku, 0) > 0]
        return [one.line(basket[one.sku]) for _, one in chosen], [n for n, _ in chosen]

    def _next_id(self) -> int:
        orders = self.shop.orders()
        taken = [one["id"] for order in orders for one in (order, *order["refunds"])]
        return max(taken, default=1000) + 1
