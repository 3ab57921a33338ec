"""A document as UBL: every figure read back from the bytes is the document's, and what is empty is not there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.einvoices import (
    SHOP,
    a_business_order,
    amounts,
    credit_note_of,
    documents_of,
    invoice_of,
    problems,
    read,
    recorded_documents,
    texts,
)
from tests.support.factories import A_SELLER, PLACED_AT, a_line, a_refund, an_order, shipping
from tests.support.woocommerce_totals import many, orders
from worker.domain import peppol
from worker.domain.document import Category, Document, Kind, Reference
from worker.domain.money import ZERO, total_of
from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.order_treatment import OrderTreatment, TreatmentName
from worker.domain.party import Address
from worker.domain.payment import Prepayment
from worker.domain.shop import Shop, VatRegime, VatSettings
from worker.domain.zero_reason import ZeroReason
from worker.einvoice import cii, rules, ubl
from worker.einvoice.xml import NAMES, Node

D = Decimal
TOTAL = "cac:LegalMonetaryTotal/cbc:"
BUYER = "cac:AccountingCustomerParty/cac:Party/"
SELLER = "cac:AccountingSupplierParty/cac:Party/"


def written(document: Document, pdf: bytes = b"") -> Node:
    return read(ubl.write(document, pdf=pdf))


def one(root: Node, path: str) -> str:
    (found,) = texts(root, path)
    return found


def amount(root: Node, name: str) -> Decimal:
    return next(iter(amounts(root, TOTAL + name)), ZERO)


def assert_figures_are_the_documents(document: Document) -> None:
    root, draft = written(document), document.draft
    line = f"cac:{ubl.Ubl(document).name}Line"
    assert amounts(root, f"{line}/cbc:LineExtensionAmount") == [one.net for one in draft.lines]
    rows = "cac:TaxTotal/cac:TaxSubtotal/cbc:"
    assert amounts(root, f"{rows}TaxableAmount") == [row.base for row in draft.vat_lines]
    assert amounts(root, f"{rows}TaxAmount") == [row.vat for row in draft.vat_lines]
    assert amounts(root, "cac:TaxTotal/cbc:TaxAmount")[0] == draft.vat
    assert amount(root, "TaxExclusiveAmount") == draft.net
    assert amount(root, "TaxInclusiveAmount") + amount(root, "PayableRoundingAmount") == draft.total
    assert amount(root, "PayableAmount") + amount(root, "PrepaidAmount") == draft.total
    between = amount(root, "ChargeTotalAmount") - amount(root, "AllowanceTotalAmount")
    assert between == total_of(rounding.amount for rounding in draft.roundings)
    assert_each_line_is_its_price_times_its_quantity(root, line)


def assert_each_line_is_its_price_times_its_quantity(root: Node, line: str) -> None:
    """R120, also where an access point keeps four decimals of a price."""
    for element in root.iterfind(line, NAMES):
        (net,) = amounts(element, "cbc:LineExtensionAmount")
        (quantity,) = amounts(element, "cbc:CreditedQuantity") or amounts(element, "cbc:InvoicedQuantity")
        (price,) = amounts(element, "cac:Price/cbc:PriceAmount")
        (base,) = amounts(element, "cac:Price/cbc:BaseQuantity") or [D(1)]
        assert price >= 0
        assert abs(round(price, 4) * quantity / base - net) <= D("0.02")


RECORDED = list(recorded_documents())
ZERO_RATED = replace(SHOP, vat=VatSettings(zero_reasons=(ZeroReason.parse("name Product * = zero_rated"),)))


def is_held(document: Document) -> bool:
    """Whether no document is made of it by itself."""
    return bool(document.draft.problems or peppol.obstacle_of(document.draft))


@pytest.mark.parametrize("document", [pytest.param(one, id=name) for name, one in RECORDED if not is_held(one)])
def test_every_recorded_order_bought_by_a_business_is_a_valid_einvoice_with_the_figures_of_its_document(
    document: Document,
) -> None:
    assert_figures_are_the_documents(document)
    assert problems(document) == []


def test_the_recorded_orders_that_wait_are_those_with_vat_that_is_nobodys_or_a_refund_that_asks() -> None:
    """0 % without a reason, French and German rates for a business, an amount over two rates, a number that VIES was not asked."""
    assert {name.split("-")[0] for name, document in RECORDED if is_held(document)} == {"s04", "s13", "s20", "s35"}


@many
@given(orders, st.booleans())
def test_every_order_that_woocommerce_can_add_up_is_a_valid_invoice_and_credit_note(order: Order, paid: bool) -> None:
    business = a_business_order()
    order = replace(
        order, billing=business.billing, shipping=business.billing, vat_number_given=business.vat_number_given
    )
    order = order if paid else replace(order, paid_at=None, status="on-hold")
    invoice = invoice_of(order, ZERO_RATED)  # what it sells at 0 % is so by law; a rate that Belgium has not is held
    if invoice.draft.problems:
        return
    for document in (invoice, *([credit_note_of(order, invoice)] if invoice.draft.total else [])):
        assert_figures_are_the_documents(document)
        assert problems(document) == []


@many
@given(st.integers(0, 5_000_000), st.integers(1, 200_000), st.integers(0, 3))
def test_price_and_quantity_give_the_net_for_any_number_of_pieces(cents: int, quantity: int, decimals: int) -> None:
    pieces = D(quantity).scaleb(-decimals)
    document = invoice_of(a_business_order(a_line(str(D(cents) / 100), quantity=str(pieces))))

    assert_figures_are_the_documents(document)


def test_above_400_pieces_the_price_is_that_of_all_of_them() -> None:
    root = written(invoice_of(a_business_order(a_line("1234.57", quantity="1000"))))

    assert texts(root, "cac:InvoiceLine/cac:Price/*") == ["1234.57", "1000"]
    assert one(root, "cac:InvoiceLine/cbc:InvoicedQuantity") == "1000"


def test_what_no_pdf_can_draw_stands_in_the_einvoice_as_it_was_typed() -> None:
    root = written(invoice_of(a_business_order(a_line("100.00", name="Mok 🎁 ❤️"))))

    assert one(root, "cac:InvoiceLine/cac:Item/cbc:Name") == "Mok 🎁 ❤️"


def test_a_discount_has_a_negative_quantity_and_never_a_negative_price() -> None:
    order = a_business_order(a_line("100.00"), a_line("-10.00", line_id=2, name="Korting"))
    root = written(invoice_of(order))

    assert texts(root, "cac:InvoiceLine/cbc:InvoicedQuantity") == ["1", "-1"]
    assert texts(root, "cac:InvoiceLine/cac:Price/cbc:PriceAmount") == ["100", "10"]
    assert [problems(document) for document in documents_of(order)] == [[], []]


UNTAXED = (a_line("100.00", None), shipping("5.00", None))
A_SERVICE = UNTAXED[:1]  # nothing is sent
SERVICES = replace(SHOP, vat=VatSettings(sells_services=True))


def regime(which: VatRegime) -> Shop:
    return replace(SHOP, vat=VatSettings(regime=which))


def bought(
    country: str = "BE", number: str = "BE0403170701", lines: tuple[OrderLine, ...] = UNTAXED, **more: object
) -> Order:
    return a_business_order(*lines, country=country, vat_number_given=number, **more)


TREATMENTS: dict[str, tuple[Order, Shop, Category, str]] = {
    "goods to another EU country": (bought("NL", "NL004495445B01"), SHOP, Category.INTRA_EU, "VATEX-EU-IC"),
    "the same, picked up by somebody without a country": (
        bought("NL", "NL004495445B01", ship_to=Address("Elders 1", "", "1000", "Utrecht", "", "")),
        SHOP,
        Category.INTRA_EU,
        "VATEX-EU-IC",
    ),
    "a service to another EU country": (
        bought("DE", "DE136695976", A_SERVICE),
        SERVICES,
        Category.REVERSE_CHARGE,
        "VATEX-EU-AE",
    ),
    "a small business": (bought(), regime(VatRegime.SMALL_BUSINESS), Category.EXEMPT, ""),
    "the margin scheme": (bought(), regime(VatRegime.MARGIN), Category.EXEMPT, "VATEX-EU-F"),
    "art. 44": (bought(), regime(VatRegime.EXEMPT), Category.EXEMPT, ""),
}


@pytest.mark.parametrize(("order", "shop", "category", "code"), TREATMENTS.values(), ids=TREATMENTS)
def test_a_sale_without_vat_says_why_and_is_valid(order: Order, shop: Shop, category: Category, code: str) -> None:
    for document in documents_of(order, shop):
        root = written(document)
        row = "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:"
        assert one(root, f"{row}ID") == category
        assert texts(root, f"{row}TaxExemptionReasonCode") == ([code] if code else [])
        assert one(root, f"{row}TaxExemptionReason")
        assert problems(document) == []


EXEMPT_SELLERS = {
    which: replace(regime(which), seller=replace(A_SELLER, vat_number=""))
    for which in (VatRegime.SMALL_BUSINESS, VatRegime.EXEMPT)
}
DUTCH_SELLER = replace(
    SHOP,
    seller=replace(
        A_SELLER,
        vat_number="NL004495445B01",
        enterprise_number="34215667",
        address=Address("Dam 1", "", "1012 JS", "Amsterdam", "", "NL"),
    ),
)


def test_a_belgian_number_stands_under_the_belgian_scheme_wherever_its_seller_lives() -> None:
    seller = replace(DUTCH_SELLER.seller, vat_number=A_SELLER.vat_number, enterprise_number="")
    for document in documents_of(bought(), replace(DUTCH_SELLER, seller=seller)):
        number = one(written(document), f"{SELLER}cac:PartyLegalEntity/cbc:CompanyID[@schemeID='0208']")
        assert number == "0477472701"


@pytest.mark.parametrize("shop", EXEMPT_SELLERS.values(), ids=EXEMPT_SELLERS)
def test_an_exempt_seller_without_a_vat_number_is_known_by_his_enterprise_number(shop: Shop) -> None:
    for document in documents_of(bought(), shop):
        root, registered = written(document), f"{SELLER}cac:PartyTaxScheme/"
        said = (one(root, f"{registered}cbc:CompanyID"), one(root, f"{registered}cac:TaxScheme/cbc:ID"))
        assert said == ("0477472701", "TAX")
        assert (document.draft.problems, problems(document)) == ((), [])


def sold_by_a_dutch_seller() -> Iterator[Document]:
    """At home and abroad, paid online, by a transfer to come and at the door."""
    for buyer in (("NL", "NL004495445B01"), ("BE", "BE0403170701")):
        by_ideal, at_the_door = {"payment_method": "mollie_wc_gateway_ideal"}, {"payment_method": "cod"}
        for more in ({"paid": True, **by_ideal}, {"paid": False}, {"paid": False, **at_the_door}):
            yield from documents_of(bought(*buyer, (a_line("100.00"),), **more), DUTCH_SELLER)


def test_a_dutch_seller_is_known_by_the_number_of_the_chamber_of_commerce() -> None:
    for document in sold_by_a_dutch_seller():
        root = written(document)
        said = [
            texts(root, f"{SELLER}{path}[@schemeID='0106']")
            for path in ("cbc:EndpointID", "cac:PartyLegalEntity/cbc:CompanyID")
        ]
        assert (said, problems(document)) == ([["34215667"]] * 2, [])


def test_goods_that_leave_the_union_are_g_and_services_o_and_o_names_no_vat_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A buyer there has no address of ours; another helper of Peppol's will find it."""
    monkeypatch.setattr(peppol, "address_of_buyer", lambda _: peppol.Address("0192", "991825827"))
    cases: tuple[tuple[Shop, tuple[OrderLine, ...], str, list[str]], ...] = (
        (SHOP, UNTAXED, "G", ["BE0477472701"]),
        (SERVICES, A_SERVICE, "O", []),
    )
    for shop, lines, category, numbers in cases:
        for document in documents_of(bought("NO", "", lines, company="Kjøper AS"), shop):
            root = written(document)
            assert one(root, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID") == category
            assert texts(root, f"{SELLER}cac:PartyTaxScheme/cbc:CompanyID") == numbers
            assert texts(root, f"{BUYER}cac:PartyTaxScheme/cbc:CompanyID") == []
            assert problems(document) == []


def test_a_free_line_of_0_percent_beside_a_service_outside_the_union_is_o_too() -> None:
    order = a_business_order(
        a_line("100.00", None),
        a_line("0.00", "0", line_id=2),
        country="NO",
        vat_number_given="",
        peppol_address_given="0192:974760673",
    )
    document = invoice_of(order, replace(SHOP, vat=VatSettings(sells_services=True)))

    assert [row.category for row in document.draft.vat_lines] == [Category.OUTSIDE_SCOPE]
    assert problems(document) == []


ABROAD = (TreatmentName.INTRA_EU, TreatmentName.REVERSE_CHARGE)


@pytest.mark.parametrize("name", TreatmentName)
def test_an_order_that_a_person_treats_by_hand_is_valid(name: TreatmentName) -> None:
    treatment = OrderTreatment(name, "The accountant says so", "An", PLACED_AT)
    buyer = ("NL", "NL004495445B01") if name in ABROAD else ("BE", "BE0403170701")
    for document in documents_of(bought(*buyer, lines=A_SERVICE, treatment=treatment)):
        # Vouchers alone make no VAT invoice, whatever the format: that is asked, and is no fault of the e-invoice.
        assert {problem.code for problem in document.draft.problems} <= {"only_vouchers"}
        assert problems(document) == []


def test_a_test_says_that_it_is_none() -> None:
    document = invoice_of(a_business_order())
    test = replace(document, draft=replace(document.draft, test=True))

    assert one(written(test), "cbc:Note") == "TEST: geen geldig document"
    assert texts(written(document), "cbc:Note") == []


def test_lines_of_zero_percent_are_z_and_valid() -> None:
    order = a_business_order(a_line("100.00"), a_line("10.00", "0", line_id=2))
    for document in documents_of(order):
        assert problems(document) == []


@pytest.mark.parametrize("currency", ["USD", "JPY"])
def test_an_invoice_in_another_currency_gives_its_vat_in_euros_too(currency: str) -> None:
    order = a_business_order(a_line("100.00"), currency=currency)
    invoice, note = documents_of(order)
    root = written(invoice)

    assert one(root, "cbc:TaxCurrencyCode") == "EUR"
    assert amounts(root, "cac:TaxTotal/cbc:TaxAmount") == [invoice.draft.vat, invoice.draft.vat_eur]
    assert [found.get("currencyID") for found in root.iterfind("cac:TaxTotal/cbc:TaxAmount", NAMES)] == [
        currency,
        "EUR",
    ]
    assert (problems(invoice), problems(note)) == ([], [])


def test_amounts_with_three_decimals_are_no_einvoice_and_the_obstacle_names_the_currency() -> None:
    draft = invoice_of(a_business_order(a_line("10.000"), currency="KWD")).draft

    assert "KWD" in str(peppol.obstacle_of(draft))


def test_a_cent_that_no_base_explains_is_the_rounding_of_the_total() -> None:
    root = written(invoice_of(a_business_order(a_line("12.40", tax="2.61"))))

    assert [amount(root, name) for name in ("TaxInclusiveAmount", "PayableRoundingAmount", "PayableAmount")] == [
        D("15.00"),
        D("0.01"),
        D("15.01"),
    ]


def test_an_open_invoice_is_paid_by_transfer_under_its_structured_communication() -> None:
    document = invoice_of(a_business_order())
    root, payment = written(document), document.draft.payment

    assert payment is not None
    assert texts(root, "cac:PaymentMeans/cbc:PaymentMeansCode") == ["30"]
    assert texts(root, "cac:PaymentMeans/cbc:PaymentID") == [payment.reference]
    assert texts(root, "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID") == [A_SELLER.iban]
    assert payment.due_on is not None
    assert one(root, "cbc:DueDate") == payment.due_on.isoformat()


def test_what_a_gift_card_paid_is_prepaid_and_the_rest_is_asked() -> None:
    order = a_business_order()
    card = Prepayment(D("5.00"), code="…5678")
    document = invoice_of(replace(order, total=order.total - 5, gift_cards=(card,)))
    root = written(document)

    assert (amount(root, "PrepaidAmount"), amount(root, "PayableAmount")) == (D("5.00"), order.total - 5)
    assert document.draft.total == order.total
    assert_figures_are_the_documents(document)
    assert problems(document) == []


def test_a_paid_invoice_is_prepaid_and_asks_for_nothing() -> None:
    document = invoice_of(a_business_order(paid=True))
    root = written(document)

    assert (amount(root, "PrepaidAmount"), amount(root, "PayableAmount")) == (document.draft.total, ZERO)
    assert texts(root, "cbc:DueDate") + texts(root, "cac:PaymentTerms/cbc:Note") == []
    assert problems(document) == []


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("cod", "10"), ("mollie_wc_gateway_bancontact", "68"), ("stripe", "68"),
        ("bacs", "1"), ("cheque", "1"), ("", "1"), ("a_till_of_the_shop", "1"),
    ],
)  # fmt: skip
def test_a_paid_invoice_says_by_what_it_was_paid_as_far_as_that_is_known(method: str, code: str) -> None:
    document = invoice_of(a_business_order(paid=True, payment_method=method))
    assert texts(written(document), "cac:PaymentMeans/cbc:PaymentMeansCode") == [code]
    assert problems(document) == []


