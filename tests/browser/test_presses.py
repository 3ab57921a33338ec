"""How often an owner presses from the set-up link to the first mailed invoice, with the key of the shop's REST API typed by hand."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.browser.conftest import PASSWORD, Running, fill, leave
from worker.demo.orders import an_order

if TYPE_CHECKING:
    from playwright.sync_api import Page

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
    fill(
        page,
        seller__name="De Gouden Koffiepot", seller__legal_form="BV", seller__register="RPR Gent", seller__address__street="Koestraat 41",
        seller__address__postcode="9000", seller__address__city="Gent", seller__address__country="BE",
        seller__vat_number="BE0445566134", seller__email="els@host.example", seller__iban="BE71096123456769",
    )  # fmt: skip
    presses.press("Save")
    presses.press("Go live")
    presses.press("Go live")
    assert len(presses.made) == BY_HAND

    # Orders placed in the second in which a shop goes live belong to the time before.
    running.shop.place(an_order(id=501, created=datetime.now(UTC) + timedelta(seconds=1)))
    running.shop.deliver(501, "order.created")
    running.wait()
    page.get_by_role("link", name="Orders", exact=True).first.click()
    page.get_by_role("link", name="501", exact=True).first.click()
    assert "mailed" in page.locator("main").inner_text()
    assert any("F2026-00001" in str(mail) for mail in running.mailbox.messages())
