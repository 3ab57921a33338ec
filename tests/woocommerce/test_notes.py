"""The notes on an order: their words, and how each is found again."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from worker.demo.note_html import sanitize
from worker.woocommerce.list_payload import OrderNote
from worker.woocommerce.notes import (
    CANCELS,
    NOTE_TEXTS,
    cancel_mark,
    document_mark,
    find_note,
    has_mark,
    marked,
    money_mark,
    note_html,
    number_in,
)

AT = datetime(2026, 11, 22, tzinfo=UTC)


def a_note(text: str, note_id: int = 1) -> OrderNote:
    return OrderNote(note_id, text, "WooCommerce", created_at=AT)


def html_of(number: str = "F2026-00017", url: str = "https://docs.example/d/abc", language: str = "nl") -> str:
    return note_html(kind="Factuur", number=number, total="€ 22,20", url=url, language=language)


def before(number: str) -> str:
    """The note as it was written until its mark was hidden."""
    return f'Factuur {number}, € 22,20: <a href="https://docs.example/d/abc">openen</a> [facturelay {document_mark(number)}]'


def found(notes: list[OrderNote], number: str = "F2026-00017") -> int | None:
    return find_note(notes, document_mark(number), written=html_of(number))


def in_words(text: str) -> str:
    """What somebody reads."""
    return re.sub(r"<[^<>]*>", "", text)


def outside_tags(change: Callable[[str], str]) -> Callable[[str], str]:
    """WordPress beautifies what is read, and leaves tags alone."""
    return lambda text: "".join(
        part if part.startswith("<") else change(part) for part in re.split(r"(<[^<>]*>)", text)
    )


def test_the_note_says_kind_number_total_and_link_and_shows_no_mark() -> None:
    assert html_of() == (
        'Factuur F2026-00017, € 22,20: <a href="https://docs.example/d/abc" data-facturelay="F2026-00017">openen</a>'
    )
    assert in_words(html_of()) == "Factuur F2026-00017, € 22,20: openen"
    assert in_words(marked("€ 1 van € 2 <b>", money_mark(Decimal(1), Decimal(2)))) == "€ 1 van € 2 &lt;b&gt;"


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_there_is_a_sentence_in_every_language(language: str) -> None:
    assert language in NOTE_TEXTS
    assert found([a_note(html_of(language=language))]) == 1
    assert number_in(in_words(html_of(language=language))) == "F2026-00017"


def test_an_unknown_language_is_english() -> None:
    assert ">open</a>" in html_of(language="pl")


def test_every_word_is_escaped() -> None:
    text = note_html(kind="<b>", number='"&', total="<i>", url='https://x.test/?a=1&b="', language="en")
    assert text == (
        '&lt;b&gt; "&amp;, &lt;i&gt;: <a href="https://x.test/?a=1&amp;b=&quot;" data-facturelay="%22%26">open</a>'
    )


def test_the_note_is_found_among_the_shops_own() -> None:
    assert found([a_note('Email "New order" sent.', 9), a_note(html_of(), 7), a_note("F2026-00017 is betaald", 8)]) == 7


def test_a_longer_number_is_another_document() -> None:
    assert found([a_note(html_of("F2026-000171")), a_note(html_of("XF2026-00017"))]) is None


def test_written_twice_the_first_one_counts() -> None:
    assert found([a_note(html_of(), 12), a_note(before("F2026-00017"), 11)]) == 11


def test_of_no_notes_none_is_found() -> None:
    assert found([]) is None


@pytest.mark.parametrize("written", [html_of, before], ids=["now", "before"])
@pytest.mark.parametrize(
    "number", ["F2026-00017", "F-2026--17", "2026/0017 A", "12x34", "é&1", "1-2-3", "F—1", "[7]", "A'b\"c", "<1>"]
)
@pytest.mark.parametrize(
    "stored",
    [
        lambda text: text,
        sanitize,
        lambda text: text.replace("&amp;", "&").replace("<a ", '<a target="_blank" '),
        lambda text: text.replace('"https', "'https").replace('abc"', "abc'"),
        outside_tags(lambda text: text.replace("-", "&#8211;")),
        outside_tags(lambda text: text.replace("--", "\u2014")),
        outside_tags(lambda text: text.replace("x", "&#215;")),
        lambda text: "<p>" + text.replace(", ", ",\n").replace("facturelay ", "facturelay&nbsp;") + "</p>",
        in_words,
    ],
    ids=["as sent", "WordPress", "link changed", "quotes", "dashes", "long dashes", "multiplication sign", "paragraphs", "no HTML"],
)  # fmt: skip
def test_the_note_is_found_whatever_the_shop_does_to_its_text(
    written: Callable[[str], str], number: str, stored: Callable[[str], str]
) -> None:
    assert found([a_note(stored(written(number)))], number) == 1


@pytest.mark.parametrize("written", [html_of, before], ids=["now", "before"])
@pytest.mark.parametrize("stored", [lambda text: text, sanitize, in_words], ids=["as sent", "WordPress", "no HTML"])
def test_the_number_is_read_from_the_note(written: Callable[[str], str], stored: Callable[[str], str]) -> None:
    assert number_in(stored(written("F2026-00017"))) == "F2026-00017"
    assert number_in(stored(note_html(kind="Leveringsbon", number="L1", total="", url="x", language="nl"))) == "L1"


@pytest.mark.parametrize(
    "text",
    [
        "Payment complete.",
        "Factuur F2026-00017 is betaald: zie de bank",
        marked("€ 10 van € 20 ontvangen.", money_mark(Decimal("10.00"), Decimal("20.00"))),
        marked("Niet betaald.", cancel_mark(AT)),
        "€ 10 van € 20 ontvangen. [facturelay paid 10.00/20.00]",
    ],
)
def test_other_notes_name_no_document(text: str) -> None:
    assert number_in(text) is None


@pytest.mark.parametrize(
    "text", [marked("Niet betaald.", cancel_mark(AT)), f"Niet betaald. [facturelay {cancel_mark(AT)}]"]
)
def test_why_an_order_was_cancelled_is_known_with_and_without_its_state(text: str) -> None:
    later = cancel_mark(AT.replace(hour=5))
    assert [has_mark([a_note(text)], mark) for mark in (CANCELS, cancel_mark(AT), later)] == [True, True, False]


def test_one_amount_has_one_mark_however_it_is_written() -> None:
    assert (
        money_mark(Decimal(100), Decimal("200.00"))
        == money_mark(Decimal("100.0"), Decimal(200))
        == "paid 100.00/200.00"
    )


def test_marks_of_different_numbers_differ() -> None:
    numbers = ["F1", "F 1", "F%201", "F-1", "F_1", "F.1", "F/1"]
    assert len({document_mark(number) for number in numbers}) == len(numbers)
