"""A page that is filled into the shape of another is the page that xhtml2pdf itself makes: whatever its words, and whoever wrote its template."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.pdf_pages import html_of, pictures, text, words_and_places
from worker.domain.document import Document, Kind
from worker.rendering import LAYOUTS, Brand, press
from worker.rendering.mould import Mould
from worker.rendering.moulds import Moulds, Source
from worker.rendering.onepass import read
from worker.rendering.page_parts import is_plain, pieces, take_apart
from worker.rendering.press import TEMPLATES
from worker.rendering.print_child import fill_template, view_of
from worker.rendering.print_process import Page
from worker.rendering.samples import UNPAID, a_line, a_logo, an_invoice, edge_cases, of_kind, ordinary
from worker.rendering.way import Way

EXAMPLES = {**ordinary(), **edge_cases()}
OURS = Source(press._policy(TEMPLATES), press._base_path(TEMPLATES))  # noqa: SLF001
_SAID = re.compile(r"(?<=>)([^<>&{}]*[a-z][^<>&{}]*)(?=<)")


def in_other_words(page: str) -> str:
    """The same page, saying something else, also what HTML writes with an ampersand."""
    start = page.index("<body>")

    def other(said: re.Match[str]) -> str:
        turned = said[1].swapcase().replace("A", "€").replace("E", "&amp;").replace("S", "&#39;")
        return turned.replace("N", "\N{NO-BREAK SPACE}m").replace("T", "’").replace("R", "–")

    return page[:start] + _SAID.sub(other, page[start:])


def mould_of(page: str) -> Mould:
    parts = take_apart(page)
    assert parts is not None
    return Mould(parts, read(parts.with_tokens(), OURS.policy, OURS.path))


def filled(made: Mould, page: str, *, exactly: bool) -> bytes:
    parts = take_apart(page)
    assert parts is not None
    return pdf_of(made.fill(parts, exactly=exactly))


def pdf_of(pages: Any) -> bytes:
    pdf: bytes = pages.lay_out().filename.getvalue()
    return pdf


def made_by_xhtml2pdf(page: str) -> bytes:
    return pdf_of(read(page, OURS.policy, OURS.path))


def shape_of(page: str) -> str:
    parts = take_apart(page)
    assert parts is not None
    return parts.shape


@pytest.mark.parametrize(
    ("name", "layout"), [(name, list(LAYOUTS)[place % 2]) for place, name in enumerate(sorted(EXAMPLES))]
)
def test_other_words_in_a_shape_are_the_very_bytes_that_xhtml2pdf_makes_of_them(name: str, layout: str) -> None:
    page = html_of(EXAMPLES[name], Brand(layout=layout, logo=a_logo()))
    other = page if name == "right-to-left" else in_other_words(page)
    with press.alone():
        made = mould_of(page)
        assert shape_of(other) == shape_of(page)
        assert filled(made, other, exactly=True) == made_by_xhtml2pdf(other)


SIGNS = "abcdefghijklmnopqrstuvwxyzÀÉßøŁαЖ0123456789 -_.,;:'\"&<>/()%€’–“”…™ \u00a0"
WORDS = st.text(SIGNS, min_size=1, max_size=120).map(lambda said: " ".join(said.split(" ")).strip() or "x")
A_LINE = st.builds(
    a_line,
    WORDS,
    st.sampled_from(["1", "12", "0.125", "100000"]),
    st.sampled_from(["2.479339", "-3", "123456.78"]),
    st.sampled_from(["0", "6", "21"]),
    sku=st.sampled_from(["", "A-1", "X" * 70]),
    details=st.lists(WORDS, max_size=2).map(tuple),
)
A_DOCUMENT = st.builds(
    lambda kind, language, lines, note, name, test: replace(
        of_kind(kind, language),
        draft=replace(
            of_kind(kind, language).draft,
            lines=tuple(lines) * 2,
            customer_note=note,
            buyer=replace(of_kind(kind, language).draft.buyer, name=name),
            test=test,
            second_language="fr" if language == "nl" else "",
        ),
    ),
    st.sampled_from(list(Kind)),
    st.sampled_from(["nl", "fr", "de", "en"]),
    st.lists(A_LINE, min_size=1, max_size=12),
    st.one_of(st.just(""), WORDS),
    WORDS,
    st.booleans(),
)

A_BRAND = st.builds(
    Brand,
    accent=st.integers(0, 0xFFFFFF).map(lambda colour: f"#{colour:06x}"),
    logo=st.sampled_from([b"", a_logo()]),
    layout=st.sampled_from(list(LAYOUTS)),
)


@pytest.mark.pdf_pictures
@settings(max_examples=12, deadline=None)
@given(document=A_DOCUMENT, brand=A_BRAND)
def test_any_document_is_filled_as_xhtml2pdf_makes_it(
    document: Document, brand: Brand, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page = html_of(document, brand)
    with press.alone():
        made = mould_of(in_other_words(page)) if shape_of(in_other_words(page)) == shape_of(page) else mould_of(page)
        exactly, own = filled(made, page, exactly=True), made_by_xhtml2pdf(page)
        quickly = filled(made, page, exactly=False)
    assert exactly == own
    folder = tmp_path_factory.mktemp("pages")
    assert_look_alike(quickly, own, folder)


def assert_look_alike(one: bytes, other: bytes, folder: Path) -> None:
    first, second = folder / "one.pdf", folder / "other.pdf"
    first.write_bytes(one)
    second.write_bytes(other)
    assert words_and_places(first) == words_and_places(second)
    assert [picture.tobytes() for picture in pictures(first)] == [picture.tobytes() for picture in pictures(second)]


def printed_by(moulds: Moulds, page: str) -> bytes:
    with press.alone():
        pdf: bytes = moulds.lay_out(page, OURS).filename.getvalue()
    return pdf


def test_equal_pages_give_equal_bytes_whatever_was_printed_before() -> None:
    page = html_of(EXAMPLES["invoice-nl"])
    before = Moulds()
    printed_by(before, in_other_words(page))

    assert printed_by(before, page) == printed_by(Moulds(), page)


def test_shops_on_one_worker_have_each_its_own_colour_and_logo() -> None:
    brands = [Brand(accent=accent, logo=logo) for accent in ("#aa0000", "#00aa00") for logo in (b"", a_logo())]
    pages = [html_of(EXAMPLES["invoice-nl"], brand) for brand in brands]
    shared = Moulds()
    for page in pages:
        printed_by(shared, in_other_words(page))

    assert [printed_by(shared, page) for page in pages] == [printed_by(Moulds(), page) for page in pages]
    assert len({printed_by(shared, page) for page in pages}) == len(pages)


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_shops_of_other_colours_share_a_shape_and_get_the_very_bytes_that_xhtml2pdf_makes(layout: str) -> None:
    pages = [html_of(EXAMPLES["invoice-nl"], Brand(layout=layout, accent=f"#{at:02x}5e0c")) for at in range(3)]
    with press.alone():
        made = mould_of(pages[0])
        assert {shape_of(page) for page in pages} == {shape_of(pages[0])}
        assert [filled(made, page, exactly=True) for page in pages] == [made_by_xhtml2pdf(page) for page in pages]


@pytest.mark.parametrize("accent", ["#000000", "#0000ff", "#1a1f1e", "#5f6b68"])
def test_a_colour_that_something_else_has_too_makes_the_very_bytes_that_xhtml2pdf_makes(accent: str) -> None:
    page = html_of(EXAMPLES["invoice-nl"], Brand(layout="letter", accent=accent))
    assert shape_of(page) != shape_of(html_of(EXAMPLES["invoice-nl"], Brand(layout="letter")))
    with press.alone():
        assert filled(mould_of(in_other_words(page)), page, exactly=True) == made_by_xhtml2pdf(page)


def test_a_page_with_a_colour_of_ours_is_not_taken_apart() -> None:
    assert take_apart("<style>p { color: #01F003; }</style><body>x</body>") is None


def test_an_id_is_no_colour() -> None:
    parts = take_apart(
        "<style>#facade { color: #FACADE } p #facade, a { border: 1pt solid #0f766e; }</style><body>x</body>"
    )
    assert parts is not None
    assert parts.colours == ("#FACADE", "#0f766e")
    assert "#facade {" in parts.shape


def test_pictures_and_links_are_those_of_the_page() -> None:
    paid = replace(UNPAID, reference="238000001864", pay_url="https://gist.example/order-pay/238/?key=a&b=c")
    first = html_of(an_invoice(payment=replace(UNPAID, pay_url="https://gist.example/x/")), Brand(logo=a_logo()))
    page = html_of(an_invoice(payment=paid), Brand(logo=a_logo()))
    moulds = Moulds()
    printed_by(moulds, first)

    reader = pypdf.PdfReader(io.BytesIO(printed_by(moulds, page)))
    (link,) = (note.get_object()["/A"]["/URI"] for note in reader.pages[0]["/Annots"])  # type: ignore[attr-defined]
    own = pypdf.PdfReader(io.BytesIO(made_by_own_way(page)))

    assert len(moulds.kept) == 1
    assert link == "https://gist.example/order-pay/238/?key=a&b=c"
    assert [picture.data for picture in reader.pages[0].images] == [picture.data for picture in own.pages[0].images]


def made_by_own_way(page: str) -> bytes:
    with press.alone():
        return made_by_xhtml2pdf(page)


def test_no_more_moulds_are_kept_than_there_is_room_for() -> None:
    pages = [html_of(EXAMPLES[f"invoice-{language}"]) for language in ("nl", "fr", "de")]
    moulds = Moulds(most_parts=400)  # of 157 each
    for page in (*pages[:2], pages[0], pages[2]):
        printed_by(moulds, page)
    nl, fr, _de = pages
    kept = list(moulds.kept)

    assert len(kept) == 2
    printed_by(moulds, nl)
    assert list(moulds.kept) == [kept[1], kept[0]]
    printed_by(moulds, fr)
    assert kept[1] not in moulds.kept


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("plain words", ["plain words"]),
        ("€\u00a012", ["€", "\u00a0", "12"]),
        ("Jan &amp; Piet", ["Jan ", "&", " ", "Piet"]),
        ("&lt;b&gt;", ["<", "b", ">"]),
        ("l&#39;ami", ["l", "'", "ami"]),
    ],
)
def test_words_come_in_the_pieces_in_which_html_is_read(words: str, found: list[str]) -> None:
    assert is_plain(words)
    assert list(pieces(words)) == found


@pytest.mark.parametrize(
    "words", ["two  spaces", "soft\u00adhyphen", "e\u0301", "A & B", "שלום", "日本", "\u00a0x", "&nosuch", "tab\tx"]
)
def test_what_reading_html_may_change_stays_in_the_shape(words: str) -> None:
    assert not is_plain(words)


# Templates of the operator's


class Own:
    """An operator's template *body* under a *style*, printed for one document after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, body: str, style: str = "", head: str = "") -> None:
        page = "@page { size: a4; margin: 2cm; @frame foot { -pdf-frame-content: foot; left: 2cm; width: 17cm; top: 27cm; height: 1cm } }"
        (self.folder / "invoice.html").write_text(
            f"<html><head><style>{page} {style}</style>{head}</head><body>{body}</body></html>", encoding="utf-8"
        )

    def page(self, document: Document) -> str:
        brand = Brand(templates=self.folder)
        return fill_template(view_of(Page(document.draft, brand, document.number, document.issued_on)), self.folder)

    def printed(self, document: Document) -> tuple[bytes, Way]:
        return press.printed(self.page(document), folder=self.folder)


