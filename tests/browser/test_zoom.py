"""At 200 % a desk of 1,440 pixels has the room of 720: nothing is cut, nothing lies over something else, nothing moves sideways."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.browser.conftest import sign_in
from tests.support import busy_shop
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.every_page import every_page
from worker.store.database.tables import users

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOT_PAGES = ("/metrics", "/health", "/ready", "/static", "/api", "/webhooks", "/sign-out")
# Texts that their box cuts off without an ellipsis, and words and fields that lie over each other.
CUT = """() => {
    const shown = one => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && one.getClientRects().length && !one.closest(".hidden, .skip, [aria-hidden=true], .day-box, svg, .list thead");
    const cut = [...document.querySelectorAll("main *, header *")].filter(shown).filter(one => {
        const style = getComputedStyle(one);
        return ["hidden", "clip"].includes(style.overflowX) && style.textOverflow !== "ellipsis" && style.webkitLineClamp === "none" && one.scrollWidth > one.clientWidth + 1;
    }).map(one => `cut: ${one.className} ${one.textContent.trim().slice(0, 40)}`);
    const wide = [...document.querySelectorAll("main *")].filter(shown).filter(one =>
        one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".topics, .tabs, pre")).map(one => `beyond: ${one.tagName} ${one.textContent.trim().slice(0, 40)}`);
    const solid = [...document.querySelectorAll("main :is(a, button, input, select, textarea, summary, h1, h2, label)")].filter(shown)
        .filter(one => !one.closest(".thumbnail, .pick")).map(one => [one, boxes(one)]);
    const over = solid.flatMap(([one, mine], place) => solid.slice(place + 1, place + 12).filter(([other, others]) =>
        !one.contains(other) && !other.contains(one) && mine.some(a => others.some(b =>
            Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3))
    ).map(([other]) => `over: ${one.textContent.trim().slice(0, 30)} / ${other.textContent.trim().slice(0, 30)}`));
    function boxes(one) {  // of a link its words: it may be as high as a finger
        if (one.matches("input, select, textarea, button, .button, .quiet")) return [...one.getClientRects()];
        const words = document.createRange();
        words.selectNodeContents(one);
        return [...words.getClientRects()];
    }
    return [...cut, ...wide, ...over, ...(document.documentElement.scrollWidth > document.documentElement.clientWidth + 1 ? ["sideways"] : [])];
}"""


@pytest.mark.slow
def test_at_twice_the_size_every_page_can_be_read_whole(served: BridgeApp, page: "Page") -> None:
    page.set_viewport_size({"width": 720, "height": 450})
    sign_in(served, page)
    with served.store.write() as connection:
        connection.execute(update(users).values(language="fr"))
    paths = dict.fromkeys(every_page(served.client.application, SHOP, order_id=busy_shop.FIRST, document_id=1))
    wrong: dict[str, list[str]] = {}
    seen = 0
    for path in (path for path in paths if not path.startswith(NOT_PAGES) and "." not in path.rpartition("/")[2]):
        if "?" in path:
            continue
        address = f"{served.settings.public_url}{path}"
        answer = page.request.get(address)
        if not answer.ok or "html" not in answer.headers.get("content-type", ""):
            continue
        page.goto(address)
        seen += 1
        for fold in page.locator("details:not([open]) > summary").all():
            if fold.is_visible():
                fold.evaluate("one => { one.parentElement.open = true; }")
        found: list[str] = page.evaluate(CUT)
        if found:
            wrong[path] = found[:4]
    assert wrong == {}
    assert seen > 40
