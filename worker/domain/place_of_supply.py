"""What is supplied and where: goods or a service, at home, elsewhere in the EU or outside. Both decide whose VAT is due."""

import re
import unicodedata
from enum import StrEnum

from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.party import Address
from worker.domain.shop import Shop

EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip

# Parts of member states outside the EU VAT territory (art. 6 of the VAT directive), by the postcodes they use, with their code
# of ISO 3166: their taxes are not those of the member state. Without a code: no VAT at all, or none that a seller registers for.
_OUTSIDE_VAT_TERRITORY = {
    "ES": {"35": "IC", "38": "IC", "51": "EA", "52": "EA"},  # Canary Islands; Ceuta, Melilla
    "FR": {
        "971": "GP", "972": "MQ", "973": "GF", "974": "RE", "975": "PM", "976": "YT", "977": "BL", "978": "MF",
        "986": "WF", "987": "PF", "988": "NC",
    },
    "DE": {"27498": "", "78266": "CH"},  # Heligoland; Büsingen, which levies the VAT of Switzerland
    "IT": {"22061": "", "23041": ""},  # Campione d'Italia, Livigno
    "GR": {"63086": "", "63087": ""},  # Mount Athos
    "FI": {"22": "AX"},  # Åland
}  # fmt: skip
# The same by WooCommerce's codes of states, for an address without a usable postcode: both Canary provinces, Ceuta, Melilla.
_STATES_OUTSIDE = {"ES": {"GC": "IC", "TF": "IC", "CE": "EA", "ML": "EA"}}
_USABLE_POSTCODE = {"ES": re.compile(r"(?:0[1-9]|[1-4]\d|5[0-2])\d{3}")}
# By codes that WooCommerce has for them: the member state whose VAT numbers businesses have there.
_MEMBER_OF = {"AX": "FI", **dict.fromkeys(_OUTSIDE_VAT_TERRITORY["FR"].values(), "FR")}
_COUNTS_AS = {"MC": "FR", "IM": "GB"}  # Monaco, Isle of Man (art. 7)

# What shops call the tax class of things that are not sent: "Digital goods" is the usual one for sales in the EU.
_SERVICE_WORDS = frozenset({
    "digital", "digitaal", "digitale", "download", "downloads", "ebook", "ebooks", "electronic", "electronique",
    "elektronisch", "elektronische", "numerique", "virtual", "virtueel", "virtuel", "service", "services", "dienst",
    "diensten", "dienste", "dienstleistung", "dienstleistungen",
})  # fmt: skip
# What is taxed where it takes place, also for a business (art. 53 and 54 of the VAT directive), by the words of its name or category;
# but not what is attended over the internet, since 1-1-2025.
_EVENT_WORDS = frozenset({
    "billet", "billets", "colloque", "concert", "concerten", "concerts", "conference", "conferences", "congres", "congress",
    "eintritt", "eintrittskarte", "eintrittskarten", "entree", "entrees", "event", "events", "evenement", "evenementen", "evenements",
    "festival", "festivals", "inkom", "inkomkaart", "inkomkaarten", "inkomticket", "inkomtickets", "kongress", "konzert", "konzerte",
    "seminaire", "seminar", "seminarie", "seminars", "spectacle", "spectacles", "tagung", "ticket", "tickets", "toegang",
    "toegangskaart", "toegangskaarten", "toegangsticket", "toegangstickets", "veranstaltung", "veranstaltungen", "voorstelling",
    "workshop", "workshops",
})  # fmt: skip
_ONLINE_WORDS = frozenset({"livestream", "online", "stream", "streaming", "webinar", "webinars"})
_WORD = re.compile(r"[a-z0-9]+")
_CHECKOUTS = ("checkout", "store-api")
# The shipping methods that WooCommerce taxes at the shop's address (its filter `woocommerce_local_pickup_methods`): of the checkout of
# today and of before zones, of the block checkout (at the chosen point's address), and of the extension Local Pickup Plus. Read 2026-11-29.
_POINT = "pickup_location"
_PICK_UP_METHODS = frozenset({"local_pickup", "legacy_local_pickup", _POINT, "local_pickup_plus"})


class Supply(StrEnum):
    GOODS = "goods"
    SERVICE = "service"


class Zone(StrEnum):
    """Where a supply ends up, seen from the seller."""

    DOMESTIC = "domestic"
    EU = "eu"
    OUTSIDE = "outside"


def zone_of(address: Address, seller_country: str, supply: Supply) -> Zone:
    """Where a supply to *address* ends up. Nobody's land (a till, a hand-made order) is the seller's."""
    country = _COUNTS_AS.get(address.country, address.country)
    outside = territory_outside(address) is not None
    if country in ("", seller_country) and not outside:
        return Zone.DOMESTIC
    if seller_country not in EU or outside:
        return Zone.OUTSIDE
    if _northern_ireland(address):
        return Zone.EU if supply is Supply.GOODS else Zone.OUTSIDE  # protocol on Ireland/Northern Ireland: goods only
    return Zone.EU if country in EU else Zone.OUTSIDE


