"""What is taken for a mail address: what every program reads as the same one."""

import pytest

from worker.errors import InvalidValue
from worker.net.email_address import check_address, check_addresses


@pytest.mark.parametrize("text", ["an@x.be", "An <an@x.be>", '"Winkel: Gent" <an@x.be>', "An (winkel) <an@x.be>", ""])
def test_an_address_may_have_a_name(text: str) -> None:
    assert check_addresses(text, several=False) == text


@pytest.mark.parametrize(
    "text", ["Winkel: An <an@x.be>", "winkel:an@x.be;", "An (de (kleine)) <an@x.be>", "an@x.be, bo@x.be"]
)
@pytest.mark.parametrize("times", [1, 3_000])
def test_what_programs_read_differently_is_none_however_much_of_it_there_is(text: str, times: int) -> None:
    with pytest.raises(InvalidValue):
        check_addresses(text * times, several=False)


def test_where_nothing_but_an_address_is_wanted_a_name_is_refused() -> None:
    assert check_address(" an@x.be ") == "an@x.be"
    with pytest.raises(InvalidValue):
        check_address("An <an@x.be>")
