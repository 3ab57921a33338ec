"""A company as a public register states it, as the fields of a seller. VIES gives a name and an address of lines, each as its country likes."""

import re

# As they stand before or behind a name in Belgium; the long words are written out there as their short form.
LEGAL_FORMS = (
    "BV",
    "NV",
    "CV",
    "VOF",
    "CommV",
    "VZW",
    "BVBA",
    "SRL",
    "SA",
    "SC",
    "SNC",
    "SComm",
    "ASBL",
    "SPRL",
    "GmbH",
    "AG",
)
_BY_CAPITALS = {form.upper(): form for form in LEGAL_FORMS}
_POSTCODE_CITY = re.compile(r"(?:[A-Z]{1,2}-)?(?P<postcode>\d{4,5}(?: ?[A-Z]{2})?) +(?P<city>\S.*)")


def as_seller_fields(name: str, address: str) -> dict[str, str]:
    """By the names of `settings_form.FIELDS`; what is withheld or not understood is left out."""
    found = {}
    words = " ".join(name.split()).split(" ")
    for at, rest in ((0, words[1:]), (-1, words[:-1])):
        form = _BY_CAPITALS.get(words[at].upper().replace(".", ""))
        if form and rest:
            found["seller.legal_form"], words = form, rest
            break
    lines = [" ".join(line.split()) for line in address.splitlines() if line.strip()]
    place = _POSTCODE_CITY.fullmatch(lines[-1]) if len(lines) > 1 else None
    if place:
        found |= {"seller.address.postcode": place["postcode"], "seller.address.city": place["city"]}
        found["seller.address.street"] = ", ".join(lines[:-1])
    return {name: text for name, text in ({"seller.name": " ".join(words)} | found).items() if text}
