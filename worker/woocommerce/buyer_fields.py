"""What the buyer typed into a field of his own at the checkout, wherever plugins and shops keep it: VAT number, purchase order,
Peppol address.

A name that is known comes before one that only looks right: “…/company-vat”, “_billing_vat_nr”. Which plugin writes what is in
its own documentation or source; the table grows by one line.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from worker.domain.order import Contact
from worker.domain.peppol import read_address
from worker.domain.vat_number import normalise_vat_number, vat_prefix
from worker.woocommerce.node import Node, scalar_of

# Name of the meta, without underscores at its ends and in lower case -> who writes it. Earlier ones win.
VAT_KEYS = {
    "billing_vat_number": "WooCommerce EU VAT Number, and the Facturelay plugin",
    "vat_number": "WooCommerce EU VAT Number before 2.3, Aelia EU VAT Assistant",
    "billing_eu_vat_number": "EU/UK VAT Manager (WPFactory)",
    "billing_vat": "Checkout Field Editor and the like",
    "billing_vat_id": "Germanized Pro",
    "billing_btw_nummer": "shops' own field",
    "billing_btw_number": "shops' own field",
    "billing_btw": "shops' own field",
    "billing_btwnummer": "shops' own field",
    "billing_tva": "shops' own field",
    "billing_numero_tva": "shops' own field",
    "billing_ust_id": "shops' own field",
    "billing_ustid": "shops' own field",
    "billing_wcpdf_vat_number": "PDF Invoices & Packing Slips (WP Overnight)",
    "billing_yweu_vat": "YITH EU VAT, OSS & IOSS",
    "yweu_billing_vat": "YITH EU VAT, OSS & IOSS",
    "eu_vat_number": "shops' own field",
    "vat_id": "shops' own field",
    "vat": "shops' own field",
    "eu_vat_guard_order_vat_number": "EU VAT Guard (its readme, 1.3.3)",
    "eu_vat_guard_vat_number": "EU VAT Guard",
    "billing_dic": "EU/UK VAT Manager, shops in Czechia and Slovakia",
    "billing_ic_dph": "shops in Slovakia",
    "billing_nif": "APG NIF/CIF/NIE, Packlink",
    "billing_cif": "shops in Spain and Romania",
    "billing_nip": "shops in Poland",
    "billing_cvr": "shops in Denmark",
    "billing_piva": "shops in Italy",
    "billing_uid": "shops in Austria",
    "shipping_vat_id": "Germanized Pro",
}
# Fields of the block checkout arrive as `_wc_billing/<namespace>/<field>`; the namespace is the site's own, so the field's
# name decides. What is of shipping comes last: that is the number of who receives the parcel.
CHECKOUT_FIELD_GROUPS = ("_wc_billing", "_wc_other", "_wc_shipping")
# After the name may stand for whom it is, and whether it must be filled in: “Btw-nummer (optioneel)”, “vat_number_company_2”.
_ASIDE = (
    r"(?:_(?:optional|optioneel|optionnel|facultatif|required|verplicht|obligatoire|pflichtfeld|company|bedrijf|onderneming|entreprise"
    r"|societe|firma|unternehmen|business|zakelijk|b2b|eu|ue|be|\d))*"
)
VAT_FIELD = re.compile(
    r"(?:^|_)(?:vat|btw|tva|ust|mwst|umsatzsteuer|nif|cif|nip|cvr|p_?iva|partita_?iva|dic|ic_?dph)"
    r"(?:_?(?:number|numero|nummer|num|nr|no|id|identificatie|identification|identifikations?|registration|registratie|reg|code|in"
    r"|intracom(?:munautaire?|munity)?|intra|field|van|de|du|of)){0,4}" + _ASIDE + "$"
)
# A tax number may be another one, and a person's: it counts where it is a VAT number, with its check digits.
TAX_FIELD = re.compile(
    r"(?:^|_)(?:(?:tax|fiscaal|fiscal|steuer)(?:_?(?:number|numero|nummer|num|nr|no|id|identification|registration|code)){1,3}"
    r"|intracom(?:munautaire?|munity)?|(?:number|numero|num|id|code)_fiscale?)" + _ASIDE + "$"
)
# An enterprise number is a VAT number in Belgium only, where both are the same digits (art. 50 of the VAT code).
COMPANY_NUMBER_FIELD = re.compile(
    r"(?:^|_)(?:ondernemings|unternehmens|firmen|kbo|bce|kbo_?bce|bce_?kbo|entreprise|enterprise|company)"
    r"_?(?:number|numero|nummer|num|nr|no|id)?$|(?:^|_)numero_(?:d_?)?entreprise$"
)
# The buyer's own number or reference for what he orders: “_po_number” (Purchase Order gateway of WooCommerce), “_billing_po_number”.
# Outside the block checkout nothing else may stand before it: payment plugins keep references of their own (“_x_order_reference”).
PURCHASE_ORDER_FIELD = re.compile(
    r"(?:^|_)(?P<field>p_?o|purchase_?order|(?:customer|client|buyer|your|cust)_?(?:order_?)?ref(?:erence)?"
    r"|bestelbon|inkoop_?order|uw_?ref(?:erentie)?|klant(?:en)?_?ref(?:erentie)?|ref(?:erentie)?_?(?:van_)?(?:de_)?klant"
    r"|bon_?de_?commande|votre_?ref(?:erence)?|ref(?:erence)?_?(?:du_)?client"
    r"|kunden_?referenz|ihr_?zeichen|ihre_?referenz|ihre_?bestellnummer)(?:_?(?:number|nummer|numero|num|nr|no|id)){0,2}$"
)
_OF_THE_CHECKOUT = re.compile(
    r"(?:(?:billing|shipping|order|company|invoice|checkout|additional|custom|b2b|wc|field|n|no|nr|numero|num)_)*"
)
# “_peppol_endpoint_id” with “_peppol_endpoint_eas” (PDF Invoices & Packing Slips, its source of 2026), “peppol_id”, “…/peppol-address”.
PEPPOL_FIELD = re.compile(
    r"(?:^|_)peppol(?:_?(?:endpoint|participant|receiver|identifier|identifiant|address|adresse|adres|number|nummer|id)){0,2}$"
)
PEPPOL_SCHEME_FIELD = re.compile(r"(?:^|_)peppol_?(?:endpoint_?|participant_?)?(?:eas|scheme)(?:_?id)?$")
_OF_A_MESSAGE = re.compile(r"[0-9A-Fa-f-]{32,36}")  # a plugin's note of what it sent
# In Spain and Portugal everybody has one, and of tax numbers nearly everywhere: without a company it is a person's, unless the
# country stands before it.
_PERSONS_TOO = re.compile(r"(?:^|_)nif(?:_|$)")
_WITH_COUNTRY = re.compile(r"[A-Za-z]{2}")
# Outside Belgium the country must stand before a number under any name: digits alone are too often right by chance, and in many
# countries persons have one too. These ten digits have two of check, and are no instant (“1764412345”).
_BELGIAN = re.compile(r"(?<!\d)(?:0[2-9]|10)\d\d[ .]?\d{3}[ .]?\d{3}(?!\d)")
_OF_A_PHONE = re.compile(r"(?:^|_)(?:tel|telefoon|telephone|telefon|phone|gsm|mobile|mobiel|handy|fax|whatsapp)(?:_|$)")
# What ends like a field of the buyer's, and is of the shop, or an amount, or an answer.
_NOT_THE_BUYERS = re.compile(
    r"(?:^|_)(?:seller|shop|store|vendor|merchant|supplier|site|total|amount|incl?|excl?|including|excluding|rate|has|is)(?:_|$)"
)
_BEFORE_VALUE = ("key", "name", "id", "label", "slug")
_DEEPEST = 6
_LONGEST_NAME = 100
_YES_OR_NO = ("0", "1")
# Letters and digits alone: “N.v.t.” is "nvt".
_SAYS_NOTHING = frozenset((
    "0", "1", "yes", "no", "ja", "nee", "neen", "oui", "non", "nein", "true", "false", "on", "off", "none", "geen", "na", "nvt",
    "nietvantoepassing", "aucun", "aucune", "neant", "sansobjet", "kein", "keine", "keines", "notapplicable",
))  # fmt: skip
# Companies are called On, NA or 1: as a name these say something. “n/a” is nobody's.
_NO_COMPANY = (_SAYS_NOTHING - {"0", "1", "on", "off", "na"}) | {
    "particulier", "particuliere", "prive", "priveklant", "privepersoon", "private", "privateperson", "privat", "privatperson",
    "privatkunde", "privatkundin", "consument", "consumer", "consommateur", "verbraucher", "geenbedrijf", "geenfirma",
    "pasdesociete", "aucunesociete", "keinefirma", "nocompany", "persoonlijk", "personnel",
}  # fmt: skip
_NOT_APPLICABLE = re.compile(r"n[/.]a\.?", re.IGNORECASE)
_LONGEST_REFERENCE = 200  # a longer text is no number
_LOOKS_LIKE_A_NUMBER = re.compile(r"[A-Za-z]{2}[\s.:-]*\d")
_AMOUNT_OR_DAY = re.compile(r"\d+[.,]\d{1,4}|\d{4}-\d\d-\d\d\b.*", re.DOTALL)
_FEWEST_DIGITS = 7
_SHORTEST_NUMBER, _LONGEST_NUMBER = 9, 30


@dataclass(frozen=True)
class Field:
    """One thing that was typed. *name* is in lower case with “_” between its words, *path* with the names around it.

    *key* is what the shop calls it: `_billing_vat`, `_wc_other/acme/vat`, and within another one `_extra.company.vat`.
    """

    name: str
    path: str
    text: str
    key: str
    group: str = ""  # of the block checkout
    is_nested: bool = False  # within a list or an object

    @property
    def is_of_shipping(self) -> bool:
        return self.group == "_wc_shipping" or self.name.startswith("shipping_")


def fields_of(meta: tuple[Node, ...]) -> tuple[Field, ...]:
    """Every meta that holds a text or a number, and every such value within one that holds a list or an object."""
    return tuple(field for node in meta for field in _fields(node) if field.text)


def vat_number_of(fields: tuple[Field, ...], buyer: Contact) -> str:
    """What *buyer* typed as VAT number, as typed: the first that is valid in his country, else the first at all.

    Without a digit it is a plugin's yes or no; under a name that only looks right it must look like a number too.
    """
    country = buyer.address.country
    ranked = sorted(((rank, field) for field in fields if (rank := _vat_rank(field))), key=lambda one: one[0])
    ranked = [(rank, field) for rank, field in ranked if buyer.company or not _is_of_a_person(field, country)]
    told = [field for rank, field in ranked if _is_number(field.text, rank[0], country)]
    valid = (field for field in told if not field.is_of_shipping and normalise_vat_number(field.text, country)[0])
    chosen = next(valid, next(iter(told), None))
    return chosen.text if chosen else ""


def purchase_order_of(fields: tuple[Field, ...]) -> str:
    """The buyer's own number or reference for this order, on one line; empty where he gave none."""
    ranked = sorted(
        ((rank, field) for field in fields if (rank := _purchase_order_rank(field))), key=lambda one: one[0]
    )
    said = (" ".join(field.text.split()) for _, field in ranked)
    return next((text for text in said if _is_reference(text)), "")


