"""What the audit trail says of changed settings: each by the name that its page gives it, and never by a word of the code."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.support.factories import a_shop
from worker.domain.access_point import PROVIDERS
from worker.domain.document import Kind
from worker.domain.payment_method import PaymentTerms
from worker.domain.setting_names import CHOICES, SETTING_NAMES
from worker.domain.settings_diff import UNTOLD, describe_changes
from worker.domain.settings_form import FIELDS, apply_settings
from worker.domain.shop import LostNumbers, RestoredBackup, Series, Shop, StoredFile
from worker.i18n import LANGUAGES, Translator
from worker.i18n.translate import translate
from worker.net.mollie_key import Mode

SINCE = datetime(2026, 11, 27, 8, 50, 23, tzinfo=UTC)
# Another value of each setting that a page or the command line changes, as it is typed.
TYPED = {
    "name": "Tweede", "seller.name": "Acme", "seller.legal_form": "BV", "seller.register": "RPR Gent", "seller.sole_trader": "yes",
    "seller.address.street": "Dorp 1", "seller.address.postcode": "9050", "seller.address.city": "Ledeberg",
    "seller.address.country": "NL", "seller.vat_number": "NL004495445B01", "seller.enterprise_number": "34215667",
    "seller.iban": "BE71096123456769", "seller.bic": "GKCCBEBB", "seller.email": "an@acme.example", "seller.phone": "09",
    "seller.website": "acme.example", "language": "fr", "business_language": "customer", "second_language": "customer",
    "consumer_prices": "with_vat", "consumer_invoices": "simplified", "zone": "Europe/Paris", "credit_notes": "draft",
    "rules": 'invoice:paid:draft:buyer=business,country=BE|NL,method=bacs,minimum=50,order=suborder|pos,category=Wijn,tax_class=reduced-rate,shipping=flat_rate,coupon=X*',
    "orders.since": "2026-11-27T10:00", "orders.documented": "suborders", "orders.status_map": "await-ship=processing",
    "orders.own_fields": "_billing_btw=vat_number", "vat.regime": "small_business", "vat.oss_since": "2026-07-01",
    "vat.zero_reasons": "name Statiegeld* = packaging\ntax class zero-rate = zero_rated",
    "vat.foreign_numbers": "GB = GB123456789 since 2024-01-01\nNO = 123456785MVA", "vat.vies_wait_hours": "48", "exchange_rates": "USD=1.0831",
    "payment_days": "14", "payment_terms": "invoice_gateway=30 days\nklarna=paid", "cancel_after_days": "7", "reference_digits": "012",
    "mollie.methods": "creditcard\nkbc", "bancontact_profile": "0123456789abcdef01234567", "reminders.who": "all",
    "reminders.since": "2026-12-01", "reminders.before_due": "3", "reminders.friendly": "6", "reminders.formal": "15",
    "reminders.last": "20", "reminders.terms": "Wie te laat betaalt …", "reminders.terms_since": "2026-01-01",
    "reminders.consumer_costs": "20", "reminders.consumer_interest": "8.5", "reminders.legal_interest": "2026-07-01=10.5",
    "peppol.sender": "e-invoice.be", "peppol.company": "c1", "peppol.businesses": "peppol", "peppol.vouched_for": "0208:0403170701",
    "mail.sender": "a@x.example", "mail.reply_to": "b@x.example", "mail.cc": "c@x.example", "mail.bcc": "d@x.example",
    "branding.accent": "#112233", "branding.layout": "letter", "years_kept": "7",
}  # fmt: skip


def everything_else(shop: Shop) -> Shop:
    """*shop* with every setting otherwise."""
    turned = {name: "" if FIELDS[name].show(shop, value_of(shop, name)) == "yes" else "yes" for name in CHECKBOXES}
    after = apply_settings(shop, {**turned, **TYPED})
    return replace(
        after,
        url="https://other.example",
        test=not shop.test,
        suspended=True,
        closed=True,
        mollie=replace(after.mollie, mode=Mode.TEST),
        mail=replace(after.mail, attachment=StoredFile("shops/1/terms.pdf", "ab", "voorwaarden.pdf")),
        branding=replace(after.branding, logo=StoredFile("shops/1/logo.png", "ab")),
        seller=replace(after.seller, address=replace(after.seller.address, street_2="bus 3", state="VOV")),
        terms="Geen retour.",
        texts={"mail.subject/invoice/unpaid/nl": "Je factuur", "document.terms/credit_note/paid/fr": ""},
        numbering=replace(
            after.numbering,
            series={**after.numbering.series, Kind.INVOICE: Series("sales", "V{number:04d}", yearly=False)},
            continued_after={"invoice:2026": 115},
            restored=RestoredBackup(SINCE, SINCE),
            lost_numbers=(LostNumbers("invoice", 2026, 3, 5),),
            core="other",
        ),
    )


def value_of(shop: Shop, name: str) -> object:
    value: object = shop
    for part in name.split("."):
        value = getattr(value, part)
    return value


CHECKBOXES = [name for name in FIELDS if isinstance(value_of(a_shop(), name), bool)]


def names_below(value: object, name: str = "") -> Iterator[str]:
    """The settings of a shop, by where they lie."""
    if is_dataclass(value):
        for field in fields(value):
            yield from names_below(getattr(value, field.name), f"{name}.{field.name}".lstrip("."))
    else:
        yield name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_changed_setting_is_told_without_a_word_of_the_code(language: str) -> None:
    before, after = a_shop(), everything_else(a_shop())
    told = [translate(message, Translator(language)) for message in describe_changes(before, after)]

    raw = re.compile(r"\w+_\w+|\b[a-z]+\.[a-z_]+\b(?!\.example)|\{|\bNone\b|\d{4}-\d\d-\d\d")
    data = re.compile(
        r"_billing_btw|reduced-rate|flat_rate|invoice_gateway|\S+\.example|\S+\.pdf|e-invoice\.be|await-ship"
    )
    assert [line for line in told if raw.search(data.sub("", line))] == []
    assert len(told) > len(SETTING_NAMES)


def test_every_setting_has_a_name() -> None:
    of_shop = {name for name in names_below(a_shop()) if name not in ("shop_id", "texts", *UNTOLD)}
    assert SETTING_NAMES.keys() == of_shop | FIELDS.keys()


def test_whatever_a_setting_may_be_has_words() -> None:
    """What is stored as one of a few is told by its words, and no word is for what cannot be stored."""
    for name, choices in CHOICES.items():
        if name in FIELDS and name not in ("orders.own_fields", "mollie.methods"):
            for stored in choices:
                if stored not in ("operator", "elsewhere", *PROVIDERS):
                    assert FIELDS[name].read(a_shop(), str(stored)) == stored
    assert set(CHOICES["mollie.methods"]) >= {"creditcard", "bancontact"}


def test_an_instant_is_told_to_the_second() -> None:
    before = replace(a_shop(), test=True).with_orders_since(datetime(2026, 11, 27, 8, 50, 23, 864232, tzinfo=UTC))
    after = replace(before, test=False).with_orders_since(datetime(2026, 11, 27, 9, 0, 12, 588030, tzinfo=UTC))

    told = [translate(message, Translator("en")) for message in describe_changes(before, after)]
    assert told == ["Orders placed since: 27 Nov 2026 08:50:23 → 27 Nov 2026 09:00:12", "Test mode: yes → no"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"payment_days": 14}, "Dagen tot een onbetaalde factuur vervalt: 30 → 14"),
        ({"suspended": True}, "Gepauzeerd: nee → ja"),
        ({"zone": "Europe/Paris"}, "Tijdzone: Europe/Brussels → Europe/Paris"),
        (
            {"payment_terms": {"klarna": PaymentTerms(30)}},
            "Wat elke betaalmethode betekent (klarna): zoals gewoonlijk bij deze methode → op rekening verkocht; dagen om te betalen: 30",
        ),
        ({"exchange_rates": {"USD": Decimal("1.0831")}}, "Eigen wisselkoersen (USD): niets → 1,0831"),
        (
            {"texts": {"mail.subject/invoice/unpaid/nl": "Je factuur"}},
            "Onderwerp van de mail (factuur, niet betaald, Nederlands): de standaardtekst → Je factuur",
        ),
    ],
)
def test_a_setting_is_told_by_its_name_and_its_words(changed: Mapping[str, object], told: str) -> None:
    before = a_shop()
    (message,) = describe_changes(before, replace(before, **changed))  # type: ignore[arg-type]  # fields by name
    assert translate(message, Translator("nl")) == told


def test_amounts_rates_and_days_are_written_as_the_reader_writes_them() -> None:
    before = a_shop()
    costs = replace(
        before.reminders, consumer_costs=Decimal("20.00"), consumer_interest=Decimal("8.50"), since=date(2026, 12, 1)
    )
    told = [
        translate(message, Translator("fr")).replace("\u202f", " ").replace("\u00a0", " ")
        for message in describe_changes(before, replace(before, reminders=costs))
    ]
    assert told == [
        "Rappels de ce qui échoit à partir de ce jour : rien → 1er déc. 2026",
        "Indemnité selon vos conditions (€) : 0,00 € → 20,00 €",
        "Intérêts selon vos conditions, en pour cent par an : 0 % → 8,5 %",
    ]


def test_another_file_of_the_same_name_was_changed() -> None:
    before = replace(a_shop(), branding=replace(a_shop().branding, logo=StoredFile("a/logo.png", "ab", "logo.png")))
    after = replace(before, branding=replace(before.branding, logo=StoredFile("b/logo.png", "cd", "logo.png")))
    assert list(map(str, describe_changes(before, after))) == ["Logo was changed"]
