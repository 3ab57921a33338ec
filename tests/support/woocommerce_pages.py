"""The owner and the customer of a real WooCommerce, in a browser. Knows the pages of 8.9, 9.4 and 11.0."""

import io
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.services.wordpress import PLUGIN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PATIENCE_MS = 120_000
PRESSES = 4
# WooCommerce 8.9 kept the slash of the field's name.
VAT_FIELD = "[id$='-facturelay-vat-number'], [id$='-facturelay/vat-number']"
RECEIVED = re.compile(r"order-received/(\d+)")


@dataclass(frozen=True)
class Owner:
    """Whoever runs the shop, signed in to wp-admin."""

    page: "Page"
    url: str

    @classmethod
    def signs_in(cls, browser: "Browser", url: str, *, user: str, password: str) -> "Owner":
        page = browser.new_context(accept_downloads=True, viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{url}/wp-login.php")
        page.fill("#user_login", user)
        page.fill("#user_pass", password)
        page.click("#wp-submit")
        page.wait_for_url("**/wp-admin/**")
        return cls(page, url)

    def goes_to(self, path: str) -> "Page":
        self.page.goto(f"{self.url}/wp-admin/{path}")
        return self.page

    def installs_the_plugin(self) -> None:
        """Upload the folder as a zip, in place of what is there, and activate it."""
        page = self.goes_to("plugin-install.php?tab=upload")
        page.set_input_files(
            "#pluginzip", {"name": "facturelay.zip", "mimeType": "application/zip", "buffer": zipped(PLUGIN)}
        )
        page.click("#install-plugin-submit")
        page.wait_for_load_state()
        replace = page.locator("a.update-from-upload-overwrite")
        if replace.count():
            replace.click()
            page.wait_for_load_state()
        self.goes_to("plugins.php")
        if page.locator("#activate-facturelay").count():
            page.click("#activate-facturelay")
            page.wait_for_load_state()

    def opens_settings(self) -> "Page":
        return self.goes_to("admin.php?page=wc-settings&tab=facturelay")

    def presses(self, verb: str) -> str:
        """Press one of our buttons; what the page says then."""
        self.page.click(f"button[name=save][value={verb}]")
        self.page.wait_for_load_state()
        return self.says()

    def says(self) -> str:
        """The sentence, and its code in brackets, which is shown where something is wrong."""
        notice = self.page.locator(".notice.inline").first
        return f"{notice.inner_text()} ({notice.get_attribute('data-code')})" if notice.count() else ""

    def disconnects(self) -> str:
        self.opens_settings()
        return self.presses("disconnect")

    def connects(self, address: str, code: str) -> str:
        """Connect with a code; say yes where the plugin asks about a private address."""
        self.opens_settings()
        if not self.page.locator("#facturelay_address").count():
            self.disconnects()
        self.page.fill("#facturelay_address", address)
        self.page.fill("#facturelay_code", code)
        said = self.presses("connect")
        if self.page.locator("[name=facturelay_private]").count():
            self.page.check("[name=facturelay_private]")
            said = self.presses("connect")
        return self.waits_for_the_check(said)

    def waits_for_the_check(self, said: str) -> str:
        """A busy machine takes longer to try the keys than a page may wait for; the owner is told to look again."""
        for _ in range(PRESSES):
            if "(waiting)" not in said:
                break
            self.page.wait_for_timeout(10_000)
            said = self.presses("check")
        return said

    def opens_order(self, order_id: int) -> "Locator":
        """The box at the order, once Facturelay has told what it knows. The address of before HPOS leads to both."""
        self.goes_to(f"post.php?post={order_id}&action=edit")
        box = self.page.locator("#facturelay-order")
        box.locator("a:has-text('Mail'), details, .description").first.wait_for()
        return box

    def downloads(self, order_ids: list[int]) -> list[str]:
        """The names in the zip of these orders' documents."""
        self.goes_to("admin.php?page=wc-orders")
        if "wc-orders" not in self.page.url or not self.page.locator("#bulk-action-selector-top").count():
            self.goes_to("edit.php?post_type=shop_order")
        for order_id in order_ids:
            self.page.check(f"#cb-select-{order_id}")
        self.page.select_option("#bulk-action-selector-top", "facturelay_download")
        with self.page.expect_download() as download:
            self.page.click("#doaction")
        with zipfile.ZipFile(download.value.path()) as archive:
            return archive.namelist()


@dataclass(frozen=True)
class Customer:
    """A guest with an empty cart. *vat* is given as typed."""

    page: "Page"
    url: str
    email: str
    company: str = ""
    vat: str = ""

    @classmethod
    def arrives(cls, browser: "Browser", url: str, email: str, *, company: str = "", vat: str = "") -> "Customer":
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        return cls(page, url, email, company, vat)

    def fills_blocks(self, product_id: int, checkout: str) -> None:
        page = self.page
        page.goto(f"{self.url}/?add-to-cart={product_id}")
        page.goto(f"{self.url}{checkout}")
        page.fill("#email", self.email)
        address = "billing" if page.locator("#billing-first_name").count() else "shipping"
        fields = {
            "first_name": "Jan", "last_name": "Janssens", "company": self.company, "address_1": "Kerkstraat 12",
            "postcode": "9000", "city": "Gent",
        }  # fmt: skip
        for name, value in fields.items():
            if value and page.locator(f"#{address}-{name}").count():
                page.fill(f"#{address}-{name}", value)
        if self.vat:
            page.fill(VAT_FIELD, self.vat)
        page.check("#radio-control-wc-payment-method-options-bacs")

    def orders(self) -> int:
        """Place the order from the block checkout; its id."""
        self.presses(lambda: self.page.wait_for_url(RECEIVED, timeout=PATIENCE_MS / 4))
        return self.order_received()

    def is_told(self, message: str) -> None:
        """Place the order, and be refused with *sentence*."""
        told = self.page.get_by_text(message).first
        self.presses(lambda: told.wait_for(timeout=PATIENCE_MS / 4))

    def presses(self, reached: Callable[[], None]) -> None:
        """Press until it works: the block counts again after each field, and a press meanwhile is lost."""
        for _ in range(PRESSES):
            with suppress(PlaywrightTimeout):
                self.page.click(".wc-block-components-checkout-place-order-button")
                return reached()
        raise AssertionError(f"the block checkout took none of {PRESSES} presses")

    def orders_the_classic_way(self, product_id: int, checkout: str) -> int:
        page = self.page
        page.goto(f"{self.url}/?add-to-cart={product_id}")
        page.goto(f"{self.url}{checkout}")
        fields = {
            "first_name": "Jan", "last_name": "Janssens", "company": self.company, "vat_number": self.vat,
            "address_1": "Kerkstraat 12", "postcode": "9000", "city": "Gent", "phone": "09 123 45 67", "email": self.email,
        }  # fmt: skip
        for name, value in fields.items():
            if value:
                page.fill(f"#billing_{name}", value)
        page.wait_for_timeout(2000)
        page.check("#payment_method_bacs", force=True)
        page.click("#place_order")
        return self.order_received()

    def order_received(self) -> int:
        self.page.wait_for_url(RECEIVED)
        found = RECEIVED.search(self.page.url)
        assert found is not None
        return int(found[1])


def zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    return content.getvalue()
