"""From an empty machine to the first real invoice in a browser, without the command line; then every button of daily life.

And how often an owner presses until the first invoice is mailed: with the key of the shop's REST API typed by hand, and with the
plugin.
"""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING

import requests
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, Running, fill, leave, press
from tests.support.plugin_requests import PLUGIN_SECRET
from worker.demo.orders import Payload, an_order
from worker.demo.pretend_shop import PretendShop
from worker.net.request_signature import sign_request
from worker.processes.set_up_link import set_up_link
from worker.store import plugins

if TYPE_CHECKING:
    from playwright.sync_api import Page

# These two are WordPress's own and install the plugin; activated, it shows the fields of its connection (tests/wordpress/php/Admin).
INSTALLING = ["Install Now", "Activate Plugin"]
CONNECTING = ["Connect"]
BESIDE_INSTALLING = 6  # "Begin", "Make the shop", "Connect", "Save" of the company, "Go live", and once more
SELLER = {
    "seller__name": "De Gouden Koffiepot", "seller__legal_form": "BV", "seller__register": "RPR Gent",
    "seller__address__street": "Koestraat 41", "seller__address__postcode": "9000", "seller__address__city": "Gent",
    "seller__address__country": "BE", "seller__vat_number": "BE0445566134", "seller__email": "els@host.example",
    "seller__iban": "BE71096123456769",
}  # fmt: skip
# "Begin", "Make the shop", what is folded below its code, "Save the key and connect", "Save" of the company, "Go live", and once more
BY_HAND = 7


def place(running: Running, order_id: int) -> None:
    """A paid order comes in, as the shop tells of it."""
    running.shop.place(placed_after_going_live(order_id))
    running.shop.deliver(order_id, "order.created")
    running.wait()


def said(page: "Page") -> str:
    return page.locator("[role=status], [role=alert]").first.inner_text()


def test_an_owner_comes_from_an_empty_machine_to_the_first_invoice(running: Running, page: "Page") -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    # The browser calls a form that comes back with its errors an error.
    refused = "the server responded with a status of 422"

    page.goto(running.set_up_link())
    fill(page, name="Els Peeters", email="els@host.example", password=PASSWORD, again=PASSWORD)
    press(page, "Begin")
    fill(page, name="Koffiepot", url=running.shop.url)
    press(page, "Make the shop")
    assert page.locator("#plugin code.copy").count() == 2  # address and code, ready to be pasted
    home = page.url.partition("/settings/")[0]
    page.goto(f"{home}/settings/company")

    fill(page, **(SELLER | {"seller__vat_number": "BE0445566135"}))
    press(page, "Save")
    assert "BE0445566135" in page.locator("#error-seller\\.vat_number").inner_text()
    fill(page, seller__vat_number="BE0445566134")
    press(page, "Save")
    assert "Saved" in said(page)

    page.goto(f"{home}/settings/numbering")
    page.locator('[name="next-invoice"]').fill("116")
    press(page, "Save")
    assert "F2026-00116" in page.content()

    page.goto(f"{home}/settings/connection")
    fill(page, rest_key="ck_wrong", rest_secret="cs_wrong")
    press(page, "Save the key and connect")
    assert "the shop refuses the key" in page.locator("#check").inner_text()
    fill(page, rest_key=running.shop.consumer_key, rest_secret=running.shop.consumer_secret)
    press(page, "Save the key and connect")
    assert "From now on it reports: order placed, order changed." in said(page)
    assert page.url.endswith("/settings/go-live")  # the next step, as the company is filled in
    page.goto(f"{home}/settings/connection")
    press(page, "Check the connection")
    assert "The shop reports new and changed orders here." in page.locator("#check").inner_text()

    page.goto(f"{home}/settings/mail")
    press(page, "Send a test mail")
    assert page.locator("#test .said.good").count() == 1
    assert any("els@host.example" in str(mail) for mail in running.mailbox.messages())

    place(running, 501)
    page.goto(f"{home}/documents")
    assert "test" in page.locator("tbody").inner_text()

    page.goto(f"{home}/settings/go-live")
    fill(page, since="2026-11-02T06:00")
    press(page, "What would happen to my open orders?")
    page.get_by_role("button", name="Go live", exact=True).first.click()
    assert "Orders placed since 2 Nov" in page.locator("#confirm").inner_text()
    press(page, "Go live")
    assert "orders placed since 2 Nov" in said(page)
    place(running, 502)
    page.goto(f"{home}/orders/502")
    page.get_by_role("link", name=re.compile("F2026-00116")).first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PDF").click()
    assert download.value.suggested_filename == "F2026-00116.pdf"
    assert [error for error in errors if refused not in error] == []


