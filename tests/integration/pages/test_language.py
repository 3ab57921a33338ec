"""No page of a busy and broken shop says an English word to whoever reads Dutch, French or German, nor an inner word to an owner."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import pytest

from tests.support.bridge_app import BridgeApp
from tests.support.personas import SITE, Visitor, signed_in
from tests.support.spoken import Page, close_signs, english_remainders, internal_remainders
from tests.support.system import System
from worker.demo.orders import a_refund, an_order
from worker.domain.rules import Rule
from worker.i18n import LANGUAGES
from worker.store import users
from worker.store.users import Role

# Lists are alike from page to page: so many of one address are looked at, with filters and without.
MOST_ALIKE = 4
RULES = ("invoice:paid:send", "delivery_note:completed:draft", "order_confirmation:created:send:method=bacs")
# As the shop and the law of other countries call them, in every language.
NAMES = {"Direct bank transfer", "Isle of Man", "Pay by Bank"}
# Pages on which an owner sets up other programs by the words that those have: WooCommerce's own, those of an interface.
OTHERS_WORDS = {
    "settings/connection": ("WooCommerce → ", "Topic", "Delivery URL"),
    "settings/api": ("Let other programs read", "Webhooks", "Add a webhook", "manage webhooks", "Like https://books"),
    "settings/notifications": ("As the service shows it",),
}


@pytest.fixture
def busy(system: System) -> System:
    """Invoices paid, open, credited and refused; a draft that waits; mails that the server refused; orders that cannot be read."""
    system.change_shop(rules=tuple(map(Rule.parse, RULES)))
    system.mailbox.faults.reject("weg@klant.test", "550 5.1.1")
    paid = an_order(id=601, note="Graag voor vrijdag")
    system.arrives(paid)
    abroad = an_order(id=602, currency="USD", country="US")
    system.arrives({**abroad, **{part: {**abroad[part], "city": "Boston"} for part in ("billing", "shipping")}})
    system.arrives(an_order(id=603, status="on-hold", payment_method="bacs", paid=False))
    system.arrives(an_order(id=604, email="weg@klant.test"))
    system.shop.refund(601, a_refund(paid, id=701, amount="5.00"))
    system.receive(paid)
    system.work()
    system.arrives({**paid, "status": "cancelled"})
    system.arrives(an_order(id=606, email=""))
    system.arrives({**an_order(id=605), "billing": "abc"})
    return system


def addresses(app: BridgeApp, shop_id: str) -> list[str]:
    """Every address that needs no more than a shop, and some at which nothing is."""
    rules = [rule for rule in app.client.application.url_map.iter_rules() if "GET" in (rule.methods or ())]
    known = [rule.rule.replace("<shop_id>", shop_id) for rule in rules if not rule.arguments - {"shop_id"}]
    return [f"/s/{shop_id}", *known, "/nowhere", f"/s/{shop_id}/nowhere", "/s/nobody"]


def endpoint_of(app: BridgeApp, path: str) -> str:
    adapter = app.client.application.url_map.bind("documents.example")
    return str(adapter.match(urlsplit(path).path)[0]) if adapter.test(urlsplit(path).path) else ""


def pages(app: BridgeApp, visitor: Visitor, shop_id: str) -> Iterator[tuple[str, Page]]:
    """Every page that links lead to, a few of each address."""
    todo, seen, alike = addresses(app, shop_id), set[str](), Counter[tuple[str, bool]]()
    while todo:
        path = todo.pop(0).partition("#")[0]
        kind = (endpoint_of(app, path), "?" in path)
        if path in seen or alike[kind] == MOST_ALIKE or "sign-out" in path:
            continue
        seen.add(path)
        alike[kind] += 1
        answer = visitor.get(path)
        if b"<html" in answer.data and answer.status_code not in (301, 302, 303):
            page = Page(answer.text)
            yield path, page
            links = [urljoin(SITE + path, link) for link in page.links]
            todo += [link.removeprefix(SITE) for link in links if link.startswith(f"{SITE}/")]


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_page_says_an_english_word_in_another_language(busy: System) -> None:
    app = BridgeApp(replace(busy.services.settings, public_url=SITE), now=busy.clock.now)
    visitor = signed_in(app, "els@klant.test", operator=True)
    found = []
    for language in (language for language in LANGUAGES if language != "en"):
        with app.store.write() as connection:
            users.change(connection, 1, language=language)
        walked = dict(pages(app, visitor, busy.shop_id))
        assert len(walked) > 70
        assert {page.language for page in walked.values()} == {language}
        found += [(path, said) for path, page in walked.items() for said in english_remainders(page)]
        if language == "fr":
            found += [(path, said) for path, page in walked.items() for said in close_signs(page)]
    app.close()
    left = sorted({one for one in found if one[1] not in NAMES})
    assert left == [], "\n".join(f"{path}: {said}" for path, said in left)


def test_an_english_word_among_others_is_found() -> None:
    html = (
        '<html lang="nl"><p title="Mail it again">Bestelling 12</p><p>Wacht op <b>the customer</b></p><code>done</code>'
    )
    assert english_remainders(Page(html)) == ["Mail it again", "the customer"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_page_says_a_word_for_what_is_inside_to_an_owner(busy: System) -> None:
    app = BridgeApp(replace(busy.services.settings, public_url=SITE), now=busy.clock.now)
    visitor = signed_in(app, "an@klant.test", roles={busy.shop_id: Role.ADMIN})
    walked = dict(pages(app, visitor, busy.shop_id))
    app.close()
    assert len(walked) > 70
    found = {(path, said) for path, page in walked.items() for said in internal_remainders(page)}
    left = sorted(one for one in found if not is_others_word(*one))
    assert left == [], "\n".join(f"{path}: {said}" for path, said in left)


def is_others_word(path: str, said: str) -> bool:
    return any(path.endswith(page) and said.startswith(words) for page, words in OTHERS_WORDS.items())


def test_a_word_for_what_is_inside_is_found() -> None:
    html = '<html lang="en"><p title="order.updated">A webhook came</p><p>code: page_unknown</p><p>The delivery note</p><code>job</code>'
    assert internal_remainders(Page(html)) == ["order.updated", "A webhook came", "code: page_unknown"]
