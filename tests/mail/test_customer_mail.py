"""What a customer's mail says: every kind, every language, and no header that is not ours."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from worker.domain.document import Document, Kind
from worker.domain.money import ZERO
from worker.domain.party import Buyer
from worker.domain.payment import Prepayment
from worker.domain.shop import BrandingSettings, MailSettings, MollieSettings, OrderSettings, Shop
from worker.domain.texts import PLACEHOLDERS
from worker.errors import Rejected
from worker.i18n import LANGUAGES
from worker.mail.customer_mail import Ways, compose, compose_new_link, compose_test, recipients
from worker.mail.diagnosis import hints
from worker.mail.mime import as_bytes
from worker.net.mollie_key import Mode
from worker.rendering.samples import BUSINESS, SELLER, UNPAID, a_draft, an_invoice, issued, of_kind

PDF = b"%PDF-1.4 example"
MAIL = MailSettings("winkel@gist.example")


def a_shop(**more: object) -> Shop:
    shop = Shop(
        shop_id="gist",
        name="De Gentse Gist",
        url="https://gist.example",
        orders=OrderSettings(since=datetime(2026, 1, 1, tzinfo=UTC)),
        seller=SELLER,
        mail=MAIL,
    )
    return replace(shop, **more)  # type: ignore[arg-type]  # the fields of a shop, by name


def a_mail(*documents: Document, **more: object) -> EmailMessage:
    return compose(
        a_shop(**more),
        tuple((document, PDF) for document in documents),
        ways=Ways(lambda document: f"https://facturen.example/d/{document.number}?a=1&b=2"),
        message_id="<17@facturen.example>",
    )


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\u00a0", " ")


def files(mail: EmailMessage) -> list[tuple[str | None, str, object]]:
    return [(a.get_filename(), a.get_content_type(), a.get_content()) for a in mail.iter_attachments()]


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if tag == "a" and name == "href"]


def test_the_subject_names_document_order_and_shop() -> None:
    assert a_mail(an_invoice())["Subject"] == "Factuur F2026-00017 bij bestelling 238 – De Gentse Gist"


def test_documents_of_one_order_go_out_in_one_mail() -> None:
    mail = a_mail(of_kind(Kind.INVOICE, "fr"), of_kind(Kind.DELIVERY_NOTE, "fr"))

    assert mail["Subject"] == "Facture F2026-00017, Bon de livraison L2026-00112 pour la commande 238 – De Gentse Gist"
    assert files(mail) == [
        ("facture-F2026-00017.pdf", "application/pdf", PDF),
        ("bon-de-livraison-L2026-00112.pdf", "application/pdf", PDF),
    ]


def test_the_headers_say_who_writes_to_whom() -> None:
    mail = a_mail(an_invoice(), mail=replace(MAIL, reply_to="vragen@gist.example", bcc="archief@gist.example"))

    assert dict(mail.items()) | {"Content-Type": ""} == {
        "From": "De Gentse Gist <winkel@gist.example>",
        "To": "Jan Janssens <jan@example.org>",
        "Reply-To": "vragen@gist.example",
        "Message-ID": "<17@facturen.example>",
        "Subject": "Factuur F2026-00017 bij bestelling 238 – De Gentse Gist",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "nl",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }


def test_a_shop_without_a_sender_writes_from_its_company() -> None:
    assert a_mail(an_invoice(), mail=MailSettings())["From"] == "De Gentse Gist <hallo@gentsegist.example>"
    assert a_mail(an_invoice(), mail=MailSettings("Bier & Co <b@gist.example>"))["From"] == "Bier & Co <b@gist.example>"


def test_blind_copies_are_on_the_envelope_only() -> None:
    shop = a_shop(mail=replace(MAIL, bcc="archief@gist.example, Boek <boek@gist.example>, geen adres"))

    assert recipients(shop, an_invoice()) == ("jan@example.org", "archief@gist.example", "boek@gist.example")


def test_a_test_goes_to_the_shop_itself_and_says_so() -> None:
    test_document = an_invoice(test=True)
    for shop, document in ((a_shop(test=True), an_invoice()), (a_shop(), test_document)):
        assert recipients(shop, document) == ("winkel@gist.example",)

    mail = a_mail(test_document, mail=replace(MAIL, bcc="archief@gist.example"))
    assert mail["To"] == "Jan Janssens <winkel@gist.example>"
    assert mail["Subject"].startswith("[TEST] ")
    assert "alleen jij krijgt deze mail" in part(mail, "plain")


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_an_unpaid_invoice_says_what_how_much_and_how_to_pay(kind: str) -> None:
    words = part(a_mail(an_invoice(payment=UNPAID)), kind)

    for fact in (
        "Factuur",
        "F2026-00017",
        "€ 44,27",
        "22 december 2026",
        "BE68 5390 0754 7034",
        "+++238/0000/01763+++",
    ):
        assert fact in words


def test_the_code_of_a_gift_card_is_not_torn_apart() -> None:
    card = Prepayment(Decimal("10.00"), code="…5<78")
    words = part(a_mail(an_invoice(payment=UNPAID, prepaid=(card,))), "html")
    assert 'Betaald met cadeaubon <span style="white-space: nowrap">…5&lt;78</span>' in words


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_paid_invoice_says_so_and_asks_for_nothing(kind: str) -> None:
    words = part(a_mail(an_invoice(payment=UNPAID, paid_on=date(2026, 11, 22), payment_title="Bancontact")), kind)

    assert "Betaald op 22 november 2026 via Bancontact" in words
    assert "BE68" not in words


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_mail_never_says_that_money_went_back_which_a_person_has_yet_to_give(kind: str) -> None:
    note = of_kind(Kind.CREDIT_NOTE, "nl").draft
    by_hand = part(a_mail(issued(replace(note, paid_on=date(2026, 11, 23), payment_title=""))), kind)
    by_provider = part(a_mail(issued(replace(note, paid_on=date(2026, 11, 23), payment_title="Mollie"))), kind)

    assert ("Terug te betalen: " in by_hand, "Terugbetaald" in by_hand) == (True, False)
    assert ("Terug te betalen" in by_provider, "Terugbetaald op" in by_provider) == (False, True)


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_mail_says_nothing_of_payment_where_nothing_was_to_pay(kind: str) -> None:
    free = {"lines": (), "vat_lines": (), "net": ZERO, "vat": ZERO, "total": ZERO}

    assert "Betaald" not in part(a_mail(an_invoice(paid_on=date(2026, 11, 22), **free)), kind)


def test_the_one_button_pays_where_paying_is_possible_and_shows_the_document_otherwise() -> None:
    view, pay = "https://facturen.example/d/F2026-00017?a=1&b=2", "https://gist.example/pay?x=1&y=2"

    assert Links(part(a_mail(an_invoice(payment=UNPAID)), "html")).found == [view, view]
    assert Links(part(a_mail(an_invoice(payment=replace(UNPAID, pay_url=pay))), "html")).found == [view, pay]
    hostile = an_invoice(payment=replace(UNPAID, pay_url="javascript:alert(1)"))
    assert Links(part(a_mail(hostile), "html")).found == [view, view]


def test_where_the_page_takes_the_payment_the_button_leads_there_and_not_to_the_shop() -> None:
    view, pay = "https://facturen.example/d/F2026-00017?a=1&b=2", "https://gist.example/pay?x=1&y=2"
    unpaid = an_invoice(payment=replace(UNPAID, pay_url=pay))
    live = MollieSettings(Mode.LIVE)

    mail = a_mail(unpaid, mollie=live)
    assert Links(part(mail, "html")).found == [view, view]
    assert "Online betalen" in part(mail, "html")
    assert f"Online betalen: {view}" in part(mail, "plain")
    # Not where the owner does not want it, and not in a test, which says that nobody is to pay it.
    for other, settings in ((unpaid, replace(live, on_invoices=False)), (an_invoice(payment=UNPAID, test=True), live)):
        assert "Online betalen" not in part(a_mail(other, mollie=settings), "plain").replace(
            f"Online betalen: {pay}", ""
        )


def test_a_button_can_be_read_on_any_colour() -> None:
    for accent, ink in (("#ffd400", "#000000"), ("#0f766e", "#ffffff"), ("red; x", "#ffffff")):
        html = part(a_mail(an_invoice(), branding=BrandingSettings(accent)), "html")
        assert f"color: {ink}; text-decoration: none" in html
        assert "red; x" not in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("state", ["paid", "unpaid", "test"])
def test_every_mail_renders_in_every_language(kind: Kind, language: str, state: str) -> None:
    draft = of_kind(kind, language).draft
    draft = replace(
        draft,
        paid_on=date(2026, 11, 22) if state == "paid" else None,
        payment=replace(UNPAID, pay_url="https://gist.example/pay"),
        test=state == "test",
    )
    mail = a_mail(issued(draft))
    again = message_from_bytes(mail.as_bytes(policy=policy.SMTP), policy=policy.default)

    assert again["Content-Language"] == language
    assert [p.get_content_type() for p in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    assert f'<html lang="{language}">' in part(mail, "html")
    assert "{" not in part(mail, "plain") + again["Subject"]


def test_answers_go_to_whom_the_shop_names_with_or_without_a_name() -> None:
    mail = a_mail(an_invoice(), mail=replace(MAIL, reply_to="Vragen <vragen@gist.example>"))
    assert mail["Reply-To"] == "Vragen <vragen@gist.example>"


def test_text_of_an_order_starts_no_header() -> None:
    hostile = "Jan\r\nBcc: all@example.org\r\n\r\nbody\u2028x\x00"
    document = an_invoice(buyer=Buyer(hostile, email="jan@example.org\r\n"), order_number=f"238{hostile}")
    mail = a_mail(document, name=hostile, mail=replace(MAIL, reply_to=f"a@b.example{hostile}"))

    raw = mail.as_bytes(policy=policy.SMTP)
    assert message_from_bytes(raw, policy=policy.default)["Bcc"] is None
    assert not any(line.lower().startswith(b"bcc:") for line in raw.splitlines())
    assert recipients(a_shop(), document) == ("jan@example.org",)


@pytest.mark.parametrize("inside", ["x <all@example.org>, y", "Jan\r\nBcc: all@example.org"])
def test_a_name_is_never_read_as_encoded(inside: str) -> None:
    hostile = f"=?utf-8?b?{b64encode(inside.encode()).decode()}?="
    mail = a_mail(an_invoice(buyer=Buyer(hostile, email="jan@example.org")), name=hostile)

    read = message_from_bytes(as_bytes(mail, wide=False), policy=policy.default)
    assert [one.addr_spec for one in (*read["From"].addresses, *read["To"].addresses)] == [
        "winkel@gist.example",
        "jan@example.org",
    ]


def test_text_of_an_order_is_text_in_html() -> None:
    html = part(a_mail(an_invoice(buyer=Buyer("<script>alert(1)</script>", email="jan@example.org"))), "html")

    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("address", ["", "jan", "jan@", "a@b@c", "a b@c.example", "jan@example.org, x@example.org"])
def test_an_order_without_an_address_needs_a_person(address: str) -> None:
    with pytest.raises(Rejected, match="Order 238") as caught:
        a_mail(an_invoice(buyer=Buyer("Jan", email=address)))
    assert caught.value.code == "mail_no_address"


def test_a_shop_without_any_address_needs_a_person() -> None:
    with pytest.raises(Rejected, match="no mail address to send from") as caught:
        a_mail(an_invoice(), mail=MailSettings(), seller=replace(SELLER, email=""))
    assert hints(caught.value.code) == ()  # which would say the same once more


def test_addresses_in_other_scripts_survive() -> None:
    mail = a_mail(an_invoice(buyer=Buyer("Jörg", email="jörg@köln.example")))

    assert b"To: J\xc3\xb6rg <j\xc3\xb6rg@xn--kln-sna.example>" in mail.as_bytes(policy=policy.SMTPUTF8)


def test_a_draft_never_needs_a_name_to_be_greeted() -> None:
    assert part(a_mail(issued(a_draft(buyer=Buyer("", email="jan@example.org")))), "plain").startswith("Dag,\n")


def worded(**texts: str) -> dict[str, object]:
    """A shop's own words, by key with _ for / and without its language."""
    return {"texts": {f"mail.{name.replace('__', '/')}/nl": text for name, text in texts.items()}}


