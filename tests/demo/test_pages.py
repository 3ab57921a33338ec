"""The demo's pages show what shop and mailbox hold, and nothing in them can act."""

import html
import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bridge.accounts import access
from worker.demo import i18n
from worker.demo.counter import Counter
from worker.demo.mailbox import Mailbox
from worker.demo.pages import Door, ShownDecision, ShownShop, create_pages
from worker.demo.pretend_shop import PretendShop, a_refund, an_order
from worker.demo.stories import KOFFIEPOT
from worker.i18n.catalogs import messages

DASHBOARD = "http://127.0.0.1:1"


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
    shown = ShownShop(
        "shop", "Koffiepot", "Sells coffee.", KOFFIEPOT.counter(shop),
        decisions=lambda order_id: [made] if order_id == 7 else [],
        told={7: "paid and sent"}, dashboard="/s/abc",
    )  # fmt: skip
    recorded = ShownShop("recorded", "Recorded", "Recorded orders.", Counter(shop))
    return create_pages(
        [shown, recorded], mailbox, door=Door(DASHBOARD, lambda language: f"session-token-{language}")
    ).test_client()


def mail_it(mailbox: Mailbox) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@shop.test", "koper@klant.test", "Factuur F2026-00001"
    mail.set_content("Beste <klant>")
    mail.add_alternative('<p>Beste</p><img src="cid:qr"><script>alert(1)</script>', subtype="html")
    body = mail.get_body(preferencelist=("html",))
    assert body is not None
    body.add_related(b"PNG", "image", "png", cid="<qr>")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="F2026-00001.pdf")
    mail.add_attachment("<script>alert(1)</script>", subtype="html", filename="page.html")
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=5) as server:
        server.send_message(mail)
    mailbox.wait_for(1)


def test_an_empty_demo_says_what_will_appear(pages: FlaskClient) -> None:
    assert "No orders yet. They appear here as the shop takes them." in pages.get("/shop").text
    assert "No mail yet. A paid order brings the first one." in pages.get("/mails").text


def test_the_first_page_tells_the_stories_and_where_to_begin(pages: FlaskClient, shop: PretendShop) -> None:
    shop.place(an_order(id=7))

    text = pages.get("/").text

    assert "paid and sent" in text
    assert "Place an order at Koffiepot" in text
    assert "F2026-00001" in text


def test_the_way_to_the_dashboard_signs_in_and_leads_nowhere_else(pages: FlaskClient) -> None:
    answers = [pages.get("/dashboard", query_string={"to": to}) for to in ("/s/abc/orders/7", "//evil.example", "x")]

    assert [answer.location for answer in answers] == [f"{DASHBOARD}/s/abc/orders/7", f"{DASHBOARD}/", f"{DASHBOARD}/"]
    assert answers[0].headers["Set-Cookie"].startswith(f"{cookie_name_over_http()}=session-token-en;")


@pytest.mark.parametrize(
    ("asks_for", "speaks"), [("nl-BE,nl;q=0.9,en;q=0.8", "nl"), ("fr", "fr"), ("pt,de;q=0.5", "de"), ("pt", "en")]
)
def test_the_dashboard_speaks_the_language_that_the_browser_asks_for(
    pages: FlaskClient, asks_for: str, speaks: str
) -> None:
    answer = pages.get("/dashboard", headers={"Accept-Language": asks_for})

    assert f"=session-token-{speaks};" in answer.headers["Set-Cookie"]


def cookie_name_over_http() -> str:
    """The bridge's own name for it: were it another one, nobody would be signed in."""
    app = Flask(__name__)
    with app.test_request_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "is_https", lambda: False)
        return access.cookie_name()


def test_an_order_is_placed_paid_changed_and_given_back(pages: FlaskClient, shop: PretendShop) -> None:
    bought = {"MOK-1": "2", "customer": "1", "method": "bacs"}
    page = pages.post("/shop/orders", data=bought).location
    order_id = int(page.split("/")[-1].partition("?")[0])

    def state() -> tuple[str, str, bool]:
        order = shop.order(order_id)
        assert order is not None
        return order["status"], order["total"], order["date_paid"] is not None

    def press(what: str, **typed: str) -> tuple[str, str, bool]:
        assert pages.post(f"/shop/orders/{order_id}/{what}", data=typed).location == page
        return state()

    line = f"quantity-{order_id * 100 + 1}"
    assert state() == ("on-hold", "36.00", False)
    assert press("pay") == ("processing", "36.00", True)
    assert press("change", **{line: "3", "company": "Nieuwe BV"}) == ("processing", "51.00", True)
    assert press("refund", **{line: "1"}) == ("processing", "51.00", True)
    assert [refund["amount"] for refund in shop.refunds(order_id)] == ["15.00"]
    assert press("complete") == ("completed", "51.00", True)
    assert press("refund") == ("refunded", "51.00", True)


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"MOK-1": "0", "customer": "0", "method": "bacs"},
        {"MOK-1": "1", "customer": "99", "method": "bacs"},
        {"MOK-1": "1", "method": "gold"},
    ],
)
def test_an_order_of_nothing_or_by_nobody_is_not_placed(
    pages: FlaskClient, shop: PretendShop, typed: dict[str, str]
) -> None:
    assert pages.post("/shop/orders", data=typed).location == "/shop"
    assert shop.orders() == ()


