"""In which language an invoice to a business is: what the law wants at the seat of its seller, unless the owner chose otherwise."""

from dataclasses import replace

import pytest

from tests.support.factories import A_SELLER, a_shop, an_order, drafted, issued
from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_source import Cancellation
from worker.domain.document import Kind, Purpose, SendMode
from worker.domain.order import Order
from worker.domain.party import Address
from worker.domain.shop import Shop

LIEGE = an_order(postcode="4000", company="Boulangerie SRL", vat_number_given="BE0403170701")
BERLIN = an_order(country="DE", postcode="10115", company="Bäckerei GmbH", vat_number_given="DE136695976")


def seated_in(postcode: str, country: str = "BE", **more: object) -> Shop:
    return a_shop(seller=replace(A_SELLER, address=Address("Markt 1", "", postcode, "Stad", "", country)), **more)


@pytest.mark.parametrize(
    ("postcode", "country", "to_liege", "to_berlin"),
    [
        ("9000", "BE", "nl", "nl"),
        ("1500", "BE", "nl", "nl"),
        ("4000", "BE", "fr", "fr"),
        ("1300", "BE", "fr", "fr"),
        ("4700", "BE", "de", "de"),
        ("1000", "BE", "fr", "de"),  # Brussels leaves the choice
        ("1012 AB", "NL", "fr", "de"),
        ("", "BE", "fr", "de"),
    ],
)
def test_a_business_gets_its_invoice_in_the_language_of_the_sellers_region(
    postcode: str, country: str, to_liege: str, to_berlin: str
) -> None:
    shop = seated_in(postcode, country)
    assert (drafted(LIEGE, shop).language, drafted(BERLIN, shop).language) == (to_liege, to_berlin)


@pytest.mark.parametrize(("chosen", "language"), [("seat", "nl"), ("customer", "fr"), ("en", "en"), ("de", "de")])
def test_the_owner_may_choose_another(chosen: str, language: str) -> None:
    assert drafted(LIEGE, a_shop(business_language=chosen)).language == language


@pytest.mark.parametrize("chosen", ["seat", "de"])
def test_consumers_are_written_to_in_their_own_language_whatever_is_chosen(chosen: str) -> None:
    assert drafted(an_order(postcode="4000"), a_shop(business_language=chosen)).language == "fr"


@pytest.mark.parametrize("kind", [Kind.ORDER_CONFIRMATION, Kind.DELIVERY_NOTE])
def test_what_the_law_does_not_prescribe_is_in_the_customers_language(kind: Kind) -> None:
    assert drafted(LIEGE, a_shop(), kind).language == "fr"


def test_what_a_translation_plugin_wrote_does_not_change_the_language_that_the_law_wants() -> None:
    hinted = replace(LIEGE, language_hint="fr_BE")
    assert (drafted(hinted, a_shop()).language, drafted(hinted, a_shop()).mail_language) == ("nl", "fr")


def test_sentences_and_texts_of_the_invoice_are_in_its_language() -> None:
    shop = a_shop(texts={"document.intro/invoice/unpaid/nl": "Goeiedag", "document.intro/invoice/unpaid/fr": "Bonjour"})
    untaxed = replace(BERLIN, lines=(replace(BERLIN.lines[0], taxes=()),), tax_rates=(), total=BERLIN.lines[0].total)
    draft = drafted(untaxed, shop)
    assert [mention.text for mention in draft.mentions] == [
        "Vrijstelling van btw – intracommunautaire levering – art. 39bis W.Btw"
    ]
    assert draft.captions.intro == "Goeiedag"


def test_a_credit_note_is_in_the_language_of_its_invoice_whatever_was_chosen_since() -> None:
    invoice = issued(drafted(LIEGE, a_shop()))
    credit_note = draft_credit_note(
        Cancellation(),
        CreditedInvoice(invoice, ()),
        LIEGE,
        a_shop(business_language="customer"),
        purpose=Purpose(Kind.CREDIT_NOTE, "x"),
    )
    assert (credit_note.language, credit_note.mail_language) == ("nl", "fr")


@pytest.mark.parametrize(
    ("chosen", "order", "languages"),
    [
        ("none", LIEGE, ("nl", "")),
        ("customer", LIEGE, ("nl", "fr")),
        ("customer", an_order(), ("nl", "")),
        ("en", LIEGE, ("nl", "en")),
        ("nl", LIEGE, ("nl", "")),  # once is enough
        ("de", an_order(postcode="4000"), ("fr", "de")),
    ],
)
def test_a_second_language_stands_beside_the_one_that_the_law_wants(
    chosen: str, order: Order, languages: tuple[str, str]
) -> None:
    draft = drafted(order, a_shop(second_language=chosen))
    assert (draft.language, draft.second_language) == languages


def test_legal_sentences_stand_in_both_languages_on_the_credit_note_too() -> None:
    shop = a_shop(second_language="customer")
    invoice = issued(drafted(LIEGE, shop))
    credit_note = draft_credit_note(
        Cancellation(),
        CreditedInvoice(invoice, ()),
        LIEGE,
        shop,
        purpose=Purpose(Kind.CREDIT_NOTE, "cancel:F1", SendMode.DRAFT),
    )
    assert (credit_note.language, credit_note.second_language) == ("nl", "fr")
    assert [(said.text[:3], said.second[:3]) for said in credit_note.mentions] == [("Btw", "TVA")]
