"""How it goes on each road that a shop's documents depend on: well, late, down, or never heard of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from worker.message import Message


class RoadState(StrEnum):
    """*NEVER* is no *WELL*: nothing was ever heard there. *UNSET*: nothing can be, before somebody sets it up."""

    WELL = "well"
    LATE = "late"
    DOWN = "down"
    NEVER = "never"
    UNSET = "unset"


class HealthRoad(StrEnum):
    """The first six are of one shop, the others of the installation, and told to operators alone."""

    ORDERS = "orders"
    SHOP = "shop"
    MAIL = "mail"
    PEPPOL = "peppol"
    BANK = "bank"
    WORK = "work"
    BROKER = "broker"
    WORKERS = "workers"
    SWEEP = "sweep"
    PAUSED = "paused"
    DISK = "disk"
    BACKUP = "backup"


ROAD_LABELS = {
    HealthRoad.ORDERS: Message("Incoming orders"),
    HealthRoad.SHOP: Message("Connection to the shop"),
    HealthRoad.MAIL: Message("Outgoing mail"),
    HealthRoad.PEPPOL: Message("By Peppol"),
    HealthRoad.BANK: Message("Bank files"),
    HealthRoad.WORK: Message("Making of documents"),
    HealthRoad.BROKER: Message("Queue"),
    HealthRoad.WORKERS: Message("Workers"),
    HealthRoad.SWEEP: Message("Scheduler"),
    HealthRoad.PAUSED: Message("Paused work"),
    HealthRoad.DISK: Message("Disk"),
    HealthRoad.BACKUP: Message("Last backup"),
}
STATE_LABELS = {
    RoadState.WELL: Message("well"),
    RoadState.LATE: Message("late"),
    RoadState.DOWN: Message("down"),
    RoadState.NEVER: Message("nothing yet"),
    RoadState.UNSET: Message("not set up"),
}
CONNECTED_BY = (HealthRoad.ORDERS, HealthRoad.SHOP)
WORST_FIRST = (RoadState.DOWN, RoadState.LATE, RoadState.NEVER, RoadState.UNSET, RoadState.WELL)


class RoadHealth(NamedTuple):
    """Some of each of hundreds of shops at once, so no dataclass that is frozen, which takes three times as long to make.

    *since*: of *WELL* when it was last heard, else since when it is so; None where nobody knows.

    *alert*: the code of the open alert that says the same. *is_rested*: whether a server is left in peace, which says so too.
    """

    road: HealthRoad
    state: RoadState
    since: datetime | None
    message: Message
    alert: str = ""
    is_rested: bool = False

    @property
    def is_trouble(self) -> bool:
        return self.state in (RoadState.LATE, RoadState.DOWN)


@dataclass(frozen=True)
class Fault:
    """What is known to be wrong on a road. *is_down*: not for some minutes only."""

    since: datetime
    message: Message
    is_down: bool = True
    alert: str = ""
    is_rested: bool = False

    def of(self, road: HealthRoad) -> RoadHealth:
        state = RoadState.DOWN if self.is_down else RoadState.LATE
        return RoadHealth(road, state, self.since, self.message, self.alert, self.is_rested)


@dataclass(frozen=True)
class Outage:
    """A road that is down in each of *shop_ids*; *health* is that of the first of them."""

    health: RoadHealth
    shop_ids: tuple[str, ...]


def outages(by_shop: Mapping[str, Iterable[RoadHealth]]) -> tuple[Outage, ...]:
    """What is down in any of the shops, road by road."""
    found: dict[HealthRoad, list[tuple[RoadHealth, str]]] = {}
    for shop_id, roads in by_shop.items():
        for one in roads:
            if one.state is RoadState.DOWN:
                found.setdefault(one.road, []).append((one, shop_id))
    return tuple(Outage(down[0][0], tuple(shop_id for _, shop_id in down)) for down in found.values())


def worst(roads: Iterable[RoadHealth]) -> RoadState:
    """The state that a list shows for all of *roads*. By mail or Peppol nothing need have been sent yet; of the shop something must be heard."""
    silent = (RoadState.NEVER, RoadState.UNSET)
    heard = (one.state for one in roads if one.state not in silent or one.road in CONNECTED_BY)
    return min(heard, key=WORST_FIRST.index, default=RoadState.NEVER)
