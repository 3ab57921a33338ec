"""Settings: read once from the environment, checked, frozen. An unknown or wrong value stops the start with a sentence.

`VARIABLES` is the one table: what is known, how it is read and how it is handed on follow from it.
"""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from worker.errors import Rejected
from worker.net.email_address import EMAIL_ADDRESS
from worker.net.mollie_key import MOLLIE
from worker.net.sender import parse_networks
from worker.net.smtp_url import parse_smtp_url

PREFIX = "FACTURELAY_"
# Of the embedded broker, in the data folder.
BROKER_PASSWORD = Path("valkey/password")
ECB_DAILY = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"
VIES_CHECK_NUMBER = "https://ec.europa.eu/taxation_customs/vies/rest-api/check-vat-number"
# Read by the tests and by the e2e suite only; known, so that they do not stop a start.
TEST_PREFIXES = ("FACTURELAY_E2E_", "FACTURELAY_TEST_")


class SettingsError(Rejected):
    """A value of the environment is wrong; the message names it."""


# The readers: each makes a value of a variable's text, or raises ValueError with what to say after the variable's name.


def read_folder(text: str) -> Path | None:
    if not text.strip():
        return None
    found = Path(text.strip()).expanduser().resolve()
    if not found.is_dir():
        raise ValueError(f"is “{text}”, which is not a folder")
    return found


def read_public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"is “{text}”; write an address like https://documents.example.com")
    return text.rstrip("/")


def read_database_url(text: str) -> str:
    """Accept what hosting providers hand out (`postgres://`) and name the driver we ship."""
    for start in ("postgres://", "postgresql://"):
        if text.startswith(start):
            return "postgresql+psycopg://" + text.removeprefix(start)
    if text.startswith(("sqlite:///", "postgresql+psycopg://")):
        return text
    raise ValueError("must start with sqlite:/// or postgresql://")


def read_redis_url(text: str) -> str:
    if text.startswith(("redis://", "rediss://", "unix://")):
        return text
    raise ValueError("must start with redis://, rediss:// or unix://")


def read_secret_keys(text: str) -> tuple[str, ...]:
    """Split the list, newest first."""
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if any(len(key) < 32 for key in keys):
        raise SettingsError(
            "FACTURELAY_SECRET_KEY is shorter than 32 characters; make one with: openssl rand -hex 32",
            code="secret_key_short",
        )
    return keys


def read_smtp_url(text: str) -> str:
    """Read the mail server's address once, so that a wrong one stops the start; no sentence repeats its password."""
    try:
        if text.strip():
            parse_smtp_url(text)
    except ValueError as error:
        raise ValueError(
            f"cannot be read: {error}. Special characters of user and password are percent-encoded (# is %23)."
        ) from error
    return text.strip()


def read_peppol_provider(text: str) -> str:
    if not text.strip():
        return ""
    # Imported here: it knows documents and orders, and `facturelay up` reads its settings before anything else loads.
    from worker.domain.access_point import PROVIDERS

    if text.strip() in PROVIDERS:
        return text.strip()
    raise ValueError(f"is “{text}”; choose one of {', '.join(PROVIDERS)}")


