"""Every page can be used with a keyboard and a screen reader: axe finds nothing serious, wide and narrow, light and dark."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import update

import bridge
from tests.bridge.customer.test_document import token_of
from tests.browser.conftest import PASSWORD, Running, fill, press
from tests.golden.test_golden_mails import in_state, mail_of
from tests.mail.test_reminder_mail import a_mail as reminder_of
from tests.mail.test_reminder_mail import a_view
from tests.support import busy_shop
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_credit_note_for
from tests.support.personas import a_user, signed_in
from worker.demo.orders import an_order
from worker.demo.stage import SELLER
from worker.domain.actor import Actor
from worker.domain.document import Kind
from worker.domain.payment import Prepayment
from worker.domain.reminder import ReminderKind
from worker.domain.shop import OrderSettings, Shop, VatSettings
from worker.store import documents, paused_queues, senders, shops
from worker.store.database.tables import users
from worker.store.shops import Secrets
from worker.store.users import Role

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

OF_ALL = ("/shops", "/search?q=601", "/shops/new", "/jobs", "/users", "/about", "/account", "/account/second-factor")
OF_SHOP = (
    "", "/orders", "/orders/601", "/orders/602", "/orders/603", "/orders/604", "/documents", "/documents?list=drafts", "/accounting", "/accounting/journal", "/accounting/vat-return",
    "/accounting/export", "/accounting/backfill", "/jobs", "/team", "/settings/company", "/settings/rules", "/settings/peppol", "/settings/orders", "/settings/checkout-fields", "/settings/payment", "/settings/reminders", "/payments/reminders",
    "/settings/numbering", "/settings/branding", "/settings/texts", "/settings/mail", "/settings/vat", "/settings/connection", "/settings/api", "/settings/privacy",
    "/activity", "/activity/deliveries",
    "/settings/go-live", "/attention/exchange_rate",
)  # fmt: skip
STATIC = Path(bridge.__file__).parent / "static"
STYLES = "".join((STATIC / name).read_text(encoding="utf-8") for name in ("facturelay.css", "pages.css"))
SERIOUS = ("serious", "critical")


def a_shop_with_orders(running: Running) -> str:
    """One shop with an invoice, one that goes by Peppol, a draft that waits for an exchange rate, and one whose VAT number VIES could not confirm."""
    services, secret = running.services, shops.new_webhook_secret()
    made = Shop(
        shops.new_shop_id(),
        SELLER.name,
        running.shop.url,
        orders=OrderSettings(since=services.now() - timedelta(days=1)),
        seller=SELLER,
        vat=VatSettings(vies_wait_hours=0),
    )
    keys = Secrets((secret,), running.shop.consumer_key, running.shop.consumer_secret)
    with services.store.write() as connection:
        shops.add(connection, services.encryption, made, keys, now=services.now())
        senders.prove(connection, made.shop_id, made.seller.email, by="operator", now=services.now())
    for topic in ("order.created", "order.updated"):
        running.shop.add_webhook(topic, f"{running.url}/webhooks/{made.shop_id}", secret)
    number = "NL123456782B90"
    running.vies.says[number] = "301"  # its register does not answer
    line, metas = ("Koffiemok", "MUG-1", 1, "12.40", None), {"_billing_vat_number": number}
    for order in (
        an_order(id=601, note="Graag voor vrijdag"),
        an_order(id=602, currency="USD", country="US"),
        an_order(id=603, lines=(line,), shipping=None, country="NL", company="Bakker BV", metas=metas),
        an_order(id=604, company="Klant NV", metas={"_billing_vat_number": "BE0403170701"}),  # by Peppol
    ):
        running.shop.place(order)
        running.shop.deliver(order["id"], "order.created")
    running.wait()
    return made.shop_id


def serious(page: "Page") -> list[tuple[str, list[Any]]]:
    # What is in order is not told node by node: that takes as long as finding it. Nor does any rule in use read style sheets, which
    # would be fetched for it once more.
    options = {"resultTypes": ["violations"], "preload": False}
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [
        (violation["id"], [node["target"] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] in SERIOUS
    ]


def overflows(page: "Page") -> bool:
    """Whether a page is wider than its window: it would have to be pushed from side to side."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"))


