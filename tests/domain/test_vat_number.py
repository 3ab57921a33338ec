"""A VAT number is understood however it is typed, and words never make one of what is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.domain.vat_number import normalise_vat_number

NUMBERS = {
    "BE0123456749": "BE", "NL123456782B90": "NL", "DE136695976": "DE", "FR40303265045": "FR", "ESB58378431": "ES", "ATU13585627": "AT",
    "EL094259216": "GR", "IE6433435F": "IE", "XI434031494": "GB", "PL8567346215": "PL",
}  # fmt: skip
WORDS = (
    "",
    "BTW",
    "btw-nummer",
    "TVA",
    "TVA n°",
    "N° TVA",
    "VAT",
    "VAT no.",
    "VAT ID",
    "USt-IdNr.",
    "UID",
    "IVA",
    "P. IVA",
    "NIF",
    "Btw nr",
)
AFTER = ("", " RPR Gent", " RPM Bruxelles", " (BTW)", " TVA", " RPR Antwerpen, afdeling Turnhout")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("BTW BE 0123.456.749", "BE0123456749"),
        ("TVA BE 0123.456.749", "BE0123456749"),
        ("BTW-BE0123456749", "BE0123456749"),
        ("BTW BE 0123.456.749 RPR Gent", "BE0123456749"),
        ("BE 0123 456 749 (TVA)", "BE0123456749"),
        ("btw 0123.456.749", "BE0123456749"),
        ("VAT: NL123456782B90", "NL123456782B90"),
        ("USt-IdNr. DE 136 695 976", "DE136695976"),
        ("P.IVA IT 00743110157", "IT00743110157"),
        ("０１２３.４５６.７４９", "BE0123456749"),
    ],
)
def test_words_around_a_number_are_not_part_of_it(typed: str, number: str) -> None:
    assert normalise_vat_number(typed, "BE") == (number, None)


@settings(deadline=None)
@given(
    number=st.sampled_from(sorted(NUMBERS)),
    before=st.sampled_from(WORDS),
    after=st.sampled_from(AFTER),
    separators=st.lists(
        st.sampled_from(("", " ", ".", "-", "/", "\N{NO-BREAK SPACE}", ": ")), min_size=15, max_size=15
    ),
    lower=st.booleans(),
)
def test_noise_around_and_within_a_number_changes_nothing(
    number: str, before: str, after: str, separators: list[str], *, lower: bool
) -> None:
    spread = "".join(sign + between for sign, between in zip(number, separators, strict=False))
    typed = f"{before} {spread}{after}"
    assert normalise_vat_number(typed.lower() if lower else typed, NUMBERS[number]) == (number, None)


@settings(deadline=None)
@given(before=st.sampled_from(WORDS), digit=st.integers(0, 9))
def test_a_wrong_check_digit_stays_wrong_whatever_stands_around_it(before: str, digit: int) -> None:
    typed = f"{before} BE 0123.456.7{digit}9"
    expected = "BE0123456749" if digit == 4 else ""
    assert normalise_vat_number(typed, "BE")[0] == expected


@pytest.mark.parametrize("typed", ["", "BTW", "n/a", "geen", "BTW BE", "-"])
def test_words_alone_are_no_number(typed: str) -> None:
    assert normalise_vat_number(typed, "BE")[0] == ""
