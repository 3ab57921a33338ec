"""The PDF of a document: what it says, what it does not say, and that it is the same every time."""

import io
import re
import subprocess
import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from worker.domain.document import Category, Document, Kind, Reference, VatLine
from worker.domain.mentions import legal_texts, mention
from worker.domain.money import ZERO, total_of
from worker.domain.party import Address, Buyer
from worker.rendering import LAYOUTS, Brand, preload, preview_pdf, render_pdf
from worker.rendering.samples import (
    BUSINESS,
    CONSUMER,
    SELLER,
    UNPAID,
    a_draft,
    a_line,
    a_logo,
    an_invoice,
    issued,
    of_kind,
    right_to_left,
)

DEPOSIT_INVOICE = {
    "nl": "Voorschotfactuur F2026-00007 van 2 november 2026",
    "fr": "Facture d’acompte F2026-00007 du 2 novembre 2026",
    "de": "Rechnung zur Anzahlung F2026-00007 vom 2. November 2026",
    "en": "Deposit invoice F2026-00007 of 2 November 2026",
}


@pytest.fixture(scope="module", autouse=True)
def _press() -> None:
    preload()


def read(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(pdf).pages).replace("\u00a0", " ")


def pictures(pdf: bytes) -> int:
    return sum(len(page.images) for page in read(pdf).pages)


def said(document: Document) -> str:
    return text(render_pdf(document))


def on_one_line(document: Document) -> str:
    return re.sub(r"\s+", " ", said(document))


def test_equal_documents_give_equal_bytes() -> None:
    assert render_pdf(an_invoice(payment=UNPAID)) == render_pdf(an_invoice(payment=UNPAID))


def test_another_document_in_between_changes_no_byte() -> None:
    first = render_pdf(an_invoice())
    render_pdf(an_invoice(language="fr", buyer=replace(CONSUMER, name="Ζήνων Żółć"), payment=UNPAID))

    assert render_pdf(an_invoice()) == first


def test_the_file_says_its_title_author_language_and_moment_of_issue() -> None:
    reader = read(render_pdf(an_invoice(language="fr")))

    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Facture F2026-00017", "Brouwerij De Gentse Gist")
    assert str(reader.metadata.creation_date) == "2026-11-22 10:40:12+00:00"
    assert str(reader.root_object["/Lang"]) == "fr"


def test_an_unpaid_invoice_says_how_to_pay_and_shows_a_code() -> None:
    pdf = render_pdf(an_invoice(payment=UNPAID))

    for words in ("Te betalen: € 44,27", "BE68 5390 0754 7034", "+++238/0000/01763+++", "22 december 2026"):
        assert words in text(pdf)
    assert pictures(pdf) == 1


def test_a_paid_invoice_says_when_and_by_what_and_asks_for_nothing() -> None:
    pdf = render_pdf(an_invoice(payment=UNPAID, paid_on=date(2026, 11, 22), payment_title="Bancontact"))

    assert "Betaald op 22 november 2026 via Bancontact" in text(pdf)
    assert "+++" not in text(pdf)
    assert "Te betalen" not in text(pdf)
    assert pictures(pdf) == 0


def test_a_pay_link_can_be_pressed_and_other_schemes_cannot() -> None:
    def links(url: str) -> list[str]:
        page = read(render_pdf(an_invoice(payment=replace(UNPAID, pay_url=url)))).pages[0]
        return [a.get_object()["/A"]["/URI"] for a in page.get("/Annots", [])]

    assert links("https://shop.example/pay?a=1&b=2") == ["https://shop.example/pay?a=1&b=2"]
    assert links("javascript:alert(1)") == []


def test_money_in_another_currency_has_no_code_and_names_the_vat_in_euros() -> None:
    foreign = a_draft(currency="SEK", payment=UNPAID, exchange_rate=Decimal("10.95"), vat_eur=Decimal("0.43"))
    pdf = render_pdf(issued(foreign))

    assert pictures(pdf) == 0
    assert "Btw in euro: € 0,43 (1 EUR = 10,95 SEK)" in text(pdf)
    assert "SEK 44,27" in text(pdf)


