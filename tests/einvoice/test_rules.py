"""What is wrong with an e-invoice is found, whoever has to find it, and said as a sentence about the order."""

import threading
import time
from dataclasses import replace
from decimal import Decimal

import mockeinvoice
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mockeinvoice.rules.peppol import ADDRESS_SCHEMES

from tests.support.broken_einvoices import BROKEN, BUYER, INVOICE, NOTE, TOTAL, Change, all_of, broken, drop, put
from tests.support.einvoices import BUYER_NUMBER, SHOP, a_business_order, credit_note_of, invoice_of, problems, read
from tests.support.factories import a_line, a_refund
from tests.support.woocommerce_totals import many, orders_at_home
from worker.domain import peppol
from worker.domain.order import Order
from worker.domain.shop import VatSettings
from worker.einvoice import checks, rules, sentences, ubl
from worker.invoicing.preflight import einvoice_problems
from worker.rendering.samples import samples


@pytest.mark.parametrize(("kind", "change", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_broken_einvoice_is_found(kind: str, change: Change, expected: set[str]) -> None:
    document = INVOICE if kind == "invoice" else NOTE

    assert {rule for rule, _ in rules.faults_of(document, broken(kind, change))} == expected


def test_an_unbroken_one_is_valid() -> None:
    assert [problems(INVOICE), problems(NOTE)] == [[], []]


@pytest.mark.parametrize("name", [name for name, one in samples().items() if peppol.has_einvoice(one.draft)])
def test_the_documents_that_are_shown_as_samples_are_valid(name: str) -> None:
    assert problems(samples()[name]) == []


def test_an_address_that_no_rule_takes_is_no_address() -> None:
    """What the lists of schemes say more than PEPPOL-EN16931-CL008 would fail after the number, where nobody can mend it."""
    assert ADDRESS_SCHEMES == peppol.SCHEMES


def test_one_sentence_is_said_once_and_names_order_or_settings() -> None:
    both = all_of(put(f"{TOTAL}TaxInclusiveAmount", "138.81"), drop(f"{BUYER}cac:PostalAddress/cac:Country"))

    found = sentences.problems_of(rules.faults_of(INVOICE, broken("invoice", both)), INVOICE.draft)

    assert [problem.code for problem in found] == ["einvoice:BR-11", "einvoice:BR-CO-16"]
    assert "billing address of order 238" in str(found[0].message)
    assert "(BR-CO-16, BR-CO-15)" in str(found[1].message)


def test_every_rule_that_has_a_sentence_exists() -> None:
    from mockeinvoice.rules.published import EN16931, PEPPOL

    ours = {rule for rule in sentences.BY_RULE if rule.islower()}
    assert set(sentences.BY_RULE) - set(EN16931) - set(PEPPOL) == ours


def test_a_rule_without_a_sentence_of_its_own_is_named_with_its_own_words() -> None:
    (problem,) = sentences.problems_of([("BR-99", "something new")], INVOICE.draft)
    message = problem.message

    assert "BR-99" in str(message)
    assert "something new" in str(message)
    assert "order 238" in str(message)


def test_a_validator_that_breaks_is_a_problem_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: bytes) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(mockeinvoice, "validate", breaks)
    einvoice = rules.written(INVOICE)

    assert [problem.code for problem in einvoice.problems] == [peppol.UNCHECKED]
    assert (einvoice.xml, einvoice.is_refused) == (ubl.write(INVOICE), False)


def test_a_validator_that_does_not_end_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(mockeinvoice, "validate", lambda _: over.wait(10))
    monkeypatch.setattr(rules, "LONGEST_S", 0.05)
    begun = time.monotonic()

    assert problems(INVOICE) == [peppol.UNCHECKED]
    assert time.monotonic() - begun < 5
    over.set()


def test_a_document_that_cannot_be_written_is_a_problem_and_no_crash() -> None:
    bent = replace(INVOICE.draft, vat=INVOICE.draft.vat + Decimal("0.001"), rounding=Decimal("-0.001"))

    assert problems(replace(INVOICE, draft=bent)) == [peppol.UNCHECKED]


def test_vat_as_the_shop_charged_it_may_be_a_cent_beside_the_rate() -> None:
    shop = replace(SHOP, vat=VatSettings(as_charged=True))
    document = invoice_of(a_business_order(a_line("12.40", tax="2.61")), shop)

    assert document.draft.vat == Decimal("2.61")
    assert problems(document) == []


@many
@given(orders_at_home, st.booleans())
def test_our_own_checks_refuse_no_order_that_adds_up(order: Order, as_charged: bool) -> None:
    ordered = replace(order, billing=replace(order.billing, company="Klant NV"), vat_number_given=BUYER_NUMBER)
    document = invoice_of(ordered, replace(SHOP, vat=VatSettings(as_charged=as_charged)))
    assume(not document.draft.problems)

    assert list(checks.faults_of(read(ubl.write(document)), document.draft)) == []


def test_a_credit_note_of_vat_alone_is_no_einvoice_and_names_the_way_out() -> None:
    machine = a_line("1000.00", name="Machine")
    order = a_business_order(machine)
    vat_alone = a_refund("210.00", a_line("0.00", quantity="0", taxes=machine.taxes))
    (problem,) = einvoice_problems(credit_note_of(order, invoice_of(order), vat_alone))
    assert problem.code == "einvoice:obstacle"
    assert "If order 238 should have had no VAT, say so on its page, then credit F2026-00001" in str(problem.message)
    whole = credit_note_of(order, invoice_of(order), a_refund("1210.00", machine))
    assert einvoice_problems(whole) == ()
