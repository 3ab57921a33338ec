"""Orders and refunds in the shape of WooCommerce's REST API v3, made from the few facts that a test or a demo needs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

# The JSON is untyped by nature; it gets its types where the product reads it, in `woocommerce.payload`.
Payload = dict[str, Any]

Amount = str | int | Decimal
"""Never a float: 0.1 + 0.2 is not an amount."""

Line = tuple[str, str, int, Amount, Amount | None]
"""Name, SKU, quantity, unit price without VAT, VAT rate in percent (None: not taxed at all)."""

Fee = tuple[str, Amount, Amount | None]
"""Name, net amount (negative: a reduction), VAT rate."""

MUG: Line = ("Koffiemok blauw", "MUG-1", 1, "12.40", "21")

SITE_ZONE = ZoneInfo("Europe/Brussels")
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_METHODS = {"bacs": "Direct bank transfer", "cod": "Cash on delivery", "cheque": "Check payments"}
_CITIES = {"BE": "Gent", "NL": "Utrecht", "FR": "Lille", "DE": "Berlin", "US": "New York"}


def php_json(value: object) -> bytes:
    """*value* as PHP's json_encode writes it: no spaces, pure ASCII, and every slash escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def an_order(
    *,
    id: int = 1001,  # noqa: A002 - the word of WooCommerce, and of every test that asks for an order
    number: str | None = None,
    lines: Sequence[Line] = (MUG,),
    shipping: Amount | None = "5.95",
    shipping_rate: Amount | None = "21",
    fees: Sequence[Fee] = (),
    status: str = "processing",
    paid: bool = True,
    currency: str = "EUR",
    country: str = "BE",
    postcode: str = "9000",
    company: str = "",
    email: str = "koper@klant.test",
    note: str = "",
    metas: Mapping[str, object] | None = None,
    products: Sequence[int] = (),
    payment_method: str = "bacs",
    created: datetime | None = None,
    **overrides: object,
) -> Payload:
    """A whole order whose totals add up. *products* are the ids that the lines name in turn, 10 when none is given.

    *overrides* replace top-level fields of the finished payload.
    """
    made = (created or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    line_items = [_line_item(id * 100 + n, line) for n, line in enumerate(lines, 1)]
    for item, product_id in zip(line_items, products, strict=False):
        item["product_id"] = product_id
    shipping_lines = [] if shipping is None else [_shipping_line(id * 100 + 80, shipping, shipping_rate)]
    fee_lines = [_fee_line(id * 100 + 50 + n, fee) for n, fee in enumerate(fees, 1)]
    goods, carriage = [*line_items, *fee_lines], shipping_lines
    cart_tax, shipping_tax = _sum(goods, "total_tax"), _sum(carriage, "total_tax")
    total = _sum(goods, "total") + _sum(carriage, "total") + cart_tax + shipping_tax
    address = _address(country, postcode, company)
    order: Payload = {
        "id": id,
        "parent_id": 0,
        "status": status,
        "currency": currency,
        "version": "11.0.1",
        "prices_include_tax": False,
        **stamps("date_created", made),
        **stamps("date_modified", made),
        "discount_total": "0.00",
        "discount_tax": "0.00",
        "shipping_total": _text(_sum(carriage, "total")),
        "shipping_tax": _text(shipping_tax),
        "cart_tax": _text(cart_tax),
        "total": _text(total),
        "total_tax": _text(cart_tax + shipping_tax),
        "customer_id": 0,
        "order_key": f"wc_order_demo{id}",
        "billing": {**address, "email": email, "phone": "+32 9 123 45 67"},
        "shipping": {**address, "phone": "+32 9 123 45 67"},
        "payment_method": payment_method,
        "payment_method_title": _METHODS.get(payment_method, payment_method),
        "transaction_id": "",
        "customer_ip_address": "127.0.0.1",
        "customer_user_agent": "",
        "created_via": "checkout",
        "customer_note": note,
        **stamps("date_completed", made if status == "completed" else None),
        **stamps("date_paid", made if paid else None),
        "cart_hash": "",
        "number": number or str(id),
        "meta_data": [{"id": id * 100 + n, "key": k, "value": v} for n, (k, v) in enumerate((metas or {}).items(), 1)],
        "line_items": line_items,
        "tax_lines": _tax_lines(id, goods, carriage),
        "shipping_lines": shipping_lines,
        "fee_lines": fee_lines,
        "coupon_lines": [],
        "refunds": [],
        # There for every order, paid or not; only `needs_payment` says whether that page takes money.
        "payment_url": f"https://shop.example/checkout/order-pay/{id}/?pay_for_order=true&key=wc_order_demo{id}",
        "is_editable": status in ("pending", "on-hold", "auto-draft"),
        "needs_payment": needs_payment(status, total),
        "needs_processing": True,
        "currency_symbol": _SYMBOLS.get(currency, currency),
    }
    return {**order, **overrides}


def needs_payment(status: str, total: Decimal) -> bool:
    """Whether WooCommerce's pay page takes money for an order."""
    return status in ("pending", "failed") and total > 0


def a_refund(
    order: Payload,
    *,
    id: int,  # noqa: A002 - as in `an_order`
    amount: Amount | None = None,
    lines: Mapping[int, int] | None = None,
    reason: str = "",
    created: datetime | None = None,
) -> Payload:
    """A refund of *order*: an *amount* only, or *lines* (line item id → quantity taken back) with their VAT."""
    wanted = lines or {}
    chosen = [item for item in order["line_items"] if item["id"] in wanted]
    taken = [_refunded(item, wanted[item["id"]], id * 100 + n) for n, item in enumerate(chosen, 1)]
    refunded = _sum(taken, "total") + _sum(taken, "total_tax")
    made = (created or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    return {
        "id": id,
        **stamps("date_created", made),
        "amount": _text(Decimal(amount) if amount is not None else -refunded),
        "reason": reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": taken,
        "shipping_lines": [],
        "tax_lines": _tax_lines(id, taken, []),
        "fee_lines": [],
    }


def _refunded(item: Payload, quantity: int, item_id: int) -> Payload:
    share = Decimal(quantity) / item["quantity"]
    net, tax = _text(-Decimal(item["total"]) * share), _text(-Decimal(item["total_tax"]) * share)
    came_from = str(item["id"])
    return {
        **item,
        "id": item_id,
        "quantity": -quantity,
        "subtotal": net,
        "subtotal_tax": tax,
        "total": net,
        "total_tax": tax,
        "taxes": [{"id": t["id"], "total": tax, "subtotal": tax} for t in item["taxes"]],
        "meta_data": [_line_meta(item_id, "_refunded_item_id", came_from)],
    }


def _line_item(item_id: int, line: Line) -> Payload:
    name, sku, quantity, unit, rate = line
    net, tax = _net_and_tax(Decimal(unit) * quantity, rate)
    return {
        "id": item_id,
        "name": name,
        "product_id": 10,
        "variation_id": 0,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": net,
        "subtotal_tax": tax,
        "total": net,
        "total_tax": tax,
        "taxes": _taxes(rate, tax, subtotal=tax),
        "meta_data": [],
        "sku": sku,
        "global_unique_id": "",
        "price": float(Decimal(net) / quantity),
        "image": {"id": "", "src": ""},
        "parent_name": None,
    }


def _shipping_line(item_id: int, amount: Amount, rate: Amount | None) -> Payload:
    net, tax = _net_and_tax(Decimal(amount), rate)
    return {
        "id": item_id,
        "method_title": "Bpost",
        "method_id": "flat_rate",
        "instance_id": "1",
        "total": net,
        "total_tax": tax,
        "taxes": _taxes(rate, tax, subtotal=""),
        "tax_status": "taxable",
        "meta_data": [],
    }


def _fee_line(item_id: int, fee: Fee) -> Payload:
    name, amount, rate = fee
    net, tax = _net_and_tax(Decimal(amount), rate)
    return {
        "id": item_id,
        "name": name,
        "tax_class": "",
        "tax_status": "taxable",
        "amount": "",
        "total": net,
        "total_tax": tax,
        "taxes": _taxes(rate, tax, subtotal=""),
        "meta_data": [],
    }


def _tax_lines(order_id: int, goods: Sequence[Payload], carriage: Sequence[Payload]) -> list[Payload]:
    """One entry per rate; `tax_total` holds lines and fees, `shipping_tax_total` the rest, as WooCommerce does it."""
    rate_ids = sorted({tax["id"] for item in (*goods, *carriage) for tax in item["taxes"]}, reverse=True)
    return [
        {
            "id": order_id * 100 + 90 + n,
            "rate_code": f"BE-BTW BE {_percent(rate_id)}%-1",
            "rate_id": rate_id,
            "label": f"BTW BE {_percent(rate_id)}%",
            "compound": False,
            "tax_total": _text(_sum_of_rate(goods, rate_id)),
            "shipping_tax_total": _text(_sum_of_rate(carriage, rate_id)),
            "rate_percent": _percent(rate_id),
            "meta_data": [],
        }
        for n, rate_id in enumerate(rate_ids)
    ]


def _taxes(rate: Amount | None, tax: str, *, subtotal: str) -> list[Payload]:
    return [] if rate is None else [{"id": _rate_id(rate), "total": tax, "subtotal": subtotal}]


def _rate_id(rate: Amount) -> int:
    """WooCommerce numbers its rates; a number that encodes the rate saves a table here."""
    return int(Decimal(rate) * 100)


def _percent(rate_id: int) -> int | float:
    return rate_id // 100 if rate_id % 100 == 0 else rate_id / 100


def _net_and_tax(net: Decimal, rate: Amount | None) -> tuple[str, str]:
    rounded = _to_cent(net)
    return _text(rounded), _text(Decimal(0) if rate is None else rounded * Decimal(rate) / 100)


def _sum(items: Iterable[Payload], field: str) -> Decimal:
    return sum((Decimal(item[field]) for item in items), Decimal(0))


def _sum_of_rate(items: Iterable[Payload], rate_id: int) -> Decimal:
    return sum((Decimal(t["total"]) for item in items for t in item["taxes"] if t["id"] == rate_id), Decimal(0))


def _to_cent(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _text(amount: Decimal) -> str:
    return str(_to_cent(amount))


def stamps(field: str, instant: datetime | None) -> dict[str, str | None]:
    """*field* in the site's zone and *field*_gmt, to the second and without an offset, as WooCommerce writes them."""
    if instant is None:
        return {field: None, f"{field}_gmt": None}
    local = instant.astimezone(SITE_ZONE)
    return {field: f"{local:%Y-%m-%dT%H:%M:%S}", f"{field}_gmt": f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"}


def _line_meta(meta_id: int, key: str, value: str) -> Payload:
    return {"id": meta_id, "key": key, "value": value, "display_key": key, "display_value": value}


def _address(country: str, postcode: str, company: str) -> dict[str, str]:
    return {
        "first_name": "Jan",
        "last_name": "Janssens",
        "company": company,
        "address_1": "Kerkstraat 12",
        "address_2": "bus 3",
        "city": _CITIES.get(country, "Gent"),
        "state": "",
        "postcode": postcode,
        "country": country,
    }