def without_no_company(buyer: Contact, vat_number: str) -> Contact:
    """*buyer* as a person where the field of his company says that he has none: “-”, “geen”, “Particulier”.

    Who gives a VAT number may be called “Privé”.
    """
    nothing = ("",) if vat_number else ("", *_NO_COMPANY)
    is_none = _compact(buyer.company) in nothing or (not vat_number and _NOT_APPLICABLE.fullmatch(buyer.company))
    return replace(buyer, company="") if is_none else buyer


def peppol_address_of(fields: tuple[Field, ...]) -> str:
    """Where the buyer wants his e-invoices, as typed: “0208:0403170701”; the first that is valid, else the first at all."""
    said = [field for field in fields if not _NOT_THE_BUYERS.search(field.path)]
    scheme = next((field.text for field in said if PEPPOL_SCHEME_FIELD.search(field.name)), "")
    typed = [field.text for field in said if PEPPOL_FIELD.search(field.name) and _is_address(field.text)]
    whole = [f"{scheme}:{text}" if scheme and ":" not in text else text for text in typed]
    return next((text for text in whole if read_address(text)), next(iter(whole), ""))


def vat_number_in(field: Field, buyer: Contact) -> str:
    """The valid VAT number of the buyer's country that stands in *field*, whatever its name; empty where none surely does."""
    country, text = buyer.address.country, field.text
    if not _SHORTEST_NUMBER <= len(text) <= _LONGEST_NUMBER or _OF_A_PHONE.search(field.path):
        return ""
    compact = "".join(sign for sign in text.upper() if sign.isalnum())
    is_told = compact.startswith(vat_prefix(country) or "?") or (country == "BE" and _BELGIAN.search(text))
    return normalise_vat_number(text, country)[0] if is_told and not _NOT_THE_BUYERS.search(field.path) else ""


