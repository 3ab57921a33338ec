"""Goods or a service, and where: what the shop says goes before what the order shows, and that before the owner's setting."""

from dataclasses import replace

import pytest

from tests.support.factories import a_line, a_shop, an_address, an_order, shipping
from worker.domain.order import Contact, Order, OrderLine
from worker.domain.party import Address
from worker.domain.place_of_supply import EU, Supply, Zone, main_supply, supply_of, vat_country, zone_of
from worker.domain.shop import VatSettings

SENDS_NOTHING = Contact()


def in_state(country: str, state: str, *, postcode: str = "") -> Address:
    return replace(an_address(country, postcode=postcode), state=state)


@pytest.mark.parametrize(
    ("address", "supply", "zone"),
    [
        (an_address("BE"), Supply.GOODS, Zone.DOMESTIC),
        (Address(), Supply.GOODS, Zone.DOMESTIC),
        (an_address("FR", postcode="75001"), Supply.GOODS, Zone.EU),
        (an_address("FR", postcode="97400"), Supply.GOODS, Zone.OUTSIDE),
        (an_address("MC", postcode="98000"), Supply.GOODS, Zone.EU),
        (an_address("DE", postcode="27498"), Supply.GOODS, Zone.OUTSIDE),
        (an_address("IT", postcode="23041"), Supply.GOODS, Zone.OUTSIDE),
        (an_address("FI", postcode="22100"), Supply.GOODS, Zone.OUTSIDE),
        (an_address("AX", postcode="22100"), Supply.GOODS, Zone.OUTSIDE),
        (an_address("PT", postcode="9000-001"), Supply.GOODS, Zone.EU),  # Madeira
        (an_address("GB", postcode="BT1 5GS"), Supply.GOODS, Zone.EU),
        (an_address("GB", postcode="BT1 5GS"), Supply.SERVICE, Zone.OUTSIDE),
        (an_address("GB", postcode="BN1 1AA"), Supply.GOODS, Zone.OUTSIDE),
        (an_address("IM"), Supply.GOODS, Zone.OUTSIDE),
        (an_address("CH"), Supply.SERVICE, Zone.OUTSIDE),
        (in_state("ES", "GC"), Supply.GOODS, Zone.OUTSIDE),
        (in_state("ES", "TF"), Supply.GOODS, Zone.OUTSIDE),
        (in_state("ES", "CE"), Supply.GOODS, Zone.OUTSIDE),
        (in_state("ES", "ML", postcode="00000"), Supply.GOODS, Zone.OUTSIDE),
        (in_state("ES", "M"), Supply.GOODS, Zone.EU),
        (in_state("ES", "TF", postcode="28001"), Supply.GOODS, Zone.EU),  # a whole postcode says more than the state
        (in_state("IT", "CE"), Supply.GOODS, Zone.EU),  # Caserta, not Ceuta
    ],
)
def test_a_place_is_at_home_in_the_eu_or_outside(address: Address, supply: Supply, zone: Zone) -> None:
    assert zone_of(address, "BE", supply) is zone


@pytest.mark.parametrize(
    ("address", "supply", "country"),
    [
        (an_address("FR"), Supply.GOODS, "FR"),
        (an_address("MC"), Supply.SERVICE, "FR"),
        (an_address("GB", postcode="BT1 5GS"), Supply.GOODS, "XI"),
        (an_address("GB", postcode="BT1 5GS"), Supply.SERVICE, "GB"),
        (an_address("GB", postcode="BN1 1AA"), Supply.GOODS, "GB"),
        (Address(), Supply.GOODS, ""),
        (an_address("FR", postcode="97400"), Supply.GOODS, "RE"),
        (an_address("DE", postcode="78266"), Supply.GOODS, "CH"),
        (an_address("IT", postcode="23041"), Supply.GOODS, ""),
        (in_state("ES", "TF"), Supply.SERVICE, "IC"),
    ],
)
def test_a_place_levies_the_vat_of_one_country(address: Address, supply: Supply, country: str) -> None:
    assert vat_country(address, supply) == country


@pytest.mark.parametrize(
    ("line", "order", "supply"),
    [
        # The shop said so
        (a_line(virtual=True), an_order(a_line(), shipping()), Supply.SERVICE),
        (a_line(virtual=False), an_order(a_line(), shipping=SENDS_NOTHING), Supply.GOODS),
        (a_line(virtual=True, downloadable=True), an_order(a_line(), shipping()), Supply.SERVICE),
        # Only "downloadable": a record with its files is sent, an e-book of which nobody ticked "virtual" is not
        (a_line(virtual=False, downloadable=True), an_order(a_line(), shipping()), Supply.GOODS),
        (a_line(virtual=False, downloadable=True), an_order(a_line()), Supply.SERVICE),
        # The order shows it
        (a_line(), an_order(a_line(), shipping("0.00", None)), Supply.GOODS),
        (a_line(), an_order(a_line(), shipping=SENDS_NOTHING), Supply.SERVICE),
        (a_line(tax_class="digital-goods"), an_order(a_line(), shipping()), Supply.SERVICE),
        (a_line(tax_class="reduced-rate"), an_order(a_line(), shipping()), Supply.GOODS),
    ],
)
@pytest.mark.parametrize("sells_services", [True, False])
def test_the_owners_setting_never_overrules_what_is_known_of_a_line(
    line: OrderLine, order: Order, supply: Supply, *, sells_services: bool
) -> None:
    assert supply_of(line, order, a_shop(vat=VatSettings(sells_services=sells_services))) is supply


@pytest.mark.parametrize(("sells_services", "supply"), [(True, Supply.SERVICE), (False, Supply.GOODS)])
@pytest.mark.parametrize("order", [an_order(), an_order(shipping=SENDS_NOTHING, created_via="admin")])
def test_the_owners_setting_decides_where_nothing_else_does(
    order: Order, supply: Supply, *, sells_services: bool
) -> None:
    shop = a_shop(vat=VatSettings(sells_services=sells_services))
    assert (supply_of(order.lines[0], order, shop), main_supply(order, shop)) == (supply, supply)


def test_shipping_belongs_to_the_goods_among_what_was_bought() -> None:
    order = an_order(a_line(virtual=True), a_line(virtual=False), shipping())
    assert main_supply(order, a_shop()) is Supply.GOODS


def test_there_are_27_member_states() -> None:
    assert len(EU) == 27
