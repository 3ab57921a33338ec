"""Which orders a rule is for. A new condition is a row in both tables: one order that meets it, one that does not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.factories import SINCE, TODAY, a_line, a_shop, an_order, shipping
from worker.domain.decide import decide_documents, evaluate_rules
from worker.domain.document import History
from worker.domain.mail_holds import compile_hold_rules
from worker.domain.order import Order, SalePart, SaleSum
from worker.domain.shop import DocumentedOrders, OrderSettings

D = Decimal
WINE = a_line("10.00", name="Wijn", product_id=7, categories=("Wijn", "Rood"), line_id=1)
CHEESE = a_line(
    "10.00", "6", name="Kaas", product_id=8, categories=("Brood, taart",), tax_class="reduced-rate", line_id=2
)
BPOST = replace(shipping(), name="Bpost thuis", method="flat_rate:3")
ORDER = an_order(WINE, CHEESE, BPOST, paid=True, coupons=("Zomer10",))


def judged(condition: str, order: Order = ORDER) -> str:
    (result,) = evaluate_rules(order, a_shop(f"invoice:paid:send:{condition}"), TODAY)
    return result.code


@pytest.mark.parametrize(
    "condition",
    [
        "category=wijn", 'category="Brood, taart"', "category=Bier|Rood", "category=Wij*", "tax_class=standard",
        "tax_class=Reduced rate", "shipping=flat_rate", "shipping=flat_rate:3", "shipping=bpost thuis", "shipping=Bpost*",
        "coupon=ZOMER10", "coupon=zomer*|winter*", "order=online", "order=pos|online", "category=Wijn,coupon=*,tax_class=standard",
    ],
)  # fmt: skip
def test_an_order_that_meets_the_condition_is_invoiced(condition: str) -> None:
    assert judged(condition) == "fired"


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("category=Bier", "condition_category"), ("category=Wij", "condition_category"), ("tax_class=zero-rate", "condition_tax_class"),
        ("shipping=local_pickup", "condition_shipping"), ("shipping=flat_rate:4", "condition_shipping"),
        ("coupon=winter*", "condition_coupon"), ("order=suborder", "condition_order_kind"), ("order=staff|pos", "condition_order_kind"),
    ],
)  # fmt: skip
def test_an_order_that_does_not_says_what_it_has(condition: str, code: str) -> None:
    assert judged(condition) == code


def test_the_reason_names_both_sides() -> None:
    (result,) = evaluate_rules(ORDER, a_shop("invoice:paid:send:category=Bier|Water"), TODAY)
    assert (
        str(result.message)
        == "The rule is for the category “Bier”, “Water”; the order has “Wijn”, “Rood”, “Brood, taart”."
    )
    (result,) = evaluate_rules(replace(ORDER, coupons=()), a_shop("invoice:paid:send:coupon=*"), TODAY)
    assert str(result.message) == "The rule is for the coupon “*”; the order has none."


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("online", {"created_via": "store-api"}), ("staff", {"created_via": "admin"}), ("pos", {"created_via": "woocommerce-pos"}),
        ("renewal", {"created_via": "subscription"}), ("program", {"created_via": "rest-api"}), ("program", {"created_via": ""}),
        ("main", {"sale_part": SalePart.MAIN}), ("balance", {"sale_part": SalePart.BALANCE, "parent_id": 9}),
        ("online", {"sale_part": SalePart.MAIN}),
    ],
)  # fmt: skip
def test_each_kind_of_order_is_told(kind: str, fields: dict[str, object]) -> None:
    assert judged(f"order={kind}", replace(ORDER, **fields)) == "fired"  # type: ignore[arg-type]  # fields by name


def test_a_category_that_is_not_known_yet_decides_nothing() -> None:
    unknown = an_order(replace(WINE, categories=None), CHEESE, paid=True)
    assert judged("category=Wijn", unknown) == "category_unknown"
    assert judged('category="Brood, taart"', unknown) == "fired"
    gone = an_order(replace(WINE, categories=None, product_id=0), paid=True)
    assert judged("category=Wijn", gone) == "condition_category"


def test_what_the_plugin_cannot_judge_holds_no_mail_back() -> None:
    held = compile_hold_rules(a_shop("invoice:paid:send:category=Wijn"), can_mail=True).mails
    assert not any("invoice" in str(one.kind) for mail, found in held.items() for one in found)
    assert compile_hold_rules(a_shop("invoice:paid:send:country=BE"), can_mail=True).mails["customer_processing_order"]


SUBORDERS = a_shop("invoice:paid:send", orders=OrderSettings(SINCE, documented=DocumentedOrders.SUBORDERS))


@pytest.mark.parametrize(
    ("suborders", "codes"),
    [
        (("60.50", "36.30"), []),
        (("60.50", "36.29"), []),
        (("60.50",), ["suborders_do_not_add_up"]),
        (("96.80", "36.30"), ["suborders_do_not_add_up"]),
        ((), []),
    ],
)
def test_suborders_that_do_not_add_up_to_their_sale_wait_with_both_figures(
    suborders: tuple[str, ...], codes: list[str]
) -> None:
    found = SaleSum("4052", D("96.80"), tuple(map(D, suborders)))
    order = an_order(a_line("50.00"), paid=True, parent_id=4052, sale_part=SalePart.SUBORDER, sale_sum=found)
    (draft,) = decide_documents(order, (), History(), SUBORDERS, TODAY).drafts
    assert [problem.code for problem in draft.problems] == codes
    assert all(problem.asks for problem in draft.problems)
    main = an_order(a_line("80.00"), paid=True, sale_part=SalePart.MAIN, sale_sum=found)
    flags = decide_documents(main, (), History(), SUBORDERS, TODAY).flags
    assert [flag.code for flag in flags] == codes
    if codes and len(suborders) == 1:
        assert "is of 96.80 EUR, but its suborders come to 60.50 EUR: 36.30 EUR" in str(draft.problems[0].message)
