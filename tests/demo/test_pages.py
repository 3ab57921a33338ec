"""The demo's pages show what shop and mailbox hold, and nothing in them can act."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient

from worker.demo.mailbox import Mailbox
from worker.demo.pages import ShownDecision, create_pages
from worker.demo.pretend_shop import PretendShop, a_refund, an_order


@pytest.fixture
def shop() -> Iterator[PretendShop]:
    with PretendShop() as shop:
        yield shop


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def pages(shop: PretendShop, mailbox: Mailbox) -> FlaskClient:
    made = ShownDecision("issued", "Paid, so an invoice was made.", "F2026-00001", "http://127.0.0.1:1/d/abc")
    return create_pages(shop, mailbox, decisions=lambda order_id: [made] if order_id == 7 else []).test_client()


def mail_it(mailbox: Mailbox) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@shop.test", "koper@klant.test", "Factuur F2026-00001"
    mail.set_content("Beste <klant>")
    mail.add_alternative('<p>Beste</p><img src="cid:qr"><script>alert(1)</script>', subtype="html")
    html = mail.get_body(preferencelist=("html",))
    assert html is not None
    html.add_related(b"PNG", "image", "png", cid="<qr>")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="F2026-00001.pdf")
    mail.add_attachment("<script>alert(1)</script>", subtype="html", filename="page.html")
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=5) as server:
        server.send_message(mail)
    mailbox.wait_for(1)


def test_an_empty_demo_says_what_will_appear(pages: FlaskClient) -> None:
    text = pages.get("/").text

    assert "No orders yet. They appear here as the shop takes them." in text
    assert "No mail yet. A paid order brings the first one." in text


def test_orders_are_listed_with_what_was_decided(pages: FlaskClient, shop: PretendShop) -> None:
    shop.place(an_order(id=7, company="Jan & Co"))
    shop.place(an_order(id=8, status="on-hold", paid=False))

    text = pages.get("/").text

    assert "Jan &amp; Co" in text
    assert '<a class="number" href="http://127.0.0.1:1/d/abc">F2026-00001</a>' in text
    assert "Nothing was decided yet." in text


def test_a_name_the_block_checkout_stored_escaped_is_shown_as_it_was_typed(
    pages: FlaskClient, shop: PretendShop
) -> None:
    shop.place(an_order(id=7, company="&lt;Jan&gt; &amp; Co", created_via="store-api"))

    assert "&lt;Jan&gt; &amp; Co" in pages.get("/").text


def test_an_order_shows_lines_refunds_notes_and_its_mails(
    pages: FlaskClient, shop: PretendShop, mailbox: Mailbox
) -> None:
    order = an_order(id=7, note="Regel 1\n<b>2</b>", lines=[("<b>Mok</b>", "MUG-1", 1, "12.40", "21")])
    shop.place(order, [a_refund(order, id=8, amount="5", reason="kapot")])
    mail_it(mailbox)

    text = pages.get("/orders/7").text

    for shown in ("&lt;b&gt;Mok&lt;/b&gt;", "&lt;b&gt;2&lt;/b&gt;", "kapot", "Factuur F2026-00001", "No notes."):
        assert shown in text


def test_the_html_of_a_mail_is_locked_in_a_sandbox(pages: FlaskClient, mailbox: Mailbox) -> None:
    mail_it(mailbox)

    page, frame = pages.get("/mails/1"), pages.get("/mails/1/html")

    assert '<iframe sandbox="" src="/mails/1/html"' in page.text
    assert "Beste &lt;klant&gt;" in page.text
    assert frame.headers["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    )
    assert '<img src="data:image/png;base64,UE5H">' in frame.text


def test_a_pdf_opens_and_other_attachments_are_only_saved(pages: FlaskClient, mailbox: Mailbox) -> None:
    mail_it(mailbox)
    names = [part.name for part in mailbox.messages()[0].attachments]

    pdf = pages.get(f"/mails/1/attachments/{names.index('F2026-00001.pdf')}")
    other = pages.get(f"/mails/1/attachments/{names.index('page.html')}")

    assert (pdf.data, pdf.mimetype) == (b"%PDF", "application/pdf")
    assert pdf.headers["Content-Disposition"] == "inline; filename=F2026-00001.pdf"
    assert other.mimetype == "application/octet-stream"
    assert other.headers["Content-Disposition"] == "attachment; filename=page.html"


@pytest.mark.parametrize("path", ["/orders/9", "/mails/1", "/mails/0", "/mails/1/html", "/mails/1/attachments/0"])
def test_what_is_not_there_says_so(pages: FlaskClient, path: str) -> None:
    answer = pages.get(path)

    assert (answer.status_code, "does not exist" in answer.text) == (404, True)


def test_no_page_loads_anything_from_elsewhere(pages: FlaskClient) -> None:
    headers = pages.get("/").headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert "http" not in pages.get("/").text.replace("http-equiv", "")
