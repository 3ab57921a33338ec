"""The shop's own words: placeholders that are known, tags of other programs, defaults that are complete."""

import re
from datetime import UTC, datetime

import pytest

from worker.domain import texts
from worker.domain.document import Captions, Kind
from worker.domain.shop import OrderSettings, Shop
from worker.domain.texts import TextKey, TextPart

SHOP = Shop("gist", "De Gist", "https://gist.example", OrderSettings(datetime(2026, 1, 1, tzinfo=UTC)))
SUBJECT = TextKey(TextPart.SUBJECT, Kind.INVOICE, paid=False, language="nl")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Factuur {number} van {shop}", "Factuur {number} van {shop}"),
        ("{ Number } {ORDER}", "{number} {order}"),
        ("Factuur %factuurnummer% voor %klantnaam%: %bedrag%", "Factuur {number} voor {customer}: {total}"),
        ("Commande %bestelnummer%", "Commande {order}"),
        ("Facture %numéro_de_facture% de %NomClient%, %montant%", "Facture {number} de {customer}, {total}"),
        # What enFact's support pages list: all that can be filled here.
        ("%number% %document_number% %document_date% %company_name%", "{number} {number} {date} {seller}"),
        ("%customer_name% t.a.v. %contact_name%", "{customer} t.a.v. {buyer}"),
        ("%total_amount_excl% %total_amount_incl%", "{net} {total}"),
        ("%total_amount_to_be_paid% binnen %term% dagen", "{to_pay} binnen {term} dagen"),
        ("%iban% %bic% %structured_message%", "{iban} {bic} {reference}"),
        ("%expiration_date% %link%", "{due} {link}"),
        ("5% korting, 10% bij twee, 100 % wol", "5% korting, 10% bij twee, 100 % wol"),
        ("a lone } or { stays", "a lone } or { stays"),
        (" \tline\x07 ", "line"),
    ],
)
def test_a_text_is_stored_with_placeholders_only(typed: str, kept: str) -> None:
    assert texts.check_text(TextPart.BODY, typed) == kept


@pytest.mark.parametrize(
    ("part", "typed", "named"),
    [
        (TextPart.BODY, "Factuur {nummer}", "“{nummer}”"),
        (TextPart.BODY, "{number.__class__}", "“{number.__class__}”"),
        (TextPart.BODY, "{0} {}", "“{0}”"),
        (TextPart.BODY, "%foo_bar%", "“%foo_bar%”"),
        # … and what cannot.
        (TextPart.BODY, "%payment_button%", "“%payment_button%” cannot be filled: each mail has a button of its own"),
        (TextPart.BODY, "%sign_button%", "nothing is signed here. Leave it out."),
        (TextPart.BODY, "%customer_number%", "customers of a shop have no number"),
        (TextPart.BODY, "%financial_discount%", "no discount for paying early"),
        (TextPart.BODY, "%financial_discount_date%", "no discount for paying early"),
        (TextPart.BODY, "%total_amount_incl_with_financial_discount%", "no discount for paying early"),
        (TextPart.INTRO, "Zie {link}", "“{link}” has no place in a document"),
        (TextPart.TERMS, "%link%", "“{link}” has no place in a document"),
        (TextPart.SUBJECT, "{link}", "“{link}” has no place in a subject"),
        (TextPart.SUBJECT, "one\ntwo", "A subject is one line"),
        (TextPart.SUBJECT, "  ", "may not be empty"),
        (TextPart.SUBJECT, "x" * 201, "at most 200"),
    ],
)
def test_what_cannot_be_filled_is_refused_by_name(part: TextPart, typed: str, named: str) -> None:
    with pytest.raises(ValueError, match=re.escape(named)):
        texts.check_text(part, typed)


def test_every_tag_stands_for_a_placeholder() -> None:
    assert set(texts.TAGS.values()) <= set(texts.PLACEHOLDERS)
    assert not set(texts.TAGS) & set(texts.UNSUPPORTED_TAGS)


def test_every_default_is_there_in_every_language_and_can_be_filled() -> None:
    for key in texts.all_keys():
        text = texts.default_text(key)
        assert texts.check_text(key.part, text or "x") == (text.strip() or "x"), key
        assert bool(text) is bool(texts.default_text(TextKey(key.part, key.kind, key.paid, "en"))), key
        assert text or key.part not in (TextPart.SUBJECT, TextPart.BODY), key


def test_the_shop_s_words_go_before_the_default_and_can_be_given_up() -> None:
    own = texts.with_text(SHOP, SUBJECT, "Uw factuur %factuurnummer%")

    assert texts.text_of(own, SUBJECT) == "Uw factuur {number}"
    assert texts.text_of(own, TextKey(TextPart.SUBJECT, Kind.INVOICE, paid=True, language="nl")).startswith(
        "{documents}"
    )
    assert texts.without_text(own, SUBJECT) == SHOP


def test_an_empty_caption_prints_nothing_instead_of_the_default() -> None:
    closing = TextKey(TextPart.CLOSING, Kind.INVOICE, paid=True, language="nl")

    assert texts.default_text(closing)
    assert texts.text_of(texts.with_text(SHOP, closing, ""), closing) == ""


def test_captions_are_those_of_kind_state_and_language() -> None:
    shop = SHOP
    for pattern, text in (("document.intro/invoice/*/fr", "Bonjour"), ("document.terms/*/*/fr", "Conditions")):
        for key in texts.matching_keys(pattern):
            shop = texts.with_text(shop, key, text)

    captions = texts.captions(shop, Kind.INVOICE, paid=True, language="fr")

    assert captions == Captions("Bonjour", "Merci pour votre commande.", "Conditions", "De Gist")
    assert texts.captions(shop, Kind.INVOICE, paid=True, language="nl").intro == ""


def test_filling_happens_once() -> None:
    facts = {"buyer": "{total} %bedrag%", "total": "€ 1", "due": ""}

    assert texts.fill("Dag {buyer}: {total} tegen {due}.", facts) == "Dag {total} %bedrag%: € 1 tegen."


def test_nobody_is_greeted_without_a_gap() -> None:
    assert texts.fill("Dag {buyer},", {"buyer": ""}) == "Dag,"


def test_a_key_is_named_as_it_is_stored() -> None:
    assert texts.matching_keys("mail.subject/invoice/unpaid/nl") == (SUBJECT,)
    assert len(texts.matching_keys("mail.subject/*/*/nl")) == 2 * len(Kind)
    with pytest.raises(ValueError, match=r"“mail.subject” names no text"):
        texts.matching_keys("mail.subject")
