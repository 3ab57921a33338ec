"""An address as it is written on an envelope. Paper, pages and mails write it alike, from here."""

import re

from worker.domain.party import Address
from worker.domain.place_of_supply import EU
from worker.i18n.catalogs import Translator

_CITY_FIRST = ("US", "CA", "AU")
# As WooCommerce names provinces: RM, DE-BY. What people type themselves is longer, or has small letters.
_CODE = re.compile(r"([A-Z]{2}-)?[A-Z0-9]{1,4}")


def address_lines(address: Address, translator: Translator, home_country: str) -> tuple[str, ...]:
    """All that there is of an address; the country only where it is not *home_country*."""
    country = translator.country(address.country).upper() if address.country not in ("", home_country) else ""
    return tuple(row for row in (*local_lines(address), country) if row)


def local_lines(address: Address) -> tuple[str, ...]:
    """An address as within its country. Provinces' codes are left off where the post does not want them: in the EU but for Italy."""
    state, in_place = address.state, bool(_CODE.fullmatch(address.state))
    if in_place and address.country in EU - {"IT"}:
        state = ""
    if address.country in _CITY_FIRST:
        place = (address.city, state, address.postcode)
    elif address.country in ("GB", "IE"):
        place = (address.city, "", address.postcode)
    else:
        place = (address.postcode, address.city, state if in_place else "")
    own_row = state if state not in place else ""
    rows = (address.street, address.street_2, " ".join(place), own_row)
    return tuple(row for row in (" ".join(row.split()) for row in rows) if row)
