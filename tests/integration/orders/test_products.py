"""Whether a line is goods or a service comes from the shop's products, asked for once; no order waits for that."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.support.system import System
from worker.demo.faults import ServerFault
from worker.demo.orders import Payload
from worker.demo.pretend_shop import a_product, a_variation, an_order
from worker.domain.rules import Rule
from worker.domain.shop import VatSettings
from worker.store.database.tables import products
from worker.store.shops import Secrets

GERMAN_NUMBER = "DE136695976"
EBOOK, MUG, TEE, TEE_PDF = 17, 10, 24, 26
NOWHERE = dict.fromkeys(
    ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country", "phone"),
    "",
)


def sold(*product_ids: int, country: str, order_id: int = 1001) -> Payload:
    """An untaxed order of *product_ids*, made by hand: only the products say what was sold."""
    number = {"_billing_vat_number": GERMAN_NUMBER} if country == "DE" else {}
    lines = [(f"Product {one}", "", 1, "20.00", None) for one in product_ids]
    return an_order(
        id=order_id,
        lines=lines,
        products=product_ids,
        shipping=None,
        country=country,
        postcode="10115",
        company="Käufer GmbH",
        metas=number,
        created_via="admin",
    )


def sold_at_checkout(*product_ids: int) -> Payload:
    """As the checkout leaves an order of which nothing must be sent."""
    return {**sold(*product_ids, country="DE"), "created_via": "checkout", "shipping": NOWHERE}


def categories(system: System, order: Payload) -> list[str]:
    return [str(line.category) for line in system.arrives(order)[-1].draft.lines]


def product_calls(system: System) -> list[str]:
    return [call.path.removeprefix("/wp-json/wc/v3/") for call in system.shop.calls if "/products" in call.path]


@pytest.fixture
def stocked(system: System) -> System:
    system.shop.stock(
        a_product(EBOOK, "E-book", virtual=True, downloadable=True, categories=("Boeken", "E-books")),
        a_product(MUG),
        a_product(TEE, "T-shirt", variations=(25, TEE_PDF)),
        a_variation(25, TEE),
        a_variation(TEE_PDF, TEE, virtual=True, downloadable=True),
    )
    return system


@pytest.mark.parametrize(
    ("product_id", "country", "category"), [(EBOOK, "DE", "AE"), (MUG, "DE", "K"), (EBOOK, "US", "O"), (MUG, "US", "G")]
)
@pytest.mark.parametrize("sells_services", [True, False])
def test_a_service_is_told_from_goods_by_the_shops_product(
    stocked: System, product_id: int, country: str, category: str, *, sells_services: bool
) -> None:
    stocked.change_shop(vat=VatSettings(sells_services=sells_services))
    assert categories(stocked, sold(product_id, country=country)) == [category]


@pytest.mark.each_database
def test_goods_and_services_of_one_order_are_told_apart(stocked: System) -> None:
    assert categories(stocked, sold(EBOOK, MUG, country="DE")) == ["AE", "K"]


@pytest.mark.each_database
def test_a_variation_says_for_itself_whether_it_is_sent(stocked: System) -> None:
    order = sold(TEE, TEE, country="DE")
    order["line_items"][0]["variation_id"], order["line_items"][1]["variation_id"] = 25, TEE_PDF
    assert categories(stocked, order) == ["K", "AE"]
    assert product_calls(stocked) == ["products", f"products/{TEE}/variations"]


def test_a_product_is_asked_for_once_and_again_after_a_week(stocked: System) -> None:
    stocked.arrives(sold(EBOOK, country="DE"))
    stocked.arrives(sold(EBOOK, country="DE", order_id=1002))
    assert product_calls(stocked) == ["products"]
    stocked.clock.move(days=8)
    stocked.shop.stock(a_product(EBOOK, "Boek"))
    assert categories(stocked, sold(EBOOK, country="DE", order_id=1003)) == ["K"]
    assert product_calls(stocked) == ["products"] * 2


def test_what_a_product_is_filed_under_is_kept(stocked: System) -> None:
    stocked.arrives(sold(EBOOK, country="DE"))
    with stocked.services.store.read() as connection:
        rows = connection.execute(select(products.c.product_id, products.c.categories)).all()
    assert [tuple(row) for row in rows] == [(EBOOK, '["Boeken", "E-books"]')]


@pytest.mark.parametrize(
    "fault", [ServerFault(status=403), ServerFault(status=500), ServerFault(html=True), ServerFault(cut=True)]
)
def test_a_shop_that_does_not_tell_its_products_holds_no_order_up(stocked: System, fault: ServerFault) -> None:
    stocked.shop.faults.next(replace(fault, path="/products"), times=9)
    assert categories(stocked, sold_at_checkout(EBOOK)) == ["AE"]  # nothing was to be sent: the order itself shows it
    asked = len(product_calls(stocked))
    assert categories(stocked, sold(EBOOK, country="DE", order_id=1002)) == ["K"]  # nothing but the owner's setting
    assert len(product_calls(stocked)) == asked


def test_what_was_known_counts_while_the_shop_does_not_answer(stocked: System) -> None:
    stocked.arrives(sold(EBOOK, country="DE"))
    stocked.clock.move(days=8)
    stocked.shop.faults.next(ServerFault(status=500, path="/products"), times=9)
    assert categories(stocked, sold(EBOOK, country="DE", order_id=1002)) == ["AE"]
    stocked.shop.faults.next(ServerFault(status=503), times=40)
    assert categories(stocked, sold(EBOOK, country="DE", order_id=1003)) == ["AE"]


def test_a_deleted_product_is_not_asked_for_with_each_order(stocked: System) -> None:
    for order_id in (1001, 1002):
        assert categories(stocked, sold(99, country="DE", order_id=order_id)) == ["K"]
    assert product_calls(stocked) == ["products"]
    stocked.clock.move(hours=2)
    stocked.arrives(sold(99, country="DE", order_id=1003))
    assert product_calls(stocked) == ["products"] * 2


def test_without_a_key_the_order_itself_has_to_do(stocked: System) -> None:
    stocked.change_secrets(replace(Secrets(("5f" * 25,)), rest_key="", rest_secret=""))
    assert categories(stocked, sold_at_checkout(EBOOK)) == ["AE"]
    assert product_calls(stocked) == []


def test_a_rule_for_a_category_asks_the_shop_which_products_are_in_it(stocked: System) -> None:
    stocked.change_shop(rules=(Rule.parse("invoice:paid:send:category=Boeken"),))
    assert stocked.arrives(sold(MUG, country="BE")) == ()
    assert stocked.trail(1001).order.rule_results[0].code == "condition_category"  # type: ignore[union-attr]
    (book,) = stocked.arrives(sold(EBOOK, country="BE", order_id=1002))
    assert book.draft.kind == "invoice"


def test_a_rule_for_a_category_waits_for_a_shop_that_does_not_tell(stocked: System) -> None:
    stocked.change_shop(rules=(Rule.parse("invoice:paid:send:category=Boeken"),))
    stocked.shop.faults.next(ServerFault(status=500, path="/products"), times=9)
    assert stocked.arrives(sold(EBOOK, country="BE")) == ()
    assert stocked.outcomes() == [("waiting", "category_unknown")]
    stocked.shop.faults.clear()
    stocked.clock.move(hours=2)
    stocked.work()
    assert [made.draft.kind for made in stocked.documents(1001)] == ["invoice"]


@pytest.mark.parametrize(("first", "made"), [("await-ship", ["invoice"]), ("processing", [])])
def test_categories_that_come_late_find_the_status_in_which_the_order_waited_for_them(
    stocked: System, first: str, made: list[str]
) -> None:
    stocked.change_shop(rules=(Rule.parse("invoice:status=await-ship:send:category=Boeken"),))
    stocked.shop.faults.next(ServerFault(status=500, path="/products"), times=9)
    stocked.arrives({**sold(EBOOK, country="BE"), "status": first})
    stocked.clock.move(seconds=11)
    stocked.arrives({**sold(EBOOK, country="BE"), "status": "completed"})
    stocked.shop.faults.clear()
    stocked.clock.move(hours=2)
    stocked.work()
    assert [one.draft.kind for one in stocked.documents(1001)] == made


def test_a_product_that_the_shop_no_longer_has_is_in_no_category(stocked: System) -> None:
    stocked.change_shop(rules=(Rule.parse("invoice:paid:send:category=Boeken"),))
    assert stocked.arrives(sold(99, country="BE")) == ()
    assert stocked.outcomes() == [("done", "condition_category")]