def read_yes_no(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in ("1", "true", "yes", "on"):
        return True
    if lowered in ("", "0", "false", "no", "off"):
        return False
    raise ValueError(f"is “{text}”; write 1 or 0")


def read_networks(text: str) -> tuple[str, ...]:
    try:
        return parse_networks(text)
    except ValueError as error:
        raise ValueError(f"is “{text}”; write addresses or networks like 10.0.0.2,192.168.7.0/24") from error


def read_log_level(text: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if text.upper() not in levels:
        raise ValueError(f"is “{text.upper()}”; choose one of {', '.join(levels)}")
    return text.upper()


def whole_number(text: str, least: int = 1) -> int:
    if text.strip().isdigit() and int(text) >= least:
        return int(text)
    raise ValueError(f"is “{text}”; write a whole number from {least} up")


def stored(name: str, otherwise: str = "") -> Callable[[Path], str]:
    """What the first start left in the data folder under *name*."""
    return lambda data: (data / name).read_text(encoding="utf-8").strip() if (data / name).exists() else otherwise


def embedded_redis_url(data: Path) -> str:
    """The broker that `facturelay up` starts under *data*, with the password it made there."""
    password = stored(str(BROKER_PASSWORD))(data)
    return f"unix://{f':{password}@' if password else ''}{data}/valkey/valkey.sock"


@dataclass(frozen=True)
class Variable:
    """How the environment gives a field of Settings. *unset*: its text where it is not given, or, of the data folder, where
    it says nothing; None: the field has a default. *from_file*: NAME_FILE may name a file with the text."""

    name: str
    read: Callable[[str], Any]
    unset: str | Callable[[Path], str] | None = None
    from_file: bool = False

    def is_given(self, values: Mapping[str, str]) -> bool:
        return self.name in values or self.unset is not None

    def value(self, values: Mapping[str, str], data: Path) -> Any:
        given = values.get(self.name, "")
        try:
            if callable(self.unset):
                return (given and self.read(given)) or self.read(self.unset(data))
            return self.read(given if self.name in values else self.unset or "")
        except ValueError as error:
            raise SettingsError(f"{self.name} {error}", code="setting_wrong") from error


# By the field of Settings.
VARIABLES = {
    "data": Variable("FACTURELAY_DATA", lambda text: Path(text).expanduser().resolve(), "facturelay-data"),
    "public_url": Variable("FACTURELAY_PUBLIC_URL", read_public_url, stored("public-url", "http://127.0.0.1:8080")),
    "database_url": Variable("DATABASE_URL", read_database_url, lambda data: f"sqlite:///{data}/facturelay.db", True),
    "redis_url": Variable("REDIS_URL", read_redis_url, embedded_redis_url, True),
    "secret_keys": Variable("FACTURELAY_SECRET_KEY", read_secret_keys, stored("secret-key"), True),
    "smtp_url": Variable("FACTURELAY_SMTP_URL", read_smtp_url, from_file=True),
    "mail_from": Variable("FACTURELAY_MAIL_FROM", str),
    "mails_per_day": Variable("FACTURELAY_MAILS_PER_DAY", partial(whole_number, least=0)),
    "operator_mail": Variable("FACTURELAY_OPERATOR_MAIL", str),
    "allow_private_shops": Variable("FACTURELAY_ALLOW_PRIVATE_SHOPS", read_yes_no),
    "max_body_bytes": Variable("FACTURELAY_MAX_BODY_BYTES", partial(whole_number, least=10_000)),
    "trusted_proxies": Variable("FACTURELAY_TRUSTED_PROXIES", read_networks),
    "archive_url": Variable("FACTURELAY_ARCHIVE_URL", lambda text: text.rstrip("/")),
    "log_level": Variable("FACTURELAY_LOG_LEVEL", read_log_level),
    "scheduler_seconds": Variable("FACTURELAY_SCHEDULER_SECONDS", whole_number),
    "poll_seconds": Variable("FACTURELAY_POLL_SECONDS", whole_number),
    "exchange_rates_url": Variable("FACTURELAY_EXCHANGE_RATES_URL", str, ECB_DAILY),
    "vies_url": Variable("FACTURELAY_VIES_URL", str.strip, VIES_CHECK_NUMBER),
    "peppol_provider": Variable("FACTURELAY_PEPPOL_PROVIDER", read_peppol_provider),
    "peppol_key": Variable("FACTURELAY_PEPPOL_KEY", str.strip, from_file=True),
    "peppol_url": Variable("FACTURELAY_PEPPOL_URL", lambda text: text.strip().rstrip("/")),
    "mollie_url": Variable("FACTURELAY_MOLLIE_URL", lambda text: text.strip().rstrip("/"), MOLLIE),
    "templates": Variable("FACTURELAY_TEMPLATES", read_folder),
    "lease_seconds": Variable("FACTURELAY_TEST_LEASE_SECONDS", whole_number),
    "longest_wait_seconds": Variable("FACTURELAY_TEST_LONGEST_WAIT_SECONDS", whole_number),
    "shop_timeout_seconds": Variable("FACTURELAY_TEST_SHOP_TIMEOUT_SECONDS", whole_number),
}
SECRETS = tuple(variable.name for variable in VARIABLES.values() if variable.from_file)
KNOWN = tuple(
    variable.name
    for variable in VARIABLES.values()
    if variable.name.startswith(PREFIX) and not variable.name.startswith(TEST_PREFIXES)
)


@dataclass(frozen=True)
class Settings:
    """Everything the processes share. URLs carry no trailing slash; *secret_keys* newest first (first signs, all verify)."""

    data: Path
    public_url: str
    database_url: str
    redis_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    # Of each shop, by the operator's server; 0: any number.
    mails_per_day: int = 2_000
    operator_mail: str = ""
    allow_private_shops: bool = False
    max_body_bytes: int = 5_000_000
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-For is believed
    log_level: str = "INFO"
    scheduler_seconds: int = 5
    poll_seconds: int = 300
    exchange_rates_url: str = ""
    vies_url: str = ""
    peppol_provider: str = ""  # the operator's account with an access point, for shops that choose it
    peppol_key: str = field(default="", repr=False)
    peppol_url: str = ""  # in place of every access point's own address
    mollie_url: str = ""
    archive_url: str = field(default="", repr=False)
    templates: Path | None = None
    # A lease that runs out belongs to a worker that is gone, so it outlasts any job; after a failure the waits double up
    # to the longest; a shop may take so long within an answer. They are the same everywhere but in tests that kill
    # workers and stall shops, and cannot wait for minutes.
    lease_seconds: int = 150
    longest_wait_seconds: int = 3600
    shop_timeout_seconds: int = 15

    @property
    def mail_address(self) -> str:
        """What the operator's mail server sends as: FACTURELAY_MAIL_FROM, else the user it signs in as; empty where neither is an address."""
        candidates = [parseaddr(self.mail_from)[1]]
        if self.smtp_url:
            candidates.append(parse_smtp_url(self.smtp_url).username)
        return next((one for one in candidates if EMAIL_ADDRESS.fullmatch(one)), "")

    @property
    def scheduler_lease(self) -> timedelta:
        """For so long the scheduler that acts keeps the others from it; without a sign of it for longer, it is gone."""
        return timedelta(seconds=3 * self.scheduler_seconds + 10)

    @property
    def archive(self) -> Path:
        """The folder that holds the stored PDF and XML bytes."""
        return self.data / "archive"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check the environment. Raises SettingsError with a message for the operator."""
        refuse_unknown(environ)
        values = with_files(environ)
        data: Path = VARIABLES["data"].value(values, Path())
        return cls(**{name: one.value(values, data) for name, one in VARIABLES.items() if one.is_given(values)})

    def environment_of_processes(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """*environ* with these settings in it, for the processes that `up` and `demo` start. Secrets from files are read once."""
        files = {f"{name}_FILE" for name in SECRETS}
        return {**{name: value for name, value in environ.items() if name not in files}, **self.as_environment()}

    def as_environment(self) -> dict[str, str]:
        """The same settings as variables."""
        return {one.name: as_text(getattr(self, name)) for name, one in VARIABLES.items()}


def as_text(value: bool | int | str | tuple[str, ...] | Path | None) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)


def refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {*KNOWN, *(f"{name}_FILE" for name in SECRETS)}
    for name in environ:
        if not name.startswith(PREFIX) or name in known or name.startswith(TEST_PREFIXES):
            continue
        near = difflib.get_close_matches(name, sorted(known), n=1)
        if near:
            raise SettingsError(
                "{name} is not a setting; did you mean {near}?", name=name, near=near[0], code="setting_unknown"
            )
        raise SettingsError(
            "{name} is not a setting. Known are {known}", name=name, known=", ".join(KNOWN), code="setting_unknown"
        )


def with_files(environ: Mapping[str, str]) -> dict[str, str]:
    """Put the content of NAME_FILE in place of NAME, as containers hand over secrets."""
    values = dict(environ)
    for name in SECRETS:
        path = environ.get(f"{name}_FILE")
        if not path:
            continue
        if environ.get(name):
            raise SettingsError(
                "Both {name} and {name}_FILE are set; keep one of them", name=name, code="setting_twice"
            )
        try:
            values[name] = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(
                "{name}_FILE names {path}, which cannot be read: {reason}",
                name=name,
                path=path,
                reason=error.strerror,
                code="setting_file",
            ) from error
    return values
