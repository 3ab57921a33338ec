"""A shop's settings as a form sees them: what is shown comes back unchanged, and each wrong field has its own sentence."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.support.factories import a_shop
from worker.domain.document import Kind, SendMode
from worker.domain.rules import BuyerFilter, Rule, Trigger
from worker.domain.setting_readers import read_shop_url
from worker.domain.settings_form import FIELDS, WrongSettings, apply_settings, settings_as_text
from worker.domain.shop import LAYOUTS, DocumentedOrders, MailSettings, OrderSettings, VatRegime, VatSettings
from worker.domain.zero_reason import Mark, Untaxed, ZeroReason
from worker.rendering import LAYOUTS as PRINTED

FULL = a_shop(
    exchange_rates={"USD": Decimal("1.0831")},
    rules=(
        Rule(Kind.INVOICE, Trigger.PAID, buyer=BuyerFilter.BUSINESS, countries=("BE", "NL"), minimum_total=Decimal(50)),
        Rule(Kind.DELIVERY_NOTE, Trigger.PROCESSING, SendMode.DRAFT),
    ),
    orders=OrderSettings(
        datetime(2026, 11, 22, 10, 30, 17, tzinfo=UTC), {"packed": "processing", "await-pay": "on-hold"}
    ),
    mail=MailSettings("De Gist <winkel@gist.example>", cc="a@gist.example, b@gist.example"),
    vat=VatSettings(
        sells_services=True,
        oss=True,
        oss_since=date(2026, 7, 1),
        zero_reasons=(
            ZeroReason(Mark.TAX_CLASS, "zero-rate", Untaxed.ZERO_RATED),
            ZeroReason(Mark.NAME, "Bon = cadeau *", Untaxed.VOUCHER),
        ),
    ),
)


def test_what_is_shown_comes_back_unchanged() -> None:
    assert apply_settings(FULL, settings_as_text(FULL)) == FULL


def test_everything_shown_is_read_again_from_nothing() -> None:
    bare = a_shop(name="x", zone="UTC")
    again = apply_settings(bare, settings_as_text(FULL))
    assert settings_as_text(again) == settings_as_text(FULL)
    # A form shows minutes; only who changes the moment loses its seconds.
    assert again == FULL.with_orders_since(datetime(2026, 11, 22, 10, 30, tzinfo=UTC))


def test_what_people_type_is_tidied() -> None:
    shop = apply_settings(
        a_shop(),
        {
            "seller.vat_number": "be 0403.170.701",
            "seller.enterprise_number": "0403.170.701",
            "seller.iban": "be68 5390 0754 7034",
            "seller.address.country": "be",
            "name": "  Gist  ",
            "vat.oss": "",
            "orders.pending_is_placed": "on",
            "orders.documented": "suborders",
            "rules": "invoice:completed:draft\r\n\r\n",
            "orders.since": "2026-11-01",
            "vat.regime": "small_business",
        },
    )
    seller = shop.seller
    assert (seller.vat_number, seller.enterprise_number, seller.iban, seller.address.country) == (
        "BE0403170701", "0403170701", "BE68539007547034", "BE",
    )  # fmt: skip
    assert shop.orders.documented is DocumentedOrders.SUBORDERS
    assert (shop.name, shop.vat.oss, shop.orders.pending_is_placed, shop.vat.regime) == (
        "Gist",
        False,
        True,
        VatRegime.SMALL_BUSINESS,
    )
    assert shop.rules == (Rule(Kind.INVOICE, Trigger.COMPLETED, SendMode.DRAFT),)
    assert shop.orders.since == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("name", " ", "needs a name"),
        ("seller.vat_number", "BE0403170702", "not a valid VAT number"),
        ("seller.enterprise_number", "0403170702", "not an enterprise number"),
        ("seller.iban", "BE68539007547035", "not an account number"),
        ("seller.bic", "KREDBE", "not a BIC"),
        ("seller.address.country", "België", "not a country"),
        ("seller.email", "winkel", "not a mail address"),
        ("mail.sender", "a@b.example, c@d.example", "not a mail address"),
        ("mail.cc", "a@b.example, c", "not a mail address"),
        ("zone", "Europa/Brussel", "not a time zone"),
        ("orders.since", "gisteren", "not a day"),
        ("language", "es", "cannot be chosen"),
        ("rules", "invoice:paid", "not a rule"),
        ("credit_notes", "later", "cannot be chosen"),
        ("orders.status_map", "packed=gone", "not a status"),
        ("orders.pending_is_placed", "perhaps", "neither yes nor no"),
        ("orders.documented", "both", "main, suborders"),
        ("payment_days", "366", "not a number of days"),
        ("payment_days", "-1", "not a number of days"),
        ("payment_terms", "klarna", "write it like"),
        ("payment_terms", "klarna=soon", "write it like"),
        ("payment_terms", "klarna=400 days", "not a number of days"),
        ("vat.regime", "none", "cannot be chosen"),
        ("vat.oss_since", "1 juli", "not a day"),
        ("vat.zero_reasons", "zero-rate", "does not say what is sold without VAT"),
        ("vat.zero_reasons", "class zero-rate = voucher", "does not say what is sold without VAT"),
        ("vat.zero_reasons", "sku = voucher", "does not say what is sold without VAT"),
        ("vat.zero_reasons", "sku BON = gift card", "is no reason to charge no VAT; choose one of voucher"),
        ("vat.zero_reasons", "name * = voucher", "would hold for everything"),
        ("exchange_rates", "EUR=1", "not an exchange rate"),
        ("branding.accent", "green", "not a colour"),
        ("branding.layout", "poster", "cannot be chosen"),
    ],
)
def test_a_wrong_field_is_told_by_its_name(name: str, text: str, part: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        apply_settings(a_shop(), {name: text, "language": "fr"} if name != "language" else {name: text})
    assert list(wrong.value.messages) == [name]
    assert part in str(wrong.value.messages[name])


def test_all_wrong_fields_are_told_at_once() -> None:
    with pytest.raises(WrongSettings) as wrong:
        apply_settings(a_shop(), {"branding.accent": "green", "zone": "x", "language": "fr"})
    assert set(wrong.value.messages) == {"branding.accent", "zone"}


def test_the_number_of_a_dutch_company_is_that_of_the_chamber_of_commerce() -> None:
    dutch = {"seller.address.country": "NL"}
    shop = apply_settings(a_shop(), {**dutch, "seller.enterprise_number": "KvK 34215667"})
    assert shop.seller.enterprise_number == "34215667"
    with pytest.raises(WrongSettings, match="it has eight digits"):
        apply_settings(a_shop(), {**dutch, "seller.enterprise_number": "0403170701"})


def test_a_number_of_another_country_is_stored_as_it_is_written() -> None:
    shop = apply_settings(a_shop(), {"seller.address.country": "CH", "seller.vat_number": "CHE-123.456.788 MWST"})
    assert shop.seller.vat_number == "CHE-123456788MWST"


def test_a_setting_that_there_is_not_is_a_mistake_of_ours() -> None:
    with pytest.raises(LookupError):
        apply_settings(a_shop(), {"colour": "#ffffff"})


def test_every_field_is_one_of_a_shop() -> None:
    assert set(settings_as_text(a_shop())) == set(FIELDS)


def test_the_layouts_to_choose_from_are_those_that_are_printed() -> None:
    assert list(LAYOUTS) == list(PRINTED)


@pytest.mark.parametrize(
    "text", ["shop", "my shop.example", "ftp://shop.example", "https://", "https://me@shop.example", "https://x:99999"]
)
def test_what_is_no_address_of_a_shop_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="not a shop's address"):
        read_shop_url(text, allow_private=True)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("shop.example", "https://shop.example"),
        ("www.shop.example:8443/winkel/", "https://www.shop.example:8443/winkel"),
        ("https://shop.example/", "https://shop.example"),
    ],
)
def test_an_address_may_be_typed_without_https(typed: str, address: str) -> None:
    assert read_shop_url(typed, allow_private=False) == address


def test_an_address_without_encryption_is_for_a_machine_of_ones_own() -> None:
    assert read_shop_url("http://127.0.0.1:8000/", allow_private=True) == "http://127.0.0.1:8000"
    with pytest.raises(ValueError, match="not encrypted"):
        read_shop_url("http://shop.example", allow_private=False)
