"""Settings: what is wrong stops the start with a sentence, and the example file names exactly what can be set."""

import re
from pathlib import Path

import pytest

from worker.settings import KNOWN, SECRETS, Settings, SettingsError

ROOT = Path(__file__).parent.parent
KEY = "k" * 32


def read(tmp_path: Path, **values: str) -> Settings:
    return Settings.from_environment({"FACTURELAY_DATA": str(tmp_path), **values})


def refused(tmp_path: Path, **values: str) -> SettingsError:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, **values)
    return error.value


def test_with_nothing_set_everything_is_on_this_machine(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found == Settings(
        data=tmp_path,
        public_url="http://127.0.0.1:8080",
        database_url=f"sqlite:///{tmp_path / 'facturelay.db'}",
        redis_url=f"unix://{tmp_path / 'valkey' / 'valkey.sock'}",
        secret_keys=(),
        exchange_rates_url=found.exchange_rates_url,  # on by itself, and off where Settings are built by hand
        vies_url=found.vies_url,
        mollie_url=found.mollie_url,
    )


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("FACTURELAY_PUBLIC_URL", "documents.example.com", "write an address like https://"),
        ("FACTURELAY_PUBLIC_URL", "https://documents.example.com/?a=b", "write an address like https://"),
        ("FACTURELAY_SECRET_KEY", "short", "shorter than 32 characters"),
        ("FACTURELAY_SECRET_KEY", f"{KEY},short", "shorter than 32 characters"),
        ("FACTURELAY_ALLOW_PRIVATE_SHOPS", "maybe", "write 1 or 0"),
        ("FACTURELAY_MAX_BODY_BYTES", "1", "write a whole number from 10000 up"),
        ("FACTURELAY_MAX_BODY_BYTES", "5 MB", "write a whole number"),
        ("FACTURELAY_LOG_LEVEL", "LOUD", "choose one of DEBUG, INFO, WARNING, ERROR"),
        ("FACTURELAY_SCHEDULER_SECONDS", "0", "write a whole number from 1 up"),
        ("FACTURELAY_POLL_SECONDS", "-5", "write a whole number from 1 up"),
        ("FACTURELAY_TEMPLATES", "/nowhere/at/all", "is not a folder"),
        ("DATABASE_URL", "mysql://localhost/db", "must start with sqlite:/// or postgresql://"),
        ("REDIS_URL", "http://localhost", "must start with redis://"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(tmp_path: Path, name: str, value: str, part: str) -> None:
    error = refused(tmp_path, **{name: value})
    assert name in str(error.message)
    assert part in str(error.message)


def test_a_mistyped_name_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    error = refused(tmp_path, FACTURELAY_PUBLIC_ULR="https://documents.example.com")
    assert str(error.message) == "FACTURELAY_PUBLIC_ULR is not a setting; did you mean FACTURELAY_PUBLIC_URL?"


def test_names_of_others_and_of_the_tests_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, PATH="/bin", FACTURELAY_E2E_URL="https://shop.example", FACTURELAY_TEST_X="1") == read(
        tmp_path
    )


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_can_come_from_a_file(tmp_path: Path, name: str) -> None:
    value = {"FACTURELAY_SECRET_KEY": KEY, "DATABASE_URL": "sqlite:////tmp/x.db", "REDIS_URL": "redis://h"}.get(
        name, "smtp://u:p@h"
    )
    (tmp_path / "handed-over").write_text(f"{value}\n")
    assert read(tmp_path, **{f"{name}_FILE": str(tmp_path / "handed-over")}) == read(tmp_path, **{name: value})


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, REDIS_URL="redis://h", REDIS_URL_FILE="/x").code == "setting_twice"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, DATABASE_URL_FILE=str(tmp_path / "gone"))
    assert (
        str(error.message)
        == f"DATABASE_URL_FILE names {tmp_path / 'gone'}, which cannot be read: No such file or directory"
    )


def test_a_name_that_is_no_secret_cannot_come_from_a_file(tmp_path: Path) -> None:
    assert refused(tmp_path, FACTURELAY_LOG_LEVEL_FILE="/x").code == "setting_unknown"


@pytest.mark.parametrize("start", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_every_way_to_write_postgresql_names_our_driver(tmp_path: Path, start: str) -> None:
    found = read(tmp_path, DATABASE_URL=f"{start}me@db/facturelay").database_url
    assert found == "postgresql+psycopg://me@db/facturelay"


def test_the_key_of_the_first_start_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text(f"{KEY}\n")
    assert read(tmp_path).secret_keys == (KEY,)
    assert read(tmp_path, FACTURELAY_SECRET_KEY=f" {'n' * 32} , {KEY}").secret_keys == ("n" * 32, KEY)


def test_secrets_do_not_print_themselves(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, FACTURELAY_SECRET_KEY=KEY, FACTURELAY_SMTP_URL="smtp://me:hush@mail.example"))
    assert KEY not in shown
    assert "hush" not in shown


def test_what_is_handed_to_other_processes_reads_back_the_same(tmp_path: Path) -> None:
    given = read(
        tmp_path, FACTURELAY_SECRET_KEY=KEY, FACTURELAY_SCHEDULER_SECONDS="7", FACTURELAY_ALLOW_PRIVATE_SHOPS="yes"
    )
    assert Settings.from_environment(given.as_environment()) == given


def test_the_example_file_names_exactly_what_can_be_set() -> None:
    named = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted({*KNOWN, "DATABASE_URL", "REDIS_URL", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"})


def test_parts_get_the_settings_once_though_secrets_came_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 40, encoding="utf-8")
    environ = {"FACTURELAY_DATA": str(tmp_path), "FACTURELAY_SECRET_KEY_FILE": str(tmp_path / "key"), "PATH": "/bin"}
    given = Settings.from_environment(environ)
    of_parts = given.environment_of_processes(environ)
    assert of_parts["PATH"] == "/bin"
    assert Settings.from_environment(of_parts) == given


@pytest.mark.parametrize(
    "url", ["mail.example.com", "smtp://", "smtp://u:p#x@mail.example.com", "http://mail.example.com"]
)
def test_a_mail_server_that_cannot_be_read_stops_the_start_without_repeating_its_password(
    url: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="FACTURELAY_SMTP_URL cannot be read") as refused:
        Settings.from_environment({"FACTURELAY_DATA": str(tmp_path), "FACTURELAY_SMTP_URL": url})
    assert "u:p" not in str(refused.value.message)
