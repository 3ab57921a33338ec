"""A page that looks again by itself does not take anything out of the hands of who is at work in it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bridge

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

HOME = "http://koffiepot.test"
WAITS = '<section id="check" data-refresh="5" data-then="/next">not connected yet</section>'
IS_THERE = '<section id="check">connected</section>'
PAGE = """<!doctype html><main>{part}<form method="post" action="/key"><input name="rest_key">
<button type="submit">Save the key and connect</button></form></main><script src="/pages.js"></script>"""
SCRIPT = Path(bridge.__file__).parent / "static" / "pages.js"


@pytest.fixture
def waiting(page: "Page") -> "Page":
    """The page of a connection that comes about at the first look after it."""

    def answer(route: "Route") -> None:
        request = route.request
        path = request.url.removeprefix(HOME)
        if path == "/pages.js":
            route.fulfill(body=SCRIPT.read_text(encoding="utf-8"), content_type="text/javascript")
        elif path == "/connection":
            part = IS_THERE if request.headers.get("x-refresh") else WAITS
            route.fulfill(body=PAGE.format(part=part), content_type="text/html")
        elif path == "/key":  # the page to which it leads is not there yet
            route.fulfill(status=204)
        else:
            route.fulfill(body=path, content_type="text/html")

    page.clock.install()
    page.route("**/*", answer)
    page.goto(f"{HOME}/connection")
    return page


def test_a_page_that_nobody_works_in_goes_on_by_itself(waiting: "Page") -> None:
    with waiting.expect_navigation(url=f"{HOME}/next"):
        waiting.clock.run_for(5000)


def test_a_page_in_which_something_was_typed_stays(waiting: "Page") -> None:
    waiting.locator("input").fill("ck_mine")
    waiting.locator("input").blur()
    waiting.clock.run_for(5000)

    # It says all the same that what it waited for is there.
    waiting.get_by_text("connected", exact=True).wait_for()
    assert (waiting.url, waiting.locator("input").input_value()) == (f"{HOME}/connection", "ck_mine")


def test_a_form_that_is_on_its_way_is_not_overtaken(waiting: "Page") -> None:
    asked: list[str] = []
    waiting.on("request", lambda request: asked.append(request.url.removeprefix(HOME)))
    with waiting.expect_request(f"{HOME}/key"):
        waiting.evaluate("document.querySelector('form').requestSubmit()")
    waiting.clock.run_for(11000)

    assert asked == ["/key"]
