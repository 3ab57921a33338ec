"""Storing what a person changed: all of it or nothing, with an audit trail, and never a secret in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.support.issuing import NOW, VAULT, a_draft, issue, opened
from worker.actions import shop_settings
from worker.actions.go_live import first_run_checklist
from worker.actions.shop_settings import NumberingChanges, ShopChanges
from worker.domain.document import Kind
from worker.domain.settings_form import WrongSettings
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.net.smtp_url import SmtpServer
from worker.settings import Settings
from worker.store import shops
from worker.store.database.engine import Store
from worker.store.database.tables import audit_trail
from worker.store.shops import ConnectedShop, Secrets

BY = "An"


@dataclass
class Books:
    """One shop, and its audit trail."""

    store: Store
    shop_id: str

    def now(self) -> ConnectedShop:
        with self.store.read() as connection:
            return shops.get(connection, VAULT, self.shop_id)

    def told(self) -> list[tuple[str, str]]:
        with self.store.read() as connection:
            rows = connection.execute(
                select(audit_trail.c.actor, audit_trail.c.message).order_by(audit_trail.c.entry_id)
            ).all()
        return [(row.actor, str(row.message)) for row in rows]


OPERATOR = Settings(Path(), "https://documents.test", "", "", ("k" * 32,), smtp_url="smtp://mail")


def change(books: Books, *, now: datetime = NOW, **changes: Any) -> Shop:
    changed = shop_settings.change_shop(
        books.store, VAULT, OPERATOR, books.shop_id, ShopChanges(**changes), by=BY, now=now
    )
    return changed.shop


@pytest.fixture
def books(database_url: str) -> Iterator[Books]:
    store, shop = opened(database_url)
    yield Books(store, shop.shop_id)
    store.close()


def test_what_was_typed_is_stored_and_told(books: Books) -> None:
    change(books, settings={"language": "fr", "payment_days": "14"})
    change(books, settings={"language": "fr"})
    assert (books.now().shop.language, books.now().shop.payment_days) == ("fr", 14)
    assert books.told() == [(BY, "language: nl → fr; payment days: 30 → 14.")]


def test_one_wrong_field_stores_nothing(books: Books) -> None:
    before = books.now()
    with pytest.raises(WrongSettings):
        change(books, settings={"language": "fr", "branding.accent": "x"})
    with pytest.raises(WrongSettings) as wrong:
        shop_settings.change_texts(
            books.store, VAULT, books.shop_id, {"mail.body/invoice/*/nl": "Dag", "mail.subject/*/*/nl": "{nobody}"}, by=BY, now=NOW
        )  # fmt: skip
    assert list(wrong.value.messages) == ["mail.subject/*/*/nl"]
    assert (books.now(), books.told()) == (before, [])


def test_texts_are_written_and_go_back_to_the_default(books: Books) -> None:
    pattern = "document.intro/invoice/*/nl"
    shop = shop_settings.change_texts(books.store, VAULT, books.shop_id, {pattern: "Dag {buyer}"}, by=BY, now=NOW)
    assert set(shop.texts) == {"document.intro/invoice/paid/nl", "document.intro/invoice/unpaid/nl"}
    assert shop_settings.change_texts(books.store, VAULT, books.shop_id, {pattern: None}, by=BY, now=NOW).texts == {}


def test_numbers_go_on_after_those_of_another_program(books: Books) -> None:
    wanted = NumberingChanges(patterns={Kind.INVOICE: "WEB{year}/{number:04d}"}, continue_after={Kind.INVOICE: 115})
    change(books, numbering=wanted)
    assert issue(books.store, books.now().shop, a_draft(1)).number == "WEB2026/0116"
    with pytest.raises(Rejected, match="never goes back"):
        change(books, numbering=NumberingChanges(continue_after={Kind.INVOICE: 3}))
    with pytest.raises(Rejected, match="must contain"):
        change(books, numbering=NumberingChanges(patterns={Kind.INVOICE: "F"}))


def test_secrets_change_without_being_told(books: Books) -> None:
    shop_settings.change_rest_key(
        books.store, VAULT, books.shop_id, rest_key=" ck_0123456789 ", rest_secret="cs_0123456789", by=BY, now=NOW
    )
    secret = shop_settings.rotate_webhook_secret(books.store, VAULT, books.shop_id, by=BY, now=NOW)
    server = SmtpServer("smtps", "mail.gist.example", 465, "winkel", "geheim@:/1")
    keep = {"allow_private": False, "by": BY, "now": NOW}
    assert shop_settings.change_mail_server(books.store, VAULT, books.shop_id, server, **keep)  # type: ignore[arg-type]
    assert not shop_settings.change_mail_server(books.store, VAULT, books.shop_id, server, **keep)  # type: ignore[arg-type]
    secrets = books.now().secrets
    assert (secrets.rest_key, secrets.webhook_secrets[0], shop_settings.mail_server_of(secrets)) == (
        "ck_0123456789",
        secret,
        server,
    )
    told = str(books.told())
    assert [part for part in ("ck_", "cs_", secret, "geheim") if part in told] == []
    assert len(books.told()) == 3


def test_half_a_key_or_an_open_password_is_refused(books: Books) -> None:
    with pytest.raises(Rejected, match="two parts"):
        shop_settings.change_rest_key(
            books.store, VAULT, books.shop_id, rest_key="ck_1", rest_secret="", by=BY, now=NOW
        )
    with pytest.raises(Rejected, match="unencrypted"):
        shop_settings.change_mail_server(
            books.store, VAULT, books.shop_id, SmtpServer("smtp", "mail.example", 25, "u", "p"), allow_private=False, by=BY, now=NOW
        )  # fmt: skip


def test_a_password_left_empty_is_the_one_that_is_there_for_the_same_account_only(books: Books) -> None:
    server = SmtpServer("smtps", "mail.gist.example", 465, "winkel", "geheim")
    shop_settings.change_mail_server(books.store, VAULT, books.shop_id, server, allow_private=False, by=BY, now=NOW)
    secrets = books.now().secrets
    assert shop_settings.with_password(replace(server, password="", port=587), secrets).password == "geheim"
    # Or whoever may change settings could have the password sent to a server of his own.
    assert shop_settings.with_password(replace(server, password="", host="dief.example"), secrets).password == ""


def go_live(books: Books, *, since: datetime | None = None) -> Shop:
    return change(books, live=True, begin=since)


def test_a_shop_goes_live_once_and_begins_at_that_moment(books: Books) -> None:
    change(books, live=False)
    issue(books.store, books.now().shop, a_draft(1))
    with books.store.read() as connection:
        checks = {
            check.name: check
            for check in first_run_checklist(connection, books.now().shop, smtp_url="", mail_from="", now=NOW)
        }
    numbers = [name for name in checks if name.startswith("number_")]
    assert numbers == ["number_invoice", "number_credit_note"]
    assert str(checks["tests"].message).startswith("One test document was made. It stays a test")
    assert (checks["last_delivery"].good, checks["seller"].good, checks["mail"].good) == (False, True, False)
    assert (go_live(books).test, books.now().shop.orders.since) == (False, NOW)
    again = change(books, live=True, now=NOW + timedelta(days=1))
    assert again.orders.since == NOW


def test_an_earlier_beginning_may_be_chosen(books: Books) -> None:
    change(books, live=False)
    assert go_live(books, since=NOW - timedelta(days=3)).orders.since == NOW - timedelta(days=3)


def test_without_the_sellers_details_a_shop_stays_in_test(books: Books) -> None:
    change(books, live=False)
    change(books, settings={"seller.address.city": ""})
    with pytest.raises(Rejected, match="lack: city"):
        go_live(books)
    assert books.now().shop.test


def test_a_paused_shop_goes_on(books: Books) -> None:
    assert change(books, suspended=True).suspended
    assert not change(books, suspended=False).suspended
    assert books.told() == [(BY, "suspended: no → yes."), (BY, "suspended: yes → no.")]


def test_a_shop_is_made_in_test_and_may_move(books: Books) -> None:
    made = shop_settings.new_shop({"name": " Gist "}, "https://gist.example/", allow_private=False, now=NOW)
    with books.store.write() as connection:
        made = shop_settings.add_shop(connection, VAULT, made, Secrets(("secret",)), by=BY, now=NOW)
    books.shop_id = made.shop_id
    assert (books.now().shop, books.now().secrets.webhook_secrets) == (made, ("secret",))
    assert (made.test, made.name, made.url) == (True, "Gist", "https://gist.example")
    change(books, url="https://shop.gist.example")
    assert books.told() == [(BY, "Gist was made."), (BY, "url: https://gist.example → https://shop.gist.example.")]


@pytest.mark.parametrize(
    ("name", "url", "fields"),
    [
        ("", "https://gist.example", ["name"]),
        ("Gist", "http://gist.example", ["url"]),
        ("", "gist.example", ["name", "url"]),
    ],
)
def test_a_new_shop_tells_every_wrong_field(name: str, url: str, fields: list[str]) -> None:
    with pytest.raises(WrongSettings) as wrong:
        shop_settings.new_shop({"name": name}, url, allow_private=False, now=NOW)
    assert list(wrong.value.messages) == fields


def test_many_things_change_at_once_or_none_does(books: Books) -> None:
    before = books.now()
    with pytest.raises(Rejected, match="must contain"):
        change(books, settings={"language": "fr"}, url="https://new.example", rest_key="ck_1", rest_secret="cs_1",
               numbering=NumberingChanges(patterns={Kind.INVOICE: "F"}))  # fmt: skip
    assert (books.now(), books.told()) == (before, [])

    change(books, settings={"vat.regime": "exempt"}, suspended=True, rest_key="ck_1", rest_secret="cs_1")
    assert books.told() == [(BY, "suspended: no → yes; vat.regime: normal → exempt; the REST key was changed.")]