def test_the_buttons_of_daily_life_do_what_they_say(running: Running, page: "Page") -> None:
    page.goto(f"{running.url}/sign-in")
    fill(page, email="els@host.example", password=PASSWORD)
    press(page, "Sign in")
    page.get_by_role("link", name="Koffiepot").first.click()
    home = page.url

    place(running, 503)
    page.goto(f"{home}/orders/503")
    press(page, "Fetch the order again")
    running.wait()
    page.get_by_role("link", name=re.compile("F2026-00117")).first.click()
    invoice = page.url

    mails = len(running.mailbox.messages())
    page.locator("summary", has_text="Mail it again").click()
    press(page, "Mail it")
    running.wait()
    page.locator("summary", has_text="Mail it again").click()
    fill(page, to="boekhouder@kantoor.example")
    press(page, "Mail it")
    running.wait()
    assert len(running.mailbox.messages()) == mails + 2

    page.locator("summary", has_text="The customer’s link").click()
    press(page, "Make a new link")
    link = page.locator("code.copy").inner_text()
    page.locator("summary", has_text="The customer’s link").click()
    press(page, "Withdraw all links")
    assert page.request.get(link).status == 403

    page.locator("summary", has_text="Credit").click()
    page.locator('[name="quantity-0"]').fill("1")
    press(page, "Credit a part")
    assert "C2026-00001" in page.content()
    page.goto(invoice)
    page.locator("summary", has_text="Credit").click()
    press(page, "Credit and issue again")
    running.wait()
    page.reload()
    assert "F2026-00118" in page.content()

    page.goto(f"{home}/settings/rules")
    press(page, "Add a rule")
    page.locator('[name="kind-1"]').select_option("order_confirmation")
    page.locator('[name="trigger-1"]').select_option("created")
    press(page, "Try on the last 50 orders")
    assert "503" in page.locator("tbody").inner_text()
    press(page, "Save")
    assert page.locator('[name="kind-1"]').input_value() == "order_confirmation"

    page.goto(f"{home}/settings/branding")
    page.locator('[name="branding.accent"]').fill("#334155")
    press(page, "Preview")
    expect(page.locator("#preview-paper img")).to_have_js_property("naturalWidth", 1000)
    preview = page.get_by_role("link", name="Open the PDF").get_attribute("href")
    assert page.request.get(f"{running.url}{preview}").body().startswith(b"%PDF-")

    page.goto(f"{home}/settings/texts?kind=invoice&state=paid&language=nl")
    page.locator('[name="mail.subject"]').fill("Uw factuur {nummer}")
    press(page, "Save")
    assert "nummer" in page.locator(".error").first.inner_text()
    page.locator('[name="mail.subject"]').fill("Uw factuur {number}")
    press(page, "Save")
    assert "are saved" in said(page)

    page.goto(f"{home}/accounting")
    press(page, "Verify now")
    assert "proven" in page.content()
    press(page, "Compare now")
    page.goto(f"{home}/accounting/export")
    press(page, "Make the zip")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Download 20")).click()
    assert download.value.suggested_filename.endswith(".zip")


