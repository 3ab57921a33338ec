"""`facturelay reconcile | backfill | backup | restore`: proving that all is there, and getting it back."""

import csv
import io
import time
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import click

from worker.accounting import reconcile as reconciling
from worker.accounting.reconcile import Reconciliation, Row, State
from worker.cli.common import Bar, open_services, read_settings, show, table, with_data, with_json
from worker.cli.shop import find
from worker.domain.settings_form import read_instant
from worker.errors import Rejected
from worker.invoicing import backfill as backfilling
from worker.invoicing.backfill import Preview, Wanted
from worker.maintenance import backup as backing
from worker.services import Services
from worker.store.shops import Connected

# Longer than this without one more order done, and nobody seems to be at work.
NOBODY_WORKS_AFTER_S = 120.0
MOST_SHOWN = 20


@click.command()
@click.argument("shop_id", metavar="SHOP")
@click.option("--month", required=True, help="Like 2026-11, in the shop's time zone.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one line for each order, for a spreadsheet.")
@with_data
@with_json
@click.pass_context
def reconcile(
    context: click.Context, shop_id: str, month: str, data: Path | None, *, as_csv: bool, as_json: bool
) -> None:
    """Prove that every order of a month has its documents, mails and notes. Exit 1 when something is missing."""
    services = open_services(data)
    connected = find(services, shop_id)
    with Bar("Comparing", quiet=as_json or as_csv) as bar:
        found = reconciling.reconcile(services, connected, month, told=bar.told)
    if as_csv:
        click.echo(spreadsheet(found), nl=False)
    else:
        show(reconciling.as_json(found), as_json=as_json, text=lambda: told(found))
    context.exit(0 if found.is_complete else 1)


def told(found: Reconciliation) -> str:
    counts = ", ".join(f"{len(found.of(state))} {state.replace('_', ' ')}" for state in State if found.of(state))
    lines = [f"{len(found.rows)} orders of {found.month}: {counts or 'none'}."]
    for state in (State.MISSING, State.WAITS, State.GONE):
        rows = [(f"  {row.number}", row.status, f"{row.total} {row.currency}", row.sentence) for row in found.of(state)]
        if rows:
            lines += [f"\n{state.capitalize()}", table(rows, right=(2,))]
    for total in found.totals:
        difference = total.ordered - total.invoiced
        lines.append(
            f"\n{total.currency}: the shop sold {total.ordered} in orders with an invoice, the invoices say "
            f"{total.invoiced}{'' if not difference else f', a difference of {difference}'}; {total.credited} was "
            "credited for refunds."
        )
    return "\n".join(lines)


def spreadsheet(found: Reconciliation) -> str:
    text = io.StringIO()
    sheet = csv.writer(text)
    sheet.writerow(
        ["order", "placed_on", "status", "currency", "total", "state", "documents", "invoiced", "credited", "why"]
    )
    for row in found.rows:
        sheet.writerow([cell(value) for value in cells(row)])
    return text.getvalue()


def cells(row: Row) -> list[str]:
    numbers = " ".join(made.document.number for made in row.issued if made.document)
    return [
        row.number,
        row.placed_on.isoformat(),
        row.status,
        row.currency,
        f"{row.total:.2f}",
        row.state,
        numbers,
        f"{row.invoiced:.2f}",
        f"{row.credited:.2f}",
        row.sentence,
    ]


def cell(text: str) -> str:
    """What a spreadsheet would take for a formula becomes text; a negative amount stays one."""
    is_formula = text.startswith(("=", "+", "-", "@", "\t", "\r")) and not is_amount(text)
    return f"'{text}" if is_formula else text


