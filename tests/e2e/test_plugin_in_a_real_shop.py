"""Claims about the plugin in a real WooCommerce: connected in a browser, one mail for each customer whatever happens to us.

Beside what conftest.py asks for:

    FACTURELAY_E2E_ADMIN, FACTURELAY_E2E_ADMIN_PASSWORD   somebody who may install plugins; their screens are in English
    FACTURELAY_E2E_SHOP_SMTP_PORT    where we take the shop's own mails (default: 2525); point the shop's SMTP there
    FACTURELAY_E2E_CHECKOUT, FACTURELAY_E2E_CLASSIC_CHECKOUT   two pages of the shop, with the block and with [woocommerce_checkout]
                                     (default: /checkout/ and /classic-checkout/)
    FACTURELAY_E2E_DEBUG_LOG         the shop's debug.log, where it is on this machine and WP_DEBUG is on

The shop takes bank transfers (bacs), guests and visitors who call wp-cron.php. The whole takes half an hour: WooCommerce's own
mail may wait ten minutes. The plugin is uploaded as a zip, in place of one that is there, and stays;
the last test disconnects it.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.e2e.conftest import RealShop, checked, real_settings
from tests.support.woocommerce_pages import VAT_FIELD, Customer, Owner
from worker.demo.mailbox import Mailbox
from worker.demo.stage import SELLER
from worker.domain.document import Kind
from worker.domain.rules import Rule
from worker.domain.shop import OrderSettings, Shop
from worker.domain.step import MAIL
from worker.processes import status
from worker.processes.supervisor import Supervisor, start_all
from worker.services import Services
from worker.settings import Settings
from worker.store import audit_trail, plugins, senders, shops
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails
from worker.store.shops import Secrets

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.e2e

RULES = ("order_confirmation:created:send:method=bacs", "invoice:paid:send")
PORT = int(os.environ.get("FACTURELAY_E2E_PORT", "8080"))
BLOCKS = os.environ.get("FACTURELAY_E2E_CHECKOUT", "/checkout/")
CLASSIC = os.environ.get("FACTURELAY_E2E_CLASSIC_CHECKOUT", "/classic-checkout/")
VAT = "BE0123456749"
# A held mail waits ten minutes, and the shop's clock may need another two.
LATEST_S = 780.0


@dataclass
class Ours:
    """Our side, which can be stopped, killed and started again on the same data."""

    settings: Settings
    services: Services
    shop: RealShop
    product_id: int
    ours: Mailbox
    theirs: Mailbox
    shop_id: str
    processes: Supervisor = field(init=False)

    def starts(self) -> None:
        self.processes = start_all(self.settings, host="0.0.0.0", port=PORT, workers=1, embedded_broker=True)  # noqa: S104
        assert status.wait_until_healthy(self.services, f"http://127.0.0.1:{PORT}/ready", seconds=60)

    def dies(self) -> None:
        """kill -9 of every process, at once."""
        for part in self.processes.processes:
            assert part.popen is not None
            part.popen.kill()
        for part in self.processes.processes:
            assert part.popen is not None
            part.popen.wait()
        # The lock on the data folder is this process's; the kernel would free it with a launcher that was killed.
        self.processes.stop()

    def mails_to(self, email: str) -> tuple[int, int]:
        """How many mails a customer got: from us, from WooCommerce."""
        return counted(self.ours, email), counted(self.theirs, email)

    def documents(self, order_id: int) -> tuple[DocumentDetails, ...]:
        with self.services.store.read() as connection:
            return order_history.listing(connection, shop_id=self.shop_id, order_id=order_id)

    def wait_for(self, reached: Callable[[], bool], what: str, *, seconds: float = 240.0) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(requests.RequestException):
                self.shop.run_queue()
            if reached():
                return
            time.sleep(3)
        raise AssertionError(f"{what} did not come within {seconds:.0f} s")

    def settled(self) -> bool:
        return status.check(self.services).is_idle


def counted(mailbox: Mailbox, email: str) -> int:
    return sum(email in mail.recipients for mail in mailbox.messages())


def an_email() -> str:
    return f"koper-{secrets.token_hex(5)}@klant.test"


# For all, so that they are there before the browser: while it lives, no other event loop can be started from here.
@pytest.fixture(scope="module", autouse=True)
def mailboxes() -> Iterator[tuple[Mailbox, Mailbox]]:
    """Where our mails go, and where the shop's own go."""
    with Mailbox() as ours, Mailbox(port=int(os.environ.get("FACTURELAY_E2E_SHOP_SMTP_PORT", "2525"))) as theirs:
        yield ours, theirs


@pytest.fixture(scope="module")
def owner(browser: "Browser", real_shop: RealShop) -> Owner:
    user, password = os.environ["FACTURELAY_E2E_ADMIN"], os.environ["FACTURELAY_E2E_ADMIN_PASSWORD"]
    return Owner.signs_in(browser, real_shop.url, user=user, password=password)


