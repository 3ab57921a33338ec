"""What list pages share: where a page begins, the addresses of the pages beside it, and plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from flask import g, request

from bridge.accounts.access import me
from bridge.forms import parse_day, parse_whole_number
from bridge.i18n.translate import translator, zone
from worker.domain.days import start_of_day
from worker.i18n.catalogs import messages
from worker.store.database.pagination import MOST_COUNTED, PAGE_SIZE, Between, Page, PageRequest
from worker.store.database.shop_scope import Shops
from worker.store.hourly_stats import DailyStats, HourlyStats
from worker.store.queries.text_search import NOTHING_TYPED, Typed, words_of
from worker.store.users import ShopName

# Of the longest name that a list is sorted by, in any letters.
LONGEST_CURSOR = 2_000
LONGEST_NAME = 100
MOST_SENTENCES = 500
SIZES = (25, 50, 100, 200)
# What comes from the last day on, or until the first one: nothing.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9999, 12, 30)


def page_request() -> PageRequest:
    """Where the requested page begins, how many rows it has, and in which order."""
    after, before = (request.args.get(name, "")[:LONGEST_CURSOR] for name in ("after", "before"))
    size = parse_whole_number(request.args.get("size", "")[:4])
    rising = {"oldest": True, "newest": False}.get(request.args.get("sort", ""))
    by = request.args.get("by", "")[:LONGEST_NAME]
    return PageRequest(after, before, size if size in SIZES else PAGE_SIZE, rising=rising, counted=True, by=by)


@dataclass(frozen=True)
class Paging:
    """What is around a page of a list: how many it shows, out of how many; the sizes to choose from; the order, and the other one.

    *total* is None where it is not known, and one more than *most* where there are more. Addresses keep the filters. *by* names the
    column that it is sorted by, where there are several; *sorts* has the addresses of the others. *narrow*: it has too many rows to be
    sorted by others. *tried*: the page is short, as no more rows than that were searched for it.
    """

    shown: int
    total: int | None
    most: int
    size: int
    sizes: tuple[tuple[int, str], ...]
    rising: bool
    other_order: str
    by: str = ""
    sorts: Mapping[str, str] = field(default_factory=dict)
    narrow: bool = False
    tried: int = 0

    @property
    def is_more(self) -> bool:
        return self.total is not None and self.total > self.most


def neighbours(page: Page[Any], *, rising: bool = False, by: str = "", sorts: Sequence[str] = ()) -> dict[str, Any]:
    """The addresses of the newer and the older page, with the same filters; empty where there is none. And the `paging`.

    *rising*: the order of the list where none is asked for.
    """
    asked = page_request()
    rising = rising if asked.rising is None else asked.rising
    paging = Paging(
        shown=len(page.rows),
        total=page.total,
        most=MOST_COUNTED,
        size=asked.size,
        sizes=tuple((size, address(size=str(size))) for size in SIZES),
        rising=rising,
        other_order=address(sort="newest" if rising else "oldest"),
        by=by,
        sorts={name: address(by=name, sort="") for name in sorts if name != by},
        tried=page.tried,
    )
    newer = address(before=page.previous) if page.previous else ""
    older = address(after=page.next) if page.next else ""
    return {"newer": newer, "older": older, "paging": paging}


def sortable(page: Page[Any], names: Sequence[str], *, rising: bool = False) -> dict[str, Any]:
    """As `neighbours`, of a list that can be sorted by *names*, of which the first is its own order: by all of them as long as it has few rows."""
    sorts = [name for name in names if name in (names[0], *page.sorts)]
    found = neighbours(page, rising=rising or bool(page.by), by=page.by or names[0], sorts=sorts)
    return {**found, "paging": replace(found["paging"], narrow=found["paging"].is_more and len(sorts) < len(names))}


def address(**changes: str) -> str:
    """The address of this list from its start, with its filters and *changes*. One that is shown at another address says its own in `g`."""
    away = ("after", "before", "from", "task", *changes)
    kept = [(name, value) for name, value in request.args.items() if name not in away and value]
    filters = urlencode([*kept, *((name, value) for name, value in changes.items() if value)])
    return f"{g.get('list_address', '')}?{filters}"


def shops_asked(mine: Sequence[ShopName]) -> Shops:
    """Of the shops that the user sees, those whose name or address has what `shop` of the address says; without it all of them."""
    typed = shop_asked()
    if not typed:
        return None if me().user.operator else tuple(one.shop_id for one in mine)
    return tuple(one.shop_id for one in mine if one.is_like(typed))


def shop_asked() -> str:
    return " ".join(request.args.get("shop", "")[:LONGEST_NAME].split())


def typed() -> Typed:
    """What `q` of the address says, and which sentences have its words in the reader's language."""
    text = " ".join(request.args.get("q", "")[:LONGEST_NAME].split())
    if not text:
        return NOTHING_TYPED
    told = messages(translator().language)
    said_as = {key: plain(said or key) for key, said in told.items()}
    said = {word: tuple(key for key in told if plain(word) in said_as[key]) for word in words_of(text)}
    return Typed(text, {word: keys[:MOST_SENTENCES] for word, keys in said.items()})


def plain(text: str) -> str:
    """In small letters, with the apostrophe of a keyboard in place of that of print."""
    return text.lower().replace("’", "'")


def days_asked(zone_of_shop: tzinfo) -> Between:
    """The instants between which `since` and `until` of the address lie, both days included; None where there is none."""
    since, until = asked_days()
    return Between(
        start_of_day(since, zone_of_shop).astimezone(UTC) if since else None,
        start_of_day(min(until, LAST_DAY) + timedelta(days=1), zone_of_shop).astimezone(UTC) if until else None,
    )


def asked_days() -> tuple[date | None, date | None]:
    """From which day up to which the address asks, None where it does not. One that cannot be read finds nothing: a list of all would
    pass for what was asked for, and "all of this list" would be done with all that there is."""
    since, until = (request.args.get(name, "").strip() for name in ("since", "until"))
    return (parse_day(since) or LAST_DAY) if since else None, (parse_day(until) or FIRST_DAY) if until else None


@dataclass(frozen=True)
class PlotBar:
    """One bar of a plot: its heights in percent of the highest, and the two numbers, neither of which counts the other."""

    label: str
    documents: int
    failures: int
    height: float
    failed_height: float

    @property
    def drawn(self) -> float:
        """The height of what is seen: also of nothing, a line."""
        return max(self.height, 1)


@dataclass(frozen=True)
class Plot:
    """The bars in order of time; *highest* is what the top of the plot stands for."""

    bars: tuple[PlotBar, ...]
    highest: int


def plot_of(points: Sequence[HourlyStats | DailyStats]) -> Plot:
    """Documents and failures over time, beside each other: what fails may be no document. Hours without any are flat."""
    highest = max((max(point.documents, point.failures) for point in points), default=0)
    scale = 100 / (highest or 1)
    return Plot(
        tuple(
            PlotBar(
                point_label(point),
                point.documents,
                point.failures,
                round(point.documents * scale, 1),
                round(point.failures * scale, 1),
            )
            for point in points
        ),
        highest,
    )


def point_label(point: HourlyStats | DailyStats) -> str:
    return (
        translator().short_date(point.day)
        if isinstance(point, DailyStats)
        else f"{point.hour.astimezone(zone()):%H:%M}"
    )