def is_amount(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit()


@click.command()
@click.argument("shop_id", metavar="SHOP")
@click.option("--since", help="The first day, like 2026-01-01.")
@click.option("--until", help="The last day (default: today).")
@click.option("--orders", "order_ids", help="Order ids instead, like 12,15,18.")
@click.option("--dry-run", is_flag=True, help="Show what would be made and make nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_data
@with_json
def backfill(
    shop_id: str,
    since: str | None,
    until: str | None,
    order_ids: str | None,
    data: Path | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Make the documents of old orders: those placed before this shop was connected make none by themselves.

    Shows first what there would be. Broken off, the same command goes on where it was.
    """
    services = open_services(data)
    connected = find(services, shop_id)
    wanted = what_is_wanted(connected, since=since, until=until, order_ids=order_ids)
    with Bar("Asking the shop", quiet=as_json) as bar:
        found = backfilling.preview(services, connected, wanted, told=bar.told)
    show(
        preview_as_json(found),
        as_json=as_json and (dry_run or not yes),
        text=lambda: "" if as_json else foreseen(found),
    )
    if dry_run or not found.to_make:
        return
    if not yes:
        click.confirm("Make them?", abort=True, err=True)
    make(services, connected, found, as_json=as_json)


def make(services: Services, connected: Connected, found: Preview, *, as_json: bool) -> None:
    kept = backfilling.start(services, connected, found)
    with Bar("Making", quiet=as_json) as bar:
        finished = wait_for(services, kept, bar)
    answer = {**preview_as_json(found), "finished": finished}
    text = "They are made." if finished else "The workers go on with them; `facturelay status` shows how far they are."
    show(answer, as_json=as_json, text=lambda: text)


def wait_for(services: Services, delivery_ids: tuple[int, ...], bar: "Bar") -> bool:
    """Wait for as long as the workers get on with it."""
    left, since = len(delivery_ids), time.monotonic()
    while left and time.monotonic() - since < NOBODY_WORKS_AFTER_S:
        now_left = backfilling.still_open(services, delivery_ids)
        if now_left < left:
            left, since = now_left, time.monotonic()
        bar.told(len(delivery_ids) - left, len(delivery_ids))
        time.sleep(0.2 if left else 0)
    return not left


def what_is_wanted(connected: Connected, *, since: str | None, until: str | None, order_ids: str | None) -> Wanted:
    if order_ids:
        if since or until:
            raise click.UsageError("Give either --orders or --since and --until.")
        parts = [part.strip() for part in order_ids.split(",")]
        if not all(part.isascii() and part.isdigit() for part in parts):
            raise click.UsageError(f"“{order_ids}” are not order ids; write them like 12,15,18.")
        return Wanted(order_ids=tuple(dict.fromkeys(int(part) for part in parts)))
    if not since:
        raise click.UsageError("Say which orders: --since 2026-01-01, or --orders 12,15,18.")
    zone = connected.shop.zone
    try:
        last = date.fromisoformat(until) if until else date.today()  # noqa: DTZ011  # the day after is taken anyway
        return Wanted(
            since=read_instant(since, zone=zone), until=read_instant((last + timedelta(days=1)).isoformat(), zone=zone)
        )
    except ValueError as error:
        raise Rejected(f"{error}", code="option_wrong") from error


def foreseen(found: Preview) -> str:
    making = found.to_make
    documents = [document for order in making for document in order.due]
    later, drafts = sum(order.credit_notes for order in making), sum(order.drafts for order in making)
    mails = sum(1 for order in making if order.mails_to)
    lines = [
        (
            f"{len(found.orders)} orders, {len(making)} of them lack something: {len(documents)} documents and {later} "
            f"credit notes after them; {drafts} would wait as drafts, and {mails} customers would get a mail today."
        )
    ]
    rows = [(f"  {order.number}", order.placed_on, order.status, ", ".join(order.due)) for order in making[:MOST_SHOWN]]
    lines.append(table(rows))
    if len(making) > MOST_SHOWN:
        lines.append(f"  … and {len(making) - MOST_SHOWN} more (--json shows all)")
    return "\n".join(lines)


def preview_as_json(found: Preview) -> dict[str, object]:
    return {"orders": [asdict(order) for order in found.orders], "to_make": len(found.to_make)}


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--with-key", is_flag=True, help="Put the secret key in too; whoever has the file can then read the shops' keys."
)
@with_data
@with_json
def backup(file: Path, data: Path | None, *, with_key: bool, as_json: bool) -> None:
    """Write database and archive into one file. Nothing need be stopped."""
    made = backing.back_up(open_services(data), file, with_key=with_key)
    key = (
        "It holds the secret key: keep it where only you can read it."
        if with_key
        else "It does NOT hold the secret key: keep FACTURELAY_SECRET_KEY (or the file secret-key) elsewhere, or the shops' "
        "keys and all links are lost."
    )
    text = f"{file}: {made.documents} documents, {made.files} files, {made.database}.\n{key}"
    show({"file": str(file), **asdict(made)}, as_json=as_json, text=lambda: text)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--moved",
    is_flag=True,
    help="Everything was stopped before the backup: nothing was issued since, numbers just go on.",
)
@with_data
@with_json
def restore(file: Path, data: Path | None, *, moved: bool, as_json: bool) -> None:
    """Put a backup into an empty data folder (and, for PostgreSQL, the empty database of DATABASE_URL).

    Nothing is issued after it until `facturelay register resume SHOP`, unless you say --moved.
    """
    settings = read_settings(data)
    made = backing.restore(file, settings, moved=moved)
    lines = [
        f"{settings.data}: {made.documents} documents and {made.files} files are back as of {made.made_at}; all are whole."
    ]
    if not made.holds_key:
        lines.append(
            "The backup holds no secret key: set FACTURELAY_SECRET_KEY to the one it was made with before you start."
        )
    if not moved:
        lines.append(
            "Documents issued after that moment are not in it. So that no number is given twice, each shop waits until you "
            "say where its numbers go on; start Facturelay, and for each shop: facturelay register resume SHOP"
        )
    show({"data": str(settings.data), **asdict(made)}, as_json=as_json, text=lambda: "\n".join(lines))
