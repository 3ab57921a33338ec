"""The address that a buyer gives for e-invoices: read however it was typed, refused where its check digits are wrong."""

import pytest

from tests.support.factories import a_shop, an_order, drafted
from worker.domain import peppol
from worker.domain.assessment import assess


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("0208:0403170701", "0208:0403170701"),
        ("0208:BE0403.170.701", "0208:0403170701"),
        (" 0208 : 0403 170 701 ", "0208:0403170701"),
        ("iso6523-actorid-upis::0208:0403170701", "0208:0403170701"),
        ("0403170701", "0208:0403170701"),
        ("be 403.170.701", "0208:0403170701"),
        ("9925:be0403170701", "9925:BE0403170701"),
        ("9925:0403170701", "9925:BE0403170701"),
        ("9944:NL004495445B01", "9944:NL004495445B01"),
        ("9957:40303265045", "9957:FR40303265045"),
        ("0088:5412345000013", "0088:5412345000013"),
        ("0184:13585628", "0184:13585628"),
        ("0204:991-1234512345-06", "0204:991-1234512345-06"),
    ],
)
def test_an_address_is_read_however_it_was_typed(given: str, address: str) -> None:
    assert str(peppol.read_address(given)) == address


@pytest.mark.parametrize(
    "given",
    [
        "", ":", "0208:", "0208:0403170702", "0208:NL004495445B01", "9925:BE0403170702", "9944:NL004495446B01", "0088:5412345000014",
        "0184:13585627", "9999:0403170701", "EM:koper@klant.test", "404:404", "koper@klant.test", "0208:0403170701\x00", "0204:" + "9" * 51,
        "²208:0403170701",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_right_is_none(given: str) -> None:
    assert peppol.read_address(given) is None


def test_the_buyers_own_address_comes_before_the_one_that_follows_from_his_vat_number() -> None:
    buyer = drafted(an_order(vat_number_given="BE0403170701", peppol_address_given="9925:BE0477472701")).buyer
    assert peppol.address_of_buyer(buyer) == peppol.Address("9925", "BE0477472701")


def test_a_wrong_address_is_told_and_not_used() -> None:
    order = an_order(vat_number_given="BE0403170701", peppol_address_given="0208:0403170702")
    assert [flag.code for flag in assess(order, a_shop()).flags] == ["peppol_address_wrong"]
    buyer = drafted(order).buyer
    assert (buyer.peppol_address, str(peppol.address_of_buyer(buyer))) == ("", "0208:0403170701")
