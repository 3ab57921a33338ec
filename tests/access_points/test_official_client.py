"""The client that e-invoice.be publishes reads our pretend access point: it says what the real one says, as far as that client knows."""

from collections.abc import Iterator

import pytest
from e_invoice_api import APIStatusError, AuthenticationError, EInvoice

from tests.support.einvoices import a_business_order, invoice_of
from worker.demo.pretend_access_points import BOTH, KEYS, PretendAccessPoints
from worker.einvoice import ubl

BUYER = "0208:0403170701"


@pytest.fixture
def twin() -> Iterator[PretendAccessPoints]:
    with PretendAccessPoints(on_peppol={BUYER: BOTH}) as here:
        yield here


@pytest.fixture
def client(twin: PretendAccessPoints) -> Iterator[EInvoice]:
    with EInvoice(api_key=KEYS["e-invoice.be"], base_url=twin.url, max_retries=0) as made:
        yield made


def test_it_uploads_sends_and_follows_an_invoice(client: EInvoice, twin: PretendAccessPoints) -> None:
    xml = ubl.write(invoice_of(a_business_order()))
    scheme, number = BUYER.split(":")

    found = client.validate.validate_peppol_id(peppol_id=BUYER)
    me = client.me.retrieve()
    uploaded = client.documents.ubl.create_from_ubl(file=("F2026-00001.xml", xml, "application/xml"))
    sent = client.documents.send(uploaded.id, receiver_peppol_scheme=scheme, receiver_peppol_id=number)

    assert (me.company_name, me.peppol_ids) == ("De Gouden Koffiepot BV", ["0208:0445566134"])
    assert (found.is_valid, len(found.supported_document_types or [])) == (True, 2)
    assert (uploaded.state, sent.state, client.documents.retrieve(uploaded.id).state) == ("DRAFT", "SENT", "SENT")
    assert client.documents.ubl.get(uploaded.id).file_name == "F2026-00001.xml"
    events = client.documents.retrieve_timeline(uploaded.id).events or []
    assert [event.event_type for event in events] == ["document_created", "send_attempted", "send_success"]
    assert twin.delivered == [(BUYER, xml)]


def test_it_subscribes_and_gets_the_secret(client: EInvoice) -> None:
    made = client.webhooks.create(events=["document.sent"], url="https://f.example/webhooks/peppol/x")

    assert (made.secret, [one.url for one in client.webhooks.list()]) == ("whsec_1", [made.url])


def test_it_is_told_in_its_own_errors_what_is_refused(client: EInvoice, twin: PretendAccessPoints) -> None:
    uploaded = client.documents.ubl.create_from_ubl(
        file=("a.xml", ubl.write(invoice_of(a_business_order())), "application/xml")
    )
    client.documents.send(uploaded.id, receiver_peppol_scheme="0208", receiver_peppol_id="0403170701")

    with pytest.raises(APIStatusError) as again:
        client.documents.send(uploaded.id, receiver_peppol_scheme="0208", receiver_peppol_id="0403170701")
    with pytest.raises(AuthenticationError):
        EInvoice(api_key="wrong", base_url=twin.url, max_retries=0).documents.retrieve(uploaded.id)
    assert again.value.status_code == 405
