"""`facturelay shop invite`: a code for the shop's plugin."""

import re
from collections.abc import Callable

import pytest

from tests.cli.conftest import Facturelay, ShopAtHand


def test_a_code_is_shown_once_with_where_to_paste_it(
    make_shop: Callable[..., ShopAtHand], facturelay: Facturelay
) -> None:
    answer = facturelay("shop", "invite", make_shop().shop_id)

    assert answer.code == 0
    assert re.search(r"code     [2-9A-HJKMNP-Z]{5}(-[2-9A-HJKMNP-Z]{5}){3}\n", answer.out)
    assert "WooCommerce → Settings → Facturelay" in answer.out


def test_two_codes_are_never_alike(make_shop: Callable[..., ShopAtHand], facturelay: Facturelay) -> None:
    shop_id = make_shop().shop_id

    codes = [facturelay("shop", "invite", shop_id, "--json").json["code"] for _ in range(2)]

    assert codes[0] != codes[1]


@pytest.mark.usefixtures("sqlite_url")
def test_an_unknown_shop_gets_no_code(facturelay: Facturelay) -> None:
    answer = facturelay("shop", "invite", "nobody")

    assert (answer.code, answer.err.rstrip()[-14:]) == (1, "[shop_unknown]")