def out_of_sight(page: "Page") -> list[str]:
    """The links of where one is that a narrow window cuts off."""
    cut: list[str] = page.eval_on_selector_all(
        ".tabs [aria-current], .topics [aria-current]",
        "all => all.filter(one => { const box = one.getBoundingClientRect();"
        " return box.left < 0 || box.right > window.innerWidth + 1; }).map(one => one.innerText)",
    )
    return cut


def broken_words(page: "Page", *, longest: int = 100) -> list[str]:
    """What is one word, number or button and stands on two lines, in cells of tables and on buttons.

    What is longer than *longest* letters without a space, such as a mail address, may break.
    """
    found: list[str] = page.evaluate(
        """longest => [...document.querySelectorAll('.list td, .list th, .facts.fields dt, .facts.fields dd, .button, .quiet, .status, .topics a')].flatMap(cell => {
            const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), broken = [];
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                if (node.parentElement.closest('.mono, code, .copy')) continue;
                for (const word of node.data.matchAll(/[\\p{L}\\p{N}]+(?:-[\\p{L}\\p{N}]{1,4}(?![\\p{L}\\p{N}]))?/gu)) {
                    const range = document.createRange();
                    range.setStart(node, word.index);
                    range.setEnd(node, word.index + word[0].length);
                    const tops = new Set([...range.getClientRects()].filter(r => r.width > 0).map(r => Math.round(r.top)));
                    const before = node.data.slice(0, word.index).match(/\\S*$/)[0], after = node.data.slice(word.index).match(/^\\S*/)[0];
                    if (tops.size > 1 && before.length + after.length <= longest && !word[0].includes('\u00ad')) broken.push(word[0]);
                }
            }
            return broken;
        })""",
        longest,
    )
    return found


def broken_wholes(page: "Page") -> list[str]:
    """Headings, cells, links and buttons whose text has no space and stands on more than one line."""
    found: list[str] = page.eval_on_selector_all(
        ".list th, .list td:not(.text), .list td a, .list button",
        "all => all.filter(one => { const text = one.textContent.trim(), tops = new Set();"
        " if (!text || /\\s/.test(text) || one.closest('.mono') || one.querySelector('.hidden')) return false;"
        " const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);"
        " for (let node = walker.nextNode(); node; node = walker.nextNode()) {"
        "   const range = document.createRange(); range.selectNodeContents(node);"
        "   for (const box of range.getClientRects()) if (box.width > 0 && node.data.trim()) tops.add(Math.round(box.top)); }"
        " return tops.size > 1; }).map(one => one.textContent.trim())",
    )
    return found


def small_links(page: "Page") -> list[str]:
    """Links in lists that a finger would miss."""
    found: list[str] = page.eval_on_selector_all(
        ".list td a",
        "all => all.filter(one => one.getBoundingClientRect().height < 40).map(one => one.textContent.trim())",
    )
    return found


@pytest.mark.slow
def test_axe_finds_nothing_serious_and_no_page_is_wider_than_its_window(running: Running, page: "Page") -> None:
    page.add_init_script(Axe().axe_script)
    page.goto(running.set_up_link())
    assert serious(page) == []
    fill(page, name="Els Peeters", email="els@host.example", password=PASSWORD, again=PASSWORD)
    press(page, "Begin")
    home = f"{running.url}/s/{a_shop_with_orders(running)}"
    with running.services.store.read() as connection:
        made, kept = documents.listing(connection, shop_id=None, order_id=None)
    addresses = [f"{running.url}{path}" for path in OF_ALL] + [f"{home}{path}" for path in OF_SHOP]
    addresses += [
        *(f"{home}/documents/{one.document_id}" for one in made),
        *(f"{home}/drafts/{one.draft_id}" for one in kept),
    ]
    addresses += [f"{home}/accounting/numbers/invoice/{made[0].issued_on.year}"]

    # In turn: each page is asked in one width and in one of its two schemes of colours, which others have too.
    for turn, address in enumerate(addresses):
        page.emulate_media(color_scheme="dark" if turn & 1 else "light")
        asked_when_narrow = turn >> 1 & 1
        page.set_viewport_size({"width": 1280, "height": 900})
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        assert asked_when_narrow or serious(page) == [], address
        assert broken_words(page) == [], address
        page.set_viewport_size({"width": 360, "height": 740})
        assert not overflows(page), address
        page.wait_for_function(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
        )
        assert out_of_sight(page) == [], address
        assert not asked_when_narrow or serious(page) == [], f"{address}, narrow"


