"""`facturelay documents list`: whose document it is, the id that the other commands take, and filters."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.cli.conftest import ShopAtHand
from tests.support.issued import a_draft
from worker.domain.document import Kind, PaymentInstructions

MakeShop = Callable[..., ShopAtHand]


def at(day: int) -> datetime:
    return datetime(2026, 11, day, 9, 0, tzinfo=UTC)


@pytest.fixture
def shop(make_shop: MakeShop) -> ShopAtHand:
    """Three documents of November: an invoice, a delivery note, an invoice."""
    made = make_shop()
    for day, kind in ((3, Kind.INVOICE), (5, Kind.DELIVERY_NOTE), (9, Kind.INVOICE)):
        draft = replace(a_draft(230 + day, kind=kind), paid_on=None, payment=PaymentInstructions())
        made.issued(draft, now=at(day))
    return made


def listed(shop: ShopAtHand, *options: str) -> list[int]:
    return [one["order_id"] for one in shop.facturelay("documents", "list", *options, "--json").json]


FILTERED: tuple[tuple[tuple[str, ...], list[int]], ...] = (
    ((), [233, 235, 239]),
    (("--shop", "Gist"), [233, 235, 239]),
    (("--kind", "invoice"), [233, 239]),
    (("--from", "2026-11-05"), [235, 239]),
    (("--to", "2026-11-05"), [233, 235]),
    (("--from", "2026-11-04", "--to", "2026-11-08"), [235]),
    (("--limit", "2"), [235, 239]),
    (("--order", "235", "--limit", "2"), [235]),
    (("--kind", "credit_note"), []),
)


def test_a_list_holds_what_the_filters_name_oldest_first(shop: ShopAtHand) -> None:
    assert [(options, listed(shop, *options)) for options, _ in FILTERED] == list(FILTERED)


def test_unpaid_invoices_leave_the_list_when_they_are_paid(shop: ShopAtHand) -> None:
    assert listed(shop, "--unpaid") == [233, 239]

    [first, _] = shop.facturelay("documents", "list", "--unpaid", "--json").json
    assert shop.facturelay("documents", "paid", str(first["document_id"])).code == 0

    assert listed(shop, "--unpaid") == [239]
    shop.facturelay("documents", "not-paid", str(first["document_id"]))
    assert listed(shop, "--unpaid") == [233, 239]


def test_each_row_names_its_shop_and_the_id_that_other_commands_take(shop: ShopAtHand) -> None:
    head, *rows = (line.split() for line in shop.facturelay("documents", "list").out.splitlines())
    assert head[:3] == ["id", "number", "shop"]
    ids = [one["document_id"] for one in shop.facturelay("documents", "list", "--json").json]
    assert [(int(row[0]), row[2]) for row in rows] == [(one, "Gist") for one in ids]


def test_a_list_of_nothing_says_so(make_shop: MakeShop) -> None:
    shop = make_shop()
    assert shop.facturelay("documents", "list").out.startswith("There are no documents yet")
    assert shop.facturelay("documents", "list", "--unpaid").out == "No document is like that.\n"
