"""Which mails the shop holds: the cases that judge this side and the plugin's (tests/wordpress/php/Mails/HoldRulesTest.php) alike."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.factories import A_SELLER, TODAY, a_history, a_shop, an_order
from tests.support.hold_judge import METHODS, PAYABLE, OrderFacts, kinds_mailed
from worker.domain.decide import decide_documents
from worker.domain.document import Kind, SendMode
from worker.domain.mail_holds import (
    COMPLETED,
    COMPLETED_RENEWAL,
    ON_HOLD,
    ON_HOLD_RENEWAL,
    PROCESSING,
    PROCESSING_RENEWAL,
    RENEWAL_INVOICE,
    RENEWALS,
    compile_hold_rules,
    hold_rules_as_json,
)
from worker.domain.party import Address, Seller
from worker.domain.rules import KINDS_BY_RULE, BuyerFilter, Rule, Trigger
from worker.domain.shop import OrderSettings, Shop

SHOPS = json.loads((Path(__file__).parent / "mail_holds.json").read_text())
CASES = [(shop, case) for shop in SHOPS for case in shop["cases"]]
# Only a seller abroad may do without an account on its documents.
SELLER = Seller(
    name="De Gouden Koffiepot",
    address=Address(street="Damrak 41", postcode="1012 LK", city="Amsterdam", country="NL"),
    vat_number="NL004495445B01",
    email="winkel@koffiepot.test",
)


def shop_of(told: dict[str, Any]) -> Shop:
    rules = tuple(Rule.parse(text) for text in told["rules"])
    if "rule" in told:
        rules = (*rules, rule_of(told["rule"]))
    return Shop(
        shop_id="5f",
        name="De Gouden Koffiepot",
        url="https://shop.example",
        orders=OrderSettings(since=datetime.fromtimestamp(1000, UTC)),
        seller=replace(SELLER, iban="BE71096123456769" if told["iban"] else ""),
        rules=rules,
        credit_notes=SendMode(told["credit_notes"]),
        test=told.get("test", False),
    )


def rule_of(told: dict[str, Any]) -> Rule:
    return Rule(
        Kind(told["kind"]),
        Trigger(told["trigger"]),
        buyer=BuyerFilter(told["buyer"]),
        payment_methods=tuple(told.get("payment_methods", ())),
        countries=tuple(told.get("countries", ())),
        minimum_total=Decimal(told["minimum_total"]) if "minimum_total" in told else None,
    )


def facts_of(told: dict[str, Any]) -> OrderFacts:
    return OrderFacts(
        **{
            **told,
            "total": Decimal(told["total"]),
            "placed_at": datetime.fromtimestamp(told["placed_at"], UTC),
            "made": tuple(Kind(kind) for kind in told["made"]),
        }
    )


@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop["name"])
def test_rules_become_the_table_that_the_plugin_is_tested_with(shop: dict[str, Any]) -> None:
    assert hold_rules_as_json(compile_hold_rules(shop_of(shop["shop"]), can_mail=True)) == shop["hold_rules"]


@pytest.mark.parametrize(("shop", "case"), CASES, ids=[f"{shop['name']}: {case['name']}" for shop, case in CASES])
def test_a_mail_is_held_for_these_documents_and_no_others(shop: dict[str, Any], case: dict[str, Any]) -> None:
    table = compile_hold_rules(shop_of(shop["shop"]), can_mail=True)

    assert list(kinds_mailed(table, facts_of(case["facts"]))) == case["kinds"]


@pytest.mark.parametrize(
    ("changes", "can_mail"),
    [({"suspended": True}, True), ({"seller": Seller()}, True), ({}, False)],
    ids=["paused", "seller unknown", "no way to mail"],
)
def test_nothing_is_held_where_no_document_reaches_the_customer(changes: dict[str, Any], can_mail: bool) -> None:
    shop = replace(shop_of(SHOPS[0]["shop"]), **changes)

    assert compile_hold_rules(shop, can_mail=can_mail).mails == {}


STATUS_OF = {
    ON_HOLD: "on-hold",
    PROCESSING: "processing",
    COMPLETED: "completed",
    ON_HOLD_RENEWAL: "on-hold",
    PROCESSING_RENEWAL: "processing",
    COMPLETED_RENEWAL: "completed",
    RENEWAL_INVOICE: "pending",
}


@pytest.mark.parametrize(
    "rules",
    [
        f"{kind}:{moment}:{mode}"
        for kind in KINDS_BY_RULE
        for moment in (*(one for one in Trigger if one is not Trigger.STATUS), "status=await-ship")
        for mode in SendMode
        if kind is not Kind.PAYMENT_REQUEST or moment == Trigger.CREATED
    ],
)
def test_what_is_held_is_what_the_rules_then_send(rules: str) -> None:
    """What says how to pay stays wherever ours would not; elsewhere the two are the same."""
    shop = replace(a_shop(rules), seller=replace(A_SELLER, email="gist@shop.example"))
    rule_set = compile_hold_rules(shop, can_mail=True)
    for mail, paid, company in itertools.product(STATUS_OF, (True, False), ("", "Janssens BV")):
        order = an_order(
            status=STATUS_OF[mail],
            paid=paid,
            company=company,
            vat_number_given="BE0403170701" if company else "",  # without one the invoice waits for a person
            created_via="subscription" if mail in RENEWALS else "checkout",
            payment_method="" if mail == RENEWAL_INVOICE else "bacs",
        )
        facts = OrderFacts(
            mail=mail,
            paid=order.paid_at is not None,
            method=order.payment_method,
            business=bool(company),
            country="BE",
            total=order.total,
            placed_at=order.created_at,
        )

        held = kinds_mailed(rule_set, facts)

        due = decide_documents(order, (), a_history(), shop, TODAY).drafts
        sent = tuple(draft.kind for draft in due if draft.send_mode is SendMode.SEND and not draft.problems)
        stays = mail in METHODS and not set(sent) & set(PAYABLE)
        assert held == (() if stays else sent), facts