def test_a_delivery_note_names_goods_and_no_price() -> None:
    words = said(of_kind(Kind.DELIVERY_NOTE, "nl"))

    assert "Gentse Tripel" in words
    assert "Piet Peeters" in words
    assert "Verzending" not in words
    assert not re.search(r"\d,\d\d|€|btw-tarief", words, re.IGNORECASE)


def test_a_credit_note_names_number_and_date_of_what_it_corrects() -> None:
    assert "Factuur F2026-00011 van 2 november 2026" in " ".join(said(of_kind(Kind.CREDIT_NOTE, "nl")).split())


def test_a_refunded_credit_note_says_so() -> None:
    refunded = replace(of_kind(Kind.CREDIT_NOTE, "nl").draft, paid_on=date(2026, 11, 23), payment_title="Mollie")

    assert "Terugbetaald op 23 november 2026 via Mollie" in said(issued(refunded))


@pytest.mark.parametrize(
    ("language", "words"),
    [("nl", "Terug te betalen"), ("fr", "À rembourser"), ("de", "Zu erstatten"), ("en", "To be refunded")],
)
def test_a_credit_note_whose_money_a_person_gives_back_says_that_it_is_to_go(language: str, words: str) -> None:
    by_hand = replace(of_kind(Kind.CREDIT_NOTE, language).draft, paid_on=date(2026, 11, 23), payment_title="")

    paper = said(issued(by_hand))

    assert words in paper
    assert not re.search(r"\b23\.? nov", paper, re.IGNORECASE)


def test_nothing_is_said_of_payment_where_nothing_was_to_pay() -> None:
    free = {"lines": (), "vat_lines": (), "net": ZERO, "vat": ZERO, "total": ZERO}

    assert "Betaald" not in said(an_invoice(paid_on=date(2026, 11, 22), payment_title="Bancontact", **free))


def test_a_delivery_note_has_a_column_for_article_numbers_only_where_a_line_has_one() -> None:
    note = of_kind(Kind.DELIVERY_NOTE, "nl").draft
    without = replace(note, lines=tuple(replace(line, sku="") for line in note.lines))

    assert "Artikelnr." in said(issued(note))
    assert "Artikelnr." not in said(issued(without))


def test_where_no_vat_may_show_none_shows() -> None:
    lines = (a_line(rate="0", category=Category.EXEMPT),)
    net = total_of(line.net for line in lines)
    words = said(an_invoice(lines=lines, vat_lines=(), net=net, vat=ZERO, total=net))

    assert re.search(r"Totaal\s+€ 14,88", words)
    assert "Btw" not in words
    assert "%" not in words


@pytest.mark.parametrize("category", sorted(set(Category) - {Category.STANDARD, Category.ZERO_RATED}))
def test_a_line_that_no_rate_applies_to_is_not_said_to_be_at_0_percent(category: Category) -> None:
    """Margin goods, an exemption or a voucher beside taxed goods: “0 %” is the rate of other things. And where the customer owes
    the VAT, the sentence stands in the place of rate and amount (art. 5 §1 9° RD no. 1).
    """
    taxed, other = a_line(), a_line(rate="0", category=category)
    vat_lines = (a_draft().vat_lines[0], VatLine(category, Decimal(0), other.net, ZERO, other.net))
    words = said(an_invoice(lines=(taxed, other), vat_lines=vat_lines))

    assert "21" in words
    assert "0%" not in re.sub(r"[\s\u00a0]", "", words)


def several_reasons(*keys: str, second: str = "") -> Document:
    """One line for each of *keys*, without VAT by that sentence, beside a taxed one."""
    categories = [legal_texts()[key].category or Category.ZERO_RATED for key in keys]
    free = [
        a_line(f"Ding {n}", "1", f"{n}0.00", rate="0", category=category, mention=key)
        for n, (key, category) in enumerate(zip(keys, categories, strict=True), 1)
    ]
    sentences = tuple(mention(key, language="nl", second=second) for key in keys)
    return an_invoice(lines=(a_line(), *free), mentions=sentences, second_language=second)


