"""Made-up orders add up and have the shape of real ones."""

import json
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.demo.orders import a_refund, an_order

RECORDED = json.loads(
    (Path(__file__).parent.parent / "recordings/s17-pending-processing-completed/rest-order-264.json").read_text()
)

LINES = st.lists(
    st.tuples(
        st.just("Mok"),
        st.just("MUG-1"),
        st.integers(1, 9),
        st.decimals("0.01", "999.99", places=3),
        st.sampled_from(["21", "12", "6", "0", "5.5", None]),
    ),
    min_size=1,
    max_size=6,
)


def test_the_plain_order_is_a_mug_and_its_postage() -> None:
    order = an_order()

    assert (order["total"], order["total_tax"], order["shipping_tax"]) == ("22.20", "3.85", "1.25")


def test_an_order_has_every_field_a_real_one_has() -> None:
    assert set(an_order()) == set(RECORDED) - {"_links"}
    assert set(an_order()["line_items"][0]) == set(RECORDED["line_items"][0])
    assert set(an_order()["tax_lines"][0]) == set(RECORDED["tax_lines"][0])


@settings(max_examples=60, deadline=None)
@given(lines=LINES, shipping=st.sampled_from([None, "0", "5.95"]))
def test_totals_of_any_order_add_up(
    lines: list[tuple[str, str, int, Decimal, str | None]], shipping: str | None
) -> None:
    order = an_order(lines=lines, shipping=shipping, fees=[("Korting", "-0.50", "21")])

    items = [*order["line_items"], *order["shipping_lines"], *order["fee_lines"]]
    net = sum(Decimal(item["total"]) for item in items)
    tax = sum(Decimal(item["total_tax"]) for item in items)
    by_rate = sum(Decimal(t["tax_total"]) + Decimal(t["shipping_tax_total"]) for t in order["tax_lines"])
    assert Decimal(order["total"]) == net + tax
    assert Decimal(order["total_tax"]) == tax == by_rate


def test_a_refund_of_a_line_takes_back_its_share_with_the_vat() -> None:
    order = an_order(lines=[("Mok", "MUG-1", 3, "12.40", "21")], shipping=None)

    refund = a_refund(order, id=2001, lines={order["line_items"][0]["id"]: 1}, reason="kapot")

    item = refund["line_items"][0]
    assert (refund["amount"], item["quantity"], item["total"], item["total_tax"]) == ("15.00", -1, "-12.40", "-2.60")
    assert item["meta_data"][0]["value"] == str(order["line_items"][0]["id"])


def test_a_refund_of_an_amount_has_no_lines() -> None:
    refund = a_refund(an_order(), id=2001, amount="5")

    assert (refund["amount"], refund["line_items"], refund["tax_lines"]) == ("5.00", [], [])
