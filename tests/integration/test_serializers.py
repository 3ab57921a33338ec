"""Programs meet one set of names: what the API and webhooks say of a document is what `documents list --json` says."""

from datetime import UTC, datetime

from bridge import create_app
from tests.support.system import System
from worker import serializers
from worker.demo.orders import a_refund, an_order
from worker.domain.party import Seller
from worker.orders import history
from worker.store import api_tokens
from worker.store.api_tokens import Scope
from worker.store.queries import api_documents

# A draft's own, and what only a look at the snapshot tells.
OF_DRAFTS = {"draft_id"}


def test_a_documents_summary_says_what_the_command_line_says(system: System) -> None:
    order = an_order(id=238, paid=True)
    system.arrives(order)
    system.shop.refund(238, a_refund(order, id=301, amount="5.00"))
    system.ring(order)
    system.work()
    with system.services.store.read() as connection:
        wanted = api_documents.ApiDocumentFilter()
        found = api_documents.page(connection, system.shop_id, wanted, after=0, limit=9)
    for summary, listed in zip(found, system.documents(), strict=True):
        said, expected = serializers.of_document(summary), history.as_json(listed)
        shared = set(expected) - OF_DRAFTS - {"vat_lines", "problems", "link"}
        assert {name: said.get(name) for name in shared} == {name: expected[name] for name in shared}


def test_the_api_says_of_a_document_all_that_the_command_line_says(system: System) -> None:
    (listed,) = system.arrives(an_order(id=238, paid=True))
    with system.services.store.write() as connection:
        _, secret = api_tokens.create(
            connection, shop_id=system.shop_id, name="x", scopes=tuple(Scope), by="An", now=system.clock.now
        )
    app = create_app(system.services.settings, now=lambda: datetime(2026, 11, 23, 9, tzinfo=UTC))
    told = app.test_client().get("/api/v1/documents/1", headers={"Authorization": f"Bearer {secret}"}).json or {}
    expected = {name: value for name, value in history.as_json(listed).items() if name not in OF_DRAFTS}
    assert {name: told[name] for name in expected} == expected
    app.extensions["facturelay"].store.close()


def test_a_draft_is_told_as_the_command_line_tells_it(system: System) -> None:
    system.change_shop(seller=Seller())
    (listed,) = system.arrives(an_order(id=238, paid=True))
    assert listed.stored_draft is not None
    told, expected = serializers.of_draft(listed.stored_draft), history.as_json(listed)
    shared = set(told) & set(expected)
    assert {name: told[name] for name in shared} == {name: expected[name] for name in shared}
    assert set(told) - shared == {"buyer", "created_at"}
    assert told["problems"] != []
