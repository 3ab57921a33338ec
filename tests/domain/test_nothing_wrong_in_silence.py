"""The ways in which a wrong document once left without a word: each is a draft that says why, or right, or told to the owner.

A document goes out by itself when it has no problem; what the owner is told of one that does stands in the order's flags.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.support.factories import A_SELLER, a_history, a_line, a_refund, a_shop, an_order, issued, shipping
from worker.domain.decide import decide_documents
from worker.domain.document import Category, Draft, Kind, Purpose
from worker.domain.draft import draft_document
from worker.domain.order import Order, Refund
from worker.domain.party import Address
from worker.domain.shop import Shop, VatRegime, VatSettings
from worker.domain.vat_check import VatCheck

TODAY = date(2026, 11, 23)
OSS = VatSettings(oss=True)
DE_NUMBER = "DE811907980"
CONFIRMED = VatCheck(DE_NUMBER, True, "BE0477472701", datetime(2026, 11, 23, tzinfo=UTC), "WAPI1")


def invoice(order: Order, shop: Shop | None = None) -> Draft:
    return draft_document(order, shop or a_shop(), today=TODAY, purpose=Purpose(Kind.INVOICE, "order:238:invoice:1"))


def problems(draft: Draft) -> set[str]:
    return {problem.code for problem in draft.problems}


def said(draft: Draft) -> list[str]:
    return [one.key for one in draft.mentions]


def to(country: str, *lines: object, postcode: str = "1012 AB", **more: object) -> Order:
    return an_order(*lines, paid=True, country=country, postcode=postcode, **more)  # type: ignore[arg-type]


def credit_note(order: Order, refund: Refund, shop: Shop, **changes: object) -> Draft:
    first = issued(invoice(order, shop))
    refunded = replace(order, refunds=an_order(refunds=[refund]).refunds, **changes)  # type: ignore[arg-type]
    decision = decide_documents(refunded, (refund,), a_history(first), shop, TODAY)
    return next(draft for draft in decision.drafts if draft.kind is Kind.CREDIT_NOTE)


# Whose VAT it is


def test_belgian_vat_to_a_dutch_consumer_is_not_called_oss_and_its_credit_note_has_the_sentence_of_rd_4() -> None:
    order = to("NL", a_line("100.00"))
    assert said(invoice(order)) == []
    assert said(credit_note(order, a_refund("121.00", a_line("100.00")), a_shop())) == ["credit_note_be"]


def test_the_home_rate_in_an_oss_shop_waits() -> None:
    assert "home_rate_under_oss" in problems(invoice(to("DE", a_line("100.00")), a_shop(vat=OSS)))


def test_a_foreign_rate_without_oss_waits() -> None:
    assert "foreign_rate" in problems(invoice(to("FR", a_line("100.00", "20"))))


def test_a_rate_that_belgium_does_not_have_waits() -> None:
    assert "rate_unknown" in problems(invoice(an_order(a_line("100.00", "19"), paid=True)))


def test_vat_of_a_country_outside_the_eu_waits() -> None:
    assert "foreign_rate" in problems(invoice(to("GB", a_line("100.00", "20"), postcode="SW1A 1AA")))
    of_both = to("NO", a_line("100.00", "12"), postcode="0150")
    assert "rate_of_two_countries" in problems(invoice(of_both))


@pytest.mark.parametrize(("country", "postcode"), [("MC", "98000"), ("GB", "BT1 1AA")])
def test_monaco_and_northern_ireland_have_the_sentence_of_oss(country: str, postcode: str) -> None:
    order = to(country, a_line("100.00", "20"), postcode=postcode)
    assert said(invoice(order, a_shop(vat=OSS))) == ["oss"]


# Without VAT


def test_what_is_forgotten_beside_what_is_taxed_waits() -> None:
    order = an_order(a_line("10.00"), a_line("100.00", None, line_id=2, name="Wijnglazen"), paid=True)
    draft = invoice(order)
    assert "no_tax_charged" in problems(draft)
    assert any("Wijnglazen" in str(problem.message) for problem in draft.problems)


@pytest.mark.parametrize("country", ["BE", "DE"])
def test_a_rate_of_0_percent_is_no_reason(country: str) -> None:
    line = a_line("100.00", "0", tax_class="zero-rate")
    assert "no_tax_charged" in problems(invoice(to(country, line)))


def test_goods_to_a_business_abroad_are_exempt_also_beside_taxed_shipping_and_in_a_class_of_0_percent() -> None:
    goods = a_line("1000.00", "0", tax_class="zero-rate")
    order = to("DE", goods, shipping(), company="Gasthaus GmbH", vat_number_given=DE_NUMBER, vat_check=CONFIRMED)
    draft = invoice(order)
    assert [line.category for line in draft.lines] == [Category.INTRA_EU, Category.STANDARD]


def test_no_sale_without_vat_to_a_business_abroad_goes_out_before_vies_said_yes() -> None:
    order = to("DE", a_line("100.00", None), company="Gasthaus GmbH", vat_number_given=DE_NUMBER)
    unasked = replace(CONFIRMED, valid=None, code="MS_UNAVAILABLE")
    for check in (None, unasked, replace(CONFIRMED, valid=False)):
        assert problems(invoice(replace(order, vat_check=check))) & {"vat_number_unchecked", "vat_number_invalid"}
    assert problems(invoice(replace(order, vat_check=CONFIRMED))) == set()


def test_no_confirmation_promises_an_exemption_that_vies_refused() -> None:
    order = to("DE", a_line("100.00", None), company="Gasthaus GmbH", vat_number_given=DE_NUMBER)
    refused = replace(order, vat_check=replace(CONFIRMED, valid=False))
    confirmation = draft_document(refused, a_shop(), today=TODAY, purpose=Purpose(Kind.ORDER_CONFIRMATION, "c"))
    assert problems(confirmation)


@pytest.mark.parametrize(("virtual", "category"), [(True, Category.REVERSE_CHARGE), (False, Category.INTRA_EU)])
def test_what_the_product_is_decides_between_goods_and_services(virtual: bool, category: Category) -> None:
    line = a_line("20.00", None, virtual=virtual)
    order = to("DE", line, company="Gasthaus GmbH", vat_number_given=DE_NUMBER, vat_check=CONFIRMED)
    assert [line.category for line in invoice(order).lines] == [category]


# Words and dates


@pytest.mark.parametrize(
    ("country", "words"),
    [("BE", "Régime particulier de la franchise de taxe"), ("FR", "293 B"), ("DE", "19 UStG"), ("NL", "KOR")],
)
def test_a_small_business_has_the_words_of_its_own_country_and_of_today(country: str, words: str) -> None:
    seller = replace(A_SELLER, address=replace(A_SELLER.address, country=country, postcode="1000"))
    shop = a_shop(seller=seller, vat=VatSettings(VatRegime.SMALL_BUSINESS))
    order = to(country, a_line("100.00", None), postcode="1000", language_hint="fr")
    assert any(words in one.text for one in invoice(order, shop).mentions)


def test_a_date_of_supply_is_told_only_where_there_is_one() -> None:
    assert invoice(an_order(paid=True)).supplied_on is None
    assert invoice(an_order(status="completed", paid=True)).supplied_on is not None


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.ORDER_CONFIRMATION, Kind.DELIVERY_NOTE])
@pytest.mark.parametrize("status", ["pending", "on-hold", "processing", "completed", "cancelled", "shipped"])
@pytest.mark.parametrize("paid", [True, False])
def test_no_document_invents_a_day_of_supply(kind: Kind, status: str, paid: bool) -> None:
    order = replace(an_order(status=status, paid=paid), completed_at=None)
    draft = draft_document(order, a_shop(), today=TODAY, purpose=Purpose(kind, "c"))
    assert draft.supplied_on is None


def test_an_invoice_to_a_business_of_a_flemish_shop_is_in_dutch() -> None:
    order = to("BE", a_line("100.00"), postcode="4000", company="Liège SPRL", vat_number_given="BE0403170701")
    assert invoice(order).language == "nl"
    assert invoice(to("BE", a_line("100.00"), postcode="4000")).language == "fr"


# Who sells and who buys


def test_a_business_without_name_or_address_waits() -> None:
    order = to("BE", a_line("100.00"), company="Bakkerij Peeters BV", vat_number_given="BE0403170701")
    assert problems(invoice(order)) == set()
    nowhere = replace(order.billing, address=Address(country="BE"))
    assert "buyer_incomplete" in problems(invoice(replace(order, billing=nowhere)))


def test_a_belgian_business_with_an_unusable_number_waits() -> None:
    order = to("BE", a_line("100.00"), company="Bakkerij Peeters BV", vat_number_given="BE0123456740")
    assert problems(invoice(order))


@pytest.mark.parametrize("lacking", ["vat_number", "register", "iban", "legal_form"])
def test_a_seller_without_what_the_law_asks_waits(lacking: str) -> None:
    seller = replace(A_SELLER, **{lacking: ""})  # type: ignore[arg-type]  # a field by name
    assert "seller_incomplete" in problems(invoice(an_order(paid=True), a_shop(seller=seller)))


def test_an_invoice_after_the_15th_says_so() -> None:
    order = an_order(paid_at=datetime(2026, 10, 2, 12, tzinfo=UTC))
    late = replace(issued(invoice(order)), issued_on=date(2026, 11, 28))
    flags = decide_documents(order, (), a_history(late), a_shop(), date(2026, 11, 28)).flags
    assert "invoice_late" in {flag.code for flag in flags}


# Money


def test_a_gift_card_that_pays_is_no_negative_turnover() -> None:
    card = a_line("-50.00", None, line_id=9, name="Cadeaubon ABC123")
    order = an_order(a_line("100.00"), replace(card, kind=shipping().kind.FEE), paid=True)
    draft = invoice(order)
    assert draft.problems or (draft.total == Decimal("121.00") and all(line.net >= 0 for line in draft.lines))


def test_a_negative_order_makes_no_invoice_by_itself() -> None:
    order = an_order(a_line("-31.32"), paid=True)
    decision = decide_documents(order, (), a_history(), a_shop(), TODAY)
    assert not [draft for draft in decision.drafts if draft.kind is Kind.INVOICE and not draft.problems]


def test_an_amount_refunded_over_two_rates_asks_which_goods() -> None:
    order = an_order(a_line("100.00"), a_line("100.00", "6", line_id=2), paid=True)
    assert problems(credit_note(order, a_refund("10.00"), a_shop()))


def test_what_is_sold_on_account_is_not_called_paid() -> None:
    order = an_order(status="completed", payment_method="invoice", payment_title="Factuur (30 dagen)")
    draft = invoice(order)
    assert draft.paid_on is None
    assert draft.payment is not None
    assert draft.payment.due_on is not None


def test_a_deposit_is_not_called_the_whole() -> None:
    order = an_order(status="partial-payment", paid=True)
    draft = invoice(order)
    assert draft.paid_on is None
    assert draft.problems