def test_another_site_presses_no_button_here(pages: FlaskClient, shop: PretendShop) -> None:
    shop.place(an_order(id=7))

    answer = pages.post("/shop/orders/7/cancel", headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, [order["status"] for order in shop.orders()]) == (403, ["processing"])


def test_orders_are_listed_with_what_was_decided(pages: FlaskClient, shop: PretendShop) -> None:
    shop.place(an_order(id=7, company="Jan & Co"))
    shop.place(an_order(id=8, status="on-hold", paid=False))

    text = pages.get("/shop").text

    assert "Jan &amp; Co" in text
    assert '<a class="number" href="http://127.0.0.1:1/d/abc">F2026-00001</a>' in text
    assert "Nothing was decided yet." in text


def test_a_name_the_block_checkout_stored_escaped_is_shown_as_it_was_typed(
    pages: FlaskClient, shop: PretendShop
) -> None:
    shop.place(an_order(id=7, company="&lt;Jan&gt; &amp; Co", created_via="store-api"))

    assert "&lt;Jan&gt; &amp; Co" in pages.get("/shop").text


def test_an_order_shows_lines_refunds_notes_and_its_mails(
    pages: FlaskClient, shop: PretendShop, mailbox: Mailbox
) -> None:
    order = an_order(id=7, note="Regel 1\n<b>2</b>", lines=[("<b>Mok</b>", "MUG-1", 1, "12.40", "21")])
    shop.place(order, [a_refund(order, id=8, amount="5", reason="kapot")])
    mail_it(mailbox)

    text = pages.get("/shop/orders/7").text

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


@pytest.mark.parametrize(
    "path", ["/nowhere", "/shop/orders/9", "/mails/1", "/mails/0", "/mails/1/html", "/mails/1/attachments/0"]
)
def test_what_is_not_there_says_so(pages: FlaskClient, path: str) -> None:
    answer = pages.get(path)

    assert (answer.status_code, "does not exist" in answer.text) == (404, True)


def test_no_page_loads_anything_from_elsewhere(pages: FlaskClient) -> None:
    headers = pages.get("/").headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert "http" not in pages.get("/mails").text


OWN_WORDS = re.compile(r"<(style|title)\b.*?</\1>|{[{%#].*?[#%}]}|<[^>]*>", re.DOTALL)
NAMES = {"Message", "ID", "Mollie", "Pretend"}


@pytest.mark.parametrize("template", sorted((Path(i18n.__file__).parents[1] / "templates").glob("*.html")))
def test_a_template_says_no_word_that_is_not_in_the_catalogs(template: Path) -> None:
    said = OWN_WORDS.sub(" ", template.read_text(encoding="utf-8"))

    assert set(re.findall(r"[A-Za-z]{2,}", said)) <= NAMES


def words_of(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "\n", page))


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_every_page_speaks_the_language_that_the_browser_asks_for(
    pages: FlaskClient, shop: PretendShop, mailbox: Mailbox, language: str
) -> None:
    order = an_order(id=7)
    shop.place(order, [a_refund(order, id=8, amount="5", reason="kapot")])
    shop.place(an_order(id=9, status="on-hold", paid=False))
    mail_it(mailbox)
    english = {key for key, said in messages(language, i18n.__name__).items() if said != key}

    for path in ("/", "/shop", "/shop/orders/7", "/shop/orders/9", "/recorded", "/mails", "/mails/1", "/nothing"):
        page = pages.get(path, headers={"Accept-Language": f"{language}-BE"}).text
        lines = {line.strip() for line in words_of(page).splitlines()}
        assert f'<html lang="{language}">' in page, path
        assert lines & english == set(), path


def test_a_language_is_chosen_on_every_page_and_stays(pages: FlaskClient, shop: PretendShop) -> None:
    shop.place(an_order(id=7))
    here = pages.get("/shop/orders/7").text
    chosen = re.search(r'href="(/language/fr[^"]*)"', here)
    assert chosen

    answer = pages.get(html.unescape(chosen[1]))
    assert answer.location.rstrip("?") == "/shop/orders/7"
    assert "Commande 7" in pages.get("/shop/orders/7").text
    assert "=session-token-fr;" in pages.get("/dashboard").headers["Set-Cookie"]
    assert pages.get("/language/fr?to=//evil.example").location == "/"
    assert pages.get("/language/xx").status_code == 404
