"""An expired link offers a new one by mail: to the order's own address, once in a while, and without telling anything."""

import pytest
from sqlalchemy import text

from tests.bridge.conftest import NOW, SHOP, House
from worker.domain.document import Document
from worker.domain.party import Buyer
from worker.net import document_link
from worker.store import tasks
from worker.store.database.tables import marks


def expired(house: House, document: Document) -> str:
    house.now = NOW + document_link.LIFETIME
    return document_link.sign(house.settings.secret_keys, document.document_id, now=NOW)


def asked(house: House) -> list[dict[str, object]]:
    with house.store.read() as connection:
        found = [tasks.get(connection, i) for i in tasks.due_ids(connection, now=house.now, limit=10)]
    return [
        {"shop": e.shop_id, "kind": e.kind, "argument": e.argument, "by": e.asked_by} for e in found if e is not None
    ]


def test_an_expired_link_has_a_button_that_posts_to_its_own_address(house: House) -> None:
    token = expired(house, house.issue())

    answer = house.client.get(f"/d/{token}")

    assert answer.status_code == 410
    assert f'<form method="post" action="/d/{token}/renew">' in answer.text
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


def test_pressing_it_leaves_an_errand_for_the_worker(either_house: House) -> None:
    document = either_house.issue()
    token = expired(either_house, document)

    answer = either_house.client.post(f"/d/{token}/renew")

    assert (answer.status_code, "Kijk in je mailbox" in answer.text) == (200, True)
    assert "jan@klant.example" not in answer.text
    assert asked(either_house) == [
        {"shop": SHOP, "kind": "renew_link", "argument": {"document_id": document.document_id}, "by": "shopper"}
    ]


def test_pressing_it_again_within_the_hour_leaves_no_second_errand_and_gives_the_same_answer(
    either_house: House,
) -> None:
    token = expired(either_house, either_house.issue())

    answers = [either_house.client.post(f"/d/{token}/renew") for _ in range(3)]

    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert len(asked(either_house)) == 1


def test_after_the_hour_it_may_be_pressed_again(house: House) -> None:
    token = expired(house, house.issue())
    house.client.post(f"/d/{token}/renew")
    house.now += document_link.LIFETIME

    house.client.post(f"/d/{token}/renew")

    assert len(asked(house)) == 2


def test_an_order_without_an_address_gives_the_same_answer(house: House) -> None:
    with_address = house.issue()
    without = house.issue(number="F2026-00018", sequence=18, cause="order:239:invoice:1", buyer=Buyer("Jan Peeters"))
    pages = {house.client.post(f"/d/{expired(house, document)}/renew").text for document in (with_address, without)}

    assert len(pages) == 1


def test_a_revoked_or_foreign_link_renews_nothing(house: House) -> None:
    document = house.issue()
    token = expired(house, document)
    with house.store.write() as connection:
        connection.execute(
            marks.insert().values(document_id=document.document_id, mark="revoked", marked_at=NOW, by="An")
        )

    assert house.client.post(f"/d/{token}/renew").status_code == 403
    assert house.client.post(f"/d/{token}x/renew").status_code == 404
    assert asked(house) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_looking_at_the_address_of_the_button_asks_for_nothing(house: House, method: str) -> None:
    token = expired(house, house.issue())

    assert house.client.open(f"/d/{token}/renew", method=method).status_code == 405
    with house.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM errands")).scalar() == 0