@pytest.fixture
def own(tmp_path: Path) -> Own:
    folder = tmp_path / "own"
    folder.mkdir()
    return Own(folder)


def a_long_one(word: str, lines: int) -> Document:
    return an_invoice(lines=tuple(a_line(f"{word} {n}", sku=f"S{n}") for n in range(lines)), payment=UNPAID)


LINES = '<table class="lines" repeat="1"><thead><tr><th>What</th><th>How much</th></tr></thead><tbody>{% for line in draft.lines %}<tr><td>{{ line.description }}</td><td>{{ translator.number(line.net, "EUR") }}</td></tr>{% endfor %}</tbody></table>'
TEMPLATES_OF_OPERATORS = {
    "plain": ("<p>{{ draft.buyer.name }}</p>" + LINES, ""),
    "capitals": ("<h1>{{ document.number }}</h1><p>{{ draft.buyer.name }}</p>" + LINES, "p { text-transform: uppercase }"),
    "small letters": ("<p>{{ draft.buyer.name }}</p>", "p { text-transform: lowercase }"),
    "one line": ("<p>{{ draft.buyer.name }}</p>" + LINES, "td { white-space: nowrap }"),
    "stripes": (LINES, "tr:nth-child(2n) td { background-color: #cccccc }"),
    "first row": (LINES, "tr + tr td { font-size: 6pt }"),
    "last row": (LINES, "tr:last-child td { font-weight: bold }"),
    "classes": (LINES.replace("<tr><td>", "<tr class=\"{{ loop.cycle('odd', 'even') }}\"><td>"), ".odd td { background-color: #cccccc; border-bottom: 1pt solid black }"),
    "box": ('<div class="box"><p>{{ draft.buyer.name }}</p>' + LINES + "</div>", ".box { border: 1pt solid black; padding: 5pt }"),
    "list": ("<ul>{% for line in draft.lines %}<li>{{ line.description }}</li>{% endfor %}</ul>", ""),
    "headings": ("<h1>{{ draft.buyer.name }}</h1><h2>{{ document.number }}</h2>" + LINES, ""),
    "other font": ("<p>{{ draft.buyer.name }}</p>" + LINES, "html { font-family: Courier }"),
    "two fonts": ("<p>{{ draft.buyer.name }}</p>" + LINES, 'html { font-family: Courier, "fira sans" }'),
    "spaced": ("<p>{{ draft.buyer.name }}</p>" + LINES, "td { letter-spacing: 2pt; word-spacing: 4pt }"),
    "justified": ("<p>{{ draft.captions.intro }}</p>" + LINES, "p { text-align: justify }"),
    "middle": ("<p>{{ draft.buyer.name }}</p>" + LINES, "td, p { text-align: center }"),
    "narrow": (LINES, "table { width: 5cm; margin-left: auto }"),
    "placed": ('<div class="stamp">{{ document.number }}</div>' + LINES, ".stamp { position: absolute; top: 1cm; right: 1cm }"),
    "inline": ('<p>a <span class="badge">{{ document.number }}</span> b</p>' + LINES, ".badge { display: inline-block; border: 1pt solid red; padding: 2pt }"),
    "marked": ('<p>a <span class="badge">{{ document.number }}</span> b</p>' + LINES, ".badge { border: 1pt solid red; padding: 2pt; background-color: #eeeeee }"),
    "picture": ('<img src="{{ document.qr_uri }}"/>' + LINES, ""),
    "floating picture": ('<img align="left" src="{{ document.qr_uri }}"/><p>{{ draft.buyer.name }}</p>', ""),
    "links": ('<p><a href="https://a.example/{{ document.number }}">{{ draft.buyer.name }}</a></p>' + LINES, ""),
    "frame": ('<div id="foot">{{ document.number }}, page <pdf:pagenumber/> of <pdf:pagecount/></div>' + LINES, ""),
    "number in text": ("<p>page <pdf:pagenumber/> {{ document.number }}</p>" + LINES, ""),
    "total in text": ("<p>{{ document.number }} of <pdf:pagecount/></p>" + LINES, ""),
    "total in a box": ('<div class="box"><p>{{ document.number }} of <pdf:pagecount/></p><p>x</p></div>' + LINES, ".box { border: 1pt solid black; padding: 5pt }"),
    "counted": ("{% for line in draft.lines %}<p>{{ line.description }}</p>{% endfor %}", "body { counter-reset: n } p::before { counter-increment: n; content: counter(n) '. ' }"),
    "columns": ('<table><tr><td style="width: 30%">{{ draft.buyer.name }}</td><td><table><tr><td>{{ document.number }}</td></tr></table></td></tr></table>', "td { border: 0.5pt solid black; vertical-align: middle }"),
    "spans": ('<table class="lines"><tbody>{% for line in draft.lines %}<tr><td colspan="2">{{ line.description }}</td></tr><tr><td>a</td><td>{{ line.sku }}</td></tr>{% endfor %}</tbody></table>', ""),
    "raised": ("<p>{{ document.number }}<sup>{{ draft.buyer.name }}</sup></p>" + LINES, ""),
}  # fmt: skip


