"""HTML → PDF: nothing from outside is opened, and the quick way prints what the plain way prints."""

import io
import socket
import threading
from decimal import Decimal
from functools import cache, partial
from pathlib import Path

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageChops
from reportlab.pdfgen.canvas import Canvas

from tests.support.at_once import at_once
from tests.support.pdf_pages import html_of, pictures, text, words_and_places
from worker.domain.document import Line
from worker.rendering import LAYOUTS, Brand, press
from worker.rendering.samples import UNPAID, a_line, a_logo, an_invoice, edge_cases, ordinary

EXAMPLES = {**ordinary(), **edge_cases()}
PAGE = "<html><head><style>@page {{ size: a4; margin: 2cm }}</style></head><body>{}</body></html>"


def test_no_address_is_opened() -> None:
    knocks = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        thread = threading.Thread(target=lambda: knocks.append(_knock(server)))
        thread.start()
        page = PAGE.format(
            f'<img src="{url}.png"/><link rel="stylesheet" href="{url}.css"/>'
            f'<style>@import "{url}.css"; @font-face {{ font-family: x; src: url({url}.ttf) }}'
            f" p {{ background-image: url({url}.png); font-family: x }}</style><p>text</p>"
        )
        assert "text" in text(press.to_pdf(page))
        thread.join()

    assert knocks == [False]


def _knock(server: socket.socket) -> bool:
    try:
        server.accept()
    except TimeoutError:
        return False
    return True


def test_no_file_outside_our_folder_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(a_logo())
    page = PAGE.format(f'<img src="{secret}"/><img src="file://{secret}"/><img src="../../../../{secret}"/><p>text</p>')

    reader = pypdf.PdfReader(io.BytesIO(press.to_pdf(page)))

    assert sum(len(p.images) for p in reader.pages) == 0


def test_a_page_that_needs_two_passes_gets_them() -> None:
    pdf = press.to_pdf(PAGE.format("<p>in all <pdf:pagecount/> pages</p><pdf:nextpage/><p>second</p>"))

    assert "in all 2 pages" in text(pdf)


def test_when_the_quick_way_breaks_the_plain_way_prints(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    html = html_of(EXAMPLES["invoice-nl"])
    expected = text(press.to_pdf(html))
    monkeypatch.delattr(Canvas, "doForm")

    assert sorted(text(press.to_pdf(html)).split()) == sorted(expected.split())
    assert "plain way" in caplog.text


def test_two_threads_print_one_after_the_other() -> None:
    html = [html_of(EXAMPLES[f"invoice-{language}"]) for language in ("nl", "fr", "de", "en")]
    alone = [press.to_pdf(page) for page in html]
    mail_group: list[bytes] = [b""] * 4

    def run(i: int) -> None:
        mail_group[i] = press.to_pdf(html[i])

    at_once(partial(run, i) for i in range(4))

    assert mail_group == alone


@pytest.mark.pdf_pictures
@pytest.mark.parametrize(
    ("name", "layout"),
    [(name, list(LAYOUTS)[(place + 1) % 2]) for place, name in enumerate(sorted(EXAMPLES))],  # the others: test_shapes
)
def test_the_quick_way_prints_what_the_plain_way_prints(name: str, layout: str, tmp_path: Path) -> None:
    html, quick = printed(name, layout)
    assert_same_pages(html, quick, tmp_path)


@cache
def printed(name: str, layout: str) -> tuple[str, bytes]:
    """An example as HTML, and printed the quick way."""
    html = html_of(EXAMPLES[name], Brand(layout=layout))
    return html, press.to_pdf(html)


# Words of any length, with what a shop's catalogue holds: quotes, signs, digits, accents, soft hyphens, hard spaces.
WORDS = st.text("abcdefghijklmnopqrstuvwxyzÀÉßøŁαЖ0123456789 -_.,;:'\"&<>/()%€\u00a0\u00ad\u0301\n", max_size=120)
SOME_LINES = st.lists(
    st.builds(
        a_line,
        st.one_of(WORDS, st.just("Gentse Tripel")),
        st.sampled_from(["1", "12", "0.125", "100000"]),
        st.sampled_from(["2.479339", "-3", "123456.78"]),
        st.sampled_from(["0", "6", "21"]),
        sku=st.sampled_from(["", "A-1", "X" * 70]),
        details=st.lists(WORDS, max_size=2).map(tuple),
    ),
    min_size=9,
    max_size=30,
)


@pytest.mark.pdf_pictures
@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=SOME_LINES, repeats=st.integers(2, 3), layout=st.sampled_from(list(LAYOUTS)))
def test_any_lines_look_the_same_the_quick_and_the_plain_way(
    kinds: list[Line], repeats: int, layout: str, tmp_path: Path
) -> None:
    html = html_of(an_invoice(lines=tuple(kinds * repeats)), Brand(layout=layout))
    assert_same_pages(html, press.to_pdf(html), tmp_path)


def assert_same_pages(html: str, printed_quickly: bytes, folder: Path) -> None:
    quick, plain = folder / "quick.pdf", folder / "plain.pdf"
    quick.write_bytes(printed_quickly)
    plain.write_bytes(press.to_pdf_plainly(html))

    assert words_and_places(quick) == words_and_places(plain)
    for one, other in zip(pictures(quick), pictures(plain), strict=True):
        difference = ImageChops.difference(one, other).point(lambda value: 255 if value > 48 else 0)
        assert difference.getbbox() is None


@pytest.mark.pdf_pictures
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_word_leaves_the_page(name: str, layout: str, tmp_path: Path) -> None:
    pdf = tmp_path / "page.pdf"
    pdf.write_bytes(printed(name, layout)[1])
    left, right, bottom = Decimal(52), Decimal(543), Decimal(822)  # 19 mm margins; the footer ends at 288 mm

    for word, (x0, _, x1, y1) in words_and_places(pdf):
        assert left < x0, word
        assert x1 < right, word
        assert y1 < bottom, word


def test_the_pay_code_is_drawn_at_its_size() -> None:
    reader = pypdf.PdfReader(io.BytesIO(press.to_pdf(html_of(an_invoice(payment=UNPAID)))))

    (picture,) = reader.pages[0].images
    assert picture.image is not None
    assert picture.image.size[0] >= 148  # 37 modules at four dots: sharp in print