@pytest.fixture(scope="module")
def system(
    mailboxes: tuple[Mailbox, Mailbox], real_shop: RealShop, owner: Owner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ours]:
    """Connected through the browser, with a code, as an owner does it."""
    ours, theirs = mailboxes
    ticket = {"name": "Proefticket", "type": "simple", "virtual": True, "regular_price": "12.40"}
    product_id = int(checked(real_shop.api.post("products", ticket))["id"])
    settings = real_settings(tmp_path_factory.mktemp("e2e"), port=PORT, smtp_url=ours.url)
    system = Ours(settings, Services(settings), real_shop, product_id, ours, theirs, shops.new_shop_id())
    try:
        system.starts()
        owner.installs_the_plugin()
        said = owner.connects(settings.public_url, invited(system))
        assert "(connected)" in said, said
        yield system
    finally:
        system.processes.stop()
    real_shop.api.delete(f"products/{product_id}", params={"force": True})


def invited(system: Ours) -> str:
    """A shop without keys, and the code that connects its plugin."""
    made = Shop(
        shop_id=system.shop_id,
        name="Proef",
        url=system.shop.url,
        orders=OrderSettings(since=system.services.now() - timedelta(minutes=5)),
        seller=replace(SELLER, name="Proef"),
        rules=tuple(Rule.parse(rule) for rule in RULES),
    )
    code = plugins.new_code()
    with system.services.store.write() as connection:
        keyless = Secrets((shops.new_webhook_secret(),))
        shops.add(connection, system.services.encryption, made, keyless, now=system.services.now())
        senders.prove(connection, made.shop_id, made.seller.email, by="operator", now=system.services.now())
        plugins.invite(connection, system.services.encryption, made.shop_id, code, now=system.services.now())
    return code


def test_a_consumer_in_the_block_checkout_gets_one_mail_with_the_document(browser: "Browser", system: Ours) -> None:
    customer = Customer.arrives(browser, system.shop.url, an_email())
    customer.fills_blocks(system.product_id, BLOCKS)

    order_id = customer.orders()

    assert customer.page.locator("section.facturelay-documents").inner_text().startswith("Documents")
    system.wait_for(lambda: system.mails_to(customer.email) == (1, 0), "our mail")
    (confirmation,) = system.documents(order_id)
    assert confirmation.document is not None
    mail = next(mail for mail in system.ours.messages() if customer.email in mail.recipients)
    assert [attachment.type for attachment in mail.attachments] == ["application/pdf"]
    system.wait_for(system.settled, "rest")
    customer.page.reload()
    assert confirmation.document.number in customer.page.locator("section.facturelay-documents").inner_text()


def test_a_company_in_the_block_checkout_is_told_of_a_wrong_vat_number(browser: "Browser", system: Ours) -> None:
    customer = Customer.arrives(browser, system.shop.url, an_email(), company="Bakkerij Peeters BV", vat="BE0123456748")
    customer.fills_blocks(system.product_id, BLOCKS)
    customer.is_told("This VAT number is not right")
    customer.page.fill(VAT_FIELD, "be 0123.456.749")

    order_id = customer.orders()

    system.wait_for(lambda: system.mails_to(customer.email) == (1, 0), "our mail")
    (confirmation,) = system.documents(order_id)
    assert confirmation.draft.buyer.vat_number == VAT


def test_a_company_in_the_classic_checkout_gets_one_mail_with_its_vat_number(browser: "Browser", system: Ours) -> None:
    customer = Customer.arrives(browser, system.shop.url, an_email(), company="Bakkerij Peeters BV", vat=VAT)

    order_id = customer.orders_the_classic_way(system.product_id, CLASSIC)

    system.wait_for(lambda: system.mails_to(customer.email) == (1, 0), "our mail")
    (confirmation,) = system.documents(order_id)
    assert (confirmation.draft.buyer.company, confirmation.draft.buyer.vat_number) == ("Bakkerij Peeters BV", VAT)


def test_staff_see_the_document_at_the_order_send_it_again_and_download_it(system: Ours, owner: Owner) -> None:
    email = an_email()
    order_id = placed(system, email, paid=True)
    system.wait_for(lambda: system.mails_to(email) == (1, 0), "our mail")
    (invoice,) = system.documents(order_id)
    assert invoice.document is not None
    system.wait_for(system.settled, "rest")

    box = owner.opens_order(order_id)
    assert invoice.document.number in box.inner_text()
    box.locator("a:has-text('Mail again')").click()
    system.wait_for(lambda: system.mails_to(email) == (2, 0), "the second mail, which somebody asked for")

    assert owner.downloads([order_id]) == [f"{invoice.document.number}.pdf"]


def test_a_refund_makes_one_mail_with_the_credit_note(system: Ours) -> None:
    email = an_email()
    order_id = placed(system, email, paid=True)
    system.wait_for(lambda: system.mails_to(email) == (1, 0), "the invoice's mail")
    system.wait_for(system.settled, "rest")

    system.shop.post(f"orders/{order_id}/refunds", {"amount": "5.00", "reason": "kapot", "api_refund": False})

    system.wait_for(lambda: system.mails_to(email) == (2, 0), "the credit note's mail")
    kinds = [item.draft.kind for item in system.documents(order_id)]
    assert kinds == [Kind.INVOICE, Kind.CREDIT_NOTE]


