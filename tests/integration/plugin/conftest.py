"""A shop with the plugin."""

from collections.abc import Iterator

import pytest

from tests.support.pretend_plugin import SECRET, PretendPlugin, pretend_plugin
from tests.support.system import System
from worker.plugin import sync
from worker.store import plugins
from worker.store.plugins import NewPlugin


@pytest.fixture
def shop_plugin(system: System) -> Iterator[PretendPlugin]:
    with pretend_plugin() as pretend:
        with system.services.store.write() as connection:
            plugin_id = plugins.connect(
                connection,
                system.services.encryption,
                NewPlugin(shop_id=system.shop_id, secret=SECRET, site=pretend.url, version="0.1.0"),
                now=system.clock.now,
            )
        sync.check(system.services, plugin_id)
        pretend.told.clear()
        yield pretend
