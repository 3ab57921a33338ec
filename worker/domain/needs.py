"""What needs a person, counted by shop and reason: merged over shops, the most harmful first. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from worker.domain.attention import Reason, Source
from worker.domain.attention_reasons import reason_of
from worker.domain.health import RoadHealth


@dataclass(frozen=True)
class NeedGroup:
    """Things of one shop that need a person for the same reason; *since* the oldest of them is there.

    *shops* counts those of a group that was merged over all shops; its *shop_id* is empty then.
    """

    reason: Reason
    shop_id: str
    count: int
    since: datetime
    shops: int = 1


@dataclass(frozen=True)
class Needs:
    """The *groups* that a person must see to, the most harmful first; *notices* only inform. *kept* are the drafts that the
    shops' own rules keep. Neither of the two is counted."""

    groups: tuple[NeedGroup, ...] = ()
    notices: tuple[NeedGroup, ...] = ()
    kept: int = 0

    @property
    def total(self) -> int:
        return sum(group.count for group in self.groups)

    def untold(self, roads: Iterable[RoadHealth]) -> tuple[RoadHealth, ...]:
        """Those of *roads* that no alert among these tells of."""
        told = {group.reason for group in self.groups}
        return tuple(one for one in roads if not (one.alert and reason_of(Source.ALERT, one.alert) in told))


def merged(some: Iterable[Needs]) -> Needs:
    found = list(some)
    return Needs(
        groups=merged_groups(group for one in found for group in one.groups),
        notices=merged_groups(group for one in found for group in one.notices),
        kept=sum(one.kept for one in found),
    )


def merged_groups(groups: Iterable[NeedGroup]) -> tuple[NeedGroup, ...]:
    by_reason: dict[str, NeedGroup] = {}
    for group in groups:
        other = by_reason.get(group.reason.name)
        by_reason[group.reason.name] = both(other, group) if other else group
    return tuple(sorted(by_reason.values(), key=worst_first))


def both(one: NeedGroup, other: NeedGroup) -> NeedGroup:
    same_shop = one.shop_id == other.shop_id
    return replace(
        one,
        shop_id=one.shop_id if same_shop else "",
        count=one.count + other.count,
        since=min(one.since, other.since),
        shops=one.shops if same_shop else one.shops + other.shops,
    )


def worst_first(group: NeedGroup) -> tuple[int, datetime, str]:
    return group.reason.harm, group.since, group.reason.name
