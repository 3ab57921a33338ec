"""Elements of UBL and CII: what is empty is left out, and what XML cannot hold is dropped."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeAlias

from lxml import etree
from lxml.etree import _Element

CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
NAMES: dict[str | None, str] = {"cac": CAC, "cbc": CBC}
# WooCommerce passes control characters on; lxml refuses them, and half a surrogate pair.
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# None: it would be empty, and no element may be (PEPPOL-EN16931-R008).
Node: TypeAlias = _Element
Element: TypeAlias = Node | None


def leaf(name: str, text: str, **attributes: str) -> Element:
    """`<cbc:Name>text</cbc:Name>`; nothing where *text* has nothing to say."""
    return element(CBC, name, text, **attributes)


def element(namespace: str, name: str, text: str, **attributes: str) -> Element:
    """`<Name>text</Name>` of *namespace*; nothing where *text* has nothing to say."""
    text = fit(text)
    if not text:
        return None
    made = etree.Element(f"{{{namespace}}}{name}", attributes)
    made.text = text
    return made


def group(name: str, *children: Element) -> Element:
    """`<cac:Name>…</cac:Name>` with those *children* that are there; nothing where none is."""
    return filled(etree.Element(f"{{{CAC}}}{name}"), children)


def filled(parent: Node, children: Iterable[Element]) -> Element:
    parent.extend([child for child in children if child is not None])
    return parent if len(parent) else None


def vat_scheme() -> Element:
    return group("TaxScheme", leaf("ID", "VAT"))


def fit(text: str) -> str:
    """*text* without what XML 1.0 cannot hold, and without space around it."""
    return UNFIT.sub("", text).strip()


def plain(number: Decimal) -> str:
    """A number without exponent and without zeros that say nothing."""
    return f"{number.normalize() + 0:f}"
