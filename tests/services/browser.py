"""Chromium as the machine has it, driven by Playwright; nothing is downloaded and nothing beyond loopback is reached."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.services.process import executable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = (
    "--headless",
    "--no-sandbox",  # root in a container has no namespace of its own to put it in
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A page that fetches a font or a script from elsewhere shows in the tests, as it would behind a hospital's firewall.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser."""
    return executable("chromium", "chromium-browser", "google-chrome", package="chromium")


# Not for the whole session: while it lives, Playwright's loop makes asyncio.run() impossible in every other test.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator["Browser"]:
    """A browser for the tests of one file."""
    from playwright.sync_api import sync_playwright  # half a second nobody else should wait for

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A page of its own: no cookies, no history."""
    with browser.new_context() as context:
        yield context.new_page()
