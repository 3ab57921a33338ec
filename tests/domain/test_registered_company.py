"""A company as VIES states it becomes the fields of a seller, and nothing is made up."""

import pytest

from worker.domain.registered_company import as_seller_fields


@pytest.mark.parametrize(
    ("name", "address", "fields"),
    [
        ("BV De Gouden  Koffiepot", "Koestraat 41\n9000 Gent", ("De Gouden Koffiepot", "BV", "Koestraat 41", "9000", "Gent")),
        ("CHEZ AMELIE S.R.L.", "Rue Saint-Gilles 102 \n4000 Liège\n", ("CHEZ AMELIE", "SRL", "Rue Saint-Gilles 102", "4000", "Liège")),
        ("Bakker B.V.", "\nKADE 00001\n1012AB AMSTERDAM\n", ("Bakker", "BV", "KADE 00001", "1012AB", "AMSTERDAM")),
        ("Janssens, Jan", "Grote Markt 1\nbus 3\n8000 Brugge", ("Janssens, Jan", None, "Grote Markt 1, bus 3", "8000", "Brugge")),
        ("NV", "", ("NV", None, None, None, None)),
        ("SA DUPONT", "12 RUE X 75001 PARIS", ("DUPONT", "SA", None, None, None)),
        ("", "", (None,) * 5),
    ],
)  # fmt: skip
def test_name_and_address_come_apart_where_they_can(name: str, address: str, fields: tuple[str | None, ...]) -> None:
    names = (
        "seller.name",
        "seller.legal_form",
        "seller.address.street",
        "seller.address.postcode",
        "seller.address.city",
    )

    assert as_seller_fields(name, address) == {key: text for key, text in zip(names, fields, strict=True) if text}
