"""`facturelay rates`: the VAT rates that are known, and what changed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

import click

from worker.cli.common import show, table
from worker.cli.options import with_json
from worker.domain.rates import SAME_AS, KnownRate, RateChange, RateKind, all_rates, changes, listed_since, rates_of
from worker.errors import Rejected

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option(
    "--country", "countries", multiple=True, metavar="CODE", help="Only this country, like NL; again for more."
)
@click.option("--on", "day", type=DAY, help="The rates of this day, like 2026-07-01 (default: today).")
@click.option("--changes", "only_changes", is_flag=True, help="What begins and ends, and by which law.")
@click.option("--since", type=DAY, help="With --changes: only changes from this day on.")
@with_json
def rates(
    countries: tuple[str, ...], day: datetime | None, since: datetime | None, *, only_changes: bool, as_json: bool
) -> None:
    """Show the VAT rates of the EU and its neighbours by which orders are judged, or what changed since 2024.

    XI is Northern Ireland. An order with a rate that is not here waits as a draft.
    """
    chosen = [known(country.upper()) for country in countries] or list(all_rates().values())
    if only_changes:
        found = changes(all_of(chosen), since=since.date() if since else listed_since())
        show(found, as_json=as_json, text=lambda: changes_as_text(found))
        return
    on = day.date() if day else datetime.now(UTC).date()
    if on < listed_since():
        raise Rejected(
            f"The rates are listed from {listed_since()} on; name that day or a later one.", code="day_too_early"
        )
    valid = [rate for rate in all_of(chosen) if rate.is_valid(on)]
    show(valid, as_json=as_json, text=lambda: rates_as_text(valid, on))


def known(country: str) -> tuple[KnownRate, ...]:
    found = rates_of({"EL": "GR"}.get(country, country))
    if not found:
        listed = ", ".join(sorted({*all_rates(), *SAME_AS}))
        raise Rejected(f"No rates are listed for {country}; there are lists for {listed}.", code="country_unknown")
    return found


def all_of(chosen: Iterable[tuple[KnownRate, ...]]) -> list[KnownRate]:
    return [rate for rates_of_one in chosen for rate in rates_of_one]


def rates_as_text(valid: list[KnownRate], on: date) -> str:
    head = (f"on {on}", "standard", "reduced", "islands and border zones")
    countries = dict.fromkeys(rate.country for rate in valid)
    return table([head, *((country, *(percents(valid, country, kind) for kind in RateKind)) for country in countries)])


def percents(valid: list[KnownRate], country: str, kind: RateKind) -> str:
    return ", ".join(str(rate.percent) for rate in valid if (rate.country, rate.kind) == (country, kind))


def changes_as_text(found: tuple[RateChange, ...]) -> str:
    rows = [
        (
            str(change.day),
            change.rate.country,
            f"{change.rate.percent} %",
            "ends" if change.ended else "begins",
            change.rate.kind,
            change.rate.source,
        )
        for change in found
    ]
    return table(rows, right=(2,)) or "No change is known."
