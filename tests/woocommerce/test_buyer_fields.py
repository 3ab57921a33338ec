"""What the buyer typed, found wherever plugins and shops keep it: key and value → what is read. One line a public report."""

import pytest

from tests.woocommerce.test_payload import an_order, delivered
from worker.woocommerce.buyer_fields import VAT_KEYS
from worker.woocommerce.payload import parse_order

NUMBER = "BE0403170701"
CONSULTED = {"exemption": {"vat_number": NUMBER, "vat_country": "BE", "vat_number_validated": "valid"}, "location": {}}


def vat_number_of(*metas: tuple[str, object], country: str = "BE", company: str = "Lampen BV") -> str:
    meta = [{"key": key, "value": value} for key, value in metas]
    return parse_order(an_order(meta_data=meta, billing__country=country, billing__company=company)).vat_number_given


@pytest.mark.parametrize("key", [*VAT_KEYS, *(f"_{key}" for key in VAT_KEYS)])
def test_the_number_is_read_under_every_known_key(key: str) -> None:
    assert vat_number_of((key, NUMBER)) == NUMBER


@pytest.mark.parametrize(
    "key",
    [
        "_billing_company_vat", "_billing_vatnumber", "_billing_vat_nr", "_billing_tva_number", "_billing_tva_intracom",
        "btw_nummer", "billingVatNumber", "BTW-nummer", "Numéro TVA", "_billing_vat_no", "_customer_vat_number",
        "_billing_partita_iva", "_shipping_vat_number", "_wc_other/shop/vat-number-field", "_wc_billing/shop/tva_intracom",
        "_billing_ondernemingsnummer", "_wc_other/shop/ondernemingsnummer", "_billing_kbo", "numero_d_entreprise",
        "company_number", "_billing_tva_intracommunautaire", "numero_de_tva_intracommunautaire", "btw_identificatienummer",
        "vat_identification_number", "vat_registration_number", "vat_code", "_billing_vatin", "UStIdNr",
        "umsatzsteuer_identifikationsnummer", "Btw-nummer (optioneel)", "TVA (facultatif)", "btw_nummer_bedrijf", "vat-number-2",
        "_billing_tax_id", "_billing_company_tax_number", "numero_fiscal", "_wc_other/shop/tax-number",
        "billing_intracommunautair",
    ],
)  # fmt: skip
def test_the_number_is_read_under_a_name_that_looks_right(key: str) -> None:
    assert vat_number_of((key, NUMBER)) == NUMBER


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_eu_vat_evidence", CONSULTED),  # Aelia EU VAT Assistant
        ("_additional_fields", [{"key": "po", "value": "7"}, {"key": "vat_number", "value": NUMBER}]),
        ("_checkout_fields", {"0": {"label": "BTW-nummer", "value": NUMBER}}),
        ("_vat_number", {"value": NUMBER, "valid": True}),
        ("_billing_vat", ["", NUMBER]),
    ],
)
def test_the_number_is_read_within_a_list_or_an_object(key: str, value: object) -> None:
    assert vat_number_of((key, value)) == NUMBER


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_vat_number", "1"),
        ("_billing_vat", "yes"),
        ("_vat_number_validated", "1"),
        ("_order_vat", "21.00"),
        ("_customer_vat", 2100),
        ("_total_vat", "1234567890"),
        ("_vendor_vat_number", NUMBER),
        ("_vendor", {"vat_number": NUMBER}),
        ("_date_of_vat", "2026-11-28 05:21:07"),
        ("_vat_exempt", NUMBER),
        ("_billing_kvk", "12345678"),
        ("_tax_number", "21/815/08150"),
        ("_tax_id", "rate-21"),
        ("_order_tax", "403170701"),
        ("_billing_company_number", "12345678"),
        ("_billing_company", "Lampen 2000 BV"),
        ("_vat" + "_number" * 50_000, NUMBER),
        ("_deep", [[[[[[[[[{"vat_number": NUMBER}]]]]]]]]]),
    ],
)
def test_what_is_no_number_of_the_buyer_is_not_read_as_one(key: str, value: object) -> None:
    assert vat_number_of((key, value)) == ""


def test_an_enterprise_number_is_a_vat_number_in_belgium_alone() -> None:
    assert vat_number_of(("_company_number", "0403170701"), country="NL") == ""
    assert vat_number_of(("_company_number", "0403.170.701")) == "0403.170.701"


@pytest.mark.parametrize(
    ("given", "company", "read"),
    [("12345678Z", "", ""), ("ES12345678Z", "", "ES12345678Z"), ("B58378431", "Luz SL", "B58378431")],
)
def test_the_nif_of_a_person_is_no_vat_number_and_that_of_a_company_is(given: str, company: str, read: str) -> None:
    for key in ("_billing_nif", "_wc_billing/shop/nif", "_billing_tax_id"):
        assert vat_number_of((key, given), country="ES", company=company) == read


@pytest.mark.parametrize(
    ("metas", "read"),
    [
        ([("_billing_vat_number", "BE0403170702"), ("_billing_company_vat", NUMBER)], NUMBER),
        ([("_billing_vat_number", "BE0403170702"), ("_shipping_vat_id", NUMBER)], "BE0403170702"),
        ([("_billing_vat_number", NUMBER), ("_billing_ondernemingsnummer", "0477472701")], NUMBER),
        ([("_billing_ondernemingsnummer", "0477472701"), ("_my_vat_number", NUMBER)], NUMBER),
        ([("_billing_company_vat", "BE 12345")], "BE 12345"),
    ],
)
def test_a_valid_number_of_the_buyer_comes_first_and_a_wrong_one_is_kept_for_who_corrects_it(
    metas: list[tuple[str, object]], read: str
) -> None:
    assert vat_number_of(*metas) == read