def test_a_long_sentence_takes_no_other_column_the_room_for_its_longest_word(page: "Page") -> None:
    long = "Ein sehr langer Satz über die Rechnungsberichtigungsverordnung und was jetzt zu tun ist. " * 6
    cells = ("28 nov 2026", "order.created", "Zahlungsbestätigung", "170/1", long)
    row = "".join(f"<td>{cell}</td>" for cell in cells) + '<td><button class="quiet small">Wiederholen</button></td>'
    for width in (1440, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        page.set_content(f'<style>{STYLES}</style><main class="wide"><table class="list"><tr>{row}</tr></table></main>')
        assert (broken_words(page), overflows(page)) == ([], False), width


def test_a_press_that_cannot_be_pressed_yet_does_not_look_like_the_next_step(page: "Page") -> None:
    for kind in ("button", "quiet small"):
        on, off = f'<button class="{kind}">Live</button>', f'<button class="{kind}" disabled data-off>Live</button>'
        page.set_content(f'<style>{STYLES}</style><main class="wide">{on}{off}</main>')
        looks = "one => { const its = getComputedStyle(one); return [its.color, its.borderTopStyle, its.cursor]; }"
        first, second = (page.locator("button").nth(place).evaluate(looks) for place in (0, 1))
        assert [one == other for one, other in zip(first, second, strict=True)] == [False, False, False], kind
        background = page.locator("button").nth(1).evaluate("one => getComputedStyle(one).backgroundColor")
        assert background == "rgba(0, 0, 0, 0)"


LISTS = (
    "/orders", "/documents", "/documents?list=drafts", "/payments", "/jobs", "/activity", "/activity/deliveries",
    "/attention/mail_refused", "/accounting", "/accounting/journal", "/accounting/numbers/invoice/2026", "/payments/reminders", "/team",
)  # fmt: skip
LONGEST_WORD = 30


def test_no_list_of_a_busy_shop_breaks_a_word_or_moves_sideways(busy: BridgeApp, page: "Page") -> None:
    visitor = signed_in(busy, "els@host.example", operator=True)
    with busy.store.write() as connection:
        connection.execute(update(users).values(language="de"))
    for path in (*(f"/s/{SHOP}{path}" for path in LISTS), "/jobs", "/shops", "/users", "/about"):
        answer = visitor.get(path)
        assert answer.status_code == HTTPStatus.OK, path
        page.set_content(f"{answer.text}<style>{STYLES}</style>", wait_until="domcontentloaded")
        for width in (360, 390, 640, 720, 900, 961, 1280, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            found = (broken_words(page, longest=LONGEST_WORD), broken_wholes(page), overflows(page))
            assert found == ([], [], False), (path, width)
            assert width > 640 or small_links(page) == [], (path, width)
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 718, "height": 900})  # A4 between its margins
        assert (broken_words(page, longest=LONGEST_WORD), broken_wholes(page)) == ([], []), (path, "on paper")
        assert page.locator("details:not([open]) summary:visible").count() == 0, (path, "on paper")
        page.emulate_media(media="screen")


def test_a_printed_page_says_whose_it_is_and_of_which_days_and_has_no_empty_frames(
    busy: BridgeApp, page: "Page"
) -> None:
    visitor = signed_in(busy, "els@host.example", operator=True)
    journal = visitor.get(f"/s/{SHOP}/accounting/journal?since=2026-11-01&until=2026-11-30").text
    pictures = '<div class="paper">PDF</div><a class="small-page">PDF</a>'
    page.set_content(f"{journal.replace('</main>', f'{pictures}</main>')}<style>{STYLES}</style>")
    assert (page.locator(".printed:visible").count(), page.get_by_text("PDF", exact=True).count()) == (0, 2)
    page.emulate_media(media="print")
    said = page.locator(".printed:visible").all_inner_texts()
    assert said == ["Bakkerij Janssens", "From 1 Nov 2026 · Up to 30 Nov 2026"]
    assert page.locator(".paper:visible, .small-page:visible").count() == 0


FORMS = (
    "company", "rules", "orders", "checkout-fields", "payment", "reminders", "numbering", "branding", "texts", "peppol", "mail", "notifications",
    "vat", "connection", "api", "privacy", "go-live",
)  # fmt: skip


