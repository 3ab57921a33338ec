"""A field of the shop's own checkout is read as its owner says, from the shop and from what it delivered."""

from dataclasses import replace

import pytest

from tests.support.system import System
from worker.demo.orders import an_order
from worker.domain.own_field import Holds
from worker.store.shops import Secrets


@pytest.mark.parametrize("has_rest", [True, False])
def test_a_number_in_a_field_of_the_shops_own_stands_on_the_invoice(system: System, *, has_rest: bool) -> None:
    connected = system.connected
    own = {"_klantcode_b2b": Holds.VAT_NUMBER, "_dossier": Holds.PURCHASE_ORDER}
    system.change_shop(orders=replace(connected.shop.orders, own_fields=own))
    if not has_rest:
        system.change_secrets(Secrets(connected.secrets.webhook_secrets))
    metas = {"_klantcode_b2b": "btw 0403.170.701", "_dossier": "D-14", "_billing_vat_number": "BE0477472701"}
    (invoice,) = system.arrives(an_order(id=238, company="Klant NV", metas=metas))
    assert (invoice.draft.buyer.vat_number, invoice.draft.purchase_order) == ("BE0403170701", "D-14")
