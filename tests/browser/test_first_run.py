"""From an empty machine to the first real invoice in a browser, without the command line; then every button of daily life."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, Running, fill, press
from worker.demo.orders import an_order

if TYPE_CHECKING:
    from playwright.sync_api import Page


def place(running: Running, order_id: int) -> None:
    """A paid order comes in, as the shop tells of it."""
    # Orders placed in the second in which a shop goes live belong to the time before.
    running.shop.place(an_order(id=order_id, created=datetime.now(UTC) + timedelta(seconds=1)))
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

    fill(
        page,
        seller__name="De Gouden Koffiepot", seller__legal_form="BV", seller__register="RPR Gent", seller__address__street="Koestraat 41",
        seller__address__postcode="9000", seller__address__city="Gent", seller__address__country="BE",
        seller__vat_number="BE0445566135", seller__email="els@host.example", seller__iban="BE71096123456769",
    )  # fmt: skip
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

    page.locator("summary", has_text="The customer's link").click()
    press(page, "Make a new link")
    link = page.locator("code.copy").inner_text()
    page.locator("summary", has_text="The customer's link").click()
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