@pytest.mark.parametrize("width", [1440, 390])
def test_what_is_typed_stands_in_line_and_its_help_right_below(busy: BridgeApp, page: "Page", width: int) -> None:
    visitor = signed_in(busy, "els@host.example", operator=True)
    with busy.store.write() as connection:
        connection.execute(update(users).values(language="nl"))
    page.set_viewport_size({"width": width, "height": 900})
    for name in FORMS:
        text = visitor.get(f"/s/{SHOP}/settings/{name}").text
        page.set_content(f"{text}<style>{STYLES}</style>", wait_until="domcontentloaded")
        gaps = page.eval_on_selector_all(
            ".field > .help",
            "all => all.filter(one => one.offsetHeight).map(one => one.getBoundingClientRect().top - one.previousElementSibling.getBoundingClientRect().bottom)",
        )
        assert all(0 <= gap <= 8 for gap in gaps), (name, gaps)
        under = page.eval_on_selector_all(
            ".field.check:has(.help) + .field",
            "all => all.filter(one => one.offsetHeight).map(one => one.getBoundingClientRect().top - one.previousElementSibling.getBoundingClientRect().bottom)",
        )
        assert all(gap >= 12 for gap in under), (name, under)
        rows = page.eval_on_selector_all(
            ".pair",
            "all => all.map(one => [...one.querySelectorAll('input, select')].map(input => input.getBoundingClientRect()).filter(box => box.height))"
            ".map(boxes => boxes.map(box => [Math.round(box.left), Math.round(box.top)]))",
        )
        for row in rows:
            lines = {top for left, top in row}
            assert len(lines) in {1, len(row)}, (name, row)
        page.eval_on_selector_all(".rule details", "all => all.forEach(one => { one.open = true; })")
        ends = page.eval_on_selector_all(
            ".rule .conditions > div",
            "all => all.map(one => [one, one.querySelector('input, select')].map(part => Math.round(part.getBoundingClientRect().bottom)))",
        )
        assert all(cell - typed <= 6 for cell, typed in ends), (name, ends)
    with busy.store.write() as connection:
        connection.execute(update(users).values(language="de"))
    text = visitor.get(f"/s/{SHOP}/settings/mail").text
    page.set_content(f"{text}<style>{STYLES}</style>", wait_until="domcontentloaded")
    assert broken_words(page) == [], "nor is a word of the topics beside it"
    for name in ("company", "reminders"):
        text = visitor.get(f"/s/{SHOP}/settings/{name}").text
        page.set_content(f"{text}<style>{STYLES}</style>", wait_until="domcontentloaded")
        crooked = page.eval_on_selector_all(
            ".grid .field:not(.check)",
            "all => all.map(one => one.querySelector('input, select')).filter(one => one?.offsetHeight).map(one => [one.name, one.getBoundingClientRect()])"
            ".filter(([, box], place, those) => those.some(([, other]) => Math.abs(other.top - box.top) > 1 && Math.abs(other.top - box.top) < 32 && other.left > box.right))"
            ".map(([name]) => name)",
        )
        assert crooked == [], (name, "also where one of two labels beside each other has more lines")


def test_what_is_wrong_stands_in_the_colour_of_what_is_refused_in_every_form(busy: BridgeApp, page: "Page") -> None:
    visitor = signed_in(busy, "els@host.example", operator=True)
    rule = {"kind-0": "invoice", "trigger-0": "paid", "send_mode-0": "send", "buyer-0": "all", "minimum-0": "much"}
    for path, wrong in (("rules", rule), ("company", {"seller.email": "nobody"})):
        text = visitor.post(f"/s/{SHOP}/settings/{path}", **wrong).text
        page.set_content(f"{text}<style>{STYLES}</style>", wait_until="domcontentloaded")
        colours = page.eval_on_selector_all(".error", "all => all.map(one => getComputedStyle(one).color)")
        assert set(colours) == {"rgb(185, 28, 28)"}, path


def test_a_server_of_the_shops_own_is_asked_for_only_where_it_is_chosen_also_without_a_script(
    app: BridgeApp, page: "Page"
) -> None:
    mailing = BridgeApp(replace(app.settings, smtp_url="smtp://127.0.0.1:25"))
    for of, first in ((mailing, False), (app, True)):
        text = signed_in(of, f"els{first}@host.example", operator=True).get(f"/s/{SHOP}/settings/mail").text
        page.set_content(f"{text}<style>{STYLES}</style>", wait_until="domcontentloaded")
        assert page.locator("[name=host]").is_visible() is first
        page.locator("[name=scheme]").select_option("smtps")
        assert page.locator("[name=host]").is_visible()
    mailing.close()


