"""The customer's link to an order's documents: only the shop's own plugin can make it, and for its own orders."""

from datetime import UTC, datetime

import pytest

from tests.services.wordpress import PHP_TESTS
from worker.net import order_link
from worker.net.order_link import OrderLink

KEYS = ("k" * 32, "old" * 12)
SHOP = "a1" * 12
LINK = OrderLink(SHOP, 238, datetime.fromtimestamp(1795000000, UTC), order_link.digest_of("wc_order_abc"))


def token(secret_key: str = KEYS[0], link: OrderLink = LINK) -> str:
    return order_link.sign(order_link.key_of_shop(secret_key, SHOP), link)


@pytest.mark.parametrize("secret_key", KEYS, ids=["newest", "older"])
def test_what_was_signed_by_a_key_of_ours_is_read(secret_key: str) -> None:
    link = order_link.read(KEYS, token(secret_key))

    assert link == LINK
    assert (link.is_of("wc_order_abc"), link.is_of("wc_order_abd")) == (True, False)


@pytest.mark.parametrize(
    "given",
    [
        token("foreign" * 5),
        token().replace("-238-", "-239-"),
        token().replace("-1795000000-", "-1895000000-"),
        token().replace(SHOP, "b1" * 12),
        token()[:-1],
        token() + "0",
        token().upper(),
        "",
        "x",
        f"{SHOP}-{'9' * 30}-1-{'0' * 16}-{'0' * 32}",
    ],
)
def test_whatever_else_is_none(given: str) -> None:
    assert order_link.read(KEYS, given) is None


def test_a_year_that_no_calendar_has_is_none() -> None:
    assert order_link.read(KEYS, f"{SHOP}-1-99999999999999-{'0' * 16}-{'0' * 32}") is None


def test_one_shops_key_makes_no_link_of_another_shop() -> None:
    foreign = OrderLink("b1" * 12, 238, LINK.expires_at, LINK.key_digest)

    assert order_link.read(KEYS, order_link.sign(order_link.key_of_shop(KEYS[0], SHOP), foreign)) is None


def test_the_plugin_writes_the_same_token() -> None:
    php = (PHP_TESTS / "Documents" / "OrderLinkTest.php").read_text()

    assert f"'{order_link.sign('7e' * 32, LINK)}'" in php
