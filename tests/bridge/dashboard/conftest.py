import pytest

from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from worker.store.users import Role


@pytest.fixture
def owner(app: BridgeApp) -> Visitor:
    return signed_in(app, "owner@shop.example", roles={SHOP: Role.ADMIN})