@pytest.mark.parametrize(
    ("keys", "rows"),
    [
        (("intra_eu", "reverse_charge"), ["– (2) € 20,00", "– (1) € 10,00"]),
        (("export", "outside_scope_beside", "voucher"), ["– (2) (3) € 50,00", "– (1) € 10,00"]),
        (("packaging", "zero_rated"), ["– (1) € 10,00", "0% (2) € 20,00"]),
    ],
)
def test_where_several_sentences_say_why_there_is_no_vat_each_line_names_its_own(
    keys: tuple[str, ...], rows: list[str]
) -> None:
    """Per exemption the law wants what it is of (art. 5 §1 8° and 10° RD no. 1): two amounts under two sentences say neither."""
    document = several_reasons(*keys)
    words = said(document)
    for n, key in enumerate(keys, 1):
        assert f"Ding {n} ({n})" in words
        assert f"({n}) {mention(key, language='nl').text}" in on_one_line(document)
    for row in rows:
        assert row in on_one_line(document)


def test_a_column_for_rates_stands_only_where_a_line_has_one() -> None:
    abroad = a_line(rate="0", category=Category.INTRA_EU, mention="intra_eu")
    heads = [said(an_invoice(lines=lines)).partition("Btw-tarief")[0] for lines in ((abroad,), (abroad, a_line()))]
    assert [bool(re.search(r"\bBtw\b", head)) for head in heads] == [False, True]
    assert all("excl. btw" in head for head in heads)


def test_one_sentence_needs_no_number() -> None:
    assert "(1)" not in said(several_reasons("margin"))


def test_the_vat_of_another_country_is_named_beside_its_rate() -> None:
    row = replace(a_draft().vat_lines[0], vat_country="NL")
    assert "\n6% NL\n" in said(an_invoice(vat_lines=(row,)))
    assert "% NL" not in said(an_invoice())


@pytest.mark.parametrize(("vat", "told"), [("0.00", False), ("2.60", True)])
def test_vat_in_euros_is_told_where_there_is_vat(vat: str, told: bool) -> None:
    """An export in dollars has none to tell."""
    row = replace(a_draft().vat_lines[0], vat=Decimal(vat))
    words = said(an_invoice(currency="USD", vat_lines=(row,), exchange_rate=Decimal("1.08"), vat_eur=Decimal(vat)))
    assert ("Btw in euro" in words) is told


def test_the_date_of_supply_shows_only_where_it_differs() -> None:
    assert "Leverdatum" not in said(an_invoice(supplied_on=date(2026, 11, 22)))
    assert "Leverdatum\n20 november 2026" in said(an_invoice(supplied_on=date(2026, 11, 20)))


def test_each_cent_of_rounding_is_a_line_of_its_own() -> None:
    assert "Afronding € 0,01" in on_one_line(an_invoice(rounding=Decimal("0.01")))


def test_the_country_is_written_only_across_a_border() -> None:
    abroad = replace(CONSUMER, address=Address("Damrak 1", "", "1012 LG", "Amsterdam", "", "NL"))

    assert "NEDERLAND" in said(an_invoice(buyer=abroad))
    assert "BELGIË" in said(an_invoice(buyer=abroad))
    assert "BELGIË" not in said(an_invoice())


def test_where_goods_go_is_named_with_its_country_to_a_buyer_abroad() -> None:
    """Whose VAT it is follows from there: Belgian VAT for goods that a customer in Amsterdam had sent to Ghent."""
    abroad = replace(CONSUMER, address=Address("Damrak 1", "", "1012 LG", "Amsterdam", "", "NL"))
    ghent = Address("Korenmarkt 1", "", "9000", "Gent", "", "BE")

    assert "Gent, BELGIË" in on_one_line(an_invoice(buyer=abroad, ship_to=ghent))
    assert "Gent, BELGIË" not in on_one_line(an_invoice(ship_to=ghent))
    assert "Amsterdam, NEDERLAND" in on_one_line(an_invoice(ship_to=abroad.address))


