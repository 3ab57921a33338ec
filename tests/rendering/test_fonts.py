"""The font: figures of one width, and what becomes of text it cannot draw."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfbase.pdfmetrics import stringWidth

from worker.rendering import fonts


@pytest.mark.parametrize("weight", fonts.WEIGHTS)
def test_figures_have_one_width(weight: str) -> None:
    fonts.register()

    assert len({stringWidth(figure, weight, 10) for figure in "0123456789"}) == 1


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("Żółć Ελλάδα Привет Nguyễn €", "Żółć Ελλάδα Привет Nguyễn €"),
        ("e\u0301", "é"),
        ("1\u202f234 a\u2011b", "1\u00a0234 a-b"),
        ("日本 שלום", "?? ????"),
        ("Proficiat 🎂 ❤️ 👍🏽", "Proficiat [birthday cake] <3 (+1)"),
        ("Ⓐ ① ｗｉｄｅ", "A 1 wide"),
        ("a\tb\x07c\u200b\u202e", "a bc"),
        ("one\ntwo", "one\ntwo"),
        ("\ud800", "?"),
    ],
)
def test_what_the_font_lacks_is_replaced(typed: str, printed: str) -> None:
    assert fonts.printable(typed) == printed


@given(st.text())
def test_whatever_is_typed_can_be_drawn(typed: str) -> None:
    drawable = fonts._drawable()  # noqa: SLF001 - the claim is about this set

    assert all(char in drawable or char == "\n" for char in fonts.printable(typed))


@given(st.text("abcdefgh ÀÉß€", max_size=30))
def test_text_that_can_be_drawn_stays_as_it_is(typed: str) -> None:
    assert fonts.printable(typed) == unicodedata.normalize("NFC", typed)