def test_a_shop_s_own_subject_is_used_for_its_kind_and_state() -> None:
    own = worded(subject__invoice__unpaid="Betaal {number} ({total}) vóór {due}", subject__invoice__paid="Ok {number}")

    assert a_mail(an_invoice(payment=UNPAID), **own)["Subject"].replace("\u00a0", " ") == (
        "Betaal F2026-00017 (€ 44,27) vóór 22 december 2026"
    )
    assert a_mail(an_invoice(paid_on=date(2026, 11, 22)), **own)["Subject"] == "Ok F2026-00017"
    assert a_mail(of_kind(Kind.INVOICE, "fr"), **own)["Subject"].startswith("Facture F2026-00017 pour la commande")


def test_a_shop_s_own_body_takes_the_place_of_greeting_and_sentence() -> None:
    own = worded(body__invoice__unpaid="Beste {buyer},\n\nZie {link}.\nTot ziens bij {shop}!")
    mail = a_mail(an_invoice(buyer=Buyer("Jan & <Piet>", email="jan@example.org")), **own)

    text, html = part(mail, "plain"), part(mail, "html")
    assert text.startswith("Beste Jan & <Piet>,\n\nZie https://facturen.example/d/F2026-00017?a=1&b=2.\nTot ziens bij")
    assert "Beste Jan &amp; &lt;Piet&gt;,</p>" in html
    assert "<br>Tot ziens bij De Gentse Gist!</p>" in html
    assert Links(html).found[0] == "https://facturen.example/d/F2026-00017?a=1&b=2"
    assert "Dag " not in text + html


