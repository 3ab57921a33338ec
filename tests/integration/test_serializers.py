"""Programs meet one set of names: what the API says of a document is what `documents list --json` says, to the letter."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bridge import create_app
from tests.support.system import System
from worker import serializers
from worker.demo.orders import a_refund, an_order
from worker.domain.actor import Actor
from worker.domain.party import Seller
from worker.i18n import Translator
from worker.i18n.translate import translate
from worker.json_type import Json
from worker.store import api_tokens
from worker.store.api_tokens import Scope
from worker.store.database import json_codec
from worker.store.queries.order_history import DocumentDetails

ISSUED_ON = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Api:
    """The API as a program of the shop sees it, with every scope."""

    def __init__(self, system: System) -> None:
        with system.services.store.write() as connection:
            _, secret = api_tokens.create(
                connection, shop_id=system.shop_id, name="x", scopes=tuple(Scope), by=Actor("An", system.clock.now)
            )
        self.app = create_app(system.services.settings, now=lambda: ISSUED_ON)
        self.headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path: str) -> Json:
        found: Json = self.app.test_client().get(f"/api/v1/{path}", headers=self.headers).json or {}
        return found


@pytest.fixture
def api(system: System) -> Iterator[Api]:
    api = Api(system)
    yield api
    api.app.extensions["facturelay"].store.close()


def as_english(told: Json) -> Json:
    """*told* as JSON, its messages in English as the API says them: with amounts and hours as people write them."""
    english = Translator("en")
    found = json_codec.plain(told, lambda message: translate(message, english, zone=ZoneInfo("Europe/Brussels")))
    assert isinstance(found, dict)
    return found


def as_the_command_line_says(system: System, item: DocumentDetails) -> Json:
    return as_english(serializers.document(item, link=system.services.link_of(item.document)))


def test_the_api_lists_documents_as_the_command_line_does(system: System, api: Api) -> None:
    order = an_order(id=238, paid=True)
    system.arrives(order)
    system.shop.refund(238, a_refund(order, id=301, amount="5.00"))
    system.receive(order)
    system.work()
    expected = [as_the_command_line_says(system, item) for item in system.documents()]
    assert len(expected) == 2
    assert api.get("documents")["documents"] == expected


@pytest.mark.each_database
def test_the_api_says_of_a_document_all_that_the_command_line_says(system: System, api: Api) -> None:
    (listed,) = system.arrives(an_order(id=238, paid=True))
    told, expected = api.get("documents/1"), as_the_command_line_says(system, listed)
    assert {name: told[name] for name in expected} == expected


def test_a_draft_is_told_as_the_command_line_tells_it(system: System, api: Api) -> None:
    system.change_shop(seller=Seller())
    (listed,) = system.arrives(an_order(id=238, paid=True))
    told = api.get("drafts/1")
    assert told == as_the_command_line_says(system, listed)
    assert told["problems"] != []


def test_the_api_tells_an_orders_story_as_the_command_line_does(system: System, api: Api) -> None:
    system.arrives(an_order(id=238, paid=True))
    link_of = system.services.link_of
    story = serializers.order_history(system.trail(238), link_of=lambda item: link_of(item.document))
    assert api.get("orders/238/trail") == as_english(story)
