"""With a keyboard alone: an owner's daily roads, and a focus that is always seen, never lost and never caught."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from tests.browser.conftest import serving, sign_in
from tests.support.bridge_app import SHOP, BridgeApp
from worker.store.database.tables import tasks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# What has the focus: its words, whether one sees that it has it, and whether it is there for the first time.
FOCUS = """() => {
    const one = document.activeElement, box = one.getClientRects()[0] || one.getBoundingClientRect(), style = getComputedStyle(one);
    const words = one.getAttribute("aria-label") || (one.labels?.[0] || one).innerText || one.title;
    const above = document.elementFromPoint(Math.max(0, box.left) + Math.min(8, box.width / 2), Math.min(innerHeight - 1, box.top + box.height / 2));
    return {
        tag: one.tagName, words: words.trim().replace(/\\s+/g, " "), is_body: one === document.body,
        seen: box.width > 0 && box.height > 0 && box.top >= -1 && box.bottom <= innerHeight + 1 && !!above && (one.contains(above) || !!above.closest("label")?.contains(one)),
        is_new: !(window.visited ||= new Set()).has(one) && !!window.visited.add(one),
        ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || one.type === "checkbox" || one.type === "radio",
    };
}"""
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(one =>
    one.tabIndex >= 0 && !one.disabled && one.type !== "hidden" && one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length).length"""
PAGES = (
    "", "/orders", "/orders/1001", "/documents", "/documents/2", "/documents?list=drafts", "/drafts/1", "/drafts/2", "/payments", "/payments/bank", "/jobs",
    "/attention/mail_refused", "/settings/company", "/settings/rules", "/settings/go-live", "/accounting/export",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeApp]:
    """One shop for all roads: none takes from another what it needs."""
    folder = tmp_path_factory.mktemp("served")
    database = shutil.copy(sqlite_template, folder / "facturelay.db")
    with serving(f"sqlite:///{database}", folder) as app:
        yield app


@pytest.fixture(scope="module")
def signed_in(served: BridgeApp, browser: "Browser") -> Iterator["BrowserContext"]:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        sign_in(served, context.new_page())
        yield context


@pytest.fixture
def desk(served: BridgeApp, signed_in: "BrowserContext") -> Iterator["Page"]:
    """The overview of a busy shop, before who has no mouse."""
    page = signed_in.new_page()
    page.goto(f"{served.settings.public_url}/s/{SHOP}")
    yield page
    page.close()


def step(page: "Page", key: str = "Tab") -> dict[str, Any]:
    """One key further. Red where nobody sees what has the focus."""
    page.keyboard.press(key)
    focus: dict[str, Any] = page.evaluate(FOCUS)
    assert focus["is_body"] or (focus["seen"] and focus["ringed"]), (page.url, focus)
    return focus


def go_to(page: "Page", words: str, *, key: str = "Tab", tag: str = "") -> None:
    """Tab until what says *words*, a regular expression, has the focus."""
    for _ in range(200):
        focus = step(page, key)
        if re.fullmatch(words, focus["words"]) and tag in ("", focus["tag"]):
            return
    raise AssertionError(f"{page.url}: no key leads to {words}")


def enter(page: "Page") -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def follow(page: "Page", *roads: str) -> None:
    for words in roads:
        go_to(page, words)
        enter(page)


def said(page: "Page") -> str:
    return page.locator("[role=status]").first.inner_text()


def asked_of_worker(app: BridgeApp) -> list[str]:
    with app.store.read() as connection:
        return list(connection.execute(select(tasks.c.kind)).scalars())


def test_an_order_is_found_and_opened(desk: "Page") -> None:
    desk.keyboard.press("/")
    desk.keyboard.type("1002")
    enter(desk)
    follow(desk, "1002")
    assert desk.url.endswith("/orders/1002")


def test_a_draft_is_issued(served: BridgeApp, desk: "Page") -> None:
    follow(desk, "Documents", "4 drafts wait for you", "Order [0-9]+", "Issue and mail", "Issue.*")
    assert "issue_draft" in asked_of_worker(served)


def test_an_invoice_is_mailed_again(desk: "Page") -> None:
    follow(desk, "Documents")
    go_to(desk, "F2026-00005", tag="A")
    enter(desk)
    go_to(desk, "Mail it again")
    desk.keyboard.press("Space")
    follow(desk, "Mail it")
    assert "F2026-00005 is being mailed again" in said(desk)


def test_three_documents_are_ticked_and_mailed(desk: "Page") -> None:
    follow(desk, "Documents")
    for number in ("F2026-00006", "F2026-00005", "F2026-00004"):
        go_to(desk, number, tag="INPUT")
        desk.keyboard.press("Space")
    go_to(desk, "Mail again", key="Shift+Tab")
    enter(desk)
    assert "3 × Invoice" in desk.locator("main").inner_text()
    go_to(desk, "Mail.*", tag="BUTTON")
    enter(desk)
    assert "Mail 3 documents?" not in desk.locator("main").inner_text()


def test_what_needs_somebody_is_dismissed(served: BridgeApp, desk: "Page") -> None:
    desk.goto(f"{served.settings.public_url}/s/{SHOP}/attention/mail_refused")
    go_to(desk, "Send elsewhere or dismiss")
    desk.keyboard.press("Enter")
    go_to(desk, "Why nothing is to be done")
    desk.keyboard.type("by phone")
    enter(desk)
    assert "It is dismissed" in said(desk)


def test_a_setting_is_changed_and_saved(desk: "Page") -> None:
    follow(desk, "Settings", "Orders|Bestellingen", "Settings", "Reminders")
    go_to(desk, "A word beforehand.*|.*before.*", tag="INPUT")
    desk.keyboard.press("Control+A")
    desk.keyboard.type("3")
    enter(desk)
    assert "Saved" in said(desk)


@pytest.mark.slow
def test_the_focus_is_seen_on_all_it_comes_by_and_leaves_every_page(served: BridgeApp, desk: "Page") -> None:
    for path in PAGES:
        desk.goto(f"{served.settings.public_url}/s/{SHOP}{path}")
        visited = 0
        while (focus := step(desk))["is_new"] and not focus["is_body"]:
            visited += 1
        assert visited == desk.evaluate(REACHABLE), path
