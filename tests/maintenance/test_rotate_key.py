"""A key of FACTURELAY_SECRET_KEY that leaked can be taken out."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.support.factories import a_shop
from tests.support.issued import NOW
from worker.domain.actor import Actor
from worker.domain.attention import Harm
from worker.domain.channel import ChannelKind
from worker.domain.webhook import WebhookEventKind
from worker.errors import Rejected
from worker.maintenance.rotate_key import FRESH, GONE, encrypted_columns, forget_lost, rotate_key
from worker.processes.supervisor import bring_up_to_date, refuse_other_key
from worker.services import Services
from worker.settings import Settings
from worker.store import channels, plugins, shops, users, webhooks
from worker.store.channels import NewChannel
from worker.store.database.encryption import Encryption
from worker.store.database.tables import metadata
from worker.store.database.tables import shops as shops_table
from worker.store.database.tables import users as users_table
from worker.store.plugins import NewPlugin
from worker.store.shops import Secrets
from worker.store.users import NewUser
from worker.store.webhooks import NewEndpoint

Having = Callable[[str], Services]

OLD, NEW = "o" * 32, "n" * 32
BEGINNING = "gAAAA"  # of all that Fernet makes


@pytest.fixture
def having(database_url: str, tmp_path: Path) -> Iterator[Having]:
    """The installation by these keys, with one of each secret stored under the old one."""
    opened: list[Services] = []

    def services_with(keys: str) -> Services:
        environment = {"FACTURELAY_DATA": str(tmp_path), "DATABASE_URL": database_url, "FACTURELAY_SECRET_KEY": keys}
        opened.append(Services(Settings.from_environment(environment)))
        return opened[-1]

    store_one_of_each(services_with(OLD))
    yield services_with
    for services in opened:
        services.store.close()


def store_one_of_each(services: Services) -> None:
    encryption, shop, by = services.encryption, a_shop(), Actor("test", NOW)
    channel = NewChannel(shop.shop_id, ChannelKind.NTFY, "https://ntfy.example/x", Harm.DECISION)
    endpoint = NewEndpoint(shop.shop_id, "https://books.example/hook", (WebhookEventKind.ISSUED,))
    with services.store.write() as connection:
        shops.add(connection, encryption, shop, Secrets(("hook",), "ck_1", "cs_1"), now=NOW)
        plugins.invite(connection, encryption, shop.shop_id, "code", now=NOW)
        plugins.connect(connection, encryption, NewPlugin(shop.shop_id, "5f" * 25, shop.url, "0.1.0"), now=NOW)
        channels.add(connection, encryption, channel, by=by)
        webhooks.add(connection, encryption, endpoint, by=by)
        users.add(connection, NewUser("a@b.example", "A", encryption.encrypt("hash"), "en", operator=True), now=NOW)
        connection.execute(update(users_table).values(totp=encryption.encrypt("seed")))


def stored(services: Services) -> dict[str, list[str]]:
    """All that is stored encrypted, by its column, wherever it stands."""
    found = {}
    with services.store.read() as connection:
        for table in metadata.sorted_tables:
            for column in table.columns:
                values = [str(value) for value in connection.execute(select(column)).scalars()]
                if secrets := [value for value in values if value.startswith(BEGINNING)]:
                    found[str(column)] = secrets
    return found


def test_each_column_that_holds_a_secret_is_known_by_its_type(having: Having) -> None:
    assert stored(having(OLD)).keys() == {str(column) for column in encrypted_columns()}


def test_without_the_old_key_all_can_be_read_after_the_turn(having: Having) -> None:
    both = having(f"{NEW},{OLD}")
    alone, before = Encryption((NEW,)), stored(both)

    assert rotate_key(both) == len(before) == 8
    after = stored(both)
    as_read = {name: [alone.decrypt(value) for value in values] for name, values in after.items()}
    assert as_read == {name: [both.encryption.decrypt(value) for value in values] for name, values in before.items()}
    assert rotate_key(both) == 8


def test_what_cannot_be_read_leaves_everything_as_it_was(having: Having) -> None:
    stranger = having(NEW)
    before = stored(stranger)
    with stranger.store.write() as connection:
        connection.execute(update(users_table).values(totp=stranger.encryption.encrypt("seed")))
    with pytest.raises(Rejected, match="cannot be read"):
        rotate_key(stranger)
    del before["users.totp"]
    assert before.items() <= stored(stranger).items()


def test_where_the_key_is_lost_what_nobody_reads_is_forgotten_and_the_rest_stays(having: Having) -> None:
    found = having(NEW)
    kept = NewUser("b@b.example", "B", found.encryption.encrypt("hash of b"), "en", operator=False)
    with found.store.write() as connection:
        users.add(connection, kept, now=NOW)

    assert forget_lost(found) == {str(column): 1 for column in encrypted_columns()}

    assert rotate_key(found) == 3  # a shop's new secret, a receiver's, and b's password
    with found.store.read() as connection:
        secrets = shops.get_secrets(connection, found.encryption, "shop")
        assert (len(secrets.webhook_secrets), secrets.has_rest) == (1, False)
        assert plugins.of_shop(connection, found.encryption, "shop") is None
        passwords = {row.email: row.password for row in connection.execute(select(users_table))}
    assert passwords["a@b.example"] == ""
    assert found.encryption.decrypt(passwords["b@b.example"]) == "hash of b"
    assert forget_lost(found) == {}


def test_nothing_starts_with_a_key_that_reads_nothing_of_what_is_stored(having: Having) -> None:
    for keys in (OLD, f"{NEW},{OLD}"):
        refuse_other_key(having(keys).settings)
    stranger = having(NEW)
    with pytest.raises(Rejected, match="is not the key of this database"):
        refuse_other_key(stranger.settings)
    with pytest.raises(Rejected, match="is not the key of this database"):
        bring_up_to_date(stranger.settings)
    forget_lost(stranger)
    bring_up_to_date(stranger.settings)


def test_of_each_secret_it_is_known_what_comes_in_its_place() -> None:
    for column in encrypted_columns():
        assert (column in FRESH) != (column.table in GONE), str(column)


def test_nobody_waits_for_all_of_them(having: Having) -> None:
    """Who has a user in hands and needs the shop would wait for whoever has the shop and needs the user."""
    both, others = having(f"{NEW},{OLD}"), having(f"{NEW},{OLD}")
    with ThreadPoolExecutor(1) as worker:
        with others.store.write() as connection:
            connection.execute(update(users_table).values(name="B"))
            turned = worker.submit(rotate_key, both)
            wait([turned], timeout=0.5)
            connection.execute(update(shops_table).values(name="B"))
        assert turned.result() == 8
    for secrets in stored(both).values():
        for secret in secrets:
            Encryption((NEW,)).decrypt(secret)
