"""One verification of one shop, and the damages that its checks find."""

from collections.abc import Callable
from dataclasses import dataclass, field

from worker.domain.shop import Shop
from worker.message import Message
from worker.store.files.archive import Archive


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it was stored. *number* is empty where it is about the register itself."""

    shop_id: str
    number: str
    code: str
    message: Message


@dataclass
class Inspection:
    """Damages add up as the checks go through what was found. *on_look* is told of each document and of each file."""

    shop: Shop
    archive: Archive
    on_look: Callable[[], None] = lambda: None
    damages: list[Damage] = field(default_factory=list)

    def add_damage(self, number: str, code: str, message: Message) -> None:
        self.damages.append(Damage(self.shop.shop_id, number, code, message))


def span(first: int, last: int) -> int | Message:
    return first if first == last else Message("{first} to {last}", first=first, last=last)
