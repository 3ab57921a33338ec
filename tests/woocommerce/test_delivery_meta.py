"""What delivery plugins write, and what it is: a day, hours, a pick-up point, or parcels that left. A new plugin is a row."""

import json
from datetime import date
from decimal import Decimal

import pytest

from tests.woocommerce.test_payload import an_order
from worker.woocommerce.delivery_meta import DAY_KEYS, HOURS_KEYS, POINT_KEYS
from worker.woocommerce.payload import parse_order

DAY = date(2026, 12, 3)
SECONDS = "1796256000"  # 2026-12-03 00:00, as WordPress counts
MYPARCEL = {
    "carrier": "bpost", "date": "2026-12-03 00:00:00", "deliveryType": "pickup", "isPickup": True,
    "pickupLocation": {
        "location_name": "Carrefour Express", "street": "Korenmarkt", "number": "5", "postal_code": "9000", "city": "Gent",
    },
}  # fmt: skip
POSTNL = {
    "date": "2026-12-03", "time": [{"start": "18:00:00", "end": "21:30:00"}], "location": "Primera", "street": "Damrak",
    "number": "1", "postal_code": "1012LG", "city": "Amsterdam",
}  # fmt: skip
MONDIAL = {
    "pickup_id": "12345", "pickup_name": "Tabac du Coin", "pickup_address": "Rue Neuve 3", "pickup_zipcode": "1000",
    "pickup_city": "Bruxelles",
}  # fmt: skip
CASES: dict[str, tuple[dict[str, object], date | None, str, str]] = {
    "Order Delivery Date": ({"_orddd_timestamp": SECONDS, "_orddd_time_slot": "10:00 - 12:00"}, DAY, "10:00 - 12:00", ""),
    "Order Delivery Date, free version": ({"_orddd_lite_timestamp": int(SECONDS)}, DAY, "", ""),
    "YITH": (
        {"ywcdd_order_delivery_date": "2026-12-03", "ywcdd_order_slot_from": "9:00", "ywcdd_order_slot_to": "12:30"},
        DAY, "09:00 – 12:30", "",
    ),
    "Iconic": ({"jckwds_date": "03/12/2026", "jckwds_date_ymd": "20261203", "jckwds_timeslot": "10:00 - 12:00"}, DAY, "10:00 - 12:00", ""),
    "Themesquad": (
        {"_delivery_date": "2026-12-03", "_delivery_time_frame": {"time_from": "14:00", "time_to": "16:00"}},
        DAY, "14:00 – 16:00", "",
    ),
    "bpost": ({"_bpost_delivery_date": "2026-12-03", "_bpost_delivery_point": "Postpunt Dampoort"}, DAY, "", "Postpunt Dampoort"),
    "DHL at home": (
        {"_dhlpwc_order_time_selection": {"date": "2026-12-03", "start_time": "1800", "end_time": "2000"}}, DAY, "18:00 – 20:00", "",
    ),
    "DHL point": ({"_dhlpwc_order_connectors_data": {"id": "8004-NL-1012"}}, None, "", "DHL 8004-NL-1012"),
    "DPD": ({"_dpd_parcelshop_id": "BE10234"}, None, "", "DPD BE10234"),
    "Sendcloud": (
        {"sendcloudshipping_service_point_meta": {"id": 77, "extra": "Nachtwinkel|Veldstraat 3|9000 Gent|x@y|z"}},
        None, "", "Nachtwinkel, Veldstraat 3, 9000 Gent",
    ),
    "PostNL point": ({"_postnl_delivery_options": POSTNL}, DAY, "", "Primera, Damrak 1, 1012LG Amsterdam"),
    "PostNL at home": ({"_postnl_delivery_options": {"date": "2026-12-03", "time": []}}, DAY, "", ""),
    "MyParcel": ({"_myparcel_delivery_options": MYPARCEL}, DAY, "", "Carrefour Express, Korenmarkt 5, 9000 Gent"),
    "MyParcel as JSON": ({"_myparcel_delivery_options": json.dumps(MYPARCEL)}, DAY, "", "Carrefour Express, Korenmarkt 5, 9000 Gent"),
    "Mondial Relay": ({"_wms_mondial_relay_pickup_info": MONDIAL}, None, "", "Tabac du Coin, Rue Neuve 3, 1000 Bruxelles"),
    "Chronopost": (
        {"_shipping_method_chronorelais": {"name": "Tabac", "address": "Rue Neuve 3", "zip_code": "1000", "city": "Bruxelles"}},
        None, "", "Tabac, Rue Neuve 3, 1000 Bruxelles",
    ),
    "Germanized": (
        {"_pickup_location_code": "123", "_pickup_location_address": {
            "company": "Packstation 123", "address_1": "Hauptstr. 1", "postcode": "10115", "city": "Berlin",
        }},
        None, "", "Packstation 123, Hauptstr. 1, 10115 Berlin",
    ),
    "odd values": (
        {"_orddd_timestamp": "soon", "_delivery_date": "2026-13-45", "_myparcel_delivery_options": "{broken",
         "_orddd_time_slot": "select", "_delivery_time_frame": {"time_from": "late"}, "sendcloudshipping_service_point_meta": []},
        None, "", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_delivery_plugin_is_understood(name: str) -> None:
    written, day, hours, point = CASES[name]
    meta = [{"id": n, "key": key, "value": value} for n, (key, value) in enumerate(written.items(), 1)]
    wish = parse_order(an_order(meta_data=meta)).delivery
    assert (wish.day, wish.hours, wish.pick_up_point) == (day, hours, point)


def test_every_key_names_its_plugin() -> None:
    assert all({**DAY_KEYS, **HOURS_KEYS, **POINT_KEYS}.values())


def shipped(meta: dict[str, object], **fields: object) -> dict[int, Decimal]:
    rows = [{"id": n, "key": key, "value": value} for n, (key, value) in enumerate(meta.items(), 1)]
    order = parse_order(an_order(meta_data=rows, **fields))
    return dict(part for shipment in order.shipments for part in shipment.contents)


def line_of_the_example() -> tuple[int, int]:
    line = parse_order(an_order()).lines[0]
    return line.line_id, line.product_id


def test_parcels_of_which_a_plugin_says_what_is_in_them_are_known() -> None:
    line_id, product_id = line_of_the_example()
    by_product = [
        {"tracking_number": "323", "date_shipped": SECONDS, "products_list": [{"product": str(product_id), "qty": "1"}]}
    ]
    by_line = [{"tracking_number": "323", "products_list": [{"product": "9", "item_id": line_id, "qty": 1}]}]
    partial = [
        {"item_id": line_id, "qty": 3, "shipped": 1, "status": "partially-shipped"},
        {"item_id": 999, "shipped": 5},
    ]
    germanized = [
        {"id": 1, "type": "simple", "status": "shipped", "items": [{"order_item_id": line_id, "quantity": 1}]},
        {"id": 2, "type": "simple", "status": "draft", "items": [{"order_item_id": line_id, "quantity": 4}]},
        {"id": 3, "type": "return", "status": "delivered", "items": [{"order_item_id": line_id, "quantity": 1}]},
    ]
    expected = {line_id: Decimal(1)}
    assert shipped({"_wc_shipment_tracking_items": by_product}) == expected
    assert shipped({"_wc_shipment_tracking_items": by_line}) == expected
    assert shipped({"_wxp_shipment": partial}) == expected
    assert shipped({}, shipments=germanized) == expected


def test_a_tracking_number_alone_says_nothing_of_what_left() -> None:
    assert shipped({"_wc_shipment_tracking_items": [{"tracking_number": "323", "tracking_provider": "bpost"}]}) == {}
    assert shipped({"_wc_shipment_tracking_items": "odd", "_wxp_shipment": {"x": "y"}}, shipments="none") == {}
