"""One walk over every address with every role: nobody sees or changes what is not theirs."""

import re

import pytest
from werkzeug.routing import Rule

from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from tests.support.routes import methods, rules
from worker.store.users import Role

OTHER_SHOP = "ffffffffffffffffffffffff"
STRANGER, VIEWER, ADMIN, OPERATOR = "stranger", "viewer", "admin", "operator"


def address(rule: Rule, shop_id: str = SHOP) -> str:
    """The rule's path with the shop, and ids that nothing has."""
    path = rule.rule.replace("<shop_id>", shop_id)
    path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
    return re.sub(r"<(int:)?[^>]+>", "987654", path)


def visitors(app: BridgeApp) -> dict[str, Visitor]:
    app.add_shop(OTHER_SHOP, secrets=("another secret",))
    return {
        STRANGER: Visitor(app),
        VIEWER: signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER}),
        ADMIN: signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN}),
        OPERATOR: signed_in(app, "operator@host.example", operator=True),
    }


def test_strangers_are_sent_to_the_sign_in_from_everywhere(app: BridgeApp) -> None:
    stranger = visitors(app)[STRANGER]
    answers = {
        (method, rule.rule): stranger.open(method, address(rule)) for rule in rules(app) for method in methods(rule)
    }

    assert answers
    assert {key for key, answer in answers.items() if answer.status_code != 303} == set()
    assert {answer.headers["Location"].partition("?")[0] for answer in answers.values()} == {"/sign-in"}


@pytest.mark.parametrize("who", [VIEWER, ADMIN])
def test_nobody_reaches_another_shop_by_any_address(app: BridgeApp, who: str) -> None:
    visitor = visitors(app)[who]
    of_shops = [rule for rule in rules(app) if "<shop_id>" in rule.rule]
    answers = {
        (method, rule.rule): visitor.open(method, address(rule, OTHER_SHOP)).status_code
        for rule in of_shops
        for method in methods(rule)
    }

    assert answers
    assert {key for key, status in answers.items() if status != 404} == set()


def test_a_viewer_changes_nothing_by_any_address(app: BridgeApp) -> None:
    viewer = visitors(app)[VIEWER]
    answers = {
        rule.rule: viewer.open("POST", address(rule)).status_code
        for rule in rules(app)
        if "<shop_id>" in rule.rule and "POST" in methods(rule)
    }

    assert {rule for rule, status in answers.items() if status != 403} == set()


@pytest.mark.parametrize("who", [VIEWER, ADMIN])
def test_what_is_an_operators_is_not_there_for_others(app: BridgeApp, who: str) -> None:
    visitor = visitors(app)[who]
    for rule in rules(app):
        if "<shop_id>" in rule.rule or rule.endpoint.startswith(("account.", "home.", "search.")):
            continue
        for method in methods(rule):
            assert visitor.open(method, address(rule)).status_code == 404, (method, rule.rule)


@pytest.mark.parametrize("who", [ADMIN, OPERATOR])
def test_no_address_breaks_whoever_asks(app: BridgeApp, who: str) -> None:
    visitor = visitors(app)[who]
    for rule in rules(app):
        for method in methods(rule):
            answer = visitor.open(method, address(rule))
            assert answer.status_code < 500, (method, rule.rule, answer.text)


def test_every_page_of_people_has_the_strict_headers(app: BridgeApp) -> None:
    admin = visitors(app)[ADMIN]
    for rule in rules(app):
        if "GET" in methods(rule):
            answer = admin.get(address(rule))
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