_CHECKOUT, _KNOWN, _LIKELY, _TAX, _COMPANY, _SHIPPING = range(6)


def _vat_rank(field: Field) -> tuple[int, int] | None:
    """How good a place for a VAT number this is, best first; None when it is none."""
    is_likely = bool(VAT_FIELD.search(field.name))
    if field.group:
        place = CHECKOUT_FIELD_GROUPS.index(field.group)
        if is_likely:
            return (_SHIPPING if field.is_of_shipping else _CHECKOUT), place
    elif field.name in VAT_KEYS and not field.is_nested:
        return (_SHIPPING if field.is_of_shipping else _KNOWN), list(VAT_KEYS).index(field.name)
    elif is_likely and not _NOT_THE_BUYERS.search(field.path):
        return (_SHIPPING if field.is_of_shipping else _LIKELY), int(field.is_nested)
    if _NOT_THE_BUYERS.search(field.path):
        return None
    if TAX_FIELD.search(field.name):
        return (_SHIPPING if field.is_of_shipping else _TAX), int(field.is_nested)
    return (_COMPANY, int(field.is_nested)) if COMPANY_NUMBER_FIELD.search(field.name) else None


def _is_of_a_person(field: Field, country: str) -> bool:
    is_persons_too = _PERSONS_TOO.search(field.name) or (country != "BE" and TAX_FIELD.search(field.name))
    return bool(is_persons_too) and not _WITH_COUNTRY.match(field.text)


