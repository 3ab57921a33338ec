"""The lists of a busy shop: what is wrong in its row, found, sorted, and many done at once."""

import html

import pytest

from tests.support import busy_shop
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from worker.store.users import Role


@pytest.fixture
def busy(app: BridgeApp) -> BridgeApp:
    busy_shop.fill(app, orders_=6, failed=4, drafts_=4)
    return app


@pytest.fixture
def owner(busy: BridgeApp) -> Visitor:
    return signed_in(busy, "owner@shop.example", roles={SHOP: Role.ADMIN})


def shown(visitor: Visitor, path: str) -> str:
    return html.unescape(visitor.get(f"/s/{SHOP}{path}").text)


def test_the_list_of_orders_says_which_mail_was_refused_and_why(owner: Visitor) -> None:
    orders = shown(owner, "/orders")
    assert orders.count("Mail failed: The mail server refused") == 4
    assert "F2026-00001: Mail failed" in orders
    assert "F2026-00005: Mail failed" not in orders