def test_a_gift_card_lowers_what_is_to_pay_and_not_the_base_of_vat() -> None:
    card = a_line("-25.00", None, line_id=70, name="Cadeaubon", kind=LineKind.FEE)
    document = invoice_of(a_business_order(a_line("82.64", tax="17.35"), card))
    root = written(document)

    assert amounts(root, "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount") == [D("82.64")]
    assert [amount(root, name) for name in ("TaxInclusiveAmount", "PrepaidAmount", "PayableAmount")] == [
        D("99.99"),
        D("25.00"),
        D("74.99"),
    ]
    assert problems(document) == []


def test_a_free_order_is_valid() -> None:
    assert problems(invoice_of(a_business_order(a_line("0.00"), paid=True))) == []


@pytest.mark.parametrize("count", [1, 2])
def test_an_invoice_of_a_balance_names_those_of_its_deposit_and_is_valid(count: int) -> None:
    deposits = tuple(Reference(n, f"F2026-0000{n}", date(2026, 10, n)) for n in range(1, count + 1))
    plain = invoice_of(a_business_order())
    invoice = replace(plain, draft=replace(plain.draft, deposit_invoices=deposits))
    named = texts(written(invoice), "cac:BillingReference/cac:InvoiceDocumentReference/*")
    assert named == [text for n in range(1, count + 1) for text in (f"F2026-0000{n}", f"2026-10-0{n}")]
    assert problems(invoice) == []
    assert deposits[0].number.encode() in cii.write(invoice)  # which checks itself against its schema


