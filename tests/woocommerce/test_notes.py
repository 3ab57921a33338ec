"""The note on an order: its words, and how it is found again."""

from datetime import UTC, datetime

import pytest

from worker.woocommerce.list_payload import OrderNote
from worker.woocommerce.notes import NOTE_TEXTS, find_note, marker, note_html


def a_note(text: str, note_id: int = 1) -> OrderNote:
    return OrderNote(note_id, text, "WooCommerce", to_customer=False, created_at=datetime(2026, 11, 22, tzinfo=UTC))


def html_of(number: str = "F2026-00017", url: str = "https://docs.example/d/abc", language: str = "nl") -> str:
    return note_html(kind="Factuur", number=number, total="€ 22,20", url=url, language=language)


def test_the_note_says_kind_number_total_and_link() -> None:
    assert html_of() == (
        'Factuur F2026-00017, € 22,20: <a href="https://docs.example/d/abc">openen</a> [facturelay F2026-00017]'
    )


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_there_is_a_sentence_in_every_language(language: str) -> None:
    assert language in NOTE_TEXTS
    assert find_note([a_note(html_of(language=language))], marker("F2026-00017")) == 1


def test_an_unknown_language_is_english() -> None:
    assert ">open</a>" in html_of(language="pl")


def test_every_word_is_escaped() -> None:
    text = note_html(kind="<b>", number='"&', total="<i>", url='https://x.test/?a=1&b="', language="en")
    assert (
        text == '&lt;b&gt; "&amp;, &lt;i&gt;: <a href="https://x.test/?a=1&amp;b=&quot;">open</a> [facturelay %22%26]'
    )


def test_the_note_is_found_among_the_shops_own() -> None:
    notes = [a_note('Email "New order" sent.', 9), a_note(html_of(), 7), a_note("F2026-00017 is betaald", 8)]
    assert find_note(notes, marker("F2026-00017")) == 7


def test_a_longer_number_is_another_document() -> None:
    assert find_note([a_note(html_of("F2026-000171")), a_note(html_of("XF2026-00017"))], marker("F2026-00017")) is None


def test_written_twice_the_first_one_counts() -> None:
    assert find_note([a_note(html_of(), 12), a_note(html_of(), 11)], marker("F2026-00017")) == 11


def test_of_no_notes_none_is_found() -> None:
    assert find_note([], marker("F2026-00017")) is None


@pytest.mark.parametrize(
    "number", ["F2026-00017", "F-2026--17", "2026/0017 A", "12x34", "é&1", "1-2-3", "F—1", "[7]", "A'b\"c", "<1>"]
)
@pytest.mark.parametrize(
    "stored",
    [
        lambda text: text,
        lambda text: text.replace("&amp;", "&").replace("<a ", '<a target="_blank" '),
        lambda text: text.replace("-", "&#8211;"),
        lambda text: text.replace("--", "\u2014"),
        lambda text: text.replace("x", "&#215;"),
        lambda text: "<p>" + text.replace(" [", "\n[").replace("facturelay ", "facturelay&nbsp;") + "</p>",
        lambda text: text.split("</a>")[1],
    ],
    ids=["as sent", "link changed", "dashes", "long dashes", "multiplication sign", "paragraphs", "link dropped"],
)
def test_the_note_is_found_whatever_the_shop_does_to_its_text(number: str, stored: object) -> None:
    assert callable(stored)
    assert find_note([a_note(stored(html_of(number)))], marker(number)) == 1


def test_markers_of_different_numbers_differ() -> None:
    numbers = ["F1", "F 1", "F%201", "F-1", "F_1", "F.1", "F/1"]
    assert len({marker(number) for number in numbers}) == len(numbers)
