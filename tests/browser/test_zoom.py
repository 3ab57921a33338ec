"""At 200 % a desk of 1,440 pixels has the room of 720: nothing is cut, nothing lies over something else, nothing moves sideways.

A browser may make the text alone twice as large, too: a desk has the room that it had.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.browser.test_accessible import STYLES, broken_words
from tests.support import busy_shop
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.every_page import every_page
from tests.support.personas import signed_in
from worker.store.database.tables import users

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOT_PAGES = ("/metrics", "/health", "/ready", "/static", "/api", "/webhooks", "/sign-out")
# Texts that their box cuts off without an ellipsis, and words and fields that lie over each other.
CUT = """() => {
    document.querySelectorAll("details:not([open])").forEach(one => { one.open = one.firstElementChild.checkVisibility(); });
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

TEXT_ALONE_TWICE = """() => { const sizes = [...document.querySelectorAll("body, body *")].map(one => [one, getComputedStyle(one)])
    .map(([one, style]) => [one, 2 * parseFloat(style.fontSize), style.lineHeight.endsWith("px") && 2 * parseFloat(style.lineHeight)]);
    for (const [one, size, height] of sizes) { one.style.fontSize = `${size}px`; if (height) one.style.lineHeight = `${height}px`; } }"""
# Days and choices above a list that their field has no room for, and words that lie over each other.
CROWDED = """() => {
    document.querySelectorAll("details:not([open])").forEach(one => { one.open = one.firstElementChild.checkVisibility(); });
    const pen = document.createElement("canvas").getContext("2d");
    const fields = [...document.querySelectorAll("main :is(.filters select, input[data-calendar])")].filter(one => one.checkVisibility()).flatMap(one => {
        const style = getComputedStyle(one), words = one.selectedOptions?.[0].text ?? (one.value || one.placeholder);
        pen.font = `${style.fontSize} ${style.fontFamily}`;
        const [size, ...paddings] = [style.fontSize, style.paddingLeft, style.paddingRight, style.paddingTop, style.paddingBottom].map(parseFloat);
        const isNarrow = pen.measureText(words).width > one.clientWidth - paddings[0] - paddings[1] + 1;
        return isNarrow || one.clientHeight - paddings[2] - paddings[3] < size ? [`${one.name}: ${words}`] : [];
    });
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), boxes = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const its = node.parentElement;
        if (!node.data.trim() || !its.checkVisibility({ visibilityProperty: true }) || its.closest(".hidden, .skip, svg, script, style, option, .list thead")) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        boxes.push(...[...range.getClientRects()].filter(box => box.width > 2).map(box => [node.data.trim().slice(0, 30), box]));
    }
    const over = boxes.flatMap(([words, a], place) => boxes.slice(place + 1, place + 40).filter(([, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.4 * Math.min(a.height, b.height)
    ).map(([other]) => `over: ${words} / ${other}`));
    return [...fields, ...over];
}"""


def pages_of(busy: BridgeApp) -> list[str]:
    paths = dict.fromkeys(every_page(busy.client.application, SHOP, order_id=busy_shop.FIRST, document_id=1))
    return [
        one for one in paths if not one.startswith(NOT_PAGES) and "." not in one.rpartition("/")[2] and "?" not in one
    ]


@pytest.mark.slow
def test_with_its_text_alone_twice_as_large_every_field_of_a_desk_has_room_for_what_stands_in_it(
    busy: BridgeApp, page: "Page"
) -> None:
    visitor = signed_in(busy, "els@host.example", operator=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    with busy.store.write() as connection:
        connection.execute(update(users).values(language="nl"))
    wrong: dict[str, list[str]] = {}
    for path in pages_of(busy):
        answer = visitor.get(path)
        if answer.status_code == HTTPStatus.OK and answer.mimetype == "text/html":
            page.set_content(f"{answer.text}<style>{STYLES}</style>", wait_until="domcontentloaded")
            page.evaluate(TEXT_ALONE_TWICE)
            topics = " ".join(page.locator(".topics").all_inner_texts())
            found = [*page.evaluate(CROWDED), *(word for word in broken_words(page) if word in topics)]
            if found:
                wrong[path] = found[:4]
    assert wrong == {}


@pytest.mark.slow
def test_at_twice_the_size_every_page_can_be_read_whole_in_the_languages_with_long_words(
    busy: BridgeApp, page: "Page"
) -> None:
    visitor = signed_in(busy, "els@host.example", operator=True)
    page.set_viewport_size({"width": 720, "height": 450})
    pages = pages_of(busy)
    wrong: dict[tuple[str, str], list[str]] = {}
    seen = 0
    for language in ("fr", "de", "nl"):
        with busy.store.write() as connection:
            connection.execute(update(users).values(language=language))
        for path in pages:
            answer = visitor.get(path)
            if answer.status_code != HTTPStatus.OK or answer.mimetype != "text/html":
                continue
            page.set_content(f"{answer.text}<style>{STYLES}</style>", wait_until="domcontentloaded")
            seen += 1
            found: list[str] = page.evaluate(CUT)
            if found:
                wrong[language, path] = found[:4]
    assert wrong == {}
    assert seen > 3 * 40
