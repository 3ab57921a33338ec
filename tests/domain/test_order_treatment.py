"""A person may say how one order is treated for VAT; it holds for its lines without VAT, and for nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.support.factories import a_line, a_shop, an_order
from worker.domain.document import Category, Draft, Kind, Purpose
from worker.domain.draft import draft_document
from worker.domain.mentions import legal_texts
from worker.domain.order import Order
from worker.domain.order_treatment import TREATMENT_TERMS, OrderTreatment, TreatmentName
from worker.domain.vat import category_by_hand


def invoice(order: Order, name: TreatmentName | None) -> Draft:
    said = OrderTreatment(name, "werf in Aalst", "Els", datetime(2026, 11, 28, tzinfo=UTC)) if name else None
    order = replace(order, treatment=said)
    return draft_document(order, a_shop(), today=date(2026, 11, 28), purpose=Purpose(Kind.INVOICE, "c"))


def a_domestic_business(*lines: object) -> Order:
    return an_order(*lines, company="Bouw BV", vat_number_given="BE0403170701")  # type: ignore[arg-type]


def test_without_a_word_an_untaxed_domestic_sale_waits_and_with_it_it_is_reverse_charged() -> None:
    order = a_domestic_business(a_line("100.00", None))
    assert "no_tax_charged" in {problem.code for problem in invoice(order, None).problems}
    treated = invoice(order, TreatmentName.CO_CONTRACTOR)
    assert treated.problems == ()
    assert [line.category for line in treated.lines] == [Category.REVERSE_CHARGE]
    assert "art. 20" in treated.mentions[0].text
    assert "één maand" in treated.mentions[0].text


NEEDS_A_NUMBER = (TreatmentName.CO_CONTRACTOR, TreatmentName.INTRA_EU, TreatmentName.REVERSE_CHARGE)


@pytest.mark.parametrize(
    ("given", "lawful_for"),
    [
        ("", ()),
        ("BE0403170702", ()),  # a digit is wrong
        ("BE0403170701", (TreatmentName.CO_CONTRACTOR,)),
        ("NL004495445B01", (TreatmentName.INTRA_EU, TreatmentName.REVERSE_CHARGE)),
    ],
)
@pytest.mark.parametrize("name", TreatmentName)
def test_who_leaves_the_vat_to_the_buyer_needs_his_number(
    name: TreatmentName, given: str, lawful_for: tuple[TreatmentName, ...]
) -> None:
    """A consumer cannot owe it, nor a Belgian number stand for an acquisition abroad; whatever was said by hand."""
    order = an_order(a_line("100.00", None), vat_number_given=given, company="Bouw BV" if given else "")
    waits = name in NEEDS_A_NUMBER and name not in lawful_for
    assert ("treatment_needs_number" in {problem.code for problem in invoice(order, name).problems}) is waits


def test_what_was_taxed_needs_no_number() -> None:
    assert invoice(an_order(a_line("100.00", "21")), TreatmentName.CO_CONTRACTOR).problems == ()


def test_what_was_taxed_stays_taxed() -> None:
    order = a_domestic_business(a_line("100.00", None), a_line("10.00", "21", line_id=2))
    treated = invoice(order, TreatmentName.CO_CONTRACTOR)
    assert [line.category for line in treated.lines] == [Category.REVERSE_CHARGE, Category.STANDARD]
    assert treated.vat == sum(line.tax for line in order.lines)


@pytest.mark.parametrize("name", TreatmentName)
def test_each_treatment_has_its_sentence_its_category_and_its_words(name: TreatmentName) -> None:
    legal = legal_texts()[name]
    assert category_by_hand(name) is not Category.STANDARD
    assert set(legal.text) == {"nl", "fr", "de", "en"}
    assert TREATMENT_TERMS[name]
    number = "NL004495445B01" if name in (TreatmentName.INTRA_EU, TreatmentName.REVERSE_CHARGE) else "BE0403170701"
    treated = invoice(an_order(a_line("100.00", None), company="Bouw BV", vat_number_given=number), name)
    # Vouchers alone make no VAT invoice: that is another question.
    assert {problem.code for problem in treated.problems} <= {"only_vouchers"}
    assert [said.key for said in treated.mentions] == [name]
