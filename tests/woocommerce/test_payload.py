"""Bytes of the shop → order: every recording, the traps of the contract, and bodies made to hurt."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.domain.order import LineKind, LineTax, Order, OrderLine, Refund, RefundSummary, TaxRate
from worker.domain.payment import Deposit
from worker.errors import Rejected
from worker.woocommerce import payload
from worker.woocommerce.list_payload import parse_notes, parse_order_list, parse_webhooks
from worker.woocommerce.payload import DeliveryPeek, modified_at, parse_order, peek, shop_error
from worker.woocommerce.refund_payload import parse_refunds

RECORDINGS = Path(__file__).parents[1] / "recordings"


def delivered(name: str) -> bytes:
    """The body of a recorded delivery, byte for byte: "s01-block-checkout-bacs/01"."""
    (file,) = RECORDINGS.glob(f"{name}-order.*.json")
    return str(json.loads(file.read_bytes())["body_text"]).encode()


def fetched(name: str) -> bytes:
    return (RECORDINGS / f"{name}.json").read_bytes()


DELIVERIES = sorted(
    f"{file.parent.name}/{file.name[:2]}" for file in RECORDINGS.glob("s*/*-order.*.json") if file.name[0].isdigit()
)
REST_ORDERS = sorted(
    f"{file.parent.name}/{file.stem}"
    for file in RECORDINGS.glob("s*/rest-order-*.json")
    if not file.stem.endswith(("-notes", "-refunds"))
)
REST_REFUNDS = sorted(f"{file.parent.name}/{file.stem}" for file in RECORDINGS.glob("s*/rest-order-*-refunds.json"))
REST_NOTES = sorted(f"{file.parent.name}/{file.stem}" for file in RECORDINGS.glob("s*/rest-order-*-notes.json"))


def an_order(**changes: Any) -> bytes:
    """The recorded order 238 with *changes*; a change to ... removes the field, "a.0.b" goes down."""
    return _changed(json.loads(delivered("s01-block-checkout-bacs/01")), changes)


def a_refund(**changes: Any) -> bytes:
    """The recorded refund of one mug with *changes*, as the list the shop sends."""
    refunds = json.loads(fetched("s20-refund-partial-lines/rest-order-267-refunds"))
    return b"[" + _changed(refunds[2], changes) + b"]"


def _changed(root: Any, changes: dict[str, Any]) -> bytes:
    for path, value in changes.items():
        *way, last = path.split("__")
        at = root
        for step in way:
            at = at[int(step) if step.isdigit() else step]
        if value is ...:
            del at[last]
        else:
            at[int(last) if last.isdigit() else last] = value
    return json.dumps(root).encode()


# Recordings


@pytest.mark.parametrize("name", DELIVERIES)
def test_every_recorded_delivery_is_an_order_or_a_deletion(name: str) -> None:
    body = delivered(name)
    if "status" not in json.loads(body):
        assert peek(body) == DeliveryPeek(order_id=276, status="", error_code="")
    else:
        assert peek(body).order_id == parse_order(body).order_id


@pytest.mark.parametrize("name", REST_ORDERS)
def test_every_recorded_rest_answer_is_an_order_or_an_error(name: str) -> None:
    body = fetched(name)
    if code := shop_error(body):
        assert code == "woocommerce_rest_shop_order_invalid_id"
    else:
        order = parse_order(body)
        assert sum((refund.amount for refund in order.refunds), Decimal(0)) <= order.total


@pytest.mark.parametrize("name", REST_REFUNDS)
def test_every_recorded_refund_has_the_amount_that_its_order_states(name: str) -> None:
    body, order = fetched(name), fetched(name.removesuffix("-refunds"))
    if shop_error(body) or shop_error(order):
        return
    stated = {refund.refund_id: refund.amount for refund in parse_order(order).refunds}
    assert {refund.refund_id: refund.amount for refund in parse_refunds(body)[0]} == stated


@pytest.mark.parametrize("name", REST_NOTES)
def test_every_recorded_list_of_notes_parses(name: str) -> None:
    body = fetched(name)
    if not shop_error(body):
        assert all(note.note_id and note.text for note in parse_notes(body))


def test_there_are_recordings() -> None:
    assert (len(DELIVERIES), len(REST_ORDERS) > 30) == (105, True)


def test_a_webhook_and_rest_say_the_same_order() -> None:
    """Only the address under which the shop was reached differs (docs/woocommerce-contract.md §5)."""
    sent = parse_order(delivered("s02-classic-checkout-bacs/02"))
    asked = parse_order(fetched("s02-classic-checkout-bacs/rest-order-346"))
    sites = ("http://127.0.0.1:8081", "https://127.0.0.1:8443")
    assert sent.pay_url.removeprefix(sites[0]) == asked.pay_url.removeprefix(sites[1])
    assert json.dumps(sent, default=_without_pay_url) == json.dumps(asked, default=_without_pay_url)


def _without_pay_url(value: Any) -> Any:
    return {k: v for k, v in vars(value).items() if k != "pay_url"} if hasattr(value, "__dict__") else str(value)


# The contract, spot by spot


def test_an_order_of_the_block_checkout() -> None:
    order = parse_order(delivered("s01-block-checkout-bacs/01"))
    moment = datetime(2026, 11, 22, 10, 39, 4, tzinfo=UTC)
    assert (order.order_id, order.number, order.order_key) == (238, "238", "wc_order_1pKk9xyOWJA8x")
    assert (order.status, order.currency, order.total) == ("on-hold", "EUR", Decimal("22.20"))
    assert (order.created_at, order.modified_at, order.paid_at, order.completed_at) == (moment, moment, None, None)
    assert (order.payment_method, order.payment_title) == ("bacs", "Direct bank transfer")
    assert (order.billing.name, order.billing.address.street_2, order.billing.email) == (
        "Jan Janssens", "bus 3", "koper@klant.test",
    )  # fmt: skip
    assert order.lines == (
        OrderLine(
            line_id=18,
            kind=LineKind.PRODUCT,
            name="Koffiemok blauw",
            quantity=Decimal(1),
            subtotal=Decimal("12.40"),
            total=Decimal("12.40"),
            taxes=(LineTax(1, Decimal("2.60")),),
            sku="MUG-1",
            product_id=10,
        ),
        OrderLine(
            line_id=19,
            kind=LineKind.SHIPPING,
            name="Bpost",
            quantity=Decimal(1),
            subtotal=Decimal("5.95"),
            total=Decimal("5.95"),
            taxes=(LineTax(1, Decimal("1.25")),),
            tax_status="taxable",
            method="flat_rate:1",
        ),
    )
    assert order.tax_rates == (TaxRate(1, "BTW BE 21%", Decimal(21), False, Decimal("3.85"), "BE"),)
    assert (order.needs_payment, order.pay_url) == (False, "")  # the shop gives its address and would refuse the money


def test_amounts_are_exact_never_floats() -> None:
    order = parse_order(delivered("s06-fractional-cents/01"))
    amounts = [amount for line in order.lines for amount in (line.quantity, line.subtotal, line.total, line.tax)]
    assert all(type(amount) is Decimal for amount in amounts)


def test_a_variation_has_its_parents_name_and_its_options_unescaped() -> None:
    first, second, _ = parse_order(delivered("s05-variable-product/01")).lines
    assert (first.name, first.options) == ("T-shirt", (("Kleur", "Groen & geel"), ("Maat", "M")))
    assert (second.name, second.options) == ("T-shirt", (("Kleur", "Rood"), ("Maat", "L")))


def test_a_global_attribute_shows_its_term_not_its_slug() -> None:
    meta = {"key": "pa_kleur", "value": "groen-geel", "display_key": "Kleur", "display_value": "Groen &amp; geel"}
    assert parse_order(an_order(line_items__0__meta_data=[meta])).lines[0].options == (("Kleur", "Groen & geel"),)


def test_a_line_that_staff_renamed_keeps_what_they_wrote() -> None:
    body = an_order(
        line_items__0__name="T-shirt, tweede keus",
        line_items__0__parent_name="Hemd",
        line_items__0__variation_id=26,
        line_items__0__meta_data=[{"key": "maat", "value": "M", "display_key": "Maat", "display_value": "M"}],
    )
    assert parse_order(body).lines[0].name == "T-shirt, tweede keus"


@pytest.mark.parametrize(
    ("name", "parent", "options", "shown"),
    [
        ("T-shirt - M, Groen & geel", "T-shirt", {"maat": "M", "kleur": "Groen & geel"}, "T-shirt"),
        ("T-shirt Deluxe editie", "T-shirt", {"maat": "M"}, "T-shirt Deluxe editie"),
        ("T-shirt - M", "T-shirt", {"kleur": "Blauw"}, "T-shirt - M"),
        ("Poster - A3 - mat - zonder kader", "Poster", {"Levering": "di"}, "Poster - A3 - mat - zonder kader"),
        ("T-shirts voor M", "T-shirt", {"maat": "M"}, "T-shirts voor M"),
    ],
)
def test_a_name_is_cut_only_by_what_the_options_repeat(
    name: str, parent: str, options: dict[str, str], shown: str
) -> None:
    meta = [{"key": key, "value": value, "display_key": key, "display_value": value} for key, value in options.items()]
    body = an_order(
        line_items__0__name=name,
        line_items__0__parent_name=parent,
        line_items__0__variation_id=26,
        line_items__0__meta_data=meta,
    )
    assert parse_order(body).lines[0].name == shown


def test_a_variation_without_options_keeps_its_whole_name() -> None:
    body = an_order(
        line_items__0__name="T-shirt - M", line_items__0__parent_name="T-shirt", line_items__0__variation_id=26
    )
    assert parse_order(body).lines[0].name == "T-shirt - M"


def test_hidden_and_structured_line_meta_are_no_options() -> None:
    meta = [
        {"key": "_reduced_stock", "value": "1", "display_key": "_reduced_stock", "display_value": "1"},
        {"key": "choices", "value": {"a": ["b"]}, "display_key": "choices", "display_value": {"a": ["b"]}},
        {"key": "Gravure", "value": 12.5, "display_key": "Gravure", "display_value": "12.5"},
    ]
    assert parse_order(an_order(line_items__0__meta_data=meta)).lines[0].options == (("Gravure", "12.5"),)


def test_coupons_leave_subtotal_before_and_total_after() -> None:
    order = parse_order(delivered("s09-coupons/01"))
    assert order.coupons == ("pct10", "cart5", "prod2")
    assert [(line.subtotal, line.total) for line in order.lines] == [
        (Decimal("37.20"), Decimal("24.48")),
        (Decimal("66.66"), Decimal("53.99")),
        (Decimal("5.95"), Decimal("5.95")),
    ]


def test_fees_are_lines_and_may_be_negative() -> None:
    fees = [line for line in parse_order(delivered("s11-fees/01")).lines if line.kind is LineKind.FEE]
    assert [(fee.name, fee.quantity, fee.subtotal, fee.total, fee.tax) for fee in fees] == [
        ("Verpakking", Decimal(1), Decimal("3.50"), Decimal("3.50"), Decimal("0.74")),
        ("Korting trouwe klant", Decimal(1), Decimal("-5.00"), Decimal("-5.00"), Decimal("-1.05")),
    ]


def test_what_a_rate_charged_includes_shipping() -> None:
    (rate,) = parse_order(delivered("s11-fees/01")).tax_rates
    assert rate.charged == Decimal("6.15")


def test_the_block_checkouts_escaped_address_is_read_once() -> None:
    order = parse_order(delivered("s12-customer-note-unicode/01"))
    assert order.billing.last_name == "O'Brien & Zn"
    assert order.billing.company == 'Çà & Là "BVBA"'
    assert order.billing.address.street == "Straße 5 / 日本 \\ 1"
    assert order.shipping.name == "Łukasz 李 O'Brien & Zn"


def test_other_checkouts_store_addresses_as_typed_and_so_they_are_read() -> None:
    company = "A &amp; B <i>x</i>"
    read = {
        via: parse_order(an_order(created_via=via, billing__company=company)).billing.company
        for via in ("store-api", "checkout", "rest-api", "admin")
    }
    assert read == {"store-api": "A & B <i>x</i>", "checkout": company, "rest-api": company, "admin": company}


def test_an_address_is_unescaped_only_once() -> None:
    body = an_order(created_via="store-api", billing__company="R&amp;amp;D &amp;copy &lt;b&gt;")
    assert parse_order(body).billing.company == "R&amp;D &copy <b>"


def test_the_customers_note_keeps_its_lines_its_emoji_and_its_backslashes() -> None:
    order = parse_order(delivered("s12-customer-note-unicode/01"))
    assert order.customer_note == 'Regel 1\nRegel 2\nvet 😀 "quote" \\back\\ &'


def test_a_product_name_is_what_the_shop_page_shows() -> None:
    names = [line.name for line in parse_order(delivered("s12-customer-note-unicode/01")).lines]
    assert names[:2] == ["Bold & name", 'Boek: "De Ąžūró" & Co']


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Kabel <3 m & adapter <USB-C>", "Kabel <3 m & adapter <USB-C>"),
        ("Boek over &lt;b&gt;", "Boek over <b>"),
        ("H<sub>2</sub>O", "H2O"),
        ("Regel<br />twee", "Regel twee"),
        ("A&nbsp;B&#8211;C &euro;5", "A B–C €5"),
        ("R&D &copy 2026", "R&D &copy 2026"),
        ("<img src=x onerror=alert(1)>Mok", "Mok"),
        ("a < b en c > d", "a < b en c > d"),
    ],
)
def test_names_lose_markup_but_no_text(stored: str, shown: str) -> None:
    assert parse_order(an_order(line_items__0__name=stored)).lines[0].name == shown


def test_an_endless_name_of_open_tags_takes_no_time() -> None:
    assert parse_order(an_order(line_items__0__name="<script>" * 200_000)).lines[0].name == ""


@pytest.mark.parametrize(
    ("order_id", "key", "given"),
    [
        (254, "_billing_vat_number", "BE0123456749"),
        (255, "_vat_number", "BE0123456749"),
        (256, "_billing_eu_vat_number", "BE0123456749"),
        (257, "billing_vat", "BE 0123.456.749"),
        (258, "_billing_vat", "FR40303265045"),
        (259, "vat_number", "NL123456782B90"),
        (260, "_billing_btw_nummer", "BE0123456749"),
        (261, "_vat_number_is_validated", ""),
    ],
)
def test_the_vat_number_is_found_where_plugins_put_it(order_id: int, key: str, given: str) -> None:
    body = fetched(f"s14-vat-meta-keys/rest-order-{order_id}")
    assert f'"{key}"'.encode() in body
    assert parse_order(body).vat_number_given == given


def test_the_block_checkouts_vat_field_is_found_billing_first() -> None:
    assert parse_order(delivered("s15-additional-checkout-fields/01")).vat_number_given == "BE0123456749"


@pytest.mark.parametrize(
    ("key", "is_vat"),
    [
        ("_wc_billing/shop/vat-number", True),
        ("_wc_other/shop/customer-vat", True),
        ("_wc_other/shop/btw_nummer", True),
        ("_wc_billing/shop/numero-tva", True),
        ("_wc_billing/shop/ust-id", True),
        ("_wc_billing/shop/vatnumber", True),
        ("_wc_shipping/shop/vat", True),
        ("_wc_other/shop/po-number", False),
        ("_wc_other/vat/po-number", False),
        ("_wc_other/shop/vat-exempt", False),
        ("_wc_other/shop/private", False),
        ("_Billing VAT-number", True),
        ("_vat_number_is_validated", False),
        ("vat_rate", False),
    ],
)
def test_a_meta_key_that_looks_like_a_vat_number_is_one(key: str, is_vat: bool) -> None:
    body = an_order(meta_data=[{"key": key, "value": "BE0123456749"}])
    assert parse_order(body).vat_number_given == ("BE0123456749" if is_vat else "")


def test_yes_is_no_vat_number_and_the_billing_number_comes_before_the_shipping_one() -> None:
    body = an_order(
        meta_data=[
            {"key": "vat_number", "value": "yes"},
            {"key": "_wc_shipping/x/vat", "value": "BE0999999922"},
            {"key": "_vat_number", "value": ["BE1"]},
            {"key": "_billing_vat", "value": " BE0123456749 "},
        ]
    )
    assert parse_order(body).vat_number_given == "BE0123456749"


def test_vat_exemption_is_said_by_the_order() -> None:
    exempt = parse_order(delivered("s35-vat-exempt-b2b/02"))
    assert (exempt.vat_exempt, exempt.lines[0].taxes) == (True, ())
    assert not parse_order(delivered("s01-block-checkout-bacs/01")).vat_exempt


def test_the_language_is_what_the_translation_plugin_wrote() -> None:
    assert parse_order(fetched("s29-locale-meta/rest-order-282")).language_hint == "fr"
    metas = [{"key": "_lang", "value": "de_DE"}, {"key": "trp_language", "value": "fr_FR"}]
    assert parse_order(an_order(meta_data=metas)).language_hint == "fr_FR"
    assert parse_order(delivered("s01-block-checkout-bacs/01")).language_hint == ""


def test_a_paid_and_completed_order_says_when() -> None:
    order = parse_order(delivered("s44-classic-unicode-cod-completed/03"))
    moment = datetime(2026, 11, 22, 11, 11, 2, tzinfo=UTC)
    assert (order.paid_at, order.completed_at) == (moment, moment)


def test_refunds_of_an_order_are_positive_and_newest_first() -> None:
    assert parse_order(fetched("s20-refund-partial-lines/rest-order-267")).refunds == (
        RefundSummary(270, Decimal("74.50"), "rest"),
        RefundSummary(269, Decimal("5.00"), "goodwill"),
        RefundSummary(268, Decimal("15.00"), "1 mok kapot"),
    )


def test_a_refunds_line_is_positive_and_names_the_line_it_takes_back() -> None:
    (rest, goodwill, mug), _ = parse_refunds(fetched("s20-refund-partial-lines/rest-order-267-refunds"))
    assert (rest.lines, goodwill.lines) == ((), ())
    assert mug == Refund(
        refund_id=268,
        amount=Decimal("15.00"),
        reason="1 mok kapot",
        created_at=datetime(2026, 11, 22, 10, 40, 30, tzinfo=UTC),
        lines=(
            OrderLine(
                line_id=125,
                kind=LineKind.PRODUCT,
                name="Koffiemok blauw",
                quantity=Decimal(1),
                subtotal=Decimal("12.40"),
                total=Decimal("12.40"),
                taxes=(LineTax(1, Decimal("2.60")),),
                sku="MUG-1",
            ),
        ),
    )


def test_refunded_shipping_and_fees_are_lines_too() -> None:
    def line(line_id: int, of: int, total: str, tax: str, **more: str) -> dict[str, Any]:
        meta = [{"key": "_refunded_item_id", "value": str(of)}]
        return {"id": line_id, "total": total, "taxes": [{"id": 1, "total": tax}], "meta_data": meta, **more}

    body = a_refund(
        fee_lines=[line(901, 73, "5.00", "1.05", name="Korting"), line(902, 72, "-3.50", "-0.74", name="Verpakking")],
        shipping_lines=[line(903, 71, "-5.95", "", method_title="Bpost")],
    )
    _, discount, packing, shipping = parse_refunds(body)[0][0].lines
    assert [(one.line_id, one.kind, one.quantity, one.total, one.tax) for one in (discount, packing, shipping)] == [
        (73, LineKind.FEE, Decimal(1), Decimal("-5.00"), Decimal("-1.05")),
        (72, LineKind.FEE, Decimal(1), Decimal("3.50"), Decimal("0.74")),
        (71, LineKind.SHIPPING, Decimal(1), Decimal("5.95"), Decimal(0)),
    ]


def test_money_given_back_on_a_line_alone_has_quantity_nought() -> None:
    (line,) = parse_refunds(a_refund(line_items__0__quantity=0))[0][0].lines
    assert (str(line.quantity), line.total) == ("0", Decimal("12.40"))


def test_minus_nought_of_php_is_nought() -> None:
    assert str(parse_order(an_order(total="-0.00")).total) == "0.00"


@pytest.mark.parametrize("recorded", ["s40", "s13-foreign-addresses/01", "s26-other-currency/01"])
def test_other_countries_and_currencies_parse(recorded: str) -> None:
    if recorded == "s40":
        order = parse_order(an_order(total="66", line_items__0__total="37.200", currency="JPY"))
        assert (str(order.total), str(order.lines[0].total)) == ("66", "37.200")
    else:
        assert parse_order(delivered(recorded)).currency in ("EUR", "USD", "GBP")


def test_a_number_given_by_a_plugin_is_not_the_id() -> None:
    order = parse_order(an_order(number="2026/0238-A"))
    assert (order.order_id, order.number) == (238, "2026/0238-A")


# Tolerated oddities, each met in the wild


def test_a_php_list_with_a_hole_is_still_a_list() -> None:
    lines = json.loads(delivered("s09-coupons/01"))["line_items"]
    body = an_order(line_items={"0": lines[0], "2": lines[1]})
    assert len(parse_order(body).lines) == 3


def test_an_empty_php_array_is_an_empty_object() -> None:
    assert parse_order(an_order(shipping=[])).shipping.name == ""


def test_fields_that_older_versions_lack_may_be_absent() -> None:
    body = an_order(payment_url=..., shipping__phone=..., line_items__0__parent_name=..., refunds=..., meta_data=...)
    assert parse_order(body).pay_url == ""


def test_numbers_that_a_plugin_made_of_amounts_are_amounts() -> None:
    body = an_order(total=22.2, line_items__0__total="12.4", line_items__0__quantity="2.5")
    order = parse_order(body)
    assert (order.total, order.lines[0].quantity) == (Decimal("22.2"), Decimal("2.5"))


def test_a_byte_order_mark_before_the_json_does_no_harm() -> None:
    assert parse_order(b"\xef\xbb\xbf" + an_order()).order_id == 238


def test_what_no_document_may_hold_is_left_out_of_texts() -> None:
    body = an_order(created_via="store-api", billing__company="A\x00B\x0b\ud800C&#1;D\ufffe", customer_note="a\r\nb\rc")
    order = parse_order(body)
    assert (order.billing.company, order.customer_note) == ("ABCD", "a\nb\nc")


def test_a_pay_link_is_a_web_address_or_none() -> None:
    assert parse_order(an_order(needs_payment=True, payment_url="javascript:alert(1)")).pay_url == ""
    assert parse_order(an_order(needs_payment=True, payment_url="https://x.test/pay")).pay_url == "https://x.test/pay"


@pytest.mark.parametrize("needs_payment", [False, None, "yes", ...])
def test_without_need_of_payment_there_is_no_pay_link(needs_payment: object) -> None:
    assert parse_order(an_order(needs_payment=needs_payment)).pay_url == ""


def meta(key: str, value: object) -> dict[str, object]:
    return {"meta_data": [{"id": 1, "key": key, "value": value}]}


@pytest.mark.parametrize(
    ("written", "cards"),
    [
        ({"gift_cards": [{"id": 3, "code": "ABCD-1234-EFGH-5678", "amount": 25.0}]}, [("25.00", "…5678")]),
        ({"pw_gift_cards_redeemed": [{"number": "GIFT-9", "amount": "12.50"}]}, [("12.50", "…FT-9")]),
        (
            meta("_ywgc_applied_gift_cards", {"YWGC-0001": 10, "YWGC-0002": "2.5"}),
            [("10.00", "…0001"), ("2.50", "…0002")],
        ),
        (meta("smart_coupons_contribution", {"credit-x1y2": 5}), [("5.00", "…x1y2")]),
        (meta("_via_wallet_payment", "10"), [("10.00", "")]),
        (meta("_via_wallet_payment", "0.00"), []),
        (meta("_ywgc_applied_gift_cards", []), []),
        (meta("_ywgc_applied_gift_cards", {"A": None, "B": [1], "C": "much", "D": -3}), []),
        (
            {
                "coupon_lines": [
                    {
                        "code": "credit-x1y2",
                        "discount": "5.00",
                        "discount_tax": "0.00",
                        "discount_type": "smart_coupon",
                    },
                    {"code": "NAJAAR10", "discount": "1.00", "discount_tax": "0.21", "discount_type": "percent"},
                ]
            },
            [("5.00", "…x1y2")],
        ),
        ({"gift_cards": "none"}, []),
        ({"gift_cards": [{"amount": "NaN"}, 7, {"code": ["x"], "amount": 10**12}]}, []),
    ],
)
def test_gift_cards_are_read_wherever_their_plugins_write_them(
    written: dict[str, object], cards: list[tuple[str, str]]
) -> None:
    found = parse_order(an_order(**written)).gift_cards
    assert [(str(card.amount), card.code) for card in found] == cards


def metas(said: dict[str, object]) -> list[dict[str, object]]:
    return [{"id": n, "key": key, "value": value} for n, (key, value) in enumerate(said.items(), 1)]


@pytest.mark.parametrize("plugin", ["_wc_deposits", "_awcdp_deposits"])
@pytest.mark.parametrize(
    ("said", "deposit"),
    [
        ({"order_has_deposit": "yes"}, Deposit()),
        ({"order_has_deposit": "yes", "deposit_paid": "yes", "deposit_amount": "300"}, Deposit(Decimal("300.00"))),
        ({"order_has_deposit": "yes", "deposit_paid": "yes", "deposit_amount": "300.005"}, Deposit(Decimal("300.01"))),
        ({"order_has_deposit": "yes", "deposit_paid": "yes", "deposit_amount": "30 %"}, Deposit()),
        ({"order_has_deposit": "yes", "deposit_paid": "no", "deposit_amount": "300"}, Deposit(Decimal("0.00"))),
        ({"order_has_deposit": "yes", "second_payment_paid": "yes", "deposit_amount": "300"}, None),
        ({"order_has_deposit": "no", "deposit_amount": "300"}, None),
        ({}, None),
    ],
)
def test_a_deposit_and_what_came_in_of_it_is_known_until_the_rest_is_paid(
    plugin: str, said: dict[str, object], deposit: Deposit | None
) -> None:
    meta_data = metas({f"{plugin}_{key}": value for key, value in said.items()})
    assert parse_order(an_order(meta_data=meta_data)).deposit == deposit


@pytest.mark.parametrize(
    ("said", "deposit"),
    [
        ({"_is_deposit": "yes", "_deposit_full_amount": "1210"}, Deposit(line_ids=(1,), full_price=Decimal("1210.00"))),
        ({"_is_deposit": "yes"}, Deposit(line_ids=(1,))),
        ({"_deposit": "1", "_deposit_value": "100", "_deposit_balance": "900"}, Deposit(line_ids=(1,))),
        ({"_is_deposit": "yes", "_original_order_id": 237}, None),  # a payment of the plan that follows
        ({"_is_deposit": "no"}, None),
    ],
)
def test_an_order_of_the_deposit_alone_is_known_by_its_lines(said: dict[str, object], deposit: Deposit | None) -> None:
    order = parse_order(an_order(line_items__0__meta_data=metas(said)))
    line_id = order.lines[0].line_id
    assert order.deposit == (replace(deposit, line_ids=(line_id,)) if deposit else None)


# Refusals


def test_a_refusal_names_the_order_the_field_the_value_and_what_to_do() -> None:
    with pytest.raises(Rejected) as refused:
        parse_order(an_order(total="abc"))
    assert refused.value.code == "bad_field"
    assert str(refused.value.message) == (
        "Order 238: “total” is “abc”, not an amount. Correct the order in WooCommerce and save it again; if the field "
        "looks right there, a plugin changes what the shop sends."
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ...}, "“id” is missing"),
        ({"id": "x"}, "“id” is “x”"),
        ({"id": 0}, "“id” is “0”"),
        ({"id": True}, "“id” is true"),
        ({"id": 10**40}, "“id” is a number out of bounds"),
        ({"id": -1}, "“id” is “-1”"),
        ({"status": ...}, "“status” is missing"),
        ({"status": ""}, "“status” is empty"),
        ({"currency": "€"}, "“currency” is “€”"),
        *(
            ({"currency": code}, f"“currency” is “{code}”")
            for code in ("XXX", "XTS", "XAU", "CLF", "UYW", "BTC", "QQQ", "eur")
        ),
        ({"total": ...}, "“total” is missing"),
        ({"total": None}, "“total” is empty"),
        ({"total": ""}, "“total” is empty"),
        ({"total": "12,50"}, "“total” is “12,50”"),
        ({"total": "1_0"}, "“total” is “1_0”"),
        ({"total": "٣"}, "“total” is “٣”"),
        ({"total": True}, "“total” is true"),
        ({"total": []}, "“total” is a list"),
        ({"total": "1e99"}, "“total” is “1e99”"),
        ({"total": "9" * 29}, "“total” is “999"),
        ({"total": 10**30}, "“total” is a number out of bounds"),
        ({"total": "1e-30"}, "“total” is “1e-30”"),
        ({"total": "NaN"}, "“total” is “NaN”"),
        ({"total": float("nan")}, "“total” is “NaN”"),
        ({"total": float("-inf")}, "“total” is “-Infinity”"),
        ({"prices_include_tax": "yes"}, "“prices_include_tax” is “yes”"),
        ({"date_created_gmt": None}, "“date_created_gmt” is empty"),
        ({"date_created_gmt": "2026-02-30T10:00:00"}, "“date_created_gmt” is “2026-02-30T10:00:00”"),
        ({"date_paid_gmt": "gisteren"}, "“date_paid_gmt” is “gisteren”"),
        ({"date_paid_gmt": "2026-11-22T10:00:00+01:00"}, "“date_paid_gmt” is “2026-11-22T10:00:00+01:00”"),
        ({"customer_note": {"a": 1}}, "“customer_note” is an object"),
        ({"billing": "Jan"}, "“billing” is “Jan”"),
        ({"billing": ...}, "“billing” is missing"),
        ({"billing__city": ["Gent"]}, "“billing.city” is a list"),
        ({"line_items": ...}, "“line_items” is missing"),
        ({"line_items": {"a": {}}}, "“line_items” is an object"),
        ({"line_items__0": 5}, "“line_items[0]” is “5”"),
        ({"line_items__0__total": "x"}, "“line_items[0].total” is “x”"),
        ({"line_items__0__quantity": ...}, "“line_items[0].quantity” is missing"),
        ({"line_items__0__taxes": [{"id": 1, "total": "x"}]}, "“line_items[0].taxes[0].total” is “x”"),
        ({"shipping_lines__0__id": None}, "“shipping_lines[0].id” is empty"),
        ({"tax_lines": ...}, "“tax_lines” is missing"),
        ({"tax_lines__0__rate_percent": "x"}, "“tax_lines[0].rate_percent” is “x”"),
        ({"tax_lines__0__rate_id": 1.5}, "“tax_lines[0].rate_id” is “1.5”"),
        ({"tax_lines__0__compound": 0}, "“tax_lines[0].compound” is “0”"),
        ({"refunds": [{"id": 1}]}, "“refunds[0].total” is missing"),
        ({"meta_data": "x"}, "“meta_data” is “x”"),
    ],
)
def test_a_wrong_field_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_order(an_order(**changes))
    assert field in str(refused.value.message)
    assert refused.value.code == "bad_field"


def test_a_refund_whose_line_names_no_line_of_the_order_is_read_without_it() -> None:
    (refund,), _ = parse_refunds(a_refund(line_items__0__meta_data=[]))
    assert [line.line_id for line in refund.lines] == [0]


def test_a_refund_that_cannot_be_read_leaves_the_others() -> None:
    wrong, right = json.loads(a_refund(date_created_gmt=None))[0], json.loads(a_refund(id=269))[0]
    refunds, unread = parse_refunds(json.dumps([wrong, right]).encode())
    assert [refund.refund_id for refund in refunds] == [269]
    (error,) = unread
    assert str(error.message).startswith("Refund 268: “date_created_gmt” is ")
    assert str(error.message).endswith("make it again, or credit the invoice by hand.")


CUT_OFF = "What the shop sent (bytes: {}) cannot be read as an order: it is cut off, or no answer of WooCommerce."
TOO_DEEP = "What the shop sent (bytes: {}) cannot be read as an order: it is nested too deeply."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", CUT_OFF),
        (b"webhook_id=12", CUT_OFF),
        (an_order()[:1000], CUT_OFF),
        (b'{"id": 1, "status": "\xff\xfe"}', CUT_OFF),
        (b"[" * 100_000, TOO_DEEP),
        (b'{"a":' * 100_000, TOO_DEEP),
        (b"9" * 5000, CUT_OFF),
        (b"[]", "The shop sent a list where an order was expected."),
        (b"null", "The shop sent empty where an order was expected."),
        (b'"x"', "The shop sent “x” where an order was expected."),
    ],
)
def test_what_is_no_order_at_all_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_order(body)
    assert (refused.value.code, str(refused.value.message)) == ("not_an_order", message.format(len(body)))


def test_a_field_said_twice_is_refused() -> None:
    body = an_order().replace(b'"total":', b'"total": "1.00", "total":', 1)
    with pytest.raises(Rejected, match=r"^What the shop sent says “total” twice") as refused:
        parse_order(body)
    assert refused.value.code == "bad_field"


def test_a_number_beyond_decimal_is_refused_where_it_stands() -> None:
    body = an_order(total=12345).replace(b"12345", b"1e999999999999999999999")
    with pytest.raises(Rejected, match="“total” is “Infinity”"):
        parse_order(body)


def test_such_a_number_in_a_field_that_nobody_reads_is_let_through() -> None:
    body = an_order(line_items__0__price=12345).replace(b"12345", b"NaN")
    assert parse_order(body).order_id == 238


def test_a_signed_error_is_refused_under_the_shops_own_code() -> None:
    body = b'{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot view this.","data":{"status":401}}'
    with pytest.raises(Rejected) as refused:
        parse_order(body)
    assert refused.value.code == "shop_error:woocommerce_rest_cannot_view"
    assert str(refused.value.message) == "The shop sent an error instead of an order: Sorry, you cannot view this."
    with pytest.raises(Rejected) as refused:
        parse_refunds(body)
    assert refused.value.code == "shop_error:woocommerce_rest_cannot_view"


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b'{"id":276}', DeliveryPeek(276, "", "")),
        (b'{"id":7,"status":"await-ship"}', DeliveryPeek(7, "await-ship", "")),
        (
            b'{"code":"woocommerce_rest_cannot_view","message":"No"}',
            DeliveryPeek(None, "", "woocommerce_rest_cannot_view"),
        ),
        (b'{"id":"7","status":3}', DeliveryPeek(None, "", "")),
        (b'{"id":true}', DeliveryPeek(None, "", "")),
        (b'{"id":7,"status":"x","code":"y"}', DeliveryPeek(7, "x", "")),
        (
            b'{"id":7,"status":"x","date_modified_gmt":"2026-11-23T09:00:00"}',
            DeliveryPeek(7, "x", "", "2026-11-23T09:00:00"),
        ),
    ],
)
def test_a_peek_sees_what_routing_needs(body: bytes, seen: DeliveryPeek) -> None:
    assert peek(body) == seen


def test_a_delivery_says_when_its_order_had_changed_whatever_else_is_wrong_with_it() -> None:
    told = b'{"id":7,"date_modified_gmt":"2026-11-23T09:00:00","total":"much"}'
    assert modified_at(told) == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert modified_at(b'{"id":276}') is None
    for wrong in (b'{"id":7,"date_modified_gmt":"yesterday"}', b"<html>"):
        with pytest.raises(Rejected):
            modified_at(wrong)


def test_only_an_error_is_an_error() -> None:
    assert shop_error(an_order()) is None
    assert shop_error(b"<html>") is None
    assert shop_error(b"[]") is None


# Whatever comes

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RECORDED = json.loads(delivered("s09-coupons/01")) | {"refunds": [{"id": 1, "reason": "", "total": "-1.00"}]}


def _ways(value: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for key, element in inner for found in _ways(element, (*way, key)))]


def _with(value: Any, way: tuple[str | int, ...], new: Any) -> Any:
    if not way:
        return new
    copy: Any = value.copy()
    copy[way[0]] = _with(value[way[0]], way[1:], new)
    return copy


def _outcome(parse: Callable[[bytes], object], body: bytes) -> object:
    """What *parse* makes of the body, or the refusal; everything else it may raise is a bug and goes through."""
    try:
        return parse(body)
    except Rejected as refused:
        return refused


def _parses_or_is_refused(body: bytes) -> None:
    outcome = _outcome(parse_order, body)
    if isinstance(outcome, Rejected):
        assert outcome.code.startswith(("bad_field", "not_an_order", "shop_error:"))
        assert len(str(outcome.message)) < 500
    else:
        assert isinstance(outcome, Order)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(_ways(RECORDED)[1:]), ANYTHING), min_size=1, max_size=3))
def test_an_order_with_anything_anywhere_parses_or_is_refused(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    body = RECORDED
    for way, new in changes:
        try:
            body = _with(body, way, new)
        except (AttributeError, KeyError, IndexError, TypeError):
            continue  # an earlier change has taken this place away
    _parses_or_is_refused(json.dumps(body).encode())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_parse_or_are_refused(body: bytes) -> None:
    _parses_or_is_refused(body)
    for parse in (parse_refunds, parse_notes, parse_order_list, parse_webhooks, payload.peek):
        _outcome(parse, body)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(an_order())), st.binary(max_size=4))
def test_a_damaged_body_parses_or_is_refused(at: int, damage: bytes) -> None:
    body = an_order()
    _parses_or_is_refused(body[:at] + damage + body[at + len(damage) :])


def one_meta(key: str, value: object) -> list[dict[str, object]]:
    return [{"id": 1, "key": key, "value": value}]


@pytest.mark.parametrize(
    ("what_the_shop_sends", "part"),
    [
        ({}, "whole"),
        ({"created_via": "dokan"}, "whole"),  # Dokan's own sale of a subscription to a vendor
        ({"meta_data": one_meta("has_sub_order", "1")}, "main"),
        ({"meta_data": one_meta("has_sub_order", True)}, "main"),
        ({"meta_data": one_meta("has_sub_order", "")}, "whole"),
        ({"meta_data": one_meta("has_wcmp_sub_order", "1")}, "main"),
        ({"meta_data": one_meta("has_mvx_sub_order", "1")}, "main"),
        ({"meta_data": one_meta("has_multivendorx_sub_order", "1")}, "main"),
        ({"parent_id": 237, "created_via": "dokan"}, "suborder"),
        ({"parent_id": 237, "created_via": "dokan", "meta_data": one_meta("has_sub_order", "1")}, "suborder"),
        ({"parent_id": 237, "created_via": "wcmp_vendor_order"}, "suborder"),
        ({"parent_id": 237, "created_via": "mvx_vendor_order"}, "suborder"),
        ({"parent_id": 237, "created_via": "yith_wcmv_vendor_suborder"}, "suborder"),
        ({"parent_id": 237, "created_via": "wc_deposits"}, "balance"),
        ({"parent_id": 237, "created_via": "yith_wcdp_balance_order"}, "balance"),
        ({"parent_id": 237, "meta_data": one_meta("_has_full_payment", "1")}, "balance"),
        ({"parent_id": 237, "line_items__0__meta_data": one_meta("_original_order_id", 237)}, "balance"),
        ({"parent_id": 237, "created_via": "checkout"}, "child"),
        ({"parent_id": "237", "created_via": "dokan"}, "whole"),
        ({"parent_id": None, "created_via": "dokan"}, "whole"),
    ],
)
def test_an_order_tells_which_part_of_a_sale_it_is(what_the_shop_sends: dict[str, Any], part: str) -> None:
    assert parse_order(an_order(**what_the_shop_sends)).sale_part == part


WP_OVERNIGHT = "PDF Invoices & Packing Slips (WP Overnight)"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({"_wcpdf_invoice_number": "240"}, (WP_OVERNIGHT, "240")),
        ({"_wcpdf_invoice_number": 240}, (WP_OVERNIGHT, "240")),
        ({"_wcpdf_invoice_number": "240", "_wcpdf_formatted_invoice_number": "2026-0240"}, (WP_OVERNIGHT, "2026-0240")),
        (
            {
                "_wcpdf_invoice_number_data": {"number": 240, "formatted_number": "INV-240"},
                "_wcpdf_invoice_number": "240",
            },
            (WP_OVERNIGHT, "INV-240"),
        ),
        ({"_wcpdf_invoice_number_data": {"number": 240, "formatted_number": None}}, None),
        ({"_bewpi_invoice_number": "182"}, ("Invoices for WooCommerce (Bas Elbers)", "182")),
        ({"wf_invoice_number": "WF-19700"}, ("PDF Invoices (WebToffee)", "WF-19700")),
        ({"_ywpi_invoice_number": "7", "_ywpi_invoice_formatted_number": "Y/7"}, ("YITH PDF Invoices", "Y/7")),
        ({"_wc_gzdp_latest_invoice_number": "RE-2026-7"}, ("Germanized Pro", "RE-2026-7")),
        ({"_wp_wc_running_invoice_number": "R7"}, ("German Market", "R7")),
        ({"_lexoffice_invoice_number": "RE0007"}, ("lexoffice (German Market)", "RE0007")),
        ({"_pip_invoice_number": "P-7"}, ("Print Invoices & Packing Lists (SkyVerge)", "P-7")),
        ({"_wcj_invoicing_invoice_number_id": "11485"}, ("Booster for WooCommerce", "11485")),
        ({"_invoice_number_display": "INV7"}, ("PDF Invoices (Andrew Benbow)", "INV7")),
        ({"_wcpdf_invoice_number": ""}, None),
        ({"_wcpdf_invoice_number": "0"}, None),
        ({"_wcpdf_invoice_number": None}, None),
        ({"_wcpdf_invoice_number": ["240"]}, None),
        ({"_wcpdf_invoice_number": "yes"}, None),
        ({"_order_number": "240"}, None),
    ],
)
def test_the_number_of_another_invoice_plugin_is_recognised(
    written: dict[str, Any], found: tuple[str, str] | None
) -> None:
    meta_data = [{"id": index, "key": key, "value": value} for index, (key, value) in enumerate(written.items(), 1)]
    other = parse_order(an_order(meta_data=meta_data)).other_invoice
    assert (other and (other.plugin, other.number)) == found


@pytest.mark.parametrize(
    ("noted", "verdict"),
    [("valid", "valid"), ("not-valid", "invalid"), ("could-not-be-validated", ""), ("no-number", ""), ("1", "valid")],
)
def test_what_a_plugin_noted_of_the_vat_number_is_read(noted: str, verdict: str) -> None:
    order = parse_order(an_order(meta_data=[{"id": 1, "key": "_vat_number_validated", "value": noted}]))
    assert order.vat_number_shop_says == verdict


@pytest.mark.parametrize(
    ("key", "is_told"), [("_tribe_has_tickets", True), ("WooCommerceEventsOrderTickets", True), ("_tickets", False)]
)
def test_a_plugin_that_sells_tickets_to_an_event_says_so_of_the_order(key: str, is_told: bool) -> None:
    assert parse_order(an_order(meta_data=one_meta(key, "1"))).sells_tickets is is_told