class Presses:
    """The presses of an owner who goes nowhere but where the pages lead."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.made: list[str] = []

    def press(self, name: str) -> None:
        self.made.append(name)
        leave(self.page, self.page.locator("main").get_by_role("button", name=name, exact=True).first)
        self.page.wait_for_url(lambda url: "/tasks/" not in url, timeout=20_000)

    def unfold(self, name: str) -> None:
        self.made.append(name)
        self.page.locator("main summary", has_text=name).click()


def test_the_first_invoice_is_mailed_after_seven_presses_by_hand(running: Running, page: "Page") -> None:
    presses = Presses(page)
    comes_in(running, presses)
    with PretendShop() as shop:
        page.goto(f"{running.url}/shops/new")  # where "Begin" leads, as is seen above
        fill(page, name="Koffiekan", url=shop.url)
        presses.press("Make the shop")
        presses.unfold("By hand, with nothing installed in the shop")
        fill(page, rest_key=shop.consumer_key, rest_secret=shop.consumer_secret)
        presses.press("Save the key and connect")
        fill(page, **SELLER)
        presses.press("Save")
        presses.press("Go live")
        presses.press("Go live")
        assert len(presses.made) == BY_HAND

        shop.place(placed_after_going_live(701))
        shop.deliver(701, "order.created")
        first_invoice_is_mailed(running, page, 701)


def test_with_the_plugin_the_first_invoice_is_mailed_after_two_presses_that_install_it_and_six_others(
    running: Running, page: "Page"
) -> None:
    presses = Presses(page)
    comes_in(running, presses)
    with PretendShop() as shop:
        page.goto(f"{running.url}/shops/new")
        fill(page, name="Theehuis", url=shop.url)
        presses.press("Make the shop")
        code = page.locator("#plugin code").nth(1).inner_text()
        shop_id = page.url.partition("/s/")[2].partition("/")[0]
        presses.made += INSTALLING + CONNECTING
        keys: dict[str, object] = {
            "site": shop.url, "version": "0.1.0", "rest_key": shop.consumer_key, "rest_secret": shop.consumer_secret,
            "webhook_secret": "c" * 50, "plugin_secret": PLUGIN_SECRET,
        }  # fmt: skip
        invite = {"X-Facturelay-Invite": plugins.code_hash(code)}
        plugin_says(running, "connect", keys, secret=plugins.signing_key(code), headers=invite)
        page.wait_for_url("**/settings/company")  # by itself: the owner comes back to the page that he left
        fill(page, **SELLER)
        presses.press("Save")
        presses.press("Go live")
        presses.press("Go live")
        assert len(presses.made) == len(INSTALLING) + BESIDE_INSTALLING

        shop.place(placed_after_going_live(601))
        plugin_says(running, "changed", {"orders": [601]}, secret=PLUGIN_SECRET, headers={"X-Facturelay-Shop": shop_id})
        first_invoice_is_mailed(running, page, 601)


def comes_in(running: Running, presses: Presses) -> None:
    """The first owner, or who is there already: one press either way."""
    page, link = presses.page, set_up_link(running.services)
    page.goto(link or f"{running.url}/sign-in")
    fill(page, email="els@host.example", password=PASSWORD)
    if link:
        fill(page, name="Els Peeters", again=PASSWORD)
    presses.press("Begin" if link else "Sign in")


def plugin_says(
    running: Running, verb: str, content: dict[str, object], *, secret: str, headers: dict[str, str]
) -> None:
    body, route = json.dumps(content).encode(), f"/plugin/{verb}"
    seal = sign_request(secret, time=int(time.time()), nonce=token_hex(16), route=route, body=body)
    signed = {"Time": seal.time, "Nonce": seal.nonce, "Signature": seal.signature}
    headers = {**{f"X-Facturelay-{name}": value for name, value in signed.items()}, **headers}
    requests.post(f"{running.url}{route}", data=body, headers=headers, timeout=20).raise_for_status()


def placed_after_going_live(order_id: int) -> Payload:
    # Orders placed in the second in which a shop goes live belong to the time before.
    return an_order(id=order_id, created=datetime.now(UTC) + timedelta(seconds=1))


def first_invoice_is_mailed(running: Running, page: "Page", order_id: int) -> None:
    running.wait()
    page.get_by_role("link", name="Orders", exact=True).first.click()
    page.get_by_role("link", name=str(order_id), exact=True).first.click()
    assert "mailed" in page.locator("main").inner_text()
    assert any("F2026-00001" in mail.subject and str(order_id) in mail.subject for mail in running.mailbox.messages())
