"""When and where an order is to be delivered, and which parcels left, wherever delivery plugins write it.

A key is known by its plugin's own source or by orders of shops that use it (2026-11-28); the tables grow by one line.
What is written oddly is left out: a plugin's note never stops an order.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from worker.domain.delivery import DeliveryWish, Shipment
from worker.domain.order import OrderLine
from worker.errors import Rejected
from worker.woocommerce.json_reader import read_json
from worker.woocommerce.node import Node, amount_of, scalar_of
from worker.woocommerce.shop_text import clean, plain

# Meta key -> who writes it; in it a day, or an object with one. Earlier ones win.
DAY_KEYS = {
    "_orddd_timestamp": "Order Delivery Date Pro (Tyche Softwares)",
    "_orddd_lite_timestamp": "Order Delivery Date (Tyche Softwares)",
    "ywcdd_order_delivery_date": "YITH Delivery Date",
    "jckwds_date_ymd": "WooCommerce Delivery Slots (Iconic)",
    "jckwds_timestamp": "WooCommerce Delivery Slots (Iconic)",
    "_delivery_date": "WooCommerce Order Delivery (Themesquad)",
    "_bpost_delivery_date": "bpost shipping platform",
    "_dhlpwc_order_time_selection": "DHL eCommerce (DHL for WooCommerce)",
    "_postnl_delivery_options": "PostNL",
    "_myparcel_delivery_options": "MyParcel, and its bpost and DPD",
    "_local_pickup_time_select": "Local Pickup Time Select",
}
HOURS_KEYS = {
    "_orddd_time_slot": "Order Delivery Date (Tyche Softwares)",
    "jckwds_timeslot": "WooCommerce Delivery Slots (Iconic)",
    "_delivery_time_frame": "WooCommerce Order Delivery (Themesquad)",
    "_dhlpwc_order_time_selection": "DHL eCommerce (DHL for WooCommerce)",
}
# Two metas that hold the beginning and the end.
HOURS_PAIRS = {("ywcdd_order_slot_from", "ywcdd_order_slot_to"): "YITH Delivery Date"}
POINT_KEYS = {
    "sendcloudshipping_service_point_meta": "Sendcloud",
    "_postnl_delivery_options": "PostNL",
    "_myparcel_delivery_options": "MyParcel, and its bpost and DPD",
    "_wms_mondial_relay_pickup_info": "Mondial Relay (WooCommerce Multi Shipping)",
    "_wms_chronopost_pickup_info": "Chronopost (WooCommerce Multi Shipping)",
    "_shipping_method_chronorelais": "Chronopost",
    "_gls_pickup_info": "GLS",
    "_pickup_location_address": "Germanized, Shiptastic",
    "_bpost_delivery_point": "bpost shipping platform",
    "_dhlpwc_order_connectors_data": "DHL eCommerce (DHL for WooCommerce)",
    "_dpd_parcelshop_id": "DPD",
}
# Carriers whose plugin keeps no more than the point's own number.
POINT_NUMBERS = {"_dhlpwc_order_connectors_data": "DHL", "_dpd_parcelshop_id": "DPD"}
TRACKING_KEY = (
    "_wc_shipment_tracking_items"  # Advanced Shipment Tracking; WooCommerce Shipment Tracking without what is in it
)
PARTIAL_KEY = "_wxp_shipment"  # WooCommerce Partial Shipment
SHIPMENTS_FIELD = "shipments"  # Germanized and Shiptastic, on the order itself
_HAS_LEFT = ("shipped", "delivered", "partially-shipped")

_NAMES = ("location_name", "locationName", "location", "pickup_name", "LgAdr1", "company", "name")
_STREETS = ("street", "pickup_address", "address_1", "address", "LgAdr3")
_HOUSES = ("number", "house_number")
_POSTCODES = ("postal_code", "postalCode", "postcode", "pickup_zipcode", "zip_code", "CP")
_CITIES = ("city", "pickup_city", "Ville")
_FROM, _TO = ("time_from", "start_time", "start", "from"), ("time_to", "end_time", "end", "to")
_DAY = re.compile(r"(20\d\d)[-/]?(\d\d)[-/]?(\d\d)(?:\D.*)?", re.DOTALL)
_SECONDS = re.compile(r"1\d{9}|2[01]\d{8}")  # of 2001 to 2036
_HOUR = re.compile(r"([01]?\d|2[0-3]):?([0-5]\d)(?::\d\d)?")
_LONGEST = 200

Values = Mapping[str, object]


def delivery_wish_of(meta: tuple[Node, ...]) -> DeliveryWish:
    values: dict[str, object] = {node.text("key"): _opened(node.values.get("value")) for node in meta}
    days = (read_day(_inner(values[key], "date")) for key in DAY_KEYS if key in values)
    points = (_point(key, values[key]) for key in POINT_KEYS if key in values)
    return DeliveryWish(
        day=next((day for day in days if day), None),
        hours=next(filter(None, _hours(values)), ""),
        pick_up_point=next(filter(None, points), ""),
    )


def shipments_of(order: Node, meta: tuple[Node, ...], lines: Sequence[OrderLine]) -> tuple[Shipment, ...]:
    """The parcels of which a plugin says what is in them. The first plugin that says so counts: they tell of the same parcels."""
    values = {node.text("key"): _opened(node.values.get("value")) for node in meta}
    told = (
        _of_germanized(_opened(order.values.get(SHIPMENTS_FIELD))),
        _of_tracking(values.get(TRACKING_KEY), lines),
        _of_partial_shipment(values.get(PARTIAL_KEY)),
    )
    known = {line.line_id for line in lines}
    for contents in told:
        found = tuple((line_id, count) for line_id, count in contents if line_id in known and count > 0)
        if found:
            return (Shipment(found),)
    return ()


def read_day(value: object) -> date | None:
    """“2026-11-28”, “20261128”, “2026/11/28 14:00” or seconds since 1970, which WordPress counts in the shop's own time."""
    text = scalar_of(value).strip()
    try:
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC).date()
        found = _DAY.fullmatch(text)
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _opened(value: object) -> object:
    """*value*, or what it holds where a plugin stored it as JSON."""
    if isinstance(value, str) and value[:1] in "[{" and len(value) < 100_000:
        try:
            return read_json(value.encode())
        except Rejected:
            return value
    return value


