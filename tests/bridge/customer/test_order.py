"""The link to an order's documents in WooCommerce's own mail: for whoever has the mail, and to what that mail announces."""

import re
from datetime import timedelta
from http import HTTPStatus

import pytest

from tests.bridge.customer.test_document import revoked
from tests.support.bridge_app import KEY, NOW, SHOP, BridgeApp, a_credit_note_for
from worker.domain.document import Document
from worker.net import document_link, order_link
from worker.net.order_link import OrderLink


def path(app: BridgeApp, *, order_key: str = "wc_order_1pKk9xyOWJA8x", order_id: int = 238, shop: str = SHOP) -> str:
    link = OrderLink(shop, order_id, app.now + order_link.LIFETIME, order_link.digest_of(order_key))
    return f"/o/{order_link.sign(order_link.key_of_shop(KEY, shop), link)}"


def opened(app: BridgeApp, address: str) -> int:
    """The document that the link leads to."""
    answer = app.client.get(address)
    assert answer.status_code == HTTPStatus.SEE_OTHER
    found = document_link.read((KEY,), answer.headers["Location"].removeprefix("/d/"))
    assert found is not None
    return found.document_id


def credited(app: BridgeApp) -> tuple[Document, Document]:
    invoice = app.issue()
    return invoice, app.issue(number="C2026-00003", sequence=3, **{**a_credit_note_for(invoice), "cause": "refund:301"})


def test_a_mail_about_the_sale_opens_its_document_and_that_of_a_refund_the_credit_note(app: BridgeApp) -> None:
    invoice, credit_note = credited(app)

    assert opened(app, path(app)) == invoice.document_id
    assert opened(app, path(app) + "?refund=301") == credit_note.document_id
    assert opened(app, path(app) + "?refund=302") == credit_note.document_id, "the newest, which lists the rest"


def test_the_page_lists_all_documents_of_the_order_the_newest_first_and_each_leads_to_its_own(app: BridgeApp) -> None:
    invoice, credit_note = credited(app)
    answer = app.client.get(path(app), follow_redirects=True)

    listed = answer.text.partition('<ul class="of-order">')[2].partition("</ul>")[0]
    assert [listed.find(one.number) for one in (credit_note, invoice)] == sorted(
        listed.find(one.number) for one in (credit_note, invoice)
    )
    assert re.search("Gecrediteerd met|Credited with", answer.text)
    addresses = [part.partition('"')[0] for part in answer.text.split('href="')[1:]]
    pages = {
        app.client.get(address).text.partition("<h1>")[2][:60] for address in addresses if address.startswith("/d/")
    }
    assert any(credit_note.number in page for page in pages)


def test_an_invoice_that_is_partly_credited_is_not_called_credited(app: BridgeApp) -> None:
    invoice = app.issue()
    app.issue(number="C2026-00003", sequence=3, **a_credit_note_for(invoice, "5.00"))
    page = app.client.get(f"/d/{document_link.sign((KEY,), invoice.document_id, now=NOW)}").text
    assert re.findall(r"(Deels g|G)ecrediteerd met", page) == ["Deels g"]


def test_before_there_is_a_document_the_page_says_so_and_looks_again(app: BridgeApp) -> None:
    answer = app.client.get(path(app))

    assert answer.status_code == HTTPStatus.OK
    assert 'http-equiv="refresh"' in answer.text
    later = path(app)
    app.now += timedelta(hours=2)
    assert 'http-equiv="refresh"' not in app.client.get(later).text


def test_an_order_that_had_the_same_number_before_a_restore_is_another(app: BridgeApp) -> None:
    app.issue()

    assert app.client.get(path(app, order_key="wc_order_of_another")).status_code == HTTPStatus.OK
    assert "Location" not in app.client.get(path(app, order_key="wc_order_of_another")).headers


def test_tests_and_documents_that_were_withdrawn_are_not_shown(app: BridgeApp) -> None:
    app.issue(number="TEST-1", sequence=1, test=True)
    revoked(app, app.issue(cause="invoice:again"))

    assert "Location" not in app.client.get(path(app)).headers


def test_a_withdrawn_document_is_not_listed_beside_others(app: BridgeApp) -> None:
    _, credit_note = credited(app)
    revoked(app, credit_note)

    page = app.client.get(path(app), follow_redirects=True)

    assert "of-order" not in page.text


@pytest.mark.parametrize("token", ["x", "-".join(["a" * 24, "238", "1", "0" * 16, "0" * 32])])
def test_whatever_was_not_signed_leads_nowhere(app: BridgeApp, token: str) -> None:
    assert app.client.get(f"/o/{token}").status_code == HTTPStatus.NOT_FOUND


def test_after_a_year_it_ends(app: BridgeApp) -> None:
    app.issue()
    address = path(app)
    app.now += order_link.LIFETIME

    assert app.client.get(address).status_code == HTTPStatus.NOT_FOUND


def test_an_unknown_shop_has_no_documents(app: BridgeApp) -> None:
    assert app.client.get(path(app, shop="b" * 24)).status_code == HTTPStatus.NOT_FOUND
