"""How often an owner presses until the first invoice is mailed: with the key of the shop's REST API typed by hand, and with the plugin."""

import json
import time
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING

import requests

from tests.browser.conftest import PASSWORD, Running, fill, leave
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
BY_HAND = 6  # "Begin", "Make the shop", "Save the key and connect", "Save" of the company, "Go live", and once more


class Presses:
    """The presses of an owner who goes nowhere but where the pages lead."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.made: list[str] = []

    def press(self, name: str) -> None:
        self.made.append(name)
        leave(self.page, self.page.locator("main").get_by_role("button", name=name, exact=True).first)
        self.page.wait_for_url(lambda url: "/tasks/" not in url, timeout=20_000)


def test_the_first_invoice_is_mailed_after_six_presses_by_hand(running: Running, page: "Page") -> None:
    presses = Presses(page)
    page.goto(running.set_up_link())
    fill(page, name="Els Peeters", email="els@host.example", password=PASSWORD, again=PASSWORD)
    presses.press("Begin")
    fill(page, name="Koffiepot", url=running.shop.url)
    presses.press("Make the shop")
    fill(page, rest_key=running.shop.consumer_key, rest_secret=running.shop.consumer_secret)
    presses.press("Save the key and connect")
    fill(page, **SELLER)
    presses.press("Save")
    presses.press("Go live")
    presses.press("Go live")
    assert len(presses.made) == BY_HAND

    running.shop.place(placed_after_going_live(501))
    running.shop.deliver(501, "order.created")
    first_invoice_is_mailed(running, page, 501)


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