def _is_number(text: str, place: int, country: str) -> bool:
    digits = sum(character.isdigit() for character in text)
    if place == _COMPANY:
        return country in ("", "BE") and normalise_vat_number(text, "BE")[0].startswith("BE")
    if place == _TAX:
        return bool(normalise_vat_number(text, country)[0])
    if place in (_CHECKOUT, _KNOWN):
        return digits > 0 and text not in _YES_OR_NO
    looks_right = digits >= _FEWEST_DIGITS or _LOOKS_LIKE_A_NUMBER.match(text)
    return bool(looks_right) and not _AMOUNT_OR_DAY.fullmatch(text)


def _purchase_order_rank(field: Field) -> tuple[bool, bool] | None:
    """How good a place for a purchase order number this is, best first; None when it is none."""
    found = PURCHASE_ORDER_FIELD.search(field.name)
    if found is None:
        return None
    is_the_buyers = field.group or (
        _OF_THE_CHECKOUT.fullmatch(field.name[: found.start("field")]) and not _NOT_THE_BUYERS.search(field.path)
    )
    return (field.is_nested, not field.group) if is_the_buyers else None


def _is_reference(text: str) -> bool:
    return _compact(text) not in ("", *_SAYS_NOTHING) and len(text) <= _LONGEST_REFERENCE


def _is_address(text: str) -> bool:
    has_digit = any(sign.isdigit() for sign in text)
    return (
        has_digit and text not in _YES_OR_NO and len(text) <= _LONGEST_REFERENCE and not _OF_A_MESSAGE.fullmatch(text)
    )


def _fields(node: Node) -> Iterator[Field]:
    key = node.text("key")
    group, *rest = key.split("/")
    if rest and group in CHECKOUT_FIELD_GROUPS:
        name = _name(rest[-1])
        yield Field(name, name, scalar_of(node.values.get("value")).strip(), key, group=group)
        return
    name, value = _name(key), node.values.get("value")
    is_nested = isinstance(value, (dict, list))
    for path, text in _inside((name,), value):
        yield Field(path[-1], "_".join(path), text.strip(), ".".join((key, *path[1:])), is_nested=is_nested)


def _inside(path: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], str]]:
    """The texts within *value*, each under its own name; a list's under the list's, a {"key": …, "value": …} under its key."""
    if len(path) > _DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            yield from _inside((*path, path[-1]), one)
    elif isinstance(value, dict):
        label = next((value[key] for key in _BEFORE_VALUE if isinstance(value.get(key), str)), path[-1])
        for key, one in value.items():
            yield from _inside((*path, _name(label if key == "value" else path[-1] if key.isdigit() else key)), one)
    else:
        yield path, scalar_of(value)


def _name(key: str) -> str:
    """“_Billing VAT-number”, “billingVatNumber” → “billing_vat_number”."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _without_accents(key[:_LONGEST_NAME]))
    return re.sub(r"[\W_]+", "_", apart).strip("_").lower()


def _compact(text: str) -> str:
    """“N.v.t.” → “nvt”."""
    return "".join(sign for sign in _without_accents(text[:_LONGEST_REFERENCE]).casefold() if sign.isalnum())


def _without_accents(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
