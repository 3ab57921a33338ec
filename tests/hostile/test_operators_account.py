"""The operator's account with an access point holds the companies of many shops: none sends as another, or learns of it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.integration.sending.test_peppol import a_business_order, said_of_the_key
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import signed_in
from tests.support.system import SELLER, System
from worker.access_points.access_point import Passing
from worker.access_points.talk import Line
from worker.actions import peppol as peppol_actions
from worker.actions.peppol import NewAccount
from worker.demo.pretend_access_points import KEYS
from worker.domain.access_point import OPERATORS
from worker.errors import Rejected
from worker.store.users import Role

ANOTHER = "0208:0403170701"


@pytest.fixture
def hosted(system: System) -> System:
    """An installation whose operator has an account in which this shop's company and another's are."""
    settings = replace(system.services.settings, peppol_provider="recommand", peppol_key=KEYS["recommand"])
    system.services = replace(system.services, settings=settings)
    system.points.owners.insert(0, ANOTHER)
    return system


def choose(system: System, **more: Any) -> None:
    account = NewAccount(OPERATORS, **more)
    peppol_actions.connect(system.services, system.shop_id, account, by=system.person)


def test_a_shop_does_not_help_itself_to_the_operators_account(hosted: System) -> None:
    with pytest.raises(Rejected) as refused:
        choose(hosted, company="c_1")
    assert refused.value.code == "provider_operators"


def test_it_sends_by_it_under_the_number_that_the_operator_saw_and_under_no_other(hosted: System) -> None:
    choose(hosted, by_operator=True)
    assert said_of_the_key(hosted)[1][1]
    hosted.arrives(a_business_order(1, number="BE0477472701"))
    assert hosted.points.delivered_numbers() == ["F2026-00001"]

    hosted.change_shop(seller=replace(SELLER, vat_number="BE0403170701", enterprise_number="0403170701"))
    (waiting,) = hosted.arrives(a_business_order(2, number="BE0477472701"))
    assert waiting.document is None
    assert "has not said yet" in str(waiting.draft.problems[0].message)
    assert hosted.points.delivered_numbers() == ["F2026-00001"]


def test_trying_the_key_names_no_company_of_another_shop(hosted: System) -> None:
    hosted.points.owners[:] = [ANOTHER]
    choose(hosted, by_operator=True)
    told = str(said_of_the_key(hosted))

    assert "Bedrijf" not in told
    assert ANOTHER not in told


def test_the_page_offers_it_to_an_operator_alone(app: BridgeApp) -> None:
    app.client.application.extensions["facturelay"] = replace(
        app.client.application.extensions["facturelay"],
        settings=replace(app.settings, peppol_provider="recommand", peppol_key=KEYS["recommand"]),
    )
    admin = signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN})
    operator = signed_in(app, "els@host.example", operator=True)
    page = f"/s/{SHOP}/settings/peppol"
    shown = [f'value="{OPERATORS}"' in visitor.get(page).text for visitor in (admin, operator)]
    refused = admin.post(f"{page}/connect", provider=OPERATORS, company="c_1")

    assert shown == [False, True]
    assert (refused.status_code, "Only whoever runs Facturelay" in refused.text) == (422, True)


@pytest.mark.parametrize("key", ["ключ:x", "key\u200b:x", "a b:c", "a\r\nX-Evil: y", "k" * 2_000])
def test_a_key_that_no_header_carries_is_refused_beside_its_field(system: System, key: str) -> None:
    """It was taken, and what was never sent counted as sent perhaps."""
    with pytest.raises(Rejected) as refused:
        peppol_actions.connect(system.services, system.shop_id, NewAccount("recommand", key), by=system.person)
    assert refused.value.code == "key_letters"


@pytest.mark.parametrize("key", ["ключ", "key\u200b", "a\r\nX-Evil: y", "\ud800"])
def test_what_cannot_be_written_down_never_left(key: str) -> None:
    with pytest.raises(Passing):
        Line("http://127.0.0.1:9", allow_private=True, headers={"X-Api-Key": key}).get("/a")
