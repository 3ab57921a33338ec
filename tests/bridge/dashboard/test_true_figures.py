"""What a page says of numbers, days and states is what is: a count of the database, of this moment, and never a list in Python's words."""

import re
from dataclasses import fields, replace
from datetime import date

import pytest

from tests.bridge.dashboard.test_pages import admin, settings_of
from tests.support.bridge_app import NOW, SHOP, BridgeApp, a_draft
from worker.domain.document import Kind, Reference, SendMode
from worker.domain.party import Address, Buyer
from worker.i18n import Translator
from worker.i18n.address import address_lines
from worker.store import drafts

FULL = Address("Kerkstraat 1", "bus 3", "62701", "Springfield", "IL", "US")


def test_the_plots_count_what_the_numbers_beside_them_count(app: BridgeApp) -> None:
    app.issue()
    shown = admin(app).get(f"/s/{SHOP}").text
    assert re.search(r"Documents today</dt><dd>1<", shown)
    assert "last 30 days: 1, 0 failures" in shown
    assert "10:00: 1" in shown  # the hour in Brussels


def test_a_count_of_drafts_is_of_all_and_not_of_a_page(app: BridgeApp) -> None:
    with app.store.write() as connection:
        for number in range(60):
            draft = replace(a_draft(), cause=f"order:{number}", send_mode=SendMode.DRAFT)
            drafts.save_draft(connection, SHOP, draft, now=NOW)
    visitor = admin(app)
    assert "60 drafts wait for you" in visitor.get(f"/s/{SHOP}/documents").text
    assert "60 drafts are kept by your own rules" in visitor.get(f"/s/{SHOP}").text


def test_a_credit_note_is_refunded_and_never_paid(app: BridgeApp) -> None:
    invoice = app.issue()
    note = app.issue(
        number="CN2026-00001",
        sequence=1,
        kind=Kind.CREDIT_NOTE,
        cause="refund:1",
        corrects=Reference(invoice.document_id, invoice.number, invoice.issued_on),
        paid_on=date(2026, 11, 28),
        payment_title="Bancontact",
    )
    shown = admin(app).get(f"/s/{SHOP}/documents/{note.document_id}").text
    assert "refunded 28 Nov" in shown
    assert "paid 28 Nov" not in shown


@pytest.mark.parametrize("value", [[1000], (1,), {"a": 1}, {1}])
def test_no_page_writes_a_list(app: BridgeApp, value: object) -> None:
    template = app.client.application.jinja_env.from_string("Erased: {{ value }} orders")
    with pytest.raises(TypeError, match="a page would write"):
        template.render(value=value)


def test_each_field_of_an_address_is_on_the_page_wherever_an_address_is(app: BridgeApp) -> None:
    goes_to = replace(FULL, street="Elm Street 9", city="Peoria")
    app.issue(buyer=Buyer("Jan Peeters", address=FULL), ship_to=goes_to, ship_to_name="Piet")
    shown = admin(app).get(f"/s/{SHOP}/documents/1").text
    for address in (FULL, goes_to):
        told = {**{one.name: getattr(address, one.name) for one in fields(Address)}, "country": "UNITED STATES"}
        assert [name for name, value in told.items() if value not in shown] == []


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (FULL, ("Springfield IL 62701",)),
        (Address("Via Roma 1", "", "00184", "Roma", "RM", "IT"), ("00184 Roma RM",)),
        (Address("Hauptstr. 1", "", "10115", "Berlin", "DE-BE", "DE"), ("10115 Berlin",)),
        (Address("High Street 1", "", "TN9 1AB", "Tonbridge", "Kent", "GB"), ("Tonbridge TN9 1AB", "Kent")),
        (Address("Rua 1", "", "01310-100", "São Paulo", "SP", "BR"), ("01310-100 São Paulo SP",)),
    ],
)
def test_a_province_stands_where_its_post_wants_it(address: Address, place: tuple[str, ...]) -> None:
    assert address_lines(address, Translator("en"), address.country)[-len(place) :] == place


def test_the_register_names_numbers_as_they_are_printed(app: BridgeApp) -> None:
    app.issue()
    register = admin(app).get(f"/s/{SHOP}/accounting").text
    assert re.search(r'"From">\s*<span class="keep">F2026-00017', register)


def test_a_form_that_is_not_saved_says_so_at_its_top_and_names_each_field(app: BridgeApp) -> None:
    form = {"name": "Gist", "seller.address.country": "BE", "seller.address.postcode": "12", "seller.website": "hallo"}
    told = admin(app).post(f"/s/{SHOP}/settings/company", **form).text
    top = told[: told.index('<form method="post" class="fields">')]
    assert "fields need you" in top
    assert [f'href="#f-{name}"' in top for name in ("seller.address.postcode", "seller.website")] == [True, True]
    assert settings_of(app).seller.website != "hallo"