def test_reconnecting_makes_keys_and_webhooks_anew_and_orders_go_on(system: Ours, owner: Owner) -> None:
    before = ours_in_the_shop(system)
    owner.opens_settings()

    said = owner.waits_for_the_check(owner.presses("renew"))

    after = ours_in_the_shop(system)
    assert "(connected)" in said
    assert (len(before), len(after), set(before) & set(after)) == (4, 4, set())
    email = an_email()
    placed(system, email, paid=True)
    system.wait_for(lambda: system.mails_to(email) == (1, 0), "our mail")


def test_fifty_customers_get_one_mail_each_while_we_die_and_come_back(system: Ours) -> None:
    emails = [an_email() for _ in range(50)]
    orders = {}
    for number, email in enumerate(emails):
        if number in (17, 36):
            system.dies()
        if number in (33, 40):
            system.starts()
        orders[email] = placed(system, email, paid=number % 2 == 0)
        if number % 5 == 0:
            system.shop.run_queue()

    system.wait_for(lambda: all(sum(system.mails_to(email)) >= 1 for email in emails), "each mail", seconds=LATEST_S)
    system.wait_for(system.settled, "rest", seconds=LATEST_S)
    assert {email: len(different_mails(system, email)) for email in emails} == dict.fromkeys(emails, 1)
    # Whoever is killed while the mail server takes a mail cannot know whether it did: then the same mail comes twice, and that is told.
    assert all(may_come_twice(system, orders[email]) for email in emails if sum(system.mails_to(email)) > 1)
    assert all(len(system.documents(order_id)) == 1 for order_id in orders.values())


def test_while_we_are_away_woocommerce_mails_and_we_do_not_mail_after_it(browser: "Browser", system: Ours) -> None:
    system.processes.stop()
    held = Customer.arrives(browser, system.shop.url, an_email())
    held.fills_blocks(system.product_id, BLOCKS)
    order_id = held.orders()
    system.wait_for(lambda: system.mails_to(held.email) == (0, 1), "WooCommerce's own mail", seconds=LATEST_S)

    # By now the shop has not heard from us for ten minutes, so nothing waits any more.
    direct = an_email()
    placed(system, direct, paid=False)
    system.wait_for(lambda: system.mails_to(direct) == (0, 1), "WooCommerce's own mail, at once")

    system.starts()
    system.wait_for(lambda: len(system.documents(order_id)) == 1, "the document", seconds=400)
    system.wait_for(system.settled, "rest")
    (confirmation,) = system.documents(order_id)
    mail = next(step for step in confirmation.steps if step.name == MAIL)
    assert (mail.state, system.mails_to(held.email), system.mails_to(direct)) == ("skipped", (0, 1), (0, 1))
    own = next(mail for mail in system.theirs.messages() if held.email in mail.recipients)
    assert f"/o/{system.shop_id}-{order_id}-" in own.html + own.text


def test_after_disconnecting_woocommerce_mails_as_before_and_nothing_of_ours_is_left(
    system: Ours, owner: Owner
) -> None:
    said = owner.disconnects()
    email = an_email()

    placed(system, email, paid=False)

    assert "(disconnected)" in said
    system.wait_for(lambda: system.mails_to(email) == (0, 1), "WooCommerce's own mail")
    assert ours_in_the_shop(system) == []


def test_the_plugin_left_no_complaint_in_the_log() -> None:
    log = os.environ.get("FACTURELAY_E2E_DEBUG_LOG", "")
    lines = Path(log).read_text(encoding="utf-8").splitlines() if log and Path(log).exists() else []
    assert [line for line in lines if "facturelay" in line.lower()] == []


def different_mails(system: Ours, email: str) -> set[str]:
    """The Message-IDs of what a customer got, from us and from WooCommerce."""
    both = (*system.ours.messages(), *system.theirs.messages())
    return {mail.message_id for mail in both if email in mail.recipients}


def may_come_twice(system: Ours, order_id: int) -> bool:
    with system.services.store.read() as connection:
        trail = audit_trail.of_order(connection, system.shop_id, order_id)
    return any(entry.code == "mailed_again" for entry in trail)


def placed(system: Ours, email: str, *, paid: bool) -> int:
    buyer = {
        "first_name": "Jan", "last_name": "Janssens", "address_1": "Kerkstraat 12", "city": "Gent", "postcode": "9000",
        "country": "BE", "email": email,
    }  # fmt: skip
    lines = [{"product_id": system.product_id, "quantity": 1}]
    return int(system.shop.order(paid=paid, billing=buyer, line_items=lines)["id"])


def ours_in_the_shop(system: Ours) -> list[int]:
    """The ids of the webhooks that lead to us."""
    webhooks = checked(system.shop.api.get("webhooks", params={"per_page": 100}))
    return [hook["id"] for hook in webhooks if hook["delivery_url"].endswith(f"/webhooks/{system.shop_id}")]