@pytest.mark.pdf_pictures
@pytest.mark.parametrize("name", TEMPLATES_OF_OPERATORS)
def test_what_an_operator_writes_is_printed_as_xhtml2pdf_prints_it(own: Own, name: str, tmp_path: Path) -> None:
    own.write(*TEMPLATES_OF_OPERATORS[name])
    own.printed(a_long_one("Something", 3))
    own.printed(a_long_one("Something", 70))
    for document in (a_long_one("Nothing & “Ő” €", 3), a_long_one("Something that is a good deal longer " * 3, 70)):
        pdf, _ = own.printed(document)
        assert_look_alike(pdf, press.to_pdf_plainly(own.page(document), own.folder), tmp_path)


def test_the_page_total_in_a_box_is_the_total_at_once(own: Own) -> None:
    own.write(*TEMPLATES_OF_OPERATORS["total in a box"])

    pdf, way = own.printed(a_long_one("Something", 150))

    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == 3
    assert "F2026-00017 of 3" in text(pdf)
    assert way is Way.PLAIN


def test_what_lies_beside_a_template_counts_at_once(own: Own) -> None:
    own.write("<p>{{ document.number }}</p>", head='<link rel="stylesheet" href="own.css"/>')
    styles = own.folder / "own.css"
    styles.write_text("p { font-size: 10pt }")
    (own.folder / ".#own.css").symlink_to("an@pc.42")  # as Emacs says who has it open
    document = a_long_one("Something", 1)
    first = own.printed(document)
    styles.write_text("p { font-size: 20pt }")

    assert own.printed(document)[0] != first[0]
    assert own.printed(document)[1] is Way.SHAPE
