"""Tokens of the API: shown once, found by their hash, ended for good."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.at_once import at_once
from tests.support.issued import NOW, opened
from worker.domain.actor import Actor
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.store import api_tokens as tokens
from worker.store.api_tokens import ApiToken, Scope
from worker.store.database.engine import Store
from worker.store.database.tables import api_tokens

Records = tuple[Store, Shop]


@pytest.fixture
def records(database_url: str) -> Iterator[Records]:
    store, shop = opened(database_url)
    yield store, shop
    store.close()


def make(records: Records, name: str = "bookkeeping", *scopes: Scope) -> tuple[ApiToken, str]:
    store, shop = records
    chosen = scopes or (Scope.DOCUMENTS_READ,)
    with store.write() as connection:
        return tokens.create(connection, shop_id=shop.shop_id, name=name, scopes=chosen, by=Actor("An", NOW))


def found(records: Records, secret: str) -> ApiToken | None:
    with records[0].read() as connection:
        return tokens.find(connection, secret)


def test_a_token_is_found_by_its_secret_and_by_nothing_near_it(records: Records) -> None:
    made, secret = make(records, " bookkeeping ", Scope.FILES_READ, Scope.DOCUMENTS_READ)
    assert made == ApiToken(
        1, records[1].shop_id, "bookkeeping", (Scope.DOCUMENTS_READ, Scope.FILES_READ), NOW, "An", None, None
    )
    assert found(records, secret) == made
    for near in (
        "",
        secret[:-1],
        secret + "x",
        secret.upper(),
        secret.removeprefix("fr_"),
        "\ud800",
        tokens.hash_token(secret),
    ):
        assert found(records, near) is None


def test_the_secret_is_256_random_bits_and_is_not_stored(records: Records) -> None:
    _, secret = make(records)
    _, other = make(records)
    assert secret != other
    assert secret.startswith("fr_")
    assert len(secret) == len("fr_") + 43  # 32 bytes in base64
    with records[0].read() as connection:
        rows = connection.execute(select(api_tokens)).all()
    assert secret.removeprefix("fr_") not in str(rows)


def test_a_revoked_token_is_found_no_more_and_stays_in_the_list(records: Records) -> None:
    store, shop = records
    made, secret = make(records)
    with store.write() as connection:
        assert not tokens.revoke(connection, "another shop", made.token_id, now=NOW)
        assert tokens.revoke(connection, shop.shop_id, made.token_id, now=NOW)
        assert not tokens.revoke(connection, shop.shop_id, made.token_id, now=NOW + timedelta(days=1))
    assert found(records, secret) is None
    with store.read() as connection:
        assert [token.revoked_at for token in tokens.of_shop(connection, shop.shop_id)] == [NOW]


def test_its_use_is_written_down_once_in_five_minutes_however_often_it_is_used(records: Records) -> None:
    store, _ = records
    _, secret = make(records)
    written = []
    for minutes in (0, 1, 4, 5, 7, 9, 10):
        now = NOW + timedelta(minutes=minutes)
        token = found(records, secret)
        assert token is not None
        if tokens.use_is_due(token, now):
            with store.write() as connection:
                tokens.record_use(connection, token, now)
            written.append(minutes)
    assert written == [0, 5, 10]


def test_of_several_that_note_at_once_one_writes(records: Records) -> None:
    store, _ = records
    token, secret = make(records)
    errors = list[BaseException]()

    def note() -> None:
        try:
            with store.write() as connection:
                tokens.record_use(connection, token, NOW)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shows it
            errors.append(error)

    at_once([note] * 4)
    assert errors == []
    used = found(records, secret)
    assert used is not None
    assert used.used_at == NOW


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "line\nend", "nul\x00"])
def test_a_token_needs_a_name_that_people_can_read(records: Records, name: str) -> None:
    with pytest.raises(Rejected, match="name"):
        make(records, name)


def test_a_token_that_may_do_nothing_is_not_made(records: Records) -> None:
    store, shop = records
    with store.write() as connection, pytest.raises(Rejected, match="at least one"):
        tokens.create(connection, shop_id=shop.shop_id, name="x", scopes=(), by=Actor("An", NOW))


def test_a_shop_has_so_many_tokens_and_no_more_until_one_is_revoked(records: Records) -> None:
    store, shop = records
    for _ in range(tokens.MOST_TOKENS):
        make(records)
    with pytest.raises(Rejected, match="revoke one"):
        make(records)
    with store.write() as connection:
        tokens.revoke(connection, shop.shop_id, 1, now=NOW)
    make(records)


def test_a_shop_that_leaves_has_no_token_left(records: Records) -> None:
    secrets = [make(records)[1] for _ in range(3)]
    store, shop = records
    with store.write() as connection:
        assert tokens.revoke_all(connection, shop.shop_id, now=NOW) == 3
    assert [found(records, secret) for secret in secrets] == [None, None, None]