ROWS = ".cards tbody tr, li.need, li.need-group"
LISTED = (
    "/orders", "/documents", "/documents?list=drafts", "/payments", "/payments/bank", "/jobs", "/activity", "/activity/deliveries", "/accounting/numbers/invoice/2026",
)  # fmt: skip
# Something else stands above the list of these.
CARDS = ("", "/attention/mail_refused", "/payments/reminders")
# What a payer wrote is what its line is decided by: it is never cut off, however high its row becomes.
WHOLE = ("/payments/bank",)
# Tables whose cells stand below each other, with their names.
PLAIN = ("/documents/1", "/accounting/journal?since=2026-11-01&until=2026-11-30")


# Words of a card over which its button lies.
UNDER_A_BUTTON = """() => [...document.querySelectorAll('.cards tr')].flatMap(row => [...row.querySelectorAll('.first')].filter(title => {
    const words = document.createRange();
    words.selectNodeContents(title);
    return [...row.querySelectorAll('.presses button')].some(one => { const its = one.getBoundingClientRect(), end = title.getBoundingClientRect().right - parseFloat(getComputedStyle(title).paddingRight);
        return [...words.getClientRects()].some(box => Math.min(box.right, getComputedStyle(title).overflow === 'hidden' ? end : box.right) > its.left && box.left < its.right && box.bottom > its.top && box.top < its.bottom); });
}).map(title => title.textContent))"""


# Names of rows that are cut off, and words across several columns that are gone and stand beside no figure of their row either.
LEFT_OUT = """() => [...document.querySelectorAll('.list')].filter(one => one.checkVisibility()).flatMap(list => [
    ...[...list.querySelectorAll('.first :is(.soft, .keep)')].filter(one => one.getBoundingClientRect().right > one.closest('.first').getBoundingClientRect().right - parseFloat(getComputedStyle(one.closest('.first')).paddingRight) + 1),
    ...[...list.querySelectorAll('td[colspan]')].filter(one => !one.checkVisibility() && one.textContent.trim() !== one.nextElementSibling?.dataset.label),
]).map(one => one.textContent)"""


@pytest.mark.parametrize("language", ["de", "fr", "nl"])
def test_on_a_phone_a_list_begins_on_the_first_screen_and_no_row_of_it_is_higher_than_a_fingers_width(
    busy: BridgeApp, page: "Page", language: str
) -> None:
    script = f"<script>{{{(STATIC / 'pages.js').read_text(encoding='utf-8')}}}</script>"
    visitor = signed_in(busy, "els@host.example", operator=True)
    with busy.store.write() as connection:
        connection.execute(update(users).values(language=language))
        for queue in paused_queues.QUEUE_LABELS:
            paused_queues.pause(connection, queue, by=Actor("Hildegard Vandenbroucke-Schmidt", NOW))
    listed = [f"/s/{SHOP}{path}" for path in LISTED]
    plain = [f"/s/{SHOP}{path}" for path in PLAIN]
    whole = [f"/s/{SHOP}{path}" for path in WHOLE]
    for path in (*listed, *plain, *(f"/s/{SHOP}{path}" for path in CARDS), "/jobs", "/shops", "/search?q=peeters"):
        text = visitor.get(path).text
        for scripts in ("", script) if path in listed else (script,):
            page.set_content(f"{text}<style>{STYLES}</style>{scripts}", wait_until="domcontentloaded")
            for width in (390, 360):
                page.set_viewport_size({"width": width, "height": 844})
                if path in listed:
                    box = page.locator(".list tbody tr").first.bounding_box()
                    assert box is not None, path
                    assert box["y"] <= 512, (path, width, bool(scripts))
                assert not page.evaluate(UNDER_A_BUTTON), (path, width)
                assert not page.evaluate(LEFT_OUT), (path, width)
                if path in whole:
                    cut = (
                        "all => all.filter(one => one.scrollHeight > one.clientHeight + 1).map(one => one.textContent)"
                    )
                    assert page.eval_on_selector_all(".list .first + .why", cut) == [], width
                elif scripts and path not in plain:
                    heights = page.eval_on_selector_all(ROWS, "all => all.map(one => one.offsetHeight)")
                    assert heights, path
                    assert max(heights) < 120, (path, width)


