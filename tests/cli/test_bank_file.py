"""`facturelay bank-file`: what a bank file brings, by the references of the shop's own documents."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.conftest import ShopAtHand
from tests.support.issued import a_draft
from worker.domain.document import Draft, Kind, PaymentInstructions

MakeShop = Callable[..., ShopAtHand]
SAMPLES = Path(__file__).parent.parent / "payments" / "bank_files"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def unpaid(order_id: int, reference: str, total: str, kind: Kind = Kind.INVOICE) -> Draft:
    amount = Decimal(total)
    return replace(
        a_draft(order_id, kind=kind),
        paid_on=None,
        payment=PaymentInstructions(reference, "BE71096123456769"),
        total=amount,
        net=amount,
        vat=Decimal(0),
        vat_lines=(),
        rounding=Decimal(0),
        lines=(),
    )


@pytest.fixture
def shop(make_shop: MakeShop) -> ShopAtHand:
    shop = make_shop()
    shop.issued(unpaid(238, "012000023883", "15.00"), now=NOW)
    shop.issued(unpaid(242, "012000024287", "45.01", Kind.ORDER_CONFIRMATION), now=NOW)
    return shop


def test_lines_are_told_with_the_orders_that_they_pay(shop: ShopAtHand) -> None:
    told = shop.facturelay("bank-file", shop.shop_id, str(SAMPLES / "coda" / "1-exact.cod"), "--json").json

    assert told["kind"] == "CODA"
    assert [(line["verdict"], line["orders"]) for line in told["lines"]] == [
        ("paid", [{"order": 238, "amount": "15.00"}]),
        ("paid", [{"order": 242, "amount": "45.01"}]),
        ("unknown", []),
        ("money_out", []),
    ]


def test_what_was_read_is_counted_once_and_a_check_counts_nothing(shop: ShopAtHand) -> None:
    file = str(SAMPLES / "coda" / "1-exact.cod")
    checked = shop.facturelay("bank-file", shop.shop_id, file, "--check", "--json").json
    first = shop.facturelay("bank-file", shop.shop_id, file, "--json").json
    again = shop.facturelay("bank-file", shop.shop_id, file)

    assert checked == first
    assert again.out.strip() == "This CODA file has no new lines; 4 were read before."


def test_the_table_says_it_in_words(shop: ShopAtHand) -> None:
    answer = shop.facturelay("bank-file", shop.shop_id, str(SAMPLES / "camt053" / "3-amounts.xml"))

    assert answer.code == 0
    assert "names no order" in answer.out
    assert "paid" in answer.out
    assert "typing error" in answer.out


def test_a_file_of_another_account_is_refused_by_name(shop: ShopAtHand) -> None:
    shop.changed("seller.iban=BE68539007547034")

    answer = shop.facturelay("bank-file", shop.shop_id, str(SAMPLES / "coda" / "1-exact.cod"))

    assert answer.code == 1
    assert "BE71096123456769" in answer.err
    assert "[bank_file_of_other_account]" in answer.err
