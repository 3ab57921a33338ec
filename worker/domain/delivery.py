"""How an order's buyer wants it delivered, and what has left already, as plugins of the shop wrote it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class DeliveryWish:
    """A *day* and *hours* that the buyer chose or the shop promised, and the point where the parcel waits, in one line."""

    day: date | None = None
    hours: str = ""
    pick_up_point: str = ""


@dataclass(frozen=True)
class Shipment:
    """A parcel that left: how many pieces of which lines of the order, by their ids."""

    contents: tuple[tuple[int, Decimal], ...]