def test_what_is_done_with_several_rows_is_folded_on_a_phone_until_the_first_tick_or_a_press(
    busy: BridgeApp, page: "Page"
) -> None:
    script = (STATIC / "pages.js").read_text(encoding="utf-8")
    text = signed_in(busy, "els@host.example", operator=True).get(f"/s/{SHOP}/documents").text
    button = page.get_by_role("button", name="Mark as paid")
    page.set_viewport_size({"width": 360, "height": 600})
    page.set_content(f"{text}<style>{STYLES}</style>", wait_until="domcontentloaded")
    assert not button.is_visible()
    page.get_by_text("Several at once").click()
    assert button.is_visible(), "without a script"

    page.set_content(f"{text}<style>{STYLES}</style><script>{{{script}}}</script>", wait_until="domcontentloaded")
    row = page.locator("tbody tr").nth(2)
    row.scroll_into_view_if_needed()
    before = row.bounding_box()
    row.locator("input").check()
    page.wait_for_function(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    )
    assert button.is_visible()
    assert row.bounding_box() == before, "and what was ticked stays under the finger"

    page.set_viewport_size({"width": 1280, "height": 900})
    page.set_content(f"{text}<style>{STYLES}</style>", wait_until="domcontentloaded")
    assert button.is_visible(), "where there is room nothing is folded"
    assert not page.get_by_text("Several at once").is_visible()


def test_who_has_many_refused_mails_sees_every_reason_and_the_end_of_one_within_two_screens(
    app: BridgeApp, page: "Page"
) -> None:
    visitor = signed_in(app, "els@host.example", operator=True)
    busy_shop.make_worse(app, busy_shop.fill(app, orders_=36, failed=36, drafts_=200))
    with app.store.write() as connection:
        connection.execute(update(users).values(language="de"))
    for path, last in (("", "#needs"), ("/attention/mail_refused", "#more")):
        text = visitor.get(f"/s/{SHOP}{path}").text
        for width in (390, 360):
            page.set_viewport_size({"width": width, "height": 844})
            page.set_content(f"{text}<style>{STYLES}</style>", wait_until="domcontentloaded")
            end = page.locator(last).evaluate("one => one.getBoundingClientRect().bottom + window.scrollY")
            assert end <= 2 * 844, (path, width)


def test_page_one_is_small_in_a_row_and_legible_under_the_pointer_until_escape(busy: BridgeApp, page: "Page") -> None:
    visitor = signed_in(busy, "els@host.example", operator=True)
    for path in ("/search?q=peeters", f"/s/{SHOP}/documents"):
        page.set_content(f"{visitor.get(path).text}<style>{STYLES}</style>", wait_until="domcontentloaded")
        below = page.locator("tr .thumbnail").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().bottom - one.closest('tr').getBoundingClientRect().bottom)"
        )
        assert below, path
        assert max(below) < 0, f"{path}: a picture stays in its row"
    pictures, rows = page.locator(".thumbnail img"), page.locator("tr:has(.thumbnail)")

    def widths() -> list[int]:
        found: list[int] = pictures.evaluate_all("all => all.map(one => one.offsetWidth)")
        return found

    assert set(widths()) == {32}
    beside = page.locator(".thumbnail + .first").evaluate_all(
        "all => all.map(one => Math.abs(one.getBoundingClientRect().top - one.previousElementSibling.getBoundingClientRect().top))"
    )
    assert max(beside) < 12, "the number stands beside its picture, not below it"
    page.add_script_tag(path=STATIC / "pages.js")
    rows.nth(0).locator(".thumbnail").hover()
    assert widths()[0] == 240
    page.mouse.move(*middle(pictures.nth(0)), steps=50)
    assert widths()[0] == 240, "the pointer may go onto it"
    page.keyboard.press("Escape")
    assert set(widths()) == {32}
    page.mouse.move(0, 0)
    rows.nth(0).locator(".thumbnail").hover()
    assert widths()[0] == 240, "it comes with the pointer again"
    page.mouse.move(0, 0)
    rows.nth(1).locator("strong").locator("..").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert set(widths()) == {32}, "with the keyboard nothing lies over the next rows"


