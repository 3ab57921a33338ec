"""What the views may use of the world, made once per process."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, redirect

from worker.queue import Ringer
from worker.settings import Settings
from worker.store.database.encryption import Vault
from worker.store.database.engine import Store
from worker.store.files.archive import Archive, open_archive

NAME = "facturelay"


@dataclass(frozen=True)
class Parts:
    """*now* is the only clock. The vault derives its key here, once: that costs 5 ms, too much for every delivery."""

    settings: Settings
    store: Store
    vault: Vault
    archive: Archive
    ringer: Ringer
    now: Callable[[], datetime]


def assemble(settings: Settings, now: Callable[[], datetime]) -> Parts:
    """Open everything. Nothing is connected to yet: databases and Redis may come up later than we do."""
    return Parts(
        settings=settings,
        store=Store(settings.database_url),
        vault=Vault(settings.secret_keys),
        archive=open_archive(settings),
        ringer=Ringer(settings.redis_url),
        now=now,
    )


def parts() -> Parts:
    """The parts of the app that answers this request."""
    return cast(Parts, current_app.extensions[NAME])


def base_path() -> str:
    """The folder of the public address that we are reached under, "" when it has none."""
    return urlsplit(parts().settings.public_url).path


def go(path: str) -> Response:
    """On to *path*, below our base, with a GET: what follows when something was done."""
    return make_response(redirect(f"{base_path()}{path}", HTTPStatus.SEE_OTHER))


def utc_now() -> datetime:
    return datetime.now(UTC)