def test_a_credit_note_names_its_invoice_says_why_and_has_no_due_date() -> None:
    invoice = invoice_of(a_business_order())
    note = credit_note_of(a_business_order(), invoice, a_refund("5.00", reason="Stuk"))
    root = written(note)

    assert texts(root, "cac:BillingReference/cac:InvoiceDocumentReference/*") == [invoice.number, "2026-11-23"]
    assert one(root, "cbc:Note").startswith("Stuk")
    assert one(root, "cbc:CreditNoteTypeCode") == "381"
    assert texts(root, "cbc:DueDate") == []
    assert problems(note) == []


@pytest.mark.parametrize("by_provider", [True, False])
def test_a_credit_note_asks_for_what_its_paper_says_is_still_to_be_refunded(by_provider: bool) -> None:
    order = a_business_order(paid=True)
    refund = replace(a_refund("5.00", reason="Stuk"), by_provider=by_provider)
    note = credit_note_of(order, invoice_of(order), refund)
    open_amount = ZERO if by_provider else D("5.00")

    assert note.draft.refund_by_hand is not by_provider
    assert amount(written(note), "PayableAmount") == open_amount
    assert f"<ram:DuePayableAmount>{open_amount:.2f}<".encode() in cii.write(
        note
    )  # which checks itself against its schema
    assert problems(note) == []


