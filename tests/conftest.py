"""What every test may ask for. Nothing here is slow to import: most runs need none of the services."""

import gc
import importlib.metadata
import os
import signal
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A machine that is busy makes no claim false: an example takes the time it takes.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Their assertions say as much as those of the tests that call them.
pytest.register_assert_rewrite("tests.support")

pytest_plugins = [
    "tests.services.brokers",
    "tests.services.browser",
    "tests.services.mariadb",
    "tests.services.postgres",
    "tests.services.databases",  # after the one it imports
    "tests.services.wordpress",
]

# A test that asks for one of these is marked by that alone, so that nobody can forget it.
MARKER_OF = {
    "browser": "browser",
    "chromium": "browser",
    "emptied_databases": "postgres",
    "mariadb": "wordpress",
    "postgres": "postgres",
    "redis_server": "redis",
    "wordpress": "wordpress",
    "wordpress_site": "wordpress",
}
# Where several processes share the tests, files that hold one of these begin first, and of their like those with most tests:
# none may be what all others wait for.
LONGEST = ("chaos", "wordpress", "browser", "slow")


# Werkzeug reads its own version anew for every server, and a test of the whole system starts three.
importlib.metadata.version = cache(importlib.metadata.version)

# No test asks the real VIES, whatever it reads its settings from.
os.environ.setdefault("FACTURELAY_VIES_URL", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The switch of make golden."""
    parser.addoption(
        "--update-golden", action="store_true", help="write what came out into tests/golden instead of comparing"
    )


def pytest_configure() -> None:
    """Let a polite kill of pytest stop the services too, as Ctrl-C does; that itself is ignored where a shell put us behind it."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.default_int_handler)


# First: -m must see these markers when it decides what to leave out.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the suites whose services it uses; with several processes, put the longest files first."""
    for item in items:
        for marker in {MARKER_OF[name] for name in getattr(item, "fixturenames", ()) if name in MARKER_OF}:
            item.add_marker(marker)
    if os.environ.get("PYTEST_XDIST_WORKER"):
        rank_of: dict[Path, int] = {}
        for item in items:
            rank_of[item.path] = min(rank(item), rank_of.get(item.path, len(LONGEST)))
        size_of = Counter(item.path for item in items)
        items.sort(key=lambda item: (rank_of[item.path], -size_of[item.path]))


def pytest_collection() -> None:
    """Spare the collector ten thousand tests and all their modules: they stay to the end anyway."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def rank(item: pytest.Item) -> int:
    return next((place for place, marker in enumerate(LONGEST) if item.get_closest_marker(marker)), len(LONGEST))


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written rather than compared."""
    return bool(request.config.getoption("--update-golden"))
