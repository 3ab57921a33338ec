"""Shops and their secrets in the database."""

import pytest
from sqlalchemy import text

from tests.support.factories import a_shop
from tests.support.issued import ENCRYPTION, NOW, opened
from worker.errors import Rejected
from worker.store import shops
from worker.store.shops import Secrets

PLAIN = Secrets(("first-5f5f5f5f",), "ck_0123456789", "cs_0123456789")


def test_secrets_are_never_in_plain_text_in_the_database(database_url: str) -> None:
    store, _ = opened(database_url)
    with store.write() as connection:
        shops.add(connection, ENCRYPTION, a_shop(shop_id="second"), PLAIN, now=NOW)
        shops.rotate_webhook_secret(connection, ENCRYPTION, "second", "third-7b7b7b7b")
    with store.read() as connection:
        everything = repr(connection.execute(text("SELECT * FROM shops")).all())
        kept = shops.get(connection, ENCRYPTION, "second").secrets
    for secret in (*PLAIN.webhook_secrets, PLAIN.rest_key, PLAIN.rest_secret, "third-7b7b7b7b"):
        assert secret not in everything
    assert kept.webhook_secrets == ("third-7b7b7b7b", "first-5f5f5f5f")
    store.close()


def test_secrets_do_not_print_themselves() -> None:
    assert repr(PLAIN) == "Secrets()"


def test_the_second_rotation_ends_the_first_secret(database_url: str) -> None:
    store, shop = opened(database_url)
    with store.write() as connection:
        for new in ("second", "third"):
            shops.rotate_webhook_secret(connection, ENCRYPTION, shop.shop_id, new)
        assert shops.get(connection, ENCRYPTION, shop.shop_id).secrets.webhook_secrets == ("third", "second")
    store.close()


@pytest.mark.parametrize("secrets", [(), ("",), ("good", "")])
def test_an_empty_webhook_secret_cannot_be_built(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="may not be empty"):
        Secrets(secrets)


def test_each_shop_gets_a_seed_of_its_own(database_url: str) -> None:
    store, first = opened(database_url)
    with store.write() as connection:
        second = shops.add(connection, ENCRYPTION, a_shop(shop_id="second"), PLAIN, now=NOW)
    assert (first.reference_digits, second.reference_digits) == (1, 2)
    store.close()


def test_a_seed_that_is_given_is_kept_and_after_the_largest_the_first_free_one_follows(database_url: str) -> None:
    store, first = opened(database_url)
    with store.write() as connection:
        seeds = [
            shops.add(
                connection, ENCRYPTION, a_shop(shop_id=f"s{place}", reference_digits=seed), PLAIN, now=NOW
            ).reference_digits
            for place, seed in enumerate((12, 0, 999, 0, 0))
        ]
        with pytest.raises(Rejected, match="begin with 012"):
            shops.add(connection, ENCRYPTION, a_shop(shop_id="again", reference_digits=12), PLAIN, now=NOW)
    assert (first.reference_digits, seeds) == (1, [12, 13, 999, 2, 3])
    store.close()


def test_a_paused_shop_is_not_at_work_and_one_whose_words_say_so_is(database_url: str) -> None:
    store, first = opened(database_url)
    with store.write() as connection:
        for shop_id, settings in (("paused", {"suspended": True}), ("words", {"terms": '{"suspended":true}'})):
            shops.add(connection, ENCRYPTION, a_shop(shop_id=shop_id, **settings), PLAIN, now=NOW)
        assert shops.ids_at_work(connection) == (first.shop_id, "words")
    store.close()


def test_a_shop_that_is_not_there_is_named(database_url: str) -> None:
    store, _ = opened(database_url)
    with store.read() as connection, pytest.raises(Rejected) as refused:
        shops.get(connection, ENCRYPTION, "nowhere")
    assert refused.value.code == "shop_unknown"
    store.close()


def test_signature_failures_are_counted_by_day(database_url: str) -> None:
    store, shop = opened(database_url)
    with store.write() as connection:
        for _ in range(3):
            shops.count_signature_failure(connection, shop.shop_id, day=NOW.date(), now=NOW)
        assert shops.signature_failures_of(connection, shop.shop_id) == 3
    store.close()