@pytest.mark.parametrize(
    "typed",
    [
        "-",
        " / ",
        "...",
        "geen",
        "Geen bedrijf",
        "N.v.t.",
        "n/a",
        "N.A.",
        "nee",
        "Particulier",
        "PRIVÉ",
        "Privatperson",
        "néant",
        "aucune",
    ],
)
def test_who_says_that_he_has_no_company_is_a_consumer(typed: str) -> None:
    order = parse_order(an_order(billing__company=typed, shipping__company=typed))
    assert (order.billing.company, order.shipping.company, order.is_business) == ("", "", False)


@pytest.mark.parametrize("name", ["Privé", "Particulier", "On", "None"])
def test_who_gives_a_number_or_another_name_is_called_as_he_says(name: str) -> None:
    meta = [{"key": "_billing_vat", "value": NUMBER}]
    assert parse_order(an_order(billing__company=name, meta_data=meta)).billing.company == name
    assert parse_order(an_order(billing__company=f"{name} BV")).billing.company == f"{name} BV"
    assert parse_order(an_order(billing__company="-", meta_data=meta)).billing.company == ""


@pytest.mark.parametrize("name", ["ON", "NA", "1", "Off", "Personal", "Individual"])
def test_a_word_that_is_a_companys_name_too_is_one(name: str) -> None:
    order = parse_order(an_order(billing__company=name))
    assert (order.billing.company, order.is_business) == (name, True)


def purchase_order_of(*metas: tuple[str, object]) -> str:
    meta = [{"key": key, "value": value} for key, value in metas]
    return parse_order(an_order(meta_data=meta)).purchase_order


@pytest.mark.parametrize(
    "key",
    [
        "_po_number", "po_number", "_billing_po_number", "billing_po", "_purchase_order", "_purchase_order_number",
        "purchaseOrderNumber", "_billing_bestelbon", "bestelbonnummer", "Referentie klant", "klantreferentie",
        "_billing_uw_referentie", "customer_reference", "_customer_ref", "_order_client_reference", "N° bon de commande",
        "référence client", "_billing_votre_reference", "kundenreferenz", "ihr_zeichen", "_wc_other/shop/po-number",
        "_wc_billing/shop/my-own-purchase-order",
    ],
)  # fmt: skip
def test_the_purchase_order_number_is_read_under_a_name_that_means_it(key: str) -> None:
    assert purchase_order_of((key, " PO-4711\n/ 2 ")) == "PO-4711 / 2"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_po_number", "n/a"),
        ("_po_number", "Yes"),
        ("_po_number", "-"),
        ("_po_number", "x" * 201),
        ("_billing_po_box", "PB 12"),
        ("_mollie_customer_reference", "cst_1"),
        ("_klarna_purchase_order", "K1"),
        ("_order_reference", "K1"),
        ("_vendor_po_number", "V1"),
        ("_wc_other/po-number/colour", "red"),
    ],
)
def test_what_is_no_purchase_order_number_is_not_read_as_one(key: str, value: object) -> None:
    assert purchase_order_of((key, value)) == ""


def test_the_purchase_order_number_of_the_recorded_block_checkout_is_read() -> None:
    assert parse_order(delivered("s15-additional-checkout-fields/01")).purchase_order == "PO-77"


def test_a_purchase_order_number_is_read_within_a_list_and_after_what_was_typed_at_the_checkout() -> None:
    nested = ("_additional_fields", [{"name": "po_number", "value": "PO-1"}])
    assert purchase_order_of(nested) == "PO-1"
    assert purchase_order_of(nested, ("_po_number", "PO-2"), ("_wc_other/shop/po", "PO-3")) == "PO-3"


@pytest.mark.parametrize(
    ("metas", "address"),
    [
        ([("_peppol_endpoint_id", "0403170701"), ("_peppol_endpoint_eas", "0208")], "0208:0403170701"),
        ([("_peppol_endpoint_id", "0208:0403170701"), ("_peppol_endpoint_eas", "9925")], "0208:0403170701"),
        ([("_peppol_id", "0208:0403170701")], "0208:0403170701"),
        ([("billingPeppolAddress", "9925:BE0403170701")], "9925:BE0403170701"),
        ([("_wc_other/shop/peppol-id", "0208:0403170701")], "0208:0403170701"),
        ([("_edi", {"peppol_participant_id": "0208:0403170701"})], "0208:0403170701"),
        ([("_peppol_id", "0208:0403170702")], "0208:0403170702"),
        ([("_peppol_id", "0208:0403170702"), ("peppol", "0208:0403170701")], "0208:0403170701"),
        ([("_peppol", "yes")], ""),
        ([("_peppol_id", "0f5a1f0e-8a55-4b0c-9f0c-2f5f0c5b1a11")], ""),
        ([("_vendor_peppol_id", "0208:0403170701")], ""),
        ([("_peppol_status", "200")], ""),
    ],
)
def test_the_peppol_address_is_read_wherever_it_is_kept(metas: list[tuple[str, object]], address: str) -> None:
    meta = [{"key": key, "value": value} for key, value in metas]
    assert parse_order(an_order(meta_data=meta)).peppol_address_given == address