def test_the_pdf_travels_inside_unless_it_is_too_large() -> None:
    document = invoice_of(a_business_order())
    path = "cac:AdditionalDocumentReference/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
    small, large = b"%PDF-1.7 small", b"%PDF-1.7 " + b"x" * ubl.LARGEST_PDF

    (inside,) = written(document, small).iterfind(path, NAMES)
    assert (inside.get("filename"), inside.get("mimeCode")) == ("F2026-00001.pdf", "application/pdf")
    assert rules.written(document, pdf=small).problems == ()
    assert texts(written(document, large), path) == []
    assert rules.written(document, pdf=large).problems == ()


def test_nothing_is_empty_and_what_xml_cannot_hold_is_dropped() -> None:
    lines = (a_line("10.00", name="Thé ☕ \u0007 bell \ud83d", sku=" "), a_line("5.00", line_id=2, name="\x00 "))
    order = a_business_order(*lines, customer_note="Bel aan\n& klop \u0000")
    billing = replace(
        order.billing, company=" ", phone=" ", address=replace(order.billing.address, street_2=" ", city="\x01")
    )
    order = replace(order, billing=billing)
    document = invoice_of(order)
    root = written(document)

    assert texts(root, "cac:InvoiceLine/cac:Item/cbc:Name") == ["Thé ☕  bell", "–"]
    assert one(root, f"{BUYER}cac:PartyName/cbc:Name") == "Jan Janssens"
    assert one(root, "cbc:Note") == "Bel aan\n& klop"
    assert problems(document) == []


