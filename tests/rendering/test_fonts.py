"""The fonts: figures of one width, other scripts, and what becomes of text that none can draw."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reportlab.pdfbase.pdfmetrics import stringWidth

from worker.rendering import fonts
from worker.rendering.letters import direction, printable, with_script_fonts, without_pictures


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
        ("日本 ไทย 서울 「（中文）」", "日本 ไทย 서울 「（中文）」"),
        # A tone over a vowel, or before sara am, is drawn higher.
        ("ที่ น้ำ ตั้ง ก่", "ที\uf70a น\uf70bำ ตั\uf70bง ก่"),
        ("भारत ಕನ್ನಡ", "??? ????"),
        ("Proficiat 🎂 ❤️ 👍🏽", "Proficiat <3 (+1)"),
        # Emoji of which nothing else says the same are left out, and no space is left of them.
        ("🎁 Cadeaubon 🎁🎁", "Cadeaubon"),
        ("Mok 🎁 blauw, 6 stuks ☕! Thee🍋Koffie", "Mok blauw, 6 stuks! Thee Koffie"),
        ("Kaart (🎂) – taart (🍓 aardbei) ♻️ ♻", "Kaart – taart (aardbei)"),
        ("Café ☕\u202f!", "Café\u00a0!"),
        ("👩‍👩‍👧 Gezin 🤷‍♀ 🏴\U000e0067\U000e0062\U000e007f 👩🏽‍🚀", "Gezin"),
        ("Dank je\n🎂🎂\n\nTot ziens 🙏", "Dank je\n\nTot ziens"),
        ("✓ ★ ✅ Glutenvrij ❌ melk ⭐⭐", "√ * √ Glutenvrij × melk **"),
        ("🎁\u200dab Ⓜ\ufe0f ①\ufe0f", "ab M 1"),
        # Where nothing else was typed, a name says more than nothing; signs that are no pictures say something everywhere.
        ("🎁", "[wrapped present]"),
        ("Buis ⌀ 12 ♀", "Buis [diameter sign] 12 [female sign]"),
        ("🎁!!!", "[wrapped present]!!!"),
        ("Pijl ➡️ ⬅️ ▶️ 6 ➗ 2 ♀️", "Pijl → ← > 6 ÷ 2 [female sign]"),
        ("💯% katoen, 🔟 stuks, maat 4️⃣2️⃣, 10🍋,5🍋.", "100% katoen, 10 stuks, maat 42, 10 ,5."),
        ("Kleur: 🔴", "Kleur: [large red circle]"),
        ("Ballon - 🔴, XL/🦄", "Ballon - [large red circle], XL/[unicorn face]"),
        ("🇧🇪 bier", "BE bier"),
        ("Ⓐ ① ｗｉｄｅ", "A 1 wide"),
        ("a\tb\x07c\u200b\u202e", "a bc"),
        ("one\ntwo", "one\ntwo"),
        ("\ud800", "?"),
        # Around letters that run from right to left stands which way the whole runs. Vowel marks have no place of their own.
        ("שָׁלוֹם", "\u2068שלום\u2069"),
        ("XL – كتاب پژوهش", "\u2068XL – كتاب پژوهش\u2069"),
        ("\u202eabc שלום\u202c", "\u2068abc שלום\u2069"),
    ],
)
def test_what_the_font_lacks_is_replaced(typed: str, printed: str) -> None:
    assert printable(typed) == printed


@given(st.text("a1① é(),.!?–\n\u00a0🎁🎂☕♻❤Ⓜ♀👩\u200d\ufe0f🏽"))
@example("🎁\u200d①1")
def test_no_word_is_lost_or_grows_where_emoji_are_left_out(typed: str) -> None:
    assert re.findall(r"\w+", without_pictures(typed)) == re.findall(r"\w+", typed)


@given(st.text())
def test_whatever_is_typed_can_be_drawn(typed: str) -> None:
    assert all(char in fonts.drawable() or char in "\n\u2068\u2069" or other_font(char) for char in printable(typed))


def other_font(char: str) -> bool:
    script = fonts.script_of(char)
    return script is not None and char in fonts.drawable_in(script)


@given(st.text("abcdefgh ÀÉß€", max_size=30))
def test_text_that_can_be_drawn_stays_as_it_is(typed: str) -> None:
    assert printable(typed) == unicodedata.normalize("NFC", typed)


@pytest.mark.parametrize(
    ("text", "runs"), [("(12) שלום", "rtl"), ("XL שלום", "ltr"), ("مرحبا", "rtl"), ("12 !", "ltr")]
)
def test_a_text_runs_as_its_first_letter_does(text: str, runs: str) -> None:
    assert direction(text) == runs


def test_each_run_of_another_script_names_its_font_and_titles_and_tags_stay_as_they_are() -> None:
    page = '<title>\u2068שלום\u2069</title><img alt="\u2068שלום\u2069"/><p>A \u2068שלום לך, 12 كتاب\u2069</p>'

    assert with_script_fonts(page) == (
        '<title>שלום</title><img alt="שלום"/><p>A \u2068<span style="font-family: heebo">שלום לך</span>, 12 '
        '<span style="font-family: plexarabic">كتاب</span>\u2069</p>'
    )


def test_arabic_has_every_joined_form_that_is_drawn() -> None:
    joined = {chr(c) for c in range(0xFE70, 0xFEFD) if unicodedata.name(chr(c), "")}

    assert joined - fonts.drawable_in(fonts.SCRIPTS[1]) <= {c for c in joined if unicodedata.category(c) == "Mn"}
