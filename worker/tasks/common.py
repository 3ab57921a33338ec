"""What errands share: who asked, about which shop, how far it is, and reading their arguments."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from worker.errors import Rejected
from worker.invoicing.manual import Person
from worker.services import Services
from worker.store import shops, tasks
from worker.store.files.temporary import FleetingFile
from worker.store.shops import Connected
from worker.store.tasks import Errand

# A long errand lets others go first after so many seconds, and goes on later where it was.
SLICE_S = 20.0
TOLD_EVERY_S = 1.0


class Unfinished(Exception):
    """The errand goes on in a later job; *so_far* is what a page can show until then."""

    def __init__(self, so_far: Mapping[str, Any]) -> None:
        super().__init__("to be continued")
        self.so_far = dict(so_far)


@dataclass
class Progress:
    """Keeps on the row how far an errand is, once a second at most: `{"done", "of"}`, for a page to show."""

    services: Services
    errand: Errand
    told_at: float = field(default_factory=time.monotonic)
    began_at: float | None = None

    def __call__(self, done: int, of: int) -> None:
        self.began_at = self.began_at or time.monotonic()
        if time.monotonic() - self.told_at < TOLD_EVERY_S:
            return
        self.told_at = time.monotonic()
        with self.services.store.write() as connection:
            tasks.tell(connection, self.errand.errand_id, {"done": done, "of": of})

    @property
    def is_over_time(self) -> bool:
        """Whether others should go first now, counted from the first thing that was done."""
        return self.began_at is not None and time.monotonic() - self.began_at > SLICE_S


def person(errand: Errand) -> Person:
    return Person(errand.asked_by)


def connected_of(services: Services, errand: Errand) -> Connected:
    with services.store.read() as connection:
        return shops.connected(connection, services.vault, errand.shop_id)


def file_of(errand: Errand, name: str = "file") -> FleetingFile:
    """The upload that the argument names. Raises Rejected for one that is not this shop's."""
    value = errand.argument.get(name)
    if not isinstance(value, Mapping):
        raise Rejected("No file was given.", code="file_missing")
    return FleetingFile.from_json(value, shop_id=errand.shop_id)


def day_of(errand: Errand, name: str) -> date:
    try:
        return date.fromisoformat(str(errand.argument[name]))
    except (KeyError, ValueError) as error:
        given = errand.argument.get(name, "")
        raise Rejected(f"“{given}” is not a day; write it like 2026-11-22.", code="day_wrong") from error


def period_of(errand: Errand) -> tuple[date, date]:
    """The first and the last day that the argument names as "since" and "until"."""
    since, until = day_of(errand, "since"), day_of(errand, "until")
    if until < since:
        raise Rejected("The last day is before the first.", code="day_wrong")
    return since, until


def begin_of(day: date, connected: Connected) -> datetime:
    """Its first instant in the shop's zone."""
    return datetime(day.year, day.month, day.day, tzinfo=connected.shop.zoneinfo)


def day_after(day: date) -> date:
    return day + timedelta(days=1)