def test_a_company_stands_above_its_contact_with_its_vat_number() -> None:
    words = said(an_invoice(buyer=BUSINESS))

    assert "Épicerie du Sablon SRL\nAnne-Sophie Delacroix\nRue de la Régence 17" in words
    assert "BTW BE 0403.170.701" in words


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    ("language", "caption"),
    [("nl", "Uw referentie"), ("fr", "Votre référence"), ("de", "Ihre Referenz"), ("en", "Your reference")],
)
def test_the_buyers_own_number_stands_on_every_document_that_has_one(kind: Kind, language: str, caption: str) -> None:
    with_number = replace(
        of_kind(kind, language), draft=replace(of_kind(kind, language).draft, purchase_order="PO-4711")
    )

    assert f"{caption}\nPO-4711" in said(with_number)
    assert caption not in said(of_kind(kind, language))


def test_a_note_keeps_its_lines_and_shows_markup_as_text() -> None:
    words = said(an_invoice(customer_note="Bel <b>3</b> &amp; wacht\r\nDank je!"))

    assert "Bel <b>3</b> &amp; wacht\nDank je!" in words


@pytest.mark.pdf_pictures
@pytest.mark.parametrize("layout", LAYOUTS)
def test_hebrew_and_arabic_read_from_right_to_left_among_words_that_do_not(layout: str, tmp_path: Path) -> None:
    file = tmp_path / "israel.pdf"
    file.write_bytes(render_pdf(right_to_left(), brand=Brand(layout=layout)))

    read_aloud = subprocess.run(["pdftotext", "-layout", file, "-"], check=True, capture_output=True, text=True).stdout
    # The viewer gives Arabic back in the joined forms that are drawn, and marks where the direction turns.
    words = unicodedata.normalize("NFKC", read_aloud.translate(dict.fromkeys(map(ord, "\u202a\u202b\u202c"))))

    for line in ("חברת הספרים", "יוסי כהן", "רחוב הרצל", "תל אביב", "ISRAEL", "كتاب الطبخ العربي"):
        assert line in words
    assert "?" not in words


def test_what_no_font_can_draw_is_replaced_in_sight() -> None:
    words = said(an_invoice(buyer=Buyer("भारत Nguyễn 🎂 Żółć"), customer_note="Dank je!\n🎂\nTot dan"))

    assert "??? Nguyễn Żółć" in words
    assert "Dank je!\nTot dan" in words


def test_lines_that_only_emoji_tell_apart_say_the_names_of_these() -> None:
    names = ("Ballon 🔴", "Ballon  🔵", "Ballon  🔵", "Mok 🎁")
    words = said(an_invoice(lines=tuple(a_line(name, "1.00", details=("Hanger ♈",)) for name in names)))

    assert re.findall(r"Ballon.*?\]|Mok.*", words) == [
        "Ballon [large red circle]",
        *2 * ["Ballon [large blue circle]"],
        "Mok",
    ]
    assert re.findall("Hanger.*", words) == [*3 * ["Hanger [aries]"], "Hanger"]


@pytest.mark.parametrize("count", [1, 30, 320])
def test_every_line_is_printed_once_with_the_head_and_page_numbers_on_each_page(count: int) -> None:
    lines = tuple(a_line(f"Artikel {n:04d}", str(n % 9 + 1), sku=f"S{n:04d}") for n in range(count))
    pages = [page.extract_text() for page in read(render_pdf(an_invoice(lines=lines))).pages]

    assert re.findall(r"Artikel (\d{4})\s+S\1", "\n".join(pages)) == [f"{n:04d}" for n in range(count)]
    for number, page in enumerate(pages, start=1):
        assert f"pagina {number} van {len(pages)}" in page
        assert page.count("Omschrijving") == 1