def test_a_number_of_each_country_has_its_own_scheme() -> None:
    found = {
        number: str(peppol.addresses_of(number)[0])
        for number in ("BE0403170701", "NL004495445B01", "DK13585628", "SE556188840401", "FI20774740", "EL094259216")
    }

    assert found == {
        "BE0403170701": "0208:0403170701",
        "NL004495445B01": "9944:NL004495445B01",
        "DK13585628": "0184:13585628",
        "SE556188840401": "0007:5561888404",
        "FI20774740": "0216:003720774740",
        "EL094259216": "9933:EL094259216",
    }
    assert [str(at) for at in peppol.addresses_of("BE0403170701")] == ["0208:0403170701", "9925:BE0403170701"]
    assert peppol.addresses_of("") == ()


@pytest.mark.parametrize("typed", ["BE0403.170.701", "be 403170701", "BTW BE 0403.170.701", "0403170701"])
def test_a_belgian_number_however_typed_gives_the_same_ten_digits(typed: str) -> None:
    root = written(invoice_of(a_business_order(vat_number_given=typed)))

    assert one(root, f"{BUYER}cbc:EndpointID") == "0403170701"


def test_the_law_asks_for_an_einvoice_between_belgian_businesses_only() -> None:
    def asked(order: Order, shop: Shop = SHOP) -> bool:
        return peppol.is_required(invoice_of(order, shop).draft)

    assert asked(a_business_order())
    assert asked(a_business_order(vat_number_given="1012345646"))  # a number that begins with 1
    assert asked(bought(), regime(VatRegime.SMALL_BUSINESS))
    assert not asked(bought(), regime(VatRegime.EXEMPT))
    assert not asked(an_order())
    assert not asked(a_business_order(vat_number_given="BE0403170702"))
    assert not asked(bought("NL", "NL004495445B01"))
    assert not asked(
        a_business_order(), replace(SHOP, seller=replace(A_SELLER, address=replace(A_SELLER.address, country="NL")))
    )


