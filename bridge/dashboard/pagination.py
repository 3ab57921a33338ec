"""What list pages share: where a page begins, the addresses of the pages beside it, and plots."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

from bridge.i18n.translate import words, zone
from worker.store.database.pagination import Page, Place
from worker.store.hourly_stats import Day, Hour

LONGEST_CURSOR = 400


def place() -> Place:
    """Where the page that was asked for begins."""
    after, before = (request.args.get(name, "")[:LONGEST_CURSOR] for name in ("after", "before"))
    return Place(after=after, before=before)


def neighbours(page: Page[Any]) -> dict[str, str]:
    """The addresses of the newer and the older page, with the same filters; empty where there is none."""
    kept = [(name, value) for name, value in request.args.items() if name not in ("after", "before", "asked") and value]
    newer = f"?{urlencode([*kept, ('before', page.previous)])}" if page.previous else ""
    older = f"?{urlencode([*kept, ('after', page.next)])}" if page.next else ""
    return {"newer": newer, "older": older}


@dataclass(frozen=True)
class Bar:
    """One bar of a plot: *height* in percent of the highest, *says* what a pointer on it is told."""

    height: float
    says: str


def bars(points: Sequence[Hour | Day], of: str) -> tuple[Bar, ...]:
    """The bars of one figure over time; hours without any are flat."""
    values = [getattr(point, of) or 0 for point in points]
    highest = max(values, default=0) or 1
    return tuple(
        Bar(round(100 * value / highest, 1), f"{label(point)}: {value}")
        for value, point in zip(values, points, strict=True)
    )


def label(point: Hour | Day) -> str:
    return words().short_date(point.day) if isinstance(point, Day) else f"{point.hour.astimezone(zone()):%H:%M}"
