"""Storing what a person changed: all of it or nothing, with an audit trail, and never a secret in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.support.factories import a_shop, an_order
from tests.support.issued import ENCRYPTION, NOW, a_draft, issue, opened
from worker.actions import shop_secrets, shop_settings
from worker.actions.go_live import first_run_checklist
from worker.actions.shop_settings import NewShop, NumberingChanges, ShopChanges
from worker.domain.actor import Actor
from worker.domain.decision import Decision
from worker.domain.document import Kind
from worker.domain.order import OrderKey
from worker.domain.payment_reference import EarlierDigits, structured_communication
from worker.domain.settings_form import WrongSettings
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.net.smtp_url import SmtpServer
from worker.settings import Settings
from worker.store import deliveries, orders, payment_references, plugins, shops
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.database.tables import audit_trail
from worker.store.deliveries import NewDelivery
from worker.store.orders import OrderState
from worker.store.plugins import NewPlugin
from worker.store.shops import ConnectedShop, Secrets

BY = "An"
AN = Actor(BY, NOW)


OPERATOR = Settings(Path(), "https://documents.test", "", "", ("k" * 32,), smtp_url="smtp://mail")


@dataclass
class OneShop:
    """An installation with one shop, and its audit trail."""

    store: Store
    shop_id: str
    settings: Settings = OPERATOR
    encryption: Encryption = ENCRYPTION

    def now(self) -> ConnectedShop:
        with self.store.read() as connection:
            return shops.get(connection, ENCRYPTION, self.shop_id)

    def told(self) -> list[tuple[str, str]]:
        with self.store.read() as connection:
            rows = connection.execute(
                select(audit_trail.c.actor, audit_trail.c.message).order_by(audit_trail.c.entry_id)
            ).all()
        return [(row.actor, str(row.message)) for row in rows]


def change(installation: OneShop, *, now: datetime = NOW, **changes: Any) -> Shop:
    changed = shop_settings.change_shop(installation, installation.shop_id, ShopChanges(**changes), by=Actor(BY, now))
    return changed.shop


@pytest.fixture
def installation(database_url: str) -> Iterator[OneShop]:
    store, shop = opened(database_url)
    yield OneShop(store, shop.shop_id)
    store.close()


def test_what_was_typed_is_stored_and_told(installation: OneShop) -> None:
    change(installation, settings={"language": "fr", "payment_days": "14"})
    change(installation, settings={"language": "fr"})
    assert (installation.now().shop.language, installation.now().shop.payment_days) == ("fr", 14)
    assert installation.told() == [
        (BY, "Language where an order tells none: Nederlands → Français; Days until an unpaid invoice is due: 30 → 14.")
    ]


def test_no_shop_takes_the_digits_of_references_under_which_another_asks_or_asked(installation: OneShop) -> None:
    with installation.store.write() as connection:
        other = shops.add(connection, ENCRYPTION, a_shop(shop_id="other"), Secrets(("5f" * 25,)), now=NOW)
        earlier = OrderKey(other.shop_id, 238, "wc_order_238")
        payment_references.promise(connection, earlier, structured_communication(77, 238))
        kept = EarlierDigits(78, NOW)
        shops.change(connection, replace(other, earlier_digits=(kept,)))
    for digits in ("002", "077", "078", "1000", "0", "x"):
        with pytest.raises(WrongSettings) as wrong:
            change(installation, settings={"reference_digits": digits})
        assert list(wrong.value.messages) == ["reference_digits"]
    assert change(installation, settings={"reference_digits": "412"}).reference_digits == 412
    assert change(installation, settings={"reference_digits": "001"}).reference_digits == 1


def test_one_wrong_field_stores_nothing(installation: OneShop) -> None:
    before = installation.now()
    with pytest.raises(WrongSettings):
        change(installation, settings={"language": "fr", "branding.accent": "x"})
    with pytest.raises(WrongSettings) as wrong:
        shop_settings.change_texts(installation, installation.shop_id, {"mail.body/invoice/*/nl": "Dag", "mail.subject/*/*/nl": "{nobody}"}, by=AN
        )  # fmt: skip
    assert list(wrong.value.messages) == ["mail.subject/*/*/nl"]
    assert (installation.now(), installation.told()) == (before, [])


def test_texts_are_written_and_go_back_to_the_default(installation: OneShop) -> None:
    pattern = "document.intro/invoice/*/nl"
    shop = shop_settings.change_texts(installation, installation.shop_id, {pattern: "Dag {buyer}"}, by=AN)
    assert set(shop.texts) == {"document.intro/invoice/paid/nl", "document.intro/invoice/unpaid/nl"}
    assert shop_settings.change_texts(installation, installation.shop_id, {pattern: None}, by=AN).texts == {}


def test_numbers_go_on_after_those_of_another_program(installation: OneShop) -> None:
    wanted = NumberingChanges(patterns={Kind.INVOICE: "WEB{year}/{number:04d}"}, continue_after={Kind.INVOICE: 115})
    change(installation, numbering=wanted)
    assert issue(installation.store, installation.now().shop, a_draft(1)).number == "WEB2026/0116"
    with pytest.raises(Rejected, match="never goes back"):
        change(installation, numbering=NumberingChanges(continue_after={Kind.INVOICE: 3}))
    with pytest.raises(Rejected, match="must contain"):
        change(installation, numbering=NumberingChanges(patterns={Kind.INVOICE: "F"}))


def test_secrets_change_without_being_told(installation: OneShop) -> None:
    shop_secrets.change_rest_key(
        installation, installation.shop_id, rest_key=" ck_0123456789 ", rest_secret="cs_0123456789", by=AN
    )
    secret = shop_secrets.rotate_webhook_secret(installation, installation.shop_id, by=AN)
    server = SmtpServer("smtps", "mail.gist.example", 465, "winkel", "geheim@:/1")
    assert shop_secrets.change_mail_server(installation, installation.shop_id, server, by=AN)
    assert not shop_secrets.change_mail_server(installation, installation.shop_id, server, by=AN)
    secrets = installation.now().secrets
    assert (secrets.rest_key, secrets.webhook_secrets[0], shop_secrets.mail_server_of(secrets)) == (
        "ck_0123456789",
        secret,
        server,
    )
    told = str(installation.told())
    assert [part for part in ("ck_", "cs_", secret, "geheim") if part in told] == []
    assert len(installation.told()) == 3


def test_what_is_no_key_or_an_open_password_is_refused(installation: OneShop) -> None:
    before = installation.now().secrets
    for key, secret in (("ck_1", ""), ("", ""), ("cs_1", "ck_1"), ("my shop", "my password")):
        with pytest.raises(Rejected, match="two parts"):
            shop_secrets.change_rest_key(installation, installation.shop_id, rest_key=key, rest_secret=secret, by=AN)
    assert installation.now().secrets == before, "the key that works stays"
    with pytest.raises(Rejected, match="unencrypted"):
        shop_secrets.change_mail_server(installation, installation.shop_id, SmtpServer("smtp", "mail.example", 25, "u", "p"), by=AN
        )  # fmt: skip


def test_a_password_left_empty_is_the_one_that_is_there_for_the_same_account_only(installation: OneShop) -> None:
    server = SmtpServer("smtps", "mail.gist.example", 465, "winkel", "geheim")
    shop_secrets.change_mail_server(installation, installation.shop_id, server, by=AN)
    secrets = installation.now().secrets
    assert shop_secrets.with_password(replace(server, password="", port=587), secrets).password == "geheim"
    # Or whoever may change settings could have the password sent to a server of his own.
    assert shop_secrets.with_password(replace(server, password="", host="dief.example"), secrets).password == ""


def go_live(installation: OneShop, *, since: datetime | None = None) -> Shop:
    return change(installation, live=True, begin=since)


def test_a_shop_goes_live_once_and_begins_at_that_moment(installation: OneShop) -> None:
    change(installation, live=False)
    issue(installation.store, installation.now().shop, a_draft(1))
    with installation.store.read() as connection:
        checks = {
            check.name: check
            for check in first_run_checklist(connection, installation.now().shop, installation, now=NOW)
        }
    numbers = [name for name in checks if name.startswith("number_")]
    assert numbers == ["number_invoice", "number_credit_note"]
    assert str(checks["tests"].message).startswith("One test document was made. It stays a test")
    assert (checks["connection"].good, checks["seller"].good, checks["mail"].good) == (False, True, False)
    assert str(checks["oss"].message).startswith("Consumers in other EU countries pay the VAT of your own country.")
    assert (go_live(installation).test, installation.now().shop.orders.since) == (False, NOW)
    again = change(installation, live=True, now=NOW + timedelta(days=1))
    assert again.orders.since == NOW


def test_a_connected_shop_is_never_asked_to_connect_and_a_transfer_is_not_called_missing(installation: OneShop) -> None:
    change(installation, live=False)
    assert told_to_do(installation, "connection") == "The shop is not connected yet."
    with installation.store.write() as connection:
        plugins.connect(
            connection, ENCRYPTION, NewPlugin(installation.shop_id, "7e" * 32, "https://a.test", "1"), now=NOW
        )

    assert told_to_do(installation, "last_delivery").startswith("The shop is connected, and no order has come in yet")
    assert told_to_do(installation, "tests").startswith("No test document was made yet")
    waiting = an_order(order_id=7, number="7", status="on-hold", created_at=NOW + timedelta(minutes=1))
    with installation.store.write() as connection:
        orders.save(connection, installation.shop_id, waiting, OrderState(Decision((), ()), None), as_of=NOW)
    assert told_to_do(installation, "tests").startswith(
        "Order 7 waits for its payment, and its document with it: set it to “Processing”"
    )


@pytest.mark.parametrize("source", ["webhook", "plugin"])
def test_an_order_has_come_in_once_the_shop_told_of_one(installation: OneShop, source: str) -> None:
    with installation.store.write() as connection:
        deliveries.add(connection, NewDelivery(installation.shop_id, source, "order.updated", 7), now=NOW)

    assert told_to_do(installation, "last_delivery") == "The shop reports each order that comes in."


def test_a_company_with_the_shops_name_is_to_be_looked_at_before_the_shop_goes_live(installation: OneShop) -> None:
    change(installation, live=False)
    assert told_to_do(installation, "seller") == "The seller is complete."
    change(installation, settings={"seller.name": installation.now().shop.name})
    assert told_to_do(installation, "seller").endswith(
        "Its name is that of the shop: check that it is the legal one too."
    )


def told_to_do(installation: OneShop, name: str) -> str:
    with installation.store.read() as connection:
        found = first_run_checklist(connection, installation.now().shop, installation, now=NOW)
    return next((str(check.message) for check in found if check.name == name), "")


def test_an_earlier_beginning_may_be_chosen(installation: OneShop) -> None:
    change(installation, live=False)
    assert go_live(installation, since=NOW - timedelta(days=3)).orders.since == NOW - timedelta(days=3)


def test_without_the_sellers_details_a_shop_stays_in_test(installation: OneShop) -> None:
    change(installation, live=False)
    change(installation, settings={"seller.address.city": ""})
    with pytest.raises(Rejected, match="lack: city"):
        go_live(installation)
    assert installation.now().shop.test


def test_a_paused_shop_goes_on(installation: OneShop) -> None:
    assert change(installation, suspended=True).suspended
    assert not change(installation, suspended=False).suspended
    assert installation.told() == [(BY, "Paused: no → yes."), (BY, "Paused: yes → no.")]


def test_a_shop_is_made_in_test_and_may_move(installation: OneShop) -> None:
    made = shop_settings.new_shop(
        shop_settings.blank_shop(now=NOW), {"name": " Gist "}, "https://gist.example/", allow_private=False
    )
    with installation.store.write() as connection:
        made = shop_settings.add_shop(connection, ENCRYPTION, NewShop(made, Secrets(("secret",))), by=AN)
    installation.shop_id = made.shop_id
    assert (installation.now().shop, installation.now().secrets.webhook_secrets) == (made, ("secret",))
    assert (made.test, made.name, made.url) == (True, "Gist", "https://gist.example")
    change(installation, url="https://shop.gist.example")
    assert installation.told() == [
        (BY, "Gist was made."),
        (
            BY,
            "Address of the shop: https://gist.example → https://shop.gist.example; the secret that the shop signs with was replaced.",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "url", "fields"),
    [("", "https://gist.example", ["name"]), ("Gist", "http://gist.example", ["url"]), ("", "gist", ["name", "url"])],
)
def test_a_new_shop_tells_every_wrong_field(name: str, url: str, fields: list[str]) -> None:
    with pytest.raises(WrongSettings) as wrong:
        shop_settings.new_shop(shop_settings.blank_shop(now=NOW), {"name": name}, url, allow_private=False)
    assert list(wrong.value.messages) == fields


def test_many_things_change_at_once_or_none_does(installation: OneShop) -> None:
    before = installation.now()
    with pytest.raises(Rejected, match="must contain"):
        change(installation, settings={"language": "fr"}, url="https://new.example", rest_key="ck_1", rest_secret="cs_1",
               numbering=NumberingChanges(patterns={Kind.INVOICE: "F"}))  # fmt: skip
    assert (installation.now(), installation.told()) == (before, [])

    change(installation, settings={"vat.regime": "exempt"}, suspended=True, rest_key="ck_1", rest_secret="cs_1")
    assert installation.told() == [
        (BY, "Paused: no → yes; VAT scheme: ordinary: VAT is charged → exempt by art. 44; the shop's key was changed.")
    ]


@pytest.fixture
def with_key(installation: OneShop) -> OneShop:
    change(installation, url="https://gist.example", rest_key="ck_1", rest_secret="cs_1")
    return installation


OTHER_SITES = ("https://evil.example", "https://gist.example.evil.example", "https://gist.example:8443",
               "https://gist.example/other", "https://shop.gist.example")  # fmt: skip


@pytest.mark.parametrize("url", [*OTHER_SITES, "http://gist.example"])
def test_a_key_and_a_secret_are_never_sent_to_another_address(with_key: OneShop, url: str) -> None:
    before = with_key.now().secrets
    with_key.settings = replace(OPERATOR, allow_private_shops=True)

    change(with_key, url=url)

    after = with_key.now().secrets
    assert (after.rest_key, after.rest_secret, after.rest_key_withheld) == ("", "", True)
    # What was signed before the change still counts; what is sent to the new address is new.
    assert after.webhook_secrets[0] not in before.webhook_secrets
    assert after.webhook_secrets[1] == before.webhook_secrets[0]
    assert "taken away, as it was given for another address" in with_key.told()[-1][1]


@pytest.mark.parametrize(
    "url", ["https://gist.example", "https://www.gist.example/", "https://GIST.example:443", "https://gist.example/"]
)
def test_the_same_shop_written_otherwise_keeps_its_key(with_key: OneShop, url: str) -> None:
    before = with_key.now().secrets
    change(with_key, url=url)
    assert with_key.now().secrets == before


def test_a_key_that_comes_with_the_new_address_is_stored(with_key: OneShop) -> None:
    change(with_key, url="https://new.example", rest_key="ck_2", rest_secret="cs_2")
    secrets = with_key.now().secrets
    assert (secrets.rest_key, secrets.rest_secret) == ("ck_2", "cs_2")
    assert with_key.told()[-1][1].endswith(
        "the shop's key was changed; the secret that the shop signs with was replaced."
    )


def test_half_a_key_does_not_bring_the_old_half_to_a_new_address(with_key: OneShop) -> None:
    change(with_key, url="https://evil.example", rest_key="ck_2")
    assert with_key.now().secrets.rest_secret == ""