@pytest.mark.parametrize(("layout", "counts"), [("ledger", range(19, 26)), ("letter", range(16, 23))])
def test_totals_stay_together_and_never_stand_alone(layout: str, counts: range) -> None:
    pages_of = []
    for count in counts:
        document = an_invoice(lines=tuple(a_line(f"Artikel {n}") for n in range(count)))
        pages = read(render_pdf(document, brand=Brand(layout=layout))).pages
        pages_of.append(len(pages))
        last = pages[-1].extract_text()
        assert all(words in last for words in ("Artikel", "Btw-tarief", "Totaal excl. btw", "Totaal incl. btw")), count
        assert last.count("Omschrijving") == 1, count
    assert set(pages_of) == {1, 2}  # the counts lie on both sides of the page's end


def test_a_last_line_taller_than_a_page_is_printed_whole() -> None:
    tall = a_line("Laatste", details=tuple(f"Keuze {n:03d}" for n in range(150)))
    words = said(an_invoice(lines=(a_line(), tall)))

    assert re.findall(r"Keuze (\d{3})", words) == [f"{n:03d}" for n in range(150)]
    assert "Totaal incl. btw" in words


def test_negative_lines_keep_their_sign() -> None:
    assert "−3,00" in said(an_invoice())


def test_a_test_document_says_so_on_every_page() -> None:
    lines = tuple(a_line(f"Artikel {n}") for n in range(80))
    for page in read(render_pdf(an_invoice(test=True, lines=lines))).pages:
        assert "TEST: geen geldig document" in page.extract_text()
    assert "TEST" not in said(an_invoice())


@pytest.mark.parametrize(
    ("language", "word"), [("nl", "(concept)"), ("fr", "(brouillon)"), ("de", "(Entwurf)"), ("en", "(draft)")]
)
def test_a_preview_has_a_word_for_its_number_and_no_date(language: str, word: str) -> None:
    words = text(preview_pdf(a_draft(language=language), brand=Brand(accent="#7c2d12", layout="letter")).pdf)

    assert word in words
    assert "F2026" not in words
    assert words.count("2026") == 1  # of the order


def test_a_logo_takes_the_place_of_the_name() -> None:
    assert pictures(render_pdf(an_invoice(), brand=Brand(logo=a_logo()))) == 1


def test_a_logo_from_a_camera_is_made_as_small_as_it_is_printed() -> None:
    huge = io.BytesIO()
    Image.effect_noise((4000, 1000), 80).save(huge, "PNG")

    pdf = render_pdf(an_invoice(), brand=Brand(logo=huge.getvalue()))

    (picture,) = read(pdf).pages[0].images
    assert picture.image is not None
    assert picture.image.size == (1200, 300)


def test_a_brand_that_cannot_be_printed_is_refused() -> None:
    with pytest.raises(ValueError, match="not a colour"):
        Brand(accent="red; } body { display: none")
    with pytest.raises(ValueError, match="PNG or JPEG"):
        Brand(logo=b"GIF89a")
    with pytest.raises(ValueError, match="can be read"):
        Brand(logo=b"\x89PNG\r\n\x1a\n cut off")


def test_an_almost_empty_document_prints() -> None:
    bare = replace(SELLER, **dict.fromkeys(("legal_form", "vat_number", "register", "iban", "website"), ""))  # type: ignore[arg-type]

    assert "Factuur" in said(an_invoice(seller=replace(bare, address=Address()), buyer=Buyer("")))


@pytest.mark.parametrize("language", DEPOSIT_INVOICE)
def test_the_invoice_of_a_balance_names_number_and_date_of_the_deposits(language: str) -> None:
    deposit = Reference(7, "F2026-00007", date(2026, 11, 2))
    said = text(render_pdf(an_invoice(language=language, deposit_invoices=(deposit,))))
    assert DEPOSIT_INVOICE[language] in " ".join(said.split())
