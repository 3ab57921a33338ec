import pytest

from tests.support.bridge_app import BridgeApp
from tests.support.plugin_requests import connect, invite


@pytest.fixture
def connected(app: BridgeApp) -> BridgeApp:
    invite(app)
    assert connect(app).status_code == 200
    return app