def test_the_words_of_a_customer_are_never_filled_or_linked() -> None:
    own = worded(body__invoice__unpaid="{buyer} {company}", subject__invoice__unpaid="{buyer}")
    hostile = Buyer("{link} %bedrag%\r\nBcc: x@example.org", "<a href='javascript:1'>x</a>", email="jan@example.org")
    mail = a_mail(an_invoice(buyer=hostile), **own)

    assert mail["Subject"] == "{link} %bedrag% Bcc: x@example.org"
    assert part(mail, "plain").startswith("{link} %bedrag% Bcc: x@example.org <a href='javascript:1'>x</a>\n")
    assert not [link for link in Links(part(mail, "html")).found if link.startswith("javascript")]


def test_several_documents_say_so_unless_the_shop_has_its_own_words() -> None:
    both = (of_kind(Kind.INVOICE, "nl"), of_kind(Kind.DELIVERY_NOTE, "nl"))

    assert "Hier zijn de documenten van je bestelling 238" in part(a_mail(*both), "plain")
    assert part(a_mail(*both, **worded(body__invoice__unpaid="{documents}")), "plain").startswith(
        "Factuur F2026-00017, Leveringsbon L2026-00112\n"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_payment_request_that_asks_for_nothing_any_more_invites_nobody_to_pay(language: str) -> None:
    """Not by the shop's own words either."""
    request = of_kind(Kind.PAYMENT_REQUEST, language)
    replaced = replace(request, draft=replace(request.draft, payment=None, paid_on=None))
    settled = replace(request, draft=replace(request.draft, payment=None, paid_on=date(2026, 11, 22)))
    own = {"texts": {f"mail.body/payment_request/unpaid/{language}": "Pay!"}}
    said = [part(a_mail(one), "plain").split("\n\n")[1] for one in (request, replaced, settled)]
    assert len(set(said)) == 3
    assert part(a_mail(replaced, **own), "plain").split("\n\n")[1] == said[1]
    note = of_kind(Kind.DELIVERY_NOTE, language)
    assert part(a_mail(replaced, note, **own), "plain") == part(a_mail(replaced, note), "plain")


def test_open_copies_are_named_and_nobody_gets_two() -> None:
    mail = replace(MAIL, cc="An <an@gist.example>", bcc="an@gist.example, jan@example.org, b@gist.example")

    assert a_mail(an_invoice(), mail=mail)["Cc"] == "an@gist.example"
    assert recipients(a_shop(mail=mail), an_invoice()) == ("jan@example.org", "an@gist.example", "b@gist.example")
    assert a_mail(an_invoice(test=True), mail=mail)["Cc"] is None


def test_the_shop_s_own_file_rides_along() -> None:
    mail = compose(
        a_shop(),
        ((an_invoice(), PDF),),
        ways=Ways(lambda _: "https://facturen.example/d/x"),
        message_id="<1@facturen.example>",
        attachments=(("Algemene voorwaarden\r\n.pdf", b"%PDF-1.7 terms"),),
    )

    assert files(mail)[1] == ("Algemene voorwaarden .pdf", "application/pdf", b"%PDF-1.7 terms")


def test_saved_into_one_folder_no_attachment_replaces_another() -> None:
    numbers = ("F/17", "F-17", "F 17")
    mail = a_mail(*(replace(an_invoice(), number=number) for number in numbers))

    assert [name for name, _, _ in files(mail)] == ["factuur-F-17.pdf", "factuur-F-17 (2).pdf", "factuur-F-17 (3).pdf"]


def test_a_mail_is_in_the_customers_language_where_the_law_wants_its_document_in_another() -> None:
    invoice = of_kind(Kind.INVOICE, "nl")
    mail = a_mail(replace(invoice, draft=replace(invoice.draft, customer_language="fr")))

    assert mail["Subject"] == "Facture F2026-00017 pour la commande 238 – De Gentse Gist"
    assert mail["Content-Language"] == "fr"
    assert [name for name, _, _ in files(mail)] == ["factuur-F2026-00017.pdf"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_link_comes_in_the_language_of_the_document(language: str) -> None:
    document = of_kind(Kind.INVOICE, language)
    mail = compose_new_link(
        a_shop(), document, link="https://facturen.example/d/new", message_id="<1@facturen.example>"
    )

    assert mail["To"].endswith("<compta@sablon.example>")
    assert "F2026-00017" in mail["Subject"]
    assert Links(part(mail, "html")).found == ["https://facturen.example/d/new"]
    assert "https://facturen.example/d/new" in part(mail, "plain")
    assert mail["Content-Language"] == language


def test_a_test_mail_is_short_and_in_the_owner_s_language() -> None:
    mail = compose_test(a_shop(language="fr"), to="an@gist.example", message_id="<1@facturen.example>")

    assert (mail["To"], mail["Subject"]) == (
        "an@gist.example",
        "E-mail d’essai\N{NARROW NO-BREAK SPACE}: De Gentse Gist",
    )
    assert files(mail) == []


def test_each_placeholder_is_filled_and_those_of_a_payment_only_while_it_is_open() -> None:
    words = "|".join(f"{{{name}}}" for name in PLACEHOLDERS)
    own = {f"mail.body/invoice/{state}/nl": words for state in ("paid", "unpaid")}

    def said(**more: object) -> list[str]:
        mail = a_mail(an_invoice(buyer=BUSINESS, payment=UNPAID, **more), texts=own)
        return part(mail, "plain").split("\n\n")[0].split("|")

    always = {
        "document": "Factuur",
        "number": "F2026-00017",
        "date": "22 november 2026",
        "order": "238",
        "ordered_on": "20 november 2026",
        "total": "€ 44,27",
        "net": "€ 39,51",
        "customer": "Épicerie du Sablon SRL",
        "buyer": "Anne-Sophie Delacroix",
        "company": "Épicerie du Sablon SRL",
        "shop": "De Gentse Gist",
        "seller": "Brouwerij De Gentse Gist",
        "documents": "Factuur F2026-00017",
        "link": "https://facturen.example/d/F2026-00017?a=1&b=2",
    }
    open_only = {
        "to_pay": "€ 44,27",
        "due": "22 december 2026",
        "term": "30",
        "iban": "BE68 5390 0754 7034",
        "bic": "GKCCBEBB",
        "reference": "+++238/0000/01763+++",
    }

    assert dict(zip(PLACEHOLDERS, said(), strict=True)) == {**always, **open_only}
    assert dict(zip(PLACEHOLDERS, said(paid_on=date(2026, 11, 21)), strict=True)) == {
        **always,
        **dict.fromkeys(open_only, ""),
    }
