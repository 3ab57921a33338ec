"""The grids of the VAT return as the accountant of a Belgian shop reads them."""

from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from lxml import html
from sqlalchemy import update

from tests.support.bridge_app import SHOP, BridgeApp, a_credit_note_for, a_draft
from tests.support.personas import signed_in
from worker.domain.document import Category, Mention, VatLine
from worker.domain.party import Address
from worker.store import shops
from worker.store.database.tables import users

PAGE = f"/s/{SHOP}/accounting/vat-return"


def stands_in(app: BridgeApp, country: str) -> None:
    with app.store.write() as connection:
        shop = shops.get_settings(connection, SHOP)
        shops.change(connection, replace(shop, seller=replace(shop.seller, address=Address(country=country))))


def taxed(base: str, vat: str) -> VatLine:
    amounts = (Decimal(base), Decimal(vat))
    return VatLine(Category.STANDARD, Decimal(21), *amounts, sum(amounts, Decimal(0)))


def grids(text: str) -> dict[str, str]:
    """Each grid with its amount."""
    rows = html.fromstring(text).xpath('(//table[@class="list"])[1]/tbody/tr')
    return {row[0].text_content(): row[-1].text_content() for row in rows}


def test_the_grids_are_what_the_documents_say(app: BridgeApp) -> None:
    stands_in(app, "BE")
    invoice = app.issue()
    app.issue(
        number="CN2026-00001", sequence=1, **a_credit_note_for(invoice, "5.00"), vat_lines=(taxed("4.13", "0.87"),)
    )
    visitor = signed_in(app, "boekhouder@kantoor.example", operator=True)
    shown = visitor.get(f"{PAGE}?period=2026-11").text
    assert grids(shown) == {"03": "€18.35", "49": "€4.13", "54": "€3.85", "64": "€0.87"}
    assert grids(visitor.get(PAGE).text) == grids(shown)  # the quarter that it is


@pytest.mark.parametrize("currency", ["EUR", "SEK"])
def test_the_oss_return_is_told_in_the_currency_that_was_charged_and_how_that_becomes_euro(
    app: BridgeApp, currency: str
) -> None:
    stands_in(app, "BE")
    line = replace(taxed("100.00", "25.00"), rate=Decimal(25), vat_country="SE")
    mention = Mention("oss", "OSS")
    amounts: dict[str, Any] = {"net": Decimal("100.00"), "vat": Decimal("25.00"), "total": Decimal("125.00")}
    app.issue(
        currency=currency,
        lines=(replace(a_draft().lines[0], net=Decimal("100.00"), rate=Decimal(25), mention="oss"),),
        vat_lines=(line,),
        mentions=(mention,),
        exchange_rate=None if currency == "EUR" else Decimal("11.2"),
        vat_eur=None if currency == "EUR" else Decimal("2.23"),
        **amounts,
    )
    visitor = signed_in(app, "boekhouder@kantoor.example", operator=True)
    shown = visitor.get(PAGE).text.partition("For the OSS return")[2]
    sign = "€" if currency == "EUR" else "SEK"
    assert (f"{sign}100.00" in shown.replace("\xa0", ""), "369h" in shown) == (True, currency != "EUR")


@pytest.mark.parametrize("period", ["2026-13", "2026-Q5", "1999-01", "x", "2026-1", "2026-Q4Q", "0000-00"])
def test_a_period_that_there_is_not_is_the_quarter_that_it_is(app: BridgeApp, period: str) -> None:
    stands_in(app, "BE")
    app.issue()
    visitor = signed_in(app, "boekhouder@kantoor.example", operator=True)
    assert visitor.get(f"{PAGE}?period={period}").text == visitor.get(f"{PAGE}?period=2026-Q4").text


def test_a_shop_elsewhere_has_no_grids_of_belgium(app: BridgeApp) -> None:
    visitor = signed_in(app, "boekhouder@kantoor.example", operator=True)
    found = []
    for country in ("BE", "NL"):
        stands_in(app, country)
        found += [PAGE in visitor.get(f"/s/{SHOP}/accounting").text, visitor.get(PAGE).status_code]
    assert found == [True, HTTPStatus.OK, False, HTTPStatus.NOT_FOUND]


@pytest.mark.parametrize(
    ("language", "net"), [("en", ",18.35,"), ("nl", ";18,35;"), ("fr", ";18,35;"), ("de", ";18,35;")]
)
def test_a_journal_is_downloaded_in_the_figures_of_its_reader(app: BridgeApp, language: str, net: str) -> None:
    app.issue()
    visitor = signed_in(app, "boekhouder@kantoor.example", operator=True)
    with app.store.write() as connection:
        connection.execute(update(users).values(language=language))
    table = visitor.get(f"/s/{SHOP}/accounting/journal.csv?since=2026-11-01&until=2026-11-30").text
    assert net in table
