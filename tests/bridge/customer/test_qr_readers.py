"""Two readers that know nothing of each other read the codes that people hold their phones to: on the paper, and on the page behind its link."""

import io
import subprocess
from decimal import Decimal
from typing import TYPE_CHECKING

import deqr
import pytest
import zxingcpp
from PIL import Image

from tests.bridge.customer.test_document import token_of
from tests.support.bridge_app import NOW, BridgeApp
from worker.domain.document import Kind
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.shop import LAYOUTS
from worker.rendering import Brand, render_pdf
from worker.rendering.qr import payload
from worker.rendering.samples import of_kind
from worker.store import payments

if TYPE_CHECKING:
    from playwright.sync_api import Page


def read(picture: Image.Image) -> list[set[str]]:
    """The texts of the codes in a picture, by each reader."""
    by_zxing = {found.text for found in zxingcpp.read_barcodes(picture)}
    by_qrdec = {str(entry.data) for found in deqr.QRdecDecoder().decode(picture) for entry in found.data_entries}
    return [by_zxing, by_qrdec]


@pytest.mark.pdf_pictures
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_code_on_the_paper_is_read_as_it_was_meant(layout: str) -> None:
    document = of_kind(Kind.INVOICE, "fr")
    run = ["pdftoppm", "-r", "150", "-gray", "-png", "-"]
    drawn = subprocess.run(
        run, input=render_pdf(document, brand=Brand(layout=layout)), check=True, capture_output=True
    ).stdout

    assert read(Image.open(io.BytesIO(drawn)).convert("L")) == [{payload(document.draft)}] * 2


@pytest.mark.slow
@pytest.mark.browser
def test_the_code_on_the_page_asks_for_what_is_open_now(app: BridgeApp, page: "Page") -> None:
    document = app.issue()
    receipt = Receipt(NOW.date(), PaymentSource.PERSON, "An")
    with app.store.write() as connection:
        payments.receive(connection, document.order, Decimal("5.20"), receipt, now=NOW)
    page.set_content(app.client.get(f"/d/{token_of(document)}").text)
    picture = page.locator("img[src^='data:image/svg']").first.screenshot()

    asked = (payload(document.draft) or "").replace("EUR22.20", "EUR17.00")
    assert "EUR17.00" in asked
    assert read(Image.open(io.BytesIO(picture)).convert("L")) == [{asked}] * 2