def _inner(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else value


def _text(value: object) -> str:
    return " ".join(plain(clean(scalar_of(value))).split())[:_LONGEST]


def _first(values: Values, names: Iterable[str]) -> str:
    return next(filter(None, (_text(values.get(name)) for name in names)), "")


# Hours


def _hours(values: Values) -> Iterator[str]:
    for key in HOURS_KEYS:
        value = values.get(key)
        if isinstance(value, dict):
            yield _span(_first(value, _FROM), _first(value, _TO))
        elif any(sign.isdigit() for sign in _text(value)):
            yield _text(value)
    for begin, end in HOURS_PAIRS:
        yield _span(_text(values.get(begin)), _text(values.get(end)))


def _span(begin: str, end: str) -> str:
    return " – ".join(filter(None, (_hour(begin), _hour(end))))


def _hour(text: str) -> str:
    found = _HOUR.fullmatch(text)
    return f"{int(found[1]):02}:{found[2]}" if found else ""


# Where the parcel waits


def _point(key: str, value: object) -> str:
    if key in POINT_NUMBERS:
        number = _text(_inner(value, "id"))
        return f"{POINT_NUMBERS[key]} {number}" if number else ""
    if isinstance(value, dict):
        within = next(
            (value[name] for name in ("pickupLocation", "pickup_location") if isinstance(value.get(name), dict)), value
        )
        extra = _text(within.get("extra"))
        return ", ".join(filter(None, map(str.strip, extra.split("|")[:3]))) if extra else _address(within)
    text = _text(value)
    return "" if text.startswith(("{", "[")) else text  # JSON that is broken off


def _address(values: Values) -> str:
    """Name, street and town in one line; nothing without a name, as options that chose a delivery at home have none."""
    name = _first(values, _NAMES)
    street = f"{_first(values, _STREETS)} {_first(values, _HOUSES)}".strip()
    town = f"{_first(values, _POSTCODES)} {_first(values, _CITIES)}".strip()
    return ", ".join(filter(None, (name, street, town))) if name and (street or town) else ""


# What has left


def _rows(value: object) -> Iterator[Values]:
    """The objects of a list, or of an object whose keys count as PHP does."""
    for one in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        if isinstance(one, dict):
            yield one


def _of_germanized(value: object) -> Iterator[tuple[int, Decimal]]:
    for parcel in _rows(value):
        if parcel.get("type") == "return" or parcel.get("status") not in _HAS_LEFT:
            continue
        for item in _rows(parcel.get("items")):
            yield _whole(item.get("order_item_id")), _count(item.get("quantity"))


def _of_tracking(value: object, lines: Sequence[OrderLine]) -> Iterator[tuple[int, Decimal]]:
    """By the line, or by the product, whose pieces are then taken from its lines one after the other."""
    room = {line.line_id: line.quantity for line in lines}
    for item in (item for parcel in _rows(value) for item in _rows(parcel.get("products_list"))):
        named, product, count = _whole(item.get("item_id")), _whole(item.get("product")), _count(item.get("qty"))
        holders = (
            [named]
            if named in room
            else [line.line_id for line in lines if product and product in (line.product_id, line.variation_id)]
        )
        for line_id in holders:
            taken = min(count, room[line_id])
            room[line_id], count = room[line_id] - taken, count - taken
            yield line_id, taken


def _of_partial_shipment(value: object) -> Iterator[tuple[int, Decimal]]:
    for item in _rows(value):
        yield _whole(item.get("item_id")), _count(item.get("shipped"))


def _whole(value: object) -> int:
    text = scalar_of(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _count(value: object) -> Decimal:
    found = amount_of(value)
    return found if found is not None and 0 < found < 10**9 else Decimal(0)
