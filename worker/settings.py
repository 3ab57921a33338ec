"""Settings: read once from the environment, checked, frozen. An unknown or wrong value stops the start with a sentence."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from worker.errors import Rejected
from worker.net.smtp_url import parse_smtp_url

PREFIX = "FACTURELAY_"
ECB_DAILY = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"
SECRETS = ("FACTURELAY_SECRET_KEY", "FACTURELAY_SMTP_URL", "DATABASE_URL", "REDIS_URL")
KNOWN = (
    "FACTURELAY_DATA",
    "FACTURELAY_PUBLIC_URL",
    "FACTURELAY_SECRET_KEY",
    "FACTURELAY_SMTP_URL",
    "FACTURELAY_MAIL_FROM",
    "FACTURELAY_OPERATOR_MAIL",
    "FACTURELAY_ALLOW_PRIVATE_SHOPS",
    "FACTURELAY_MAX_BODY_BYTES",
    "FACTURELAY_ARCHIVE_URL",
    "FACTURELAY_LOG_LEVEL",
    "FACTURELAY_SCHEDULER_SECONDS",
    "FACTURELAY_POLL_SECONDS",
    "FACTURELAY_EXCHANGE_RATES_URL",
    "FACTURELAY_TEMPLATES",
)
# Read by the tests and by the e2e suite only; known, so that they do not stop a start.
ALSO_KNOWN_PREFIXES = ("FACTURELAY_E2E_", "FACTURELAY_TEST_")


class SettingsError(Rejected):
    """A value of the environment is wrong; the sentence names it."""


@dataclass(frozen=True)
class Settings:
    """Everything the processes share. URLs carry no trailing slash; *secret_keys* newest first (first signs, all verify)."""

    data: Path
    public_url: str
    database_url: str
    redis_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    operator_mail: str = ""
    allow_private_shops: bool = False
    max_body_bytes: int = 5_000_000
    log_level: str = "INFO"
    scheduler_seconds: int = 5
    poll_seconds: int = 300
    exchange_rates_url: str = ""
    archive_url: str = field(default="", repr=False)
    templates: Path | None = None
    # A lease that runs out belongs to a worker that is gone, so it outlasts any job; after a failure the waits double up
    # to the longest; a shop may be silent for so long within an answer. They are the same everywhere but in tests that kill
    # workers and silence shops, and cannot wait for minutes.
    lease_seconds: int = 150
    longest_wait_seconds: int = 3600
    shop_timeout_seconds: int = 15

    @property
    def archive(self) -> Path:
        """The folder that holds the stored PDF and XML bytes."""
        return self.data / "archive"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check the environment. Raises SettingsError with a sentence for a person."""
        refuse_unknown(environ)
        values = with_files(environ)
        data = Path(values.get("FACTURELAY_DATA", "facturelay-data")).expanduser().resolve()
        return cls(
            data=data,
            public_url=checked_url(
                "FACTURELAY_PUBLIC_URL", values.get("FACTURELAY_PUBLIC_URL") or stored_public_url(data)
            ),
            database_url=database_url(values.get("DATABASE_URL") or f"sqlite:///{data / 'facturelay.db'}"),
            redis_url=redis_url(values.get("REDIS_URL") or f"unix://{data / 'valkey' / 'valkey.sock'}"),
            secret_keys=secret_keys(values.get("FACTURELAY_SECRET_KEY", ""), data),
            smtp_url=smtp_url(values.get("FACTURELAY_SMTP_URL", "")),
            mail_from=values.get("FACTURELAY_MAIL_FROM", ""),
            operator_mail=values.get("FACTURELAY_OPERATOR_MAIL", ""),
            allow_private_shops=boolean(
                "FACTURELAY_ALLOW_PRIVATE_SHOPS", values.get("FACTURELAY_ALLOW_PRIVATE_SHOPS", "0")
            ),
            max_body_bytes=whole_number(
                "FACTURELAY_MAX_BODY_BYTES", values.get("FACTURELAY_MAX_BODY_BYTES", "5000000"), least=10_000
            ),
            log_level=one_of(
                "FACTURELAY_LOG_LEVEL",
                values.get("FACTURELAY_LOG_LEVEL", "INFO").upper(),
                ("DEBUG", "INFO", "WARNING", "ERROR"),
            ),
            scheduler_seconds=whole_number(
                "FACTURELAY_SCHEDULER_SECONDS", values.get("FACTURELAY_SCHEDULER_SECONDS", "5"), least=1
            ),
            archive_url=values.get("FACTURELAY_ARCHIVE_URL", "").rstrip("/"),
            exchange_rates_url=values.get("FACTURELAY_EXCHANGE_RATES_URL", ECB_DAILY),
            templates=folder("FACTURELAY_TEMPLATES", values.get("FACTURELAY_TEMPLATES", "")),
            poll_seconds=whole_number("FACTURELAY_POLL_SECONDS", values.get("FACTURELAY_POLL_SECONDS", "300"), least=1),
            lease_seconds=whole_number(
                "FACTURELAY_TEST_LEASE_SECONDS", values.get("FACTURELAY_TEST_LEASE_SECONDS", "150"), least=1
            ),
            longest_wait_seconds=whole_number(
                "FACTURELAY_TEST_LONGEST_WAIT_SECONDS",
                values.get("FACTURELAY_TEST_LONGEST_WAIT_SECONDS", "3600"),
                least=1,
            ),
            shop_timeout_seconds=whole_number(
                "FACTURELAY_TEST_SHOP_TIMEOUT_SECONDS",
                values.get("FACTURELAY_TEST_SHOP_TIMEOUT_SECONDS", "15"),
                least=1,
            ),
        )

    def environment_of_processes(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """*environ* with these settings in it, for the processes that `up` and `demo` start. Secrets from files are read once."""
        files = {f"{name}_FILE" for name in SECRETS}
        return {**{name: value for name, value in environ.items() if name not in files}, **self.as_environment()}

    def as_environment(self) -> dict[str, str]:
        """The same settings as variables."""
        return {
            "FACTURELAY_DATA": str(self.data),
            "FACTURELAY_PUBLIC_URL": self.public_url,
            "FACTURELAY_SECRET_KEY": ",".join(self.secret_keys),
            "FACTURELAY_SMTP_URL": self.smtp_url,
            "FACTURELAY_MAIL_FROM": self.mail_from,
            "FACTURELAY_OPERATOR_MAIL": self.operator_mail,
            "FACTURELAY_ALLOW_PRIVATE_SHOPS": "1" if self.allow_private_shops else "0",
            "FACTURELAY_MAX_BODY_BYTES": str(self.max_body_bytes),
            "FACTURELAY_LOG_LEVEL": self.log_level,
            "FACTURELAY_SCHEDULER_SECONDS": str(self.scheduler_seconds),
            "FACTURELAY_POLL_SECONDS": str(self.poll_seconds),
            "FACTURELAY_EXCHANGE_RATES_URL": self.exchange_rates_url,
            "FACTURELAY_ARCHIVE_URL": self.archive_url,
            "FACTURELAY_TEMPLATES": str(self.templates or ""),
            "FACTURELAY_TEST_LEASE_SECONDS": str(self.lease_seconds),
            "FACTURELAY_TEST_LONGEST_WAIT_SECONDS": str(self.longest_wait_seconds),
            "FACTURELAY_TEST_SHOP_TIMEOUT_SECONDS": str(self.shop_timeout_seconds),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
        }


def refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {*KNOWN, *(f"{name}_FILE" for name in SECRETS)}
    for name in environ:
        if not name.startswith(PREFIX) or name in known or name.startswith(ALSO_KNOWN_PREFIXES):
            continue
        near = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"; did you mean {near[0]}?" if near else f". Known are {', '.join(KNOWN)}"
        raise SettingsError(f"{name} is not a setting{hint}", code="setting_unknown")


def with_files(environ: Mapping[str, str]) -> dict[str, str]:
    """Put the content of NAME_FILE in place of NAME, as containers hand over secrets."""
    values = dict(environ)
    for name in SECRETS:
        path = environ.get(f"{name}_FILE")
        if not path:
            continue
        if environ.get(name):
            raise SettingsError(f"Both {name} and {name}_FILE are set; keep one of them", code="setting_twice")
        try:
            values[name] = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(
                f"{name}_FILE names {path}, which cannot be read: {error.strerror}", code="setting_file"
            ) from error
    return values


def secret_keys(text: str, data: Path) -> tuple[str, ...]:
    """Split the list, newest first; without one, use the key that the first start left in the data folder."""
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    path = data / "secret-key"
    if not keys and path.exists():
        keys = (path.read_text(encoding="utf-8").strip(),)
    for key in keys:
        if len(key) < 32:
            raise SettingsError(
                "FACTURELAY_SECRET_KEY is shorter than 32 characters; make one with: openssl rand -hex 32",
                code="secret_key_short",
            )
    return keys


def stored_public_url(data: Path) -> str:
    """The address that the last `up` on this data folder answered at."""
    path = data / "public-url"
    return path.read_text(encoding="utf-8").strip() if path.exists() else "http://127.0.0.1:8080"


def checked_url(name: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(
            f"{name} is “{text}”; write an address like https://documents.example.com", code="setting_wrong"
        )
    return text.rstrip("/")


def database_url(text: str) -> str:
    """Accept what hosting providers hand out (`postgres://`) and name the driver we ship."""
    for start in ("postgres://", "postgresql://"):
        if text.startswith(start):
            return "postgresql+psycopg://" + text.removeprefix(start)
    if text.startswith(("sqlite:///", "postgresql+psycopg://")):
        return text
    raise SettingsError("DATABASE_URL must start with sqlite:/// or postgresql://", code="setting_wrong")


def redis_url(text: str) -> str:
    if text.startswith(("redis://", "rediss://", "unix://")):
        return text
    raise SettingsError("REDIS_URL must start with redis://, rediss:// or unix://", code="setting_wrong")


def smtp_url(text: str) -> str:
    """Read the mail server's address once, so that a wrong one stops the start; no sentence repeats its password."""
    try:
        if text.strip():
            parse_smtp_url(text)
    except ValueError as error:
        raise SettingsError(
            f"FACTURELAY_SMTP_URL cannot be read: {error}. Special characters of user and password are percent-encoded (# is %23).",
            code="setting_wrong",
        ) from error
    return text.strip()


def folder(name: str, text: str) -> Path | None:
    if not text.strip():
        return None
    found = Path(text.strip()).expanduser().resolve()
    if not found.is_dir():
        raise SettingsError(f"{name} is “{text}”, which is not a folder", code="setting_wrong")
    return found


def boolean(name: str, text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in ("1", "true", "yes", "on"):
        return True
    if lowered in ("", "0", "false", "no", "off"):
        return False
    raise SettingsError(f"{name} is “{text}”; write 1 or 0", code="setting_wrong")


def whole_number(name: str, text: str, *, least: int) -> int:
    if text.strip().isdigit() and int(text) >= least:
        return int(text)
    raise SettingsError(f"{name} is “{text}”; write a whole number from {least} up", code="setting_wrong")


def one_of(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text in choices:
        return text
    raise SettingsError(f"{name} is “{text}”; choose one of {', '.join(choices)}", code="setting_wrong")
