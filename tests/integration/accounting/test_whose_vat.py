"""Whose VAT a document carries is told to the books too: the journal keeps the seller's apart from that of other countries."""

from dataclasses import replace
from decimal import Decimal

from tests.support.system import System
from worker.demo.orders import an_order
from worker.domain.foreign_number import ForeignNumber
from worker.domain.shop import VatSettings
from worker.store.queries import sales_journal

CHEESE = ("Kaas", "KAAS", 1, "10.00", "12")


def test_the_journal_tells_norwegian_vat_from_belgian_at_the_same_rate(system: System) -> None:
    number = ForeignNumber.parse("NO = VOEC 2023456")
    system.change_shop(vat=replace(VatSettings(), foreign_numbers=(number,)))
    (belgian,) = system.arrives(an_order(id=1, lines=[CHEESE], shipping=None))
    (norwegian,) = system.arrives(an_order(id=2, lines=[CHEESE], shipping=None, country="NO"))
    assert belgian.document
    assert norwegian.document
    with system.services.store.read() as connection:
        found = sales_journal.journal(
            connection, system.shop_id, since=belgian.document.issued_on, until=norwegian.document.issued_on
        )
    assert {(row.vat_country, row.reason): row.vat for row in found.rows} == {
        ("BE", ""): Decimal("1.20"),
        ("NO", "foreign_number_outside"): Decimal("1.20"),
    }