def test_only_an_invoice_and_a_credit_note_have_an_einvoice() -> None:
    draft = invoice_of(a_business_order()).draft

    tried = {kind: peppol.has_einvoice(replace(draft, kind=kind)) for kind in Kind}
    assert {kind for kind, has_one in tried.items() if has_one} == {Kind.INVOICE, Kind.CREDIT_NOTE}
    assert not peppol.has_einvoice(invoice_of(an_order()).draft)


def test_a_figure_that_is_not_to_the_cent_is_refused_and_not_rounded() -> None:
    document = invoice_of(a_business_order())
    bent = replace(document, draft=replace(document.draft, vat=document.draft.vat + D("0.001"), rounding=D("-0.001")))

    with pytest.raises(ValueError, match="not to the cent"):
        ubl.write(bent)


def test_the_same_document_gives_the_same_bytes() -> None:
    document = invoice_of(a_business_order())

    assert ubl.write(document, pdf=b"%PDF") == ubl.write(document, pdf=b"%PDF")
    assert document.issued_on == date(2026, 11, 23)


def test_the_buyers_own_number_is_the_order_reference_and_the_shops_stands_beside_it() -> None:
    order = a_business_order(purchase_order="PO-4711 & zoon")
    for document in documents_of(order):
        root = written(document)
        assert one(root, "cac:OrderReference/cbc:ID") == one(root, "cbc:BuyerReference") == "PO-4711 & zoon"
        assert one(root, "cac:OrderReference/cbc:SalesOrderID") == order.number
        assert not problems(document)
    without = written(invoice_of(a_business_order()))
    assert one(without, "cac:OrderReference/cbc:ID") == one(without, "cbc:BuyerReference") == order.number
    assert not texts(without, "cac:OrderReference/cbc:SalesOrderID")


def test_the_buyers_own_peppol_address_is_where_the_e_invoice_goes() -> None:
    document = invoice_of(a_business_order(peppol_address_given="9925:be 0477.472.701"))
    assert one(written(document), f"{BUYER}cbc:EndpointID[@schemeID='9925']") == "BE0477472701"
    assert not problems(document)
