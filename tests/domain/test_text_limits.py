"""What a customer or shop writes without end is cut in sight; a line without a name gets one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories import an_order
from worker.domain.description import described, nameless_flag
from worker.domain.order import LineKind
from worker.domain.text_limits import NOTE, NOTE_LINES, OPTIONS, cut, cut_note, text_cut_flag, within_limits


@given(st.text(), st.integers(1, 30))
def test_a_cut_text_fits_and_shows_that_it_is_cut(text: str, most: int) -> None:
    found = cut(text, most)

    assert (found == text) if len(text) <= most else (len(found) <= most and found.endswith("…"))


@given(st.text("ab\n", max_size=3 * NOTE))
def test_a_note_has_a_most_of_letters_and_of_lines(text: str) -> None:
    found = cut_note(text)

    assert (len(found) <= NOTE, found.count("\n") < NOTE_LINES) == (True, True)


def test_what_was_cut_is_told_and_an_ordinary_order_is_as_it_was() -> None:
    order = an_order()
    line = replace(order.lines[0], options=tuple((f"k{n}", "v") for n in range(OPTIONS + 7)))
    long = within_limits(replace(order, customer_note="x" * 45_000, lines=(line, *order.lines[1:])))

    assert (within_limits(order), text_cut_flag(order)) == (order, ())
    assert (long.cut, long.lines[0].options[-1]) == (("note", "lines"), ("…", "+ 7"))
    assert "the order note; names or options of the lines" in str(text_cut_flag(long)[0].message)


@pytest.mark.parametrize(
    ("kind", "sku", "name", "flagged"),
    [
        (LineKind.PRODUCT, "GT-33", "GT-33", False),
        (LineKind.PRODUCT, "", "Artikel", True),
        (LineKind.FEE, "", "Toeslag", True),
        (LineKind.SHIPPING, "", "Verzending", False),
    ],
)
def test_a_line_without_a_name_is_called_by_its_sku_or_kind(
    kind: LineKind, sku: str, name: str, *, flagged: bool
) -> None:
    order = an_order()
    order = replace(order, lines=(replace(order.lines[0], kind=kind, name="", sku=sku),))

    assert described(order, "nl").lines[0].name == name
    assert bool(nameless_flag(order)) == flagged
