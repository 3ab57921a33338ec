"""What consumers get where the law leaves the choice, and that nobody else's invoice is touched by it."""

from dataclasses import replace

import pytest

from tests.support.factories import TODAY, a_history, a_line, a_refund, a_shop, an_order, issued
from worker.domain.decide import decide_documents, draft_manually
from worker.domain.document import Kind
from worker.domain.dossier import Dossier
from worker.domain.order import Contact, Order, UnreadNumber
from worker.domain.party import Address
from worker.domain.shop import ConsumerInvoices, Shop, VatSettings
from worker.store.queries.uninvoiced import is_wanted

NONE = a_shop(consumer_invoices=ConsumerInvoices.NONE)
SIMPLIFIED = a_shop(consumer_invoices=ConsumerInvoices.SIMPLIFIED)
OSS = replace(NONE, vat=VatSettings(oss=True))
BUSINESS = an_order(paid=True, company="Bakkerij", vat_number_given="BE0403170701")
ASKS_FOR_PEPPOL = an_order(paid=True, peppol_address_given="0088:5412345000013")
DUTCH = an_order(a_line(rate="9"), paid=True, country="NL", postcode="1012 AB")
AMERICAN = an_order(a_line(rate=None), paid=True, country="US", postcode="10001")


def numbered(order: Order, shop: Shop) -> list[str]:
    """The code of each rule's result."""
    return [result.code for result in decide_documents(order, (), a_history(), shop, TODAY).rule_results[:1]]


@pytest.mark.parametrize(
    ("order", "shop", "code"),
    [
        (an_order(paid=True), NONE, "consumer_without_invoice"),
        (an_order(paid=True), a_shop(), "fired"),
        (BUSINESS, NONE, "fired"),
        (an_order(paid=True, country="NL", postcode="1012 AB"), NONE, "fired"),  # without OSS the law wants an invoice of a distance sale
        (DUTCH, OSS, "consumer_without_invoice"),
        (an_order(paid=True, country="NL", postcode="1012 AB"), replace(OSS, seller=replace(OSS.seller, address=Address(country="FR"))), "fired"),
        (AMERICAN, NONE, "fired"),  # an export is proved by its invoice
        (an_order(paid=True, vat_exempt=True), NONE, "fired"),
        (ASKS_FOR_PEPPOL, NONE, "fired"),
        (an_order(paid=True, unread_numbers=(UnreadNumber("_klantcode", "BE0403170701"),)), NONE, "fired"),  # who may be a business
        (an_order(paid=True, payment_method="igfw_invoice_gateway"), NONE, "fired"),  # its invoice asks for the money
        (an_order(a_line(rate="20"), paid=True), NONE, "fired"),  # a wrong rate waits as a draft
        (an_order(a_line(rate=None), paid=True), NONE, "fired"),
        (an_order(paid=True, country="FR", postcode="75001"), OSS, "fired"),  # a Belgian rate under OSS waits
    ],
)  # fmt: skip
def test_no_invoice_is_made_only_where_the_law_wants_none_and_the_shop_chose_so(
    order: Order, shop: Shop, code: str
) -> None:
    assert numbered(order, shop) == [code]


def test_what_is_not_made_can_be_made_by_hand_and_is_missed_by_nobody() -> None:
    order = an_order(paid=True)
    results = decide_documents(order, (), a_history(), NONE, TODAY).rule_results
    assert not is_wanted(results)
    assert draft_manually(Kind.INVOICE, Dossier(order, (), a_history(), NONE, TODAY)).total == order.total


@pytest.mark.parametrize(
    ("order", "shop", "simplified"),
    [
        (an_order(paid=True), SIMPLIFIED, True),
        (an_order(a_line("100.00"), paid=True), SIMPLIFIED, True),
        (an_order(a_line("100.01"), paid=True), SIMPLIFIED, False),
        (an_order(paid=True), a_shop(), False),
        (BUSINESS, SIMPLIFIED, False),
        (ASKS_FOR_PEPPOL, SIMPLIFIED, False),
        (DUTCH, SIMPLIFIED, False),
    ],
)
def test_small_invoices_to_consumers_at_home_are_simplified_and_say_so(
    order: Order, shop: Shop, simplified: bool
) -> None:
    [draft] = decide_documents(order, (), a_history(), shop, TODAY).drafts
    assert ("simplified_invoice" in {said.key for said in draft.mentions}) is simplified


def test_a_credit_note_is_no_simplified_invoice() -> None:
    refund = a_refund("10.00")
    order = an_order(paid=True, refunds=[refund])
    [draft] = decide_documents(an_order(paid=True), (), a_history(), SIMPLIFIED, TODAY).drafts
    [credit_note] = decide_documents(order, (refund,), a_history(issued(draft)), SIMPLIFIED, TODAY).drafts
    assert [said.key for said in credit_note.mentions] == ["credit_note_be"]


def test_a_simplified_invoice_needs_no_name_of_its_buyer() -> None:
    nobody = an_order(paid=True, billing=Contact(address=Address(country="BE")), shipping=Contact())
    [simplified] = decide_documents(nobody, (), a_history(), SIMPLIFIED, TODAY).drafts
    [full] = decide_documents(nobody, (), a_history(), a_shop(), TODAY).drafts
    assert (simplified.problems, [problem.code for problem in full.problems]) == ((), ["buyer_incomplete"])
