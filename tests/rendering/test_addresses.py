"""Each field of an address stands wherever an address does: on paper, in both e-invoices; pages have a test of their own."""

from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from worker.domain.document import Document, Kind
from worker.domain.party import Address
from worker.einvoice import cii, ubl
from worker.i18n import Translator
from worker.rendering.paper import DocumentView, to_html
from worker.rendering.render import PLAIN
from worker.rendering.samples import a_draft, issued

FULL = Address("Kerkstraat 1", "bus 3", "62701", "Springfield", "IL", "US")
GOES_TO = Address("Elm Street 9", "suite 4", "61602", "Peoria", "NV", "US")


def document(kind: Kind = Kind.INVOICE) -> Document:
    draft = a_draft(kind, "en", ship_to=GOES_TO, ship_to_name="Piet")
    return issued(replace(draft, buyer=replace(draft.buyer, address=FULL)))


def on_paper(of: Document) -> str:
    view = DocumentView(of.draft, of.number, of.issued_on, Translator("en"), PLAIN)
    return to_html(view).replace("\N{NO-BREAK SPACE}", " ")


def as_ubl(of: Document) -> str:
    return ubl.write(of).decode()


def as_cii(of: Document) -> str:
    return cii.write(of).decode()


@pytest.mark.parametrize("told", [on_paper, as_ubl, as_cii])
@pytest.mark.parametrize("address", [FULL, GOES_TO])
def test_each_field_is_there(told: Callable[[Document], str], address: Address) -> None:
    written = told(document())
    values = {one.name: getattr(address, one.name) for one in fields(Address)}
    values["country"] = "UNITED STATES" if told is on_paper else address.country
    assert [name for name, value in values.items() if value not in written] == []


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        (Kind.INVOICE, "Delivered to"),
        # Nothing is delivered yet.
        (Kind.ORDER_CONFIRMATION, "Delivery address"),
        (Kind.PAYMENT_REQUEST, "Delivery address"),
        (Kind.DELIVERY_NOTE, "Deliver to"),
    ],
)
def test_each_field_is_on_every_paper_that_goes_to_another_address(kind: Kind, heading: str) -> None:
    written = on_paper(document(kind))
    assert [part for part in (heading, "Elm Street 9", "suite 4", "Peoria NV 61602") if part not in written] == []
