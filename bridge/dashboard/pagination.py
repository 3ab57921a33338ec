"""What list pages share: where a page begins, the addresses of the pages beside it, and plots."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

from bridge.i18n.translate import translator, zone
from worker.store.database.pagination import Page, PageRequest
from worker.store.hourly_stats import DailyStats, HourlyStats

LONGEST_CURSOR = 400


def page_request() -> PageRequest:
    """Where the requested page begins."""
    after, before = (request.args.get(name, "")[:LONGEST_CURSOR] for name in ("after", "before"))
    return PageRequest(after=after, before=before)


def neighbours(page: Page[Any]) -> dict[str, str]:
    """The addresses of the newer and the older page, with the same filters; empty where there is none."""
    filters = [
        (name, value) for name, value in request.args.items() if name not in ("after", "before", "task") and value
    ]
    newer = f"?{urlencode([*filters, ('before', page.previous)])}" if page.previous else ""
    older = f"?{urlencode([*filters, ('after', page.next)])}" if page.next else ""
    return {"newer": newer, "older": older}


@dataclass(frozen=True)
class PlotBar:
    """One bar of a plot: *height* in percent of the highest, *label* for the pointer."""

    height: float
    label: str


def plot_bars(points: Sequence[HourlyStats | DailyStats], field: str) -> tuple[PlotBar, ...]:
    """The bars of one figure over time; hours without any are flat."""
    values = [getattr(point, field) or 0 for point in points]
    highest = max(values, default=0) or 1
    return tuple(
        PlotBar(round(100 * value / highest, 1), f"{point_label(point)}: {value}")
        for value, point in zip(values, points, strict=True)
    )


def point_label(point: HourlyStats | DailyStats) -> str:
    return (
        translator().short_date(point.day)
        if isinstance(point, DailyStats)
        else f"{point.hour.astimezone(zone()):%H:%M}"
    )