def test_who_hears_a_button_of_a_row_hears_of_which_row(busy: BridgeApp, page: "Page") -> None:
    """A screen reader lists the buttons of a page: ten times “Try again” says nothing."""
    a_user(busy, "an@shop.example", roles={SHOP: Role.ADMIN})
    visitor = signed_in(busy, "els@host.example", operator=True)
    visitor.get(f"/s/{SHOP}/settings/api")
    visitor.post(f"/s/{SHOP}/settings/api/token", name="books", which="documents:read")
    lists = (*LISTS, "/payments/bank", "/orders/1001", "/orders/1001/deliveries", "/settings/api", "/settings/vat")
    asked = 0
    for path in (*(f"/s/{SHOP}{path}" for path in lists), "/jobs", "/shops", "/users"):
        page.set_content(visitor.get(path).text, wait_until="domcontentloaded")
        pressed = page.locator(
            "main :is(tbody tr, .rows > li, .need, .made) :is(button[type=submit], input:not([type=hidden], [name=item]))"
        )
        asked += pressed.count()
        nameless = pressed.evaluate_all(
            "all => all.filter(one => !one.ariaLabel && !one.closest('[role=group], details')?.ariaLabel).map(one => one.outerHTML)"
        )
        assert nameless == [], path
    assert asked > 60


def test_no_mail_moves_sideways_on_the_narrowest_phone(page: "Page") -> None:
    page.set_viewport_size({"width": 320, "height": 600})
    reminders = [reminder_of(a_view(kind)) for kind in ReminderKind]
    for mail in (*reminders, *(mail_of(in_state(kind, "fr", paid=False)) for kind in Kind)):
        html = mail.get_body(("html",))
        assert html is not None
        page.set_content(html.get_content(), wait_until="domcontentloaded")
        assert not overflows(page), mail["Subject"]


def test_no_amount_on_a_buyers_page_is_broken_by_a_long_name_beside_it(busy: BridgeApp, page: "Page") -> None:
    style = (STATIC / "facturelay.css").read_text(encoding="utf-8")
    cards = tuple(Prepayment(Decimal("5.00"), code=code) for code in ("…5678", "…56789012345"))
    invoice = busy.issue(number="F2026-09999", language="de", prepaid=cards)
    text = busy.client.get(f"/d/{token_of(invoice)}").text
    for width in (320, 390):
        page.set_viewport_size({"width": width, "height": 700})
        page.set_content(f"{text}<style>{style}</style>", wait_until="domcontentloaded")
        lines = page.eval_on_selector_all(".facts .money dd", LINES)
        assert (lines, overflows(page)) == ([1] * 4, False), width


def test_no_number_of_a_document_is_broken_on_a_buyers_page(app: BridgeApp, page: "Page") -> None:
    style = (STATIC / "facturelay.css").read_text(encoding="utf-8")
    for place, language in enumerate(("nl", "fr", "de")):
        of_order: dict[str, Any] = {"language": language, "order_id": place, "order_key": language}
        invoice = app.issue(number=f"F2026-0001{place}", sequence=place, **of_order)
        credited = a_credit_note_for(invoice, "2.20") | {"cause": language}
        app.issue(number=f"C2026-0000{place}", sequence=place, **of_order, **credited)
        text = app.client.get(f"/d/{token_of(invoice)}").text
        page.set_content(f"{text}<style>{style}</style>", wait_until="domcontentloaded")
        for width in (320, 360, 390, 414):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.eval_on_selector_all(".keep, h1 .number", LINES) == [1] * 4, width


# On how many lines the words of each stand.
LINES = """all => all.map(one => { const words = document.createRange(); words.selectNodeContents(one);
    return new Set([...words.getClientRects()].map(box => Math.round(box.top))).size; })"""


def middle(picture: "Locator") -> tuple[float, float]:
    box = picture.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_missing_number_is_told_at_every_width(page: "Page") -> None:
    template = (STATIC.parent / "templates/dashboard/accounting/series.html").read_text(encoding="utf-8")
    cell = '<td colspan="7">'
    assert cell in template

    page.set_content(
        f'<style>{STYLES}</style><table class="list cards"><tr>{cell}One number is missing here.</td></tr></table>'
    )
    for width in (390, 900, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.get_by_text("One number is missing here.").is_visible(), width
