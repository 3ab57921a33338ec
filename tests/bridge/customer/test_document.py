"""What the holder of a link gets: the whole answers, headers included."""

import hashlib
import html
import logging
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import text

from bridge import create_app
from bridge.i18n.translate import CATALOG_PACKAGE
from tests.support.bridge_app import KEY, NOW, PDF, SHOP, BridgeApp, a_credit_note_for, a_draft, a_file, settings_for
from tests.support.factories import an_order
from tests.support.issued import pay
from worker.domain.decision import Decision
from worker.domain.document import Document, Kind, PaymentInstructions, Reference
from worker.domain.money import ZERO
from worker.domain.payment import PaymentSource, Prepayment, Receipt
from worker.domain.payment_method import Means
from worker.domain.step import RENDER
from worker.i18n import LANGUAGES, Translator
from worker.message import Message
from worker.net import document_link
from worker.store import document_files, document_links, jobs, orders, payments, steps
from worker.store.jobs import JobEnd
from worker.store.orders import OrderState

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=31536000",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
STRICT = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# What asks for money has codes in it, and a script that copies.
FOR_PAYMENT = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
FOR_PDF = (
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def token_of(document: Document, **changes: Any) -> str:
    return document_link.sign((KEY,), document.document_id, **{"now": NOW, **changes})


def text_of(page: str) -> str:
    """What a person reads, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<body>")[2]).split())


def paid(app: BridgeApp, document: Document) -> None:
    with app.store.write() as connection:
        pay(connection, document.document_id, on=date(2026, 11, 23))


def revoked(app: BridgeApp, document: Document, *, at: datetime = NOW) -> None:
    with app.store.write() as connection:
        document_links.revoke(connection, document.document_id, now=at)


@pytest.mark.parametrize("is_paid", [True, False])
def test_the_page_has_exactly_these_headers(app: BridgeApp, is_paid: bool) -> None:
    document = app.issue()
    if is_paid:
        paid(app, document)
    answer = app.client.get(f"/d/{token_of(document)}")

    assert answer.status_code == 200
    assert dict(answer.headers) == {
        **EVERYWHERE,
        "Content-Security-Policy": STRICT if is_paid else FOR_PAYMENT,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(answer.data)),
    }


def test_the_pdf_is_the_stored_bytes_with_exactly_these_headers(app: BridgeApp) -> None:
    answer = app.client.get(f"/d/{token_of(app.issue())}/pdf")

    assert (answer.status_code, answer.data) == (200, PDF)
    assert {name: value for name, value in answer.headers.items() if name != "Date"} == {
        **EVERYWHERE,
        "Content-Security-Policy": FOR_PDF,
        "Content-Type": "application/pdf",
        "Content-Length": str(len(PDF)),
        "Content-Disposition": 'inline; filename="F2026-00017.pdf"',
        "ETag": f'"{hashlib.sha256(PDF).hexdigest()}"',
    }


def test_the_xml_is_a_download_where_there_is_one(app: BridgeApp) -> None:
    document = app.issue()
    app.keep_file(document.document_id, "xml", b"<Invoice/>")
    with app.store.write() as connection:
        document_files.add_file(connection, a_file(document.document_id, "xml", b"<Invoice/>"))

    answer = app.client.get(f"/d/{token_of(document)}/xml")

    assert (answer.status_code, answer.data) == (200, b"<Invoice/>")
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="F2026-00017.xml"'
    assert "E-factuur downloaden (XML)" in app.client.get(f"/d/{token_of(document)}").text


@pytest.mark.parametrize("end", ["", "/pdf"])
def test_head_answers_as_get_without_the_content(app: BridgeApp, end: str) -> None:
    address = f"/d/{token_of(app.issue())}{end}"

    get, head = app.client.get(address), app.client.head(address)

    for answer in (head, get):
        answer.headers.pop("Date", None)
    assert (head.status_code, dict(head.headers), head.data) == (200, dict(get.headers), b"")


def test_a_browser_that_has_the_pdf_gets_304(app: BridgeApp) -> None:
    address = f"/d/{token_of(app.issue())}/pdf"

    answer = app.client.get(address, headers={"If-None-Match": f'"{hashlib.sha256(PDF).hexdigest()}"'})

    assert (answer.status_code, answer.data) == (304, b"")


def test_the_page_of_an_unpaid_invoice_says_what_and_how_much_and_how_to_pay(app: BridgeApp) -> None:
    page = app.client.get(f"/d/{token_of(app.issue())}").text

    assert text_of(page) == (
        "Bakkerij Janssens Factuur F2026-00017 Nog te betalen "
        "Datum 22 november 2026 Bestelling 238 Totaal € 22,20 "
        "Online betalen Pdf downloaden "
        "Of betaal met een overschrijving Scan de code met je bankapp: bedrag en mededeling zijn al ingevuld. Bedrag € 22,20 Begunstigde Bakkerij Janssens BV Rekening BE71 0961 2345 6769 "
        "Mededeling +++090/0000/23856+++ Te betalen tegen 22 december 2026 "
        "Waarvoor 1 × Brood € 18,35 Btw € 3,85 "
        "Vragen? winkel@janssens.example"
    )


def test_the_page_of_a_paid_invoice_says_when_and_asks_for_nothing(app: BridgeApp) -> None:
    document = app.issue()
    paid(app, document)

    page = app.client.get(f"/d/{token_of(document)}").text

    assert text_of(page) == (
        "Bakkerij Janssens Factuur F2026-00017 Betaald op 23 november 2026 "
        "Datum 22 november 2026 Bestelling 238 Totaal € 22,20 "
        "Pdf downloaden Waarvoor 1 × Brood € 18,35 Btw € 3,85 Vragen? winkel@janssens.example"
    )


def test_an_invoice_that_was_paid_when_it_was_made_is_paid(app: BridgeApp) -> None:
    page = app.client.get(f"/d/{token_of(app.issue(paid_on=date(2026, 11, 22)))}").text

    assert "Betaald op 22 november 2026" in page
    assert "Zo betaal je" not in page


def test_a_confirmation_is_paid_once_its_invoice_is(app: BridgeApp) -> None:
    confirmation = app.issue(number="B2026-00001", kind=Kind.ORDER_CONFIRMATION)
    before = app.client.get(f"/d/{token_of(confirmation)}").text
    paid(app, app.issue())

    after = app.client.get(f"/d/{token_of(confirmation)}").text

    assert ("Nog te betalen" in before, "Nog te betalen" in after, "Betaald" in after) == (True, False, True)


def test_a_payment_request_says_that_it_is_no_invoice_and_is_paid_once_the_invoice_is(app: BridgeApp) -> None:
    request = app.issue(number="P2026-00001", kind=Kind.PAYMENT_REQUEST)
    before, invoice = text_of(app.client.get(f"/d/{token_of(request)}").text), app.issue()
    paid(app, invoice)

    assert "Nog te betalen" in before
    assert "Dit is een betaalverzoek. Het is geen factuur, en er kan geen btw mee worden afgetrokken." in before
    assert "Betaald op" in text_of(app.client.get(f"/d/{token_of(request)}").text)
    assert "betaalverzoek" not in app.client.get(f"/d/{token_of(invoice)}").text


@pytest.mark.parametrize("kind", [Kind.PAYMENT_REQUEST, Kind.ORDER_CONFIRMATION, Kind.INVOICE])
def test_no_document_of_a_cancelled_order_asks_for_money(app: BridgeApp, kind: Kind) -> None:
    document = app.issue(kind=kind, payment=PaymentInstructions(iban="BE68539007547034", reference="090000023856"))
    draft = document.draft
    with app.store.write() as connection:
        orders.save(
            connection,
            SHOP,
            an_order(order_id=draft.order_id, order_key=draft.order_key, status="cancelled"),
            OrderState(Decision(), None),
            as_of=NOW,
        )

    page = text_of(app.client.get(f"/d/{token_of(document)}").text)

    assert ("Rekening" in page, "De bestelling is geannuleerd: er is niets te betalen." in page) == (False, True)


def test_an_invoice_credited_in_full_asks_for_nothing(app: BridgeApp) -> None:
    invoice = app.issue()
    app.issue(number="C2026-00001", sequence=1, **a_credit_note_for(invoice))

    read = text_of(app.client.get(f"/d/{token_of(invoice)}").text)

    assert "Gecrediteerd met C2026-00001" in read
    assert "betalen" not in read


def test_an_invoice_credited_in_part_asks_for_the_rest(app: BridgeApp) -> None:
    invoice = app.issue()
    app.issue(number="C2026-00001", sequence=1, **a_credit_note_for(invoice, "2.20"))

    page = app.client.get(f"/d/{token_of(invoice)}").text

    assert "Totaal € 22,20 Gecrediteerd € 2,20 Nog te betalen € 20,00" in text_of(page)
    assert "order-pay" not in page  # the shop's page takes the whole order


def test_a_credit_note_names_what_it_corrects_and_asks_for_nothing(app: BridgeApp) -> None:
    credit_note = app.issue(number="C2026-00001", sequence=1, **a_credit_note_for(app.issue()))

    read = text_of(app.client.get(f"/d/{token_of(credit_note)}").text)

    assert "Creditnota C2026-00001 Verbetert F2026-00017 van 22 november 2026 Datum" in read
    assert "betalen" not in read


def test_the_invoice_of_a_balance_names_that_of_its_deposit(app: BridgeApp) -> None:
    deposit = Reference(7, "F2026-00007", date(2026, 11, 2))
    read = text_of(app.client.get(f"/d/{token_of(app.issue(deposit_invoices=(deposit,)))}").text)

    assert "Bestelling 238 Voorschotfactuur F2026-00007 van 2 november 2026" in read


def test_a_delivery_note_tells_no_prices(app: BridgeApp) -> None:
    read = text_of(app.client.get(f"/d/{token_of(app.issue(kind=Kind.DELIVERY_NOTE))}").text)

    assert ("22,20" in read, "betalen" in read) == (False, False)


def test_the_page_names_the_first_lines_of_a_long_document_and_how_many_more_there_are(app: BridgeApp) -> None:
    (line,) = a_draft().lines
    free = replace(line, description="Gratis", net=ZERO, unit_price=ZERO)

    read = text_of(app.client.get(f"/d/{token_of(app.issue(lines=(line, *(free,) * 21)))}").text)

    assert (read.count("1 × Gratis"), "En nog 2 in de pdf." in read) == (19, True)


def test_a_test_document_says_so(app: BridgeApp) -> None:
    assert "Dit is een test, geen geldig document." in app.client.get(f"/d/{token_of(app.issue(test=True))}").text


def test_what_people_typed_is_text_on_the_page(app: BridgeApp) -> None:
    document = app.issue(number='"><script>alert(1)</script>', order_number="<b>238</b>")

    page = app.client.get(f"/d/{token_of(document)}").text

    assert ("<script>" in page, "<b>" in page) == (False, False)


@pytest.mark.parametrize("pay_url", ["javascript:alert(1)", "data:text/html,x", "//elsewhere.example", ""])
def test_only_web_addresses_become_pay_buttons(app: BridgeApp, pay_url: str) -> None:
    payment = app.issue().draft.payment
    assert payment is not None
    other = app.issue(
        number="F2026-00018",
        sequence=18,
        cause="order:238:invoice:2",
        payment=type(payment)(payment.reference, pay_url=pay_url),
    )

    assert "Online betalen" not in app.client.get(f"/d/{token_of(other)}").text


@pytest.mark.parametrize(
    ("status", "offered"), [("pending", True), ("failed", True), ("on-hold", False), ("completed", False)]
)
def test_the_pay_button_is_there_while_the_shop_takes_the_payment(app: BridgeApp, status: str, offered: bool) -> None:
    token = token_of(app.issue())
    with app.store.write() as connection:
        orders.save(
            connection,
            SHOP,
            an_order(status=status),
            OrderState(paid_at=None, decision=Decision(rule_results=(), flags=())),
            as_of=NOW,
        )

    assert ("Online betalen" in app.client.get(f"/d/{token}").text) == offered


@pytest.mark.parametrize(
    ("payment", "told"),
    [
        (PaymentInstructions(means=Means.ON_DELIVERY), "Te betalen bij levering"),
        (
            PaymentInstructions(means=Means.PROVIDER_TRANSFER, provider="Mollie"),
            "Met de overschrijving waarover Mollie je mailde",
        ),
    ],
)
def test_who_owes_no_transfer_is_told_how_to_pay_and_no_account(
    app: BridgeApp, payment: PaymentInstructions, told: str
) -> None:
    page = app.client.get(f"/d/{token_of(app.issue(payment=payment))}").text

    assert (told in page, "Rekening" in page, "Online betalen" in page) == (True, False, False)


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.ORDER_CONFIRMATION, Kind.PAYMENT_REQUEST])
def test_the_page_says_what_a_gift_card_paid_and_what_it_leaves(app: BridgeApp, kind: Kind) -> None:
    card = Prepayment(Decimal("5.00"), code="…5678")

    page = text_of(app.client.get(f"/d/{token_of(app.issue(kind=kind, prepaid=(card,)))}").text)

    assert "Totaal € 22,20 Betaald met cadeaubon …5678 € 5,00 Nog te betalen € 17,20" in page


@pytest.mark.parametrize("number", ["F/2026/17", 'F"17"', "F\r\n17", "Fé17", "../../F17", "F 17"])
def test_a_number_of_any_shape_makes_a_plain_file_name(app: BridgeApp, number: str) -> None:
    answer = app.client.get(f"/d/{token_of(app.issue(number=number))}/pdf")

    assert re.fullmatch(r'inline; filename="F[A-Za-z0-9._-]+\.pdf"', answer.headers["Content-Disposition"])


def test_before_the_pdf_is_made_the_page_says_so_and_looks_again(app: BridgeApp) -> None:
    token = token_of(app.issue(stored=None))

    page, pdf = app.client.get(f"/d/{token}"), app.client.get(f"/d/{token}/pdf")

    assert (page.status_code, pdf.status_code) == (200, 404)
    assert "De pdf wordt gemaakt." in page.text
    assert "De pdf wordt gemaakt" in pdf.text
    assert ("Pdf downloaden" in page.text, pdf.headers["Retry-After"]) == (False, "4")
    assert ('<meta http-equiv="refresh" content="4">' in page.text, pdf.headers["Refresh"]) == (True, "4")


def test_a_pdf_that_cannot_be_made_keeps_nobody_waiting(app: BridgeApp) -> None:
    document = app.issue(stored=None)
    with app.store.write() as connection:
        leased = steps.take(
            connection, RENDER, document_id=document.document_id, now=NOW, lease_for=timedelta(minutes=1)
        )
        assert leased is not None
        jobs.finish(connection, leased.lease, JobEnd(state="failed", code="x", message=Message("x")), now=NOW)

    page = app.client.get(f"/d/{token_of(document)}")

    assert (page.status_code, "refresh" in page.text) == (200, False)
    assert "De pdf is er nog niet. Kom later terug, of vraag ernaar bij Bakkerij Janssens." in page.text
    assert app.client.get(f"/d/{token_of(document)}/pdf").status_code == 404


def test_an_expired_link_is_410_and_says_whom_to_ask(app: BridgeApp) -> None:
    token = token_of(app.issue())
    app.now = NOW + document_link.LIFETIME

    for end in ("", "/pdf"):
        answer = app.client.get(f"/d/{token}{end}")
        assert answer.status_code == 410
        assert "De link was geldig tot 23 november 2027. Vraag een nieuwe aan Bakkerij Janssens." in answer.text
        assert "F2026-00017" not in answer.text


def test_a_link_holds_until_its_last_second(app: BridgeApp) -> None:
    token = token_of(app.issue())
    app.now = NOW + document_link.LIFETIME - timedelta(seconds=1)

    assert app.client.get(f"/d/{token}/pdf").status_code == 200


def test_a_revoked_link_is_403(app: BridgeApp) -> None:
    document = app.issue()
    revoked(app, document)

    for end in ("", "/pdf", "/xml"):
        answer = app.client.get(f"/d/{token_of(document)}{end}")
        assert (answer.status_code, "Deze link is ingetrokken" in answer.text) == (403, True)


def test_only_a_link_made_after_a_renewal_opens_what_was_revoked(app: BridgeApp) -> None:
    document = app.issue()
    renewed = NOW + timedelta(minutes=1)
    revoked(app, document, at=renewed)
    with app.store.write() as connection:
        document_links.renew(connection, document.document_id, now=renewed)
    app.now = later = renewed + timedelta(seconds=1)

    codes = {
        "before": token_of(document, now=NOW),
        "after": token_of(document, now=later),
        # The shop's own page links for an hour only.
        "short, before": token_of(document, now=NOW, lifetime=timedelta(hours=1)),
        "short, after": token_of(document, now=later, lifetime=timedelta(hours=1)),
    }
    assert {name: app.client.get(f"/d/{token}").status_code for name, token in codes.items()} == {
        "before": 403, "after": 200, "short, before": 403, "short, after": 200,
    }  # fmt: skip


def test_a_link_signed_with_the_key_before_still_opens(app: BridgeApp) -> None:
    token = token_of(app.issue())
    rotated = create_app(
        settings_for(
            app.settings.database_url, app.settings.data, secret_keys=("the new key, of at least 32 characters", KEY)
        ),
        now=lambda: NOW,
    )

    assert rotated.test_client().get(f"/d/{token}/pdf").status_code == 200


def forgeries(document: Document) -> dict[str, str]:
    right = token_of(document)
    payload, _, signature = right.partition(".")
    return {
        "nothing signed": "x",
        "empty signature": payload + ".",
        "cut": right[:-1],
        "longer": right + "A",
        "other case": right.swapcase(),
        "the id of another": document_link.sign((KEY,), document.document_id + 1, now=NOW).partition(".")[0]
        + "."
        + signature,
        "another key": document_link.sign(("another key, of at least 32 characters",), document.document_id, now=NOW),
        "another purpose": str(URLSafeSerializer(KEY, salt="facturelay.session").dumps([document.document_id, 2**31])),
        "no such document": document_link.sign((KEY,), document.document_id + 999, now=NOW),
        "a negative id": document_link.sign((KEY,), -1, now=NOW),
        "not a number": str(URLSafeSerializer(KEY, salt=document_link.SALT).dumps(["x", "y"])),
        "too few": str(URLSafeSerializer(KEY, salt=document_link.SALT).dumps([1])),
        "no list": str(URLSafeSerializer(KEY, salt=document_link.SALT).dumps({"id": 1})),
        "a NUL": "%00" + right,
        "not text": "%ff%fe",
        "very long": "A" * 5_000,
        "a path": "..%2f..%2fetc%2fpasswd",
    }


def test_every_other_token_is_404_and_all_look_the_same(app_on_each_database: BridgeApp) -> None:
    document = app_on_each_database.issue()
    tokens = forgeries(document)

    answers = {
        name: app_on_each_database.client.get(f"/d/{token}{end}")
        for name, token in tokens.items()
        for end in ("", "/pdf")
    }

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(tokens, 404)
    assert len({answer.data for answer in answers.values()}) == 1


def test_a_link_that_is_older_than_its_document_was_for_another_one(app: BridgeApp) -> None:
    document = app.issue()
    early = token_of(document, now=document.issued_at - timedelta(seconds=1))

    assert app.client.get(f"/d/{early}").status_code == 404
    assert app.client.get(f"/d/{early}/pdf").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_link_can_only_be_looked_at(app: BridgeApp, method: str) -> None:
    answer = app.client.open(f"/d/{token_of(app.issue())}", method=method)

    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_a_scanner_that_opens_everything_changes_nothing(app: BridgeApp) -> None:
    document, rows = app.issue(), {}
    tables = ("documents", "files", "payments", "document_links", "jobs", "audit_trail", "deliveries")
    for moment in ("before", "after"):
        with app.store.read() as connection:
            rows[moment] = {table: connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables}
        for method in ("GET", "HEAD", "GET"):
            app.client.open(f"/d/{token_of(document)}", method=method)
            app.client.open(f"/d/{token_of(document)}/pdf", method=method)

    assert rows["before"] == rows["after"]


@pytest.mark.parametrize("damage", ["gone", "altered"])
def test_a_damaged_file_is_never_served_and_its_path_not_told(
    app: BridgeApp, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    document = app.issue()
    path = app.settings.archive / f"{document.document_id}.pdf"
    path.unlink() if damage == "gone" else path.write_bytes(PDF + b"x")

    answer = app.client.get(f"/d/{token_of(document)}/pdf", headers={"Accept-Language": "fr-BE"})

    assert answer.status_code == 422
    found = re.search(r"Référence pour l’assistance\s?: ([0-9a-f]{8})", answer.text)
    assert (found is not None, ".pdf" in answer.text, "file_" in answer.text) == (True, False, False)
    assert (
        f"(file_{'missing' if damage == 'gone' else 'altered'}, reference {found[1] if found else ''})" in caplog.text
    )
    assert f"{document.document_id}.pdf" in caplog.text


def test_no_log_line_of_ours_holds_a_token(app: BridgeApp, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    document = app.issue()
    token = token_of(document)
    (app.settings.archive / f"{document.document_id}.pdf").unlink()
    with app.store.write() as connection:
        connection.execute(text("DROP TABLE payments"))

    statuses = [app.client.get(f"/d/{token}{end}").status_code for end in ("", "/pdf")]

    assert statuses == [503, 503]
    assert token not in caplog.text


def test_a_bug_gives_a_visitor_a_page_and_the_log_its_code(app: BridgeApp, caplog: pytest.LogCaptureFixture) -> None:
    token = token_of(app.issue())
    with app.store.write() as connection:
        for trigger in (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        ):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("UPDATE documents SET snapshot = '{}'"))

    answer = app.client.get(f"/d/{token}", headers={"Accept-Language": "de"})

    assert answer.status_code == 500
    found = re.search(r"Referenz für den Support: ([0-9a-f]{8})", answer.text)
    assert found is not None
    assert found[1] in caplog.text
    assert token not in caplog.text


# What a person reads, word for word: the page of a document to pay, and the pages of links that do not lead there.
PAGE_TEXTS = {
    "nl": (
        "Bakkerij Janssens Factuur F2026-00017 Nog te betalen Datum 22 november 2026 Bestelling 238 Totaal € 22,20 Online betalen Pdf downloaden Of betaal met een overschrijving Scan de code met je bankapp: bedrag en mededeling zijn al ingevuld. Bedrag € 22,20 Begunstigde Bakkerij Janssens Rekening BE71 0961 2345 6769 Mededeling +++090/0000/23856+++ Te betalen tegen 6 december 2026 Waarvoor 1 × Brood € 18,35 Btw € 3,85 Vragen? winkel@janssens.example",
        "Deze link is verlopen De link was geldig tot 22 november 2026. Vraag een nieuwe aan Bakkerij Janssens. Of laat een nieuwe link mailen naar het adres dat bij de bestelling hoort. Mail een nieuwe link",
        "Deze link werkt niet Kijk na of je de hele link uit de mail hebt overgenomen, of vraag de winkel een nieuwe.",
        "Deze link is ingetrokken Via deze link is het document niet meer te zien. Vraag ernaar bij Bakkerij Janssens.",
    ),
    "fr": (
        "Bakkerij Janssens Facture F2026-00017 Reste à payer Date 22 novembre 2026 Commande 238 Total 22,20 € Payer en ligne Télécharger le PDF Ou payez par virement Scannez le code avec votre application bancaire : le montant et la communication sont déjà remplis. Montant 22,20 € Bénéficiaire Bakkerij Janssens Compte BE71 0961 2345 6769 Communication +++090/0000/23856+++ À payer pour le 6 décembre 2026 Détail 1 × Brood 18,35 € TVA 3,85 € Des questions ? winkel@janssens.example",
        "Ce lien a expiré Le lien était valable jusqu’au 22 novembre 2026. Demandez-en un nouveau à Bakkerij Janssens. Ou faites envoyer un nouveau lien à l’adresse e-mail de la commande. Envoyer un nouveau lien",
        "Ce lien ne fonctionne pas Vérifiez que vous avez repris le lien entier de l’e-mail, ou demandez-en un nouveau à la boutique.",
        "Ce lien a été retiré Ce lien ne montre plus le document. Demandez-le à Bakkerij Janssens.",
    ),
    "de": (
        "Bakkerij Janssens Rechnung F2026-00017 Noch zu zahlen Datum 22. November 2026 Bestellung 238 Gesamt 22,20 € Online bezahlen PDF herunterladen Oder zahlen Sie per Überweisung Scannen Sie den Code mit Ihrer Banking-App: Betrag und Mitteilung sind schon ausgefüllt. Betrag 22,20 € Empfänger Bakkerij Janssens Konto BE71 0961 2345 6769 Mitteilung +++090/0000/23856+++ Zahlbar bis 6. Dezember 2026 Im Einzelnen 1 × Brood 18,35 € MwSt. 3,85 € Fragen? winkel@janssens.example",
        "Dieser Link ist abgelaufen Der Link war bis zum 22. November 2026 gültig. Bitten Sie Bakkerij Janssens um einen neuen. Oder lassen Sie einen neuen Link an die E-Mail-Adresse der Bestellung senden. Neuen Link senden",
        "Dieser Link funktioniert nicht Prüfen Sie, ob Sie den ganzen Link aus der E-Mail übernommen haben, oder bitten Sie den Shop um einen neuen.",
        "Dieser Link wurde zurückgezogen Über diesen Link ist das Dokument nicht mehr zu sehen. Bitten Sie Bakkerij Janssens darum.",
    ),
    "en": (
        "Bakkerij Janssens Invoice F2026-00017 Still to pay Date 22 November 2026 Order 238 Total €22.20 Pay online Download PDF Or pay by bank transfer Scan the code with your banking app: amount and communication are filled in. Amount €22.20 Beneficiary Bakkerij Janssens Account BE71 0961 2345 6769 Communication +++090/0000/23856+++ Due on 6 December 2026 What it is for 1 × Brood €18.35 VAT €3.85 Questions? winkel@janssens.example",
        "This link has expired The link was valid until 22 November 2026. Ask Bakkerij Janssens for a new one. Or have a new link mailed to the address that belongs to the order. Mail a new link",
        "This link does not work Check that you took over the whole link from the mail, or ask the shop for a new one.",
        "This link was withdrawn The document can no longer be seen through this link. Ask Bakkerij Janssens for it.",
    ),
}


ASKED_AND_SPOKEN = [
    ("nl-BE,nl;q=0.9,en;q=0.8", "nl"),
    ("fr-BE", "fr"),
    ("de-AT;q=0.7,pl", "de"),
    ("en;q=0.1, fr;q=0.2", "fr"),
    ("nl;q=0, fr;q=0.5", "fr"),
    ("pl,ja", "en"),
    ("*", "en"),
    ("", "en"),
    (";;q=,=x;q=abc", "en"),
]


BY_TRANSFER = {
    "nl": "Of betaal met een overschrijving",
    "fr": "Ou payez par virement",
    "de": "Oder zahlen Sie per Überweisung",
    "en": "Or pay by bank transfer",
}


@pytest.mark.parametrize(("asked", "spoken"), ASKED_AND_SPOKEN)
def test_a_link_that_does_not_work_speaks_the_language_of_the_browser(app: BridgeApp, asked: str, spoken: str) -> None:
    answer = app.client.get("/d/x", headers={"Accept-Language": asked})

    assert f'<html lang="{spoken}">' in answer.text
    assert PAGE_TEXTS[spoken][2] in text_of(answer.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_language_of_the_document_whatever_the_browser_asks(app: BridgeApp, language: str) -> None:
    page = app.client.get(f"/d/{token_of(app.issue(language=language))}", headers={"Accept-Language": "pl"}).text

    assert f'<html lang="{language}">' in page
    assert BY_TRANSFER[language] in page


def test_the_page_stays_in_the_customers_language_where_the_law_wants_the_document_in_another(app: BridgeApp) -> None:
    page = app.client.get(f"/d/{token_of(app.issue(language='nl', customer_language='fr'))}").text

    assert '<html lang="fr">' in page
    assert BY_TRANSFER["fr"] in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_word_for_word_what_it_says_in_each_language(app: BridgeApp, language: str) -> None:
    due, pay_url = date(2026, 12, 6), "https://shop.example/pay"
    payment = PaymentInstructions("090000023856", iban="BE71096123456769", due_on=due, pay_url=pay_url)
    document = app.issue(language=language, payment=payment)

    page = text_of(app.client.get(f"/d/{token_of(document)}").text)
    expired = text_of(app.client.get(f"/d/{token_of(document, lifetime=timedelta(days=-1))}").text)
    unknown = text_of(app.client.get("/d/x", headers={"Accept-Language": language}).text)
    revoked(app, document)
    withdrawn = text_of(app.client.get(f"/d/{token_of(document)}").text)

    assert (page, expired, unknown, withdrawn) == PAGE_TEXTS[language]


def test_without_an_address_to_pay_at_the_pdf_is_the_button_and_the_account_is_written_in_groups(
    app: BridgeApp,
) -> None:
    payment = PaymentInstructions("090000023856", iban="BE71096123456769")

    page = app.client.get(f"/d/{token_of(app.issue(payment=payment))}").text

    assert re.findall(r'class="(button|quiet)"[^>]*>([^<]+)<', page) == [("button", "Pdf downloaden")]
    assert (
        "zijn al ingevuld. Bedrag € 22,20 Begunstigde Bakkerij Janssens Rekening BE71 0961 2345 6769 Mededeling"
        in text_of(page)
    )


def test_a_credit_note_that_was_refunded_says_so(app: BridgeApp) -> None:
    refund = {**a_credit_note_for(app.issue()), "paid_on": date(2026, 11, 23), "payment_title": "Mollie"}

    page = app.client.get(f"/d/{token_of(app.issue(number='C2026-00001', **refund))}").text

    assert "Verbetert F2026-00017 van 22 november 2026 Terugbetaald op 23 november 2026 Datum" in text_of(page)
    assert "payment" not in page


def test_a_credit_note_whose_money_a_person_gives_back_does_not_say_that_it_went_back(app: BridgeApp) -> None:
    refund = {**a_credit_note_for(app.issue()), "paid_on": date(2026, 11, 23), "payment_title": ""}

    page = text_of(app.client.get(f"/d/{token_of(app.issue(number='C2026-00001', **refund))}").text)

    assert "Terug te betalen: € " in page
    assert "Terugbetaald" not in page


def test_nothing_is_said_of_payment_where_nothing_was_to_pay(app: BridgeApp) -> None:
    free = app.issue(paid_on=date(2026, 11, 22), lines=(), vat_lines=(), net=ZERO, vat=ZERO, total=ZERO)

    page = text_of(app.client.get(f"/d/{token_of(free)}").text)

    assert "Betaald" not in page


ON_PAPER = (
    "Paid on {date}",
    "Refunded on {date}",
    "Still to pay",
    "Date",
    "Order",
    "Total",
    "Account",
    "Communication",
    "Due on",
    "Pay online",
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_thing_has_the_same_name_as_on_paper(language: str) -> None:
    here, on_paper = Translator(language, package=CATALOG_PACKAGE), Translator(language)

    assert [here.gettext(message, date="{date}") for message in ON_PAPER] == [
        on_paper.gettext(message, date="{date}") for message in ON_PAPER
    ]


def test_a_currency_without_cents_shows_none_and_one_with_three_decimals_all() -> None:
    assert Translator("nl").amount(Decimal("1500.00"), "JPY") == "JP¥\N{NO-BREAK SPACE}1.500"
    assert Translator("en").amount(Decimal("1.250"), "KWD") == "KWD\N{NO-BREAK SPACE}1.250"


@pytest.mark.parametrize(
    ("public_url", "base"), [("https://documents.example", ""), ("https://shop.example/facturelay", "/facturelay")]
)
def test_addresses_on_the_page_lie_under_the_public_address(app: BridgeApp, public_url: str, base: str) -> None:
    token = token_of(app.issue())
    served = create_app(
        settings_for(app.settings.database_url, app.settings.data, public_url=public_url), now=lambda: NOW
    )

    page = served.test_client().get(f"/d/{token}").text

    assert re.findall(r'(?:href|src)="(?!data:)([^"]+)"', page) == [
        f"{base}/static/facturelay.css",
        f"{base}/static/copy.js",
        "https://shop.example/checkout/order-pay/238/?key=wc_order_1pKk9xyOWJA8x",
        f"{base}/d/{token}/pdf",
        f"{base}/d/{token}/pdf",
        f"{base}/d/{token}/page.webp",
        "mailto:winkel@janssens.example",
    ]


def test_the_stylesheet_may_be_remembered_for_a_while(app: BridgeApp) -> None:
    with app.client.get("/static/facturelay.css") as answer:
        sheet = answer.get_data(as_text=True)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=600")
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "http" not in sheet  # nothing is fetched from anybody else


@pytest.mark.parametrize(
    ("said", "came", "asked"),
    [
        ({"payment": None, "paid_on": date(2026, 11, 22)}, [], "€ 22,20"),  # by card, and taken back
        ({"payment": PaymentInstructions(means=Means.ONLINE), "paid_on": None}, ["10.00"], "€ 12,20"),
    ],
)
def test_who_is_asked_for_what_a_provider_does_not_take_any_more_is_told_an_account(
    app: BridgeApp, said: dict[str, Any], came: list[str], asked: str
) -> None:
    document = app.issue(**said, seller=replace(a_draft().seller, iban="BE71096123456769"))
    receipt = Receipt(date(2026, 11, 22), PaymentSource.PERSON, "An")
    with app.store.write() as connection:
        for amount in came or ["22.20"]:
            payment_id = payments.receive(connection, document.order, Decimal(amount), receipt, now=NOW)
        if payment_id and not came:
            payments.reverse(connection, payment_id, on=date(2026, 11, 23), by="An", now=NOW)
    page = app.client.get(f"/d/{token_of(document)}").text
    shown = html.unescape(text_of(page)).replace("\xa0", " ")
    assert f"Bedrag {asked} Begunstigde" in shown
    assert "Rekening BE71 0961 2345 6769 Mededeling F2026-00017" in shown
