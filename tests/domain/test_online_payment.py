"""Which documents offer to pay online."""

from dataclasses import replace

import pytest

from tests.support.bridge_app import a_draft
from tests.support.factories import a_shop
from worker.domain import settings_form
from worker.domain.document import Kind, PaymentInstructions
from worker.domain.online_payment import METHODS, is_offered, why_not
from worker.domain.payment_method import Means
from worker.domain.settings_form import WrongSettings, apply_settings
from worker.domain.shop import MollieSettings
from worker.net.mollie_key import Mode

LIVE = MollieSettings(mode=Mode.LIVE)


@pytest.mark.parametrize(
    ("means", "offered"),
    [
        (Means.TRANSFER, True),
        (Means.ONLINE, True),
        (Means.ON_DELIVERY, False),  # the courier takes it
        (Means.PROVIDER_TRANSFER, False),  # on its way to the provider under another reference
    ],
)
def test_it_is_offered_where_the_seller_is_asked_for(means: Means, offered: bool) -> None:
    draft = a_draft(payment=PaymentInstructions(means=means))
    assert is_offered(draft, a_shop(mollie=LIVE)) is offered
    assert not is_offered(draft, a_shop())


@pytest.mark.parametrize(
    ("kind", "settings", "offered"),
    [
        (Kind.INVOICE, LIVE, True),
        (Kind.INVOICE, replace(LIVE, on_invoices=False), False),
        (Kind.ORDER_CONFIRMATION, LIVE, True),
        (Kind.ORDER_CONFIRMATION, replace(LIVE, on_order_confirmations=False), False),
        (Kind.ORDER_CONFIRMATION, replace(LIVE, on_invoices=False), True),
        (Kind.CREDIT_NOTE, LIVE, False),
        (Kind.DELIVERY_NOTE, LIVE, False),
    ],
)
def test_the_owner_says_on_which_documents(kind: Kind, settings: MollieSettings, offered: bool) -> None:
    assert is_offered(a_draft(kind=kind), a_shop(mollie=settings)) is offered


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize("mode", Mode)
def test_test_money_pays_tests_and_real_money_what_is_real(mode: Mode, test: bool) -> None:
    shop = a_shop(mollie=MollieSettings(mode=mode), test=test)

    assert is_offered(a_draft(test=test), shop) is ((mode is Mode.TEST) is test)
    assert bool(why_not(shop)) is ((mode is Mode.TEST) is not test)


def test_methods_and_profile_are_read_as_they_are_shown() -> None:
    given = {"mollie.methods": "bancontact\nideal", "bancontact_profile": " 0123456789ABCDEF01234567 "}
    shop = apply_settings(a_shop(), given)

    assert shop.mollie.methods == ("bancontact", "ideal")
    assert shop.bancontact_profile == "0123456789abcdef01234567"
    assert apply_settings(shop, settings_form.settings_as_text(shop)) == shop


def test_what_wants_the_lines_of_the_sale_and_other_profiles_are_refused() -> None:
    with pytest.raises(WrongSettings) as refused:
        apply_settings(a_shop(), {"mollie.methods": "klarna", "bancontact_profile": "payconiq"})
    assert set(refused.value.messages) == {"mollie.methods", "bancontact_profile"}
    assert {"klarna", "banktransfer", "in3"}.isdisjoint(METHODS)
