"""What the owner says that a field holds counts before what is found by itself; he chooses from what his orders have."""

import json
from datetime import date

import pytest

from tests.support.factories import a_shop
from tests.woocommerce.test_payload import an_order
from worker.domain.own_field import Holds
from worker.domain.settings_form import WrongSettings, apply_settings, settings_as_text
from worker.woocommerce.own_fields import SeenField, parse_seen_fields, read_own_day
from worker.woocommerce.payload import parse_order

META = [
    {"id": 1, "key": "_billing_vat_number", "value": "BE0477472701"},
    {"id": 2, "key": "_klantcode_b2b", "value": " BE 0403.170.701 "},
    {"id": 3, "key": "_wc_other/acme/dossier", "value": "D-2026/14"},
    {"id": 4, "key": "_extra", "value": {"levering": {"datum": "3/12/2026"}, "peppol": "0208:0403170701"}},
    {"id": 5, "key": "_afhalen_bij", "value": "Bakkerij Peeters,\nGent"},
    {"id": 6, "key": "_uur", "value": "tussen 14 en 16 u"},
]
OWN = {
    "_klantcode_b2b": Holds.VAT_NUMBER,
    "_wc_other/acme/dossier": Holds.PURCHASE_ORDER,
    "_extra.peppol": Holds.PEPPOL_ADDRESS,
    "_EXTRA.levering.datum": Holds.DELIVERY_DAY,
    "_afhalen_bij": Holds.PICK_UP_POINT,
    "_uur": Holds.DELIVERY_HOURS,
}


def test_what_the_owner_says_counts_before_what_is_found() -> None:
    body = an_order(meta_data=META)
    found, told = parse_order(body), parse_order(body, OWN)
    assert (found.vat_number_given, found.purchase_order) == ("BE0477472701", "")
    assert (told.vat_number_given, told.purchase_order) == ("BE 0403.170.701", "D-2026/14")
    assert told.peppol_address_given == "0208:0403170701"
    assert (told.delivery.day, told.delivery.hours) == (date(2026, 12, 3), "tussen 14 en 16 u")
    assert told.delivery.pick_up_point == "Bakkerij Peeters, Gent"


@pytest.mark.parametrize(
    ("key", "value", "country", "number"),
    [
        ("_billing_wooccm12", "0403.170.701", "BE", "BE0403170701"),
        ("_klantcode", "btw 0403170701", "BE", "BE0403170701"),
        ("_extra", {"company": {"code": "BE 0403 170 701"}}, "BE", "BE0403170701"),
        ("_klantcode", "DE136695976", "DE", "DE136695976"),
        ("_klantcode", "DE136695976", "BE", ""),  # of another country
        ("_klantcode", "136695976", "DE", ""),  # one number of nine digits in ten would be right
        ("_klantcode", "BE0403170702", "BE", ""),
        ("_sent", "1764400009", "BE", ""),  # an instant; one second in 97 has right check digits
        ("_mobile_phone", "0477472701", "BE", ""),
        ("_vendor_code", "BE0403170701", "BE", ""),
        ("_stripe_customer", "BE0403170701", "BE", ""),
        ("_po_number", "BE0403170701", "BE", ""),  # read, as another thing
    ],
)
def test_a_vat_number_in_a_field_that_nobody_named_is_seen(key: str, value: object, country: str, number: str) -> None:
    body = an_order(meta_data=[{"id": 1, "key": key, "value": value}], billing__country=country)
    order = parse_order(body)
    assert [one.vat_number for one in order.unread_numbers] == [number] * bool(number)
    assert order.vat_number_given == ""
    for one in order.unread_numbers:
        assert parse_order(body, {one.field: Holds.VAT_NUMBER}).vat_number_given
        assert not parse_order(body, {one.field: Holds.NOTHING}).unread_numbers


def test_what_the_owner_says_to_hold_nothing_is_read_as_nothing() -> None:
    body = an_order(meta_data=META)
    told = parse_order(body, {"_billing_vat_number": Holds.NOTHING, "_extra.peppol": Holds.NOTHING})
    assert (parse_order(body).vat_number_given, told.vat_number_given) == ("BE0477472701", "")
    assert (parse_order(body).peppol_address_given, told.peppol_address_given) == ("0208:0403170701", "")


def test_an_empty_field_of_the_shops_own_leaves_what_is_found() -> None:
    for nothing in ("", "nvt", "-"):
        meta = [META[0], {"id": 2, "key": "_klantcode_b2b", "value": nothing}]
        assert parse_order(an_order(meta_data=meta), OWN).vat_number_given == "BE0477472701"
        assert parse_order(an_order(meta_data=meta[1:]), OWN).vat_number_given == ""
    assert parse_order(an_order(), OWN).vat_number_given == parse_order(an_order()).vat_number_given


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-03", date(2026, 12, 3)), ("3-12-2026", date(2026, 12, 3)), ("03/12/2026 om 14 u", date(2026, 12, 3)),
        ("1796256000", date(2026, 12, 3)), ("20261203", date(2026, 12, 3)), ("31/02/2026", None), ("morgen", None), ("", None),
    ],
)  # fmt: skip
def test_a_day_is_read_as_people_write_it(text: str, day: date | None) -> None:
    assert read_own_day(text) == day


def test_the_owner_chooses_from_the_fields_of_the_shops_orders() -> None:
    hidden = [
        {"id": 8, "key": "_wc_order_attribution_source", "value": "google"},
        {"id": 9, "key": "is_vat_exempt", "value": "no"},
    ]
    orders = [json.loads(an_order(meta_data=[*META, *hidden])), json.loads(an_order(meta_data=META[:2]))]
    found = {one.field: one for one in parse_seen_fields(iter([json.dumps(orders).encode()]))}
    assert found["_klantcode_b2b"] == SeenField("_klantcode_b2b", "BE 0403.170.701", 2, None)
    assert found["_billing_vat_number"].usual is Holds.VAT_NUMBER
    assert found["_extra.levering.datum"].example == "3/12/2026"
    assert found["_extra.peppol"].usual is Holds.PEPPOL_ADDRESS
    assert not {"_wc_order_attribution_source", "is_vat_exempt"} & set(found)
    assert next(iter(found.values())).usual is not None


def test_the_setting_is_read_back_as_it_is_shown_and_refused_with_what_may_be_chosen() -> None:
    text = "_klantcode_b2b=vat_number\n_wc_other/acme/dossier=purchase_order"
    shop = apply_settings(a_shop(), {"orders.own_fields": text})
    assert settings_as_text(shop)["orders.own_fields"] == text
    for wrong in ("_klantcode_b2b", "=vat_number", "_klantcode_b2b=shoe_size"):
        with pytest.raises(WrongSettings, match="does not say what a field holds"):
            apply_settings(a_shop(), {"orders.own_fields": wrong})
