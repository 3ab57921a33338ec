"""One walk over every address with every role: nobody sees or changes what is not theirs."""

import re

import pytest
from werkzeug.routing import Rule

from tests.bridge.conftest import SHOP, House
from tests.bridge.visitors import Visitor, signed_in
from worker.store.users import Role

OTHER_SHOP = "ffffffffffffffffffffffff"
# Addresses of the doors and of machines: open to strangers, each with a proof of its own.
OPEN = ("doors.", "entrance.", "webhooks.", "links.", "plugin", "health.", "api", "static")
STRANGER, VIEWER, ADMIN, OPERATOR = "stranger", "viewer", "admin", "operator"


def rules(house: House) -> list[Rule]:
    return [rule for rule in house.client.application.url_map.iter_rules() if not rule.endpoint.startswith(OPEN)]


def address(rule: Rule, shop_id: str = SHOP) -> str:
    """The rule's path with the shop, and ids that nothing has."""
    path = rule.rule.replace("<shop_id>", shop_id)
    path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
    return re.sub(r"<(int:)?[^>]+>", "987654", path)


def visitors(house: House) -> dict[str, Visitor]:
    house.add_shop(OTHER_SHOP, secrets=("another secret",))
    return {
        STRANGER: Visitor(house),
        VIEWER: signed_in(house, "viewer@shop.example", roles={SHOP: Role.VIEWER}),
        ADMIN: signed_in(house, "admin@shop.example", roles={SHOP: Role.ADMIN}),
        OPERATOR: signed_in(house, "operator@host.example", operator=True),
    }


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def test_strangers_are_sent_to_the_sign_in_from_everywhere(house: House) -> None:
    stranger = visitors(house)[STRANGER]
    answers = {
        (method, rule.rule): stranger.open(method, address(rule)) for rule in rules(house) for method in methods(rule)
    }

    assert answers
    assert {key for key, answer in answers.items() if answer.status_code != 303} == set()
    assert {answer.headers["Location"].partition("?")[0] for answer in answers.values()} == {"/sign-in"}


@pytest.mark.parametrize("who", [VIEWER, ADMIN])
def test_nobody_reaches_another_shop_by_any_address(house: House, who: str) -> None:
    visitor = visitors(house)[who]
    of_shops = [rule for rule in rules(house) if "<shop_id>" in rule.rule]
    answers = {
        (method, rule.rule): visitor.open(method, address(rule, OTHER_SHOP)).status_code
        for rule in of_shops
        for method in methods(rule)
    }

    assert answers
    assert {key for key, status in answers.items() if status != 404} == set()


def test_a_viewer_changes_nothing_by_any_address(house: House) -> None:
    viewer = visitors(house)[VIEWER]
    answers = {
        rule.rule: viewer.open("POST", address(rule)).status_code
        for rule in rules(house)
        if "<shop_id>" in rule.rule and "POST" in methods(rule)
    }

    assert {rule for rule, status in answers.items() if status != 403} == set()


@pytest.mark.parametrize("who", [VIEWER, ADMIN])
def test_what_is_an_operators_is_not_there_for_others(house: House, who: str) -> None:
    visitor = visitors(house)[who]
    for rule in rules(house):
        if "<shop_id>" in rule.rule or rule.endpoint.startswith(("account.", "front.")):
            continue
        for method in methods(rule):
            assert visitor.open(method, address(rule)).status_code == 404, (method, rule.rule)


@pytest.mark.parametrize("who", [ADMIN, OPERATOR])
def test_no_address_breaks_whoever_asks(house: House, who: str) -> None:
    visitor = visitors(house)[who]
    for rule in rules(house):
        for method in methods(rule):
            answer = visitor.open(method, address(rule))
            assert answer.status_code < 500, (method, rule.rule, answer.text)


def test_every_page_of_people_has_the_strict_headers(house: House) -> None:
    admin = visitors(house)[ADMIN]
    for rule in rules(house):
        if "GET" in methods(rule):
            answer = admin.get(address(rule))
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