def vat_country(address: Address, supply: Supply) -> str:
    """Whose VAT rates apply at *address*: FR in Monaco, XI for goods in Northern Ireland, IC on the Canary Islands.

    Empty where no country is known, and on a territory that is outside all VAT.
    """
    territory = territory_outside(address)
    if territory is not None:
        return territory
    if _northern_ireland(address):
        return "XI" if supply is Supply.GOODS else "GB"
    return _COUNTS_AS.get(address.country, address.country)


def destination_of(order: Order, supply: Supply, *, picked_up: bool = False) -> Address:
    """Goods count where they go, and what the buyer fetches himself where the seller hands it over (art. 31 of the VAT directive);
    services where the buyer is.
    """
    if supply is Supply.GOODS and picked_up:
        return Address(country=_country_of_pick_up_point(order))
    shipping = order.shipping.address
    return shipping if supply is Supply.GOODS and shipping.country else order.billing.address


def _country_of_pick_up_point(order: Order) -> str:
    """Where the block checkout's pick-up point is: it taxes there, and tells of it by the code of the rate alone. Empty: at the shop."""
    countries = {rate.country for rate in order.tax_rates if rate.country in EU}
    is_at_point = _POINT in _methods(order)
    return countries.pop() if is_at_point and len(countries) == 1 else ""


def is_picked_up(order: Order) -> bool:
    """Whether the buyer fetches all of *order* at the seller's."""
    return _ways(order) == {True}


def is_partly_picked_up(order: Order) -> bool:
    """Whether he fetches one package of it, and another is sent."""
    return _ways(order) == {True, False}


def _ways(order: Order) -> set[bool]:
    return {method in _PICK_UP_METHODS for method in _methods(order)}


def _methods(order: Order) -> set[str]:
    return {line.method.split(":")[0] for line in order.lines if line.kind is LineKind.SHIPPING}


def supply_of(line: OrderLine, order: Order, shop: Shop) -> Supply:
    """What the shop says of the product; else what the order shows; else what its owner said the shop sells."""
    return told_supply(line, order) or _usual_supply(shop)


def told_supply(line: OrderLine, order: Order) -> Supply | None:
    """What the shop says of the product, else what the order shows; None where both are silent.

    A product that is only "downloadable" counts as sent where something was sent: a record with its files.
    """
    if line.virtual:
        return Supply.SERVICE
    if line.virtual is False and not line.downloadable:
        return Supply.GOODS
    return _shown_supply(line, order)


def is_admission(line: OrderLine, order: Order) -> bool:
    """Whether *line*, a service, may be admission to an event: by its words, or by a plugin that wrote so of the order."""
    said = words_of(" ".join((line.name, line.tax_class, *(line.categories or ()))))
    return _ONLINE_WORDS.isdisjoint(said) and (order.sells_tickets or not _EVENT_WORDS.isdisjoint(said))


def words_of(text: str) -> list[str]:
    """Without accents."""
    return _WORD.findall(unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode())


def is_number_from_elsewhere(vat_number: str, address: Address) -> bool:
    """Whether another state than the one of *address* gave *vat_number*: one that reaches beyond the EU gives its own there too."""
    country = _MEMBER_OF.get(address.country, address.country)
    return vat_number[:2] != ("EL" if country == "GR" else country)


def main_supply(order: Order, shop: Shop) -> Supply:
    """What shipping and fees belong to: with any goods among the products they are part of a supply of goods."""
    products = [supply_of(line, order, shop) for line in order.lines if line.kind is LineKind.PRODUCT]
    if not products:
        return _usual_supply(shop)
    return Supply.GOODS if Supply.GOODS in products else Supply.SERVICE


def _shown_supply(line: OrderLine, order: Order) -> Supply | None:
    """What an order tells of a line of which the shop told nothing; None where it tells nothing either."""
    if not _SERVICE_WORDS.isdisjoint(words_of(line.tax_class)):
        return Supply.SERVICE
    if LineKind.SHIPPING in [other.kind for other in order.lines]:
        return Supply.GOODS
    # A checkout asks for a shipping address as soon as one thing must be sent; orders made by hand often have none.
    address = order.shipping.address
    nowhere = not (address.street or address.postcode or address.city)
    if line.downloadable or (nowhere and order.created_via in _CHECKOUTS):
        return Supply.SERVICE
    return None


def _usual_supply(shop: Shop) -> Supply:
    return Supply.SERVICE if shop.vat.sells_services else Supply.GOODS


def territory_outside(address: Address) -> str | None:
    """The code of a part of a member state outside the EU VAT territory, "" for one without; None: *address* is in none."""
    postcode, usable = re.sub(r"\D", "", address.postcode), _USABLE_POSTCODE.get(address.country)
    if usable and not usable.fullmatch(postcode) and address.state.upper() in _STATES_OUTSIDE[address.country]:
        return _STATES_OUTSIDE[address.country][address.state.upper()]
    codes = _OUTSIDE_VAT_TERRITORY.get(address.country, {})
    return next((code for start, code in codes.items() if postcode.startswith(start)), None)


def _northern_ireland(address: Address) -> bool:
    return address.country == "XI" or (
        address.country == "GB" and re.match(r"BT\d", address.postcode.strip().upper()) is not None
    )
