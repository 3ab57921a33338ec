"""`facturelay reconcile | backfill | backup | restore | move-database | rotate-key`: proving that all is there, and getting it back."""

import csv
import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO

import click

from worker.accounting import reconcile as reconciler
from worker.accounting import reconciliation
from worker.accounting.reconciliation import ReconciledOrder, Reconciliation, Tally
from worker.cli.common import ProgressBar, counted, of_shop, settings_there, show, table, to_json, with_services
from worker.cli.options import read_settings, with_data, with_json
from worker.domain.csv_table import escape_cell
from worker.domain.money import written
from worker.domain.setting_readers import read_instant
from worker.errors import InvalidValue, Rejected
from worker.invoicing import backfill as order_backfill
from worker.invoicing.backfill import OrderSelection, Preview
from worker.maintenance import backup as backup_files
from worker.maintenance import move_database as database_move
from worker.maintenance import restore as restore_files
from worker.maintenance.backup import Manifest
from worker.maintenance.move_database import Moved
from worker.maintenance.rotate_key import count_lost, forget_lost, rotate_key
from worker.services import Services, utc_now
from worker.settings import read_database_url
from worker.store import reports
from worker.store.database import json_codec
from worker.store.queries.health import BACKUP_REPORT
from worker.store.shops import ConnectedShop
from worker.terminal import inert

# Longer than this without one more order done, and nobody seems to be at work.
NOBODY_WORKS_AFTER_S = 120.0
MOST_SHOWN = 20


@click.command()
@of_shop
@click.option("--month", required=True, help="Like 2026-11, in the shop's time zone.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one line for each order, for a spreadsheet.")
@with_services
@with_json
@click.pass_context
def reconcile(
    context: click.Context, services: Services, shop_id: str, month: str, *, as_csv: bool, as_json: bool
) -> None:
    """Prove that every order of a month has its documents, mails and notes. Exit 1 when something is missing."""
    connected = services.connected(shop_id)
    tally, write = Tally(), row_writer(as_json=as_json, as_csv=as_csv)
    # What is printed of each order waits on the disk: of a large shop it need not fit in memory, and half of it is no proof.
    with (
        ProgressBar("Comparing", quiet=as_json or as_csv) as bar,
        TemporaryFile("w+", encoding="utf-8", newline="") as rows,
    ):
        for row in reconciler.compared(services, connected, month, on_progress=bar.update):
            tally.add(row)
            rows.write(write(row))
        found = tally.result(shop_id, month)
        rows.seek(0)
        if as_csv:
            click.echo(csv_row(HEAD), nl=False)
            for line in rows:
                click.echo(line, nl=False)
        elif as_json:
            print_json(found, rows)
        else:
            click.echo(inert(as_text(found)))
    context.exit(0 if found.is_complete else 1)


def row_writer(*, as_json: bool, as_csv: bool) -> Callable[[ReconciledOrder], str]:
    """What writes an order as a line."""
    if as_csv:
        return lambda row: csv_row(cells(row))
    if as_json:
        return lambda row: json.dumps(json_codec.plain(reconciliation.row_as_json(row), str)) + "\n"
    return lambda _row: ""


def print_json(found: Reconciliation, rows: TextIO) -> None:
    """As `show`, with every order of the month from its line in *rows*."""
    head = {name: value for name, value in reconciliation.as_json(found).items() if name != "orders"}
    click.echo(to_json(head).removesuffix("\n}") + ',\n  "orders": ', nl=False)
    for part in json_codec.indented_list(to_json(json.loads(line)) for line in rows):
        click.echo(part.replace("\n", "\n  "), nl=False)
    click.echo("\n}")


def as_text(found: Reconciliation) -> str:
    counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in found.counts.items() if count)
    lines = [f"{counted(found.orders, 'order', 'orders')} of {found.month}: {counts or 'none'}."]
    for state in reconciliation.NOT_WELL:
        of_state = found.of(state)
        rows = [(f"  {row.number}", row.status, f"{row.total} {row.currency}", str(row.message)) for row in of_state]
        if rows:
            lines += [f"\n{state.capitalize()}", table(rows, right=(2,))]
        if found.counts[state] > len(rows):
            lines.append(f"  and {found.counts[state] - len(rows)} more, which --csv names")
    for total in found.totals:
        difference = total.ordered - total.invoiced
        lines.append(
            f"\n{total.currency}: the shop sold {total.ordered} in orders with an invoice, the invoices say "
            f"{total.invoiced}{'' if not difference else f', a difference of {difference}'}; {total.credited} was "
            "credited for refunds."
        )
    return "\n".join(lines)


HEAD = ("order", "placed_on", "status", "currency", "total", "state", "documents", "invoiced", "credited", "why")


def csv_row(values: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()


def cells(row: ReconciledOrder) -> list[str]:
    numbers = " ".join(made.number for made in row.issued)
    return [
        escape_cell(row.number),
        row.placed_on.isoformat(),
        escape_cell(row.status),
        escape_cell(row.currency),
        written(row.total),
        row.state,
        escape_cell(numbers),
        written(row.invoiced),
        written(row.credited),
        escape_cell(row.message),
    ]


@click.command()
@of_shop
@click.option("--since", help="The first day, like 2026-01-01.")
@click.option("--until", help="The last day (default: today).")
@click.option("--orders", "order_ids", help="Order ids instead, like 12,15,18.")
@click.option("--dry-run", is_flag=True, help="Show what would be made and make nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_services
@with_json
def backfill(
    services: Services,
    shop_id: str,
    since: str | None,
    until: str | None,
    order_ids: str | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Make the documents of old orders: those placed before this shop was connected make none by themselves.

    Shows first what there would be. Broken off, the same command goes on where it was.
    """
    connected = services.connected(shop_id)
    selection = selection_from_options(connected, since=since, until=until, order_ids=order_ids)
    with ProgressBar("Asking the shop", quiet=as_json) as bar:
        found = order_backfill.preview(services, connected, selection, on_progress=bar.update)
    show(
        preview_as_json(found),
        as_json=as_json and (dry_run or not yes),
        text=lambda: "" if as_json else preview_as_text(found),
    )
    if dry_run or not found.to_make:
        return
    if not yes:
        click.confirm("Make them?", abort=True, err=True)
    make(services, connected, found, as_json=as_json)


def make(services: Services, connected: ConnectedShop, found: Preview, *, as_json: bool) -> None:
    delivery_ids = order_backfill.start(services, connected, found)
    with ProgressBar("Making", quiet=as_json) as bar:
        finished = wait_for(services, delivery_ids, bar)
    answer = {**preview_as_json(found), "finished": finished}
    text = "They are made." if finished else "The workers go on with them; `facturelay status` shows how far they are."
    show(answer, as_json=as_json, text=lambda: text)


def wait_for(services: Services, delivery_ids: tuple[int, ...], bar: "ProgressBar") -> bool:
    """Wait for as long as the workers get on with it."""
    remaining, since = len(delivery_ids), time.monotonic()
    while remaining and time.monotonic() - since < NOBODY_WORKS_AFTER_S:
        now_remaining = order_backfill.count_open(services, delivery_ids)
        if now_remaining < remaining:
            remaining, since = now_remaining, time.monotonic()
        bar.update(len(delivery_ids) - remaining, len(delivery_ids))
        time.sleep(0.2 if remaining else 0)
    return not remaining


def selection_from_options(
    connected: ConnectedShop, *, since: str | None, until: str | None, order_ids: str | None
) -> OrderSelection:
    if order_ids:
        if since or until:
            raise click.UsageError("Give either --orders or --since and --until.")
        parts = [part.strip() for part in order_ids.split(",")]
        if not all(part.isascii() and part.isdigit() for part in parts):
            raise click.UsageError(f"“{order_ids}” are not order ids; write them like 12,15,18.")
        return OrderSelection(order_ids=tuple(dict.fromkeys(int(part) for part in parts)))
    if not since:
        raise click.UsageError("Say which orders: --since 2026-01-01, or --orders 12,15,18.")
    zone = connected.shop.zone
    try:
        last = date.fromisoformat(until) if until else date.today()  # noqa: DTZ011  # the day after is taken anyway
        return OrderSelection(
            since=read_instant(since, zone=zone), until=read_instant((last + timedelta(days=1)).isoformat(), zone=zone)
        )
    except InvalidValue as error:
        raise Rejected(error.message, code="option_wrong") from error


def preview_as_text(found: Preview) -> str:
    making = found.to_make
    documents = [document for order in making for document in order.documents]
    later, drafts = sum(order.credit_notes for order in making), sum(order.drafts for order in making)
    mails = sum(1 for order in making if order.mails_to)
    lines = [
        (
            f"{counted(len(found.orders), 'order', 'orders')}, {counted(len(making), 'of them lacks', 'of them lack')} something: "
            f"{counted(len(documents), 'document', 'documents')} and {counted(later, 'credit note', 'credit notes')} after; "
            f"{counted(drafts, 'draft', 'drafts')} would wait, and {counted(mails, 'customer', 'customers')} would get a mail today."
        )
    ]
    rows = [
        (f"  {order.number}", order.placed_on, order.status, ", ".join(map(str, order.documents)))
        for order in making[:MOST_SHOWN]
    ]
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
@with_services
@with_json
def backup(services: Services, file: Path, *, with_key: bool, as_json: bool) -> None:
    """Write database and archive into one file. Nothing need be stopped."""
    made = backup_files.back_up(services, file, with_key=with_key)
    with services.store.write() as connection:
        reports.add(connection, None, BACKUP_REPORT, {"documents": made.documents}, now=services.now())
    key = (
        "It holds the secret key: keep it where only you can read it."
        if with_key
        else "It does NOT hold the secret key: keep FACTURELAY_SECRET_KEY (or the file secret-key) elsewhere, or the shops' "
        "keys and all links are lost."
    )
    text = f"{file}: {as_counts(made)}, {made.database}.\n{key}"
    show({"file": str(file), **asdict(made)}, as_json=as_json, text=lambda: text)


def as_counts(made: Manifest) -> str:
    return f"{counted(made.documents, 'document', 'documents')} and {counted(made.files, 'file', 'files')}"


@click.command("rotate-key")
@click.option(
    "--forget",
    is_flag=True,
    help="Where a key is lost for good: forget what none of FACTURELAY_SECRET_KEY reads. Documents and files are as they were; shops are "
    "then connected anew, and people get a new password.",
)
@click.option("--yes", is_flag=True, help="Do not ask; what is forgotten cannot be brought back.")
@with_services
@with_json
def rotate(services: Services, *, forget: bool, yes: bool, as_json: bool) -> None:
    """Encrypt all stored secrets under the first key of FACTURELAY_SECRET_KEY.

    The keys after it can be taken out then. What they signed (links in mails that were sent, addresses told to Mollie and to access
    points) no longer opens without them: take one out only where it leaked.
    """
    lost = count_lost(services) if forget else {}
    if lost and not yes:
        click.confirm(
            f"No key reads {named(lost)}. Forgotten, it cannot be brought back, also where the key is found again. Go on?",
            abort=True,
            err=True,
        )
    forgotten = forget_lost(services) if forget else {}
    count = rotate_key(services)
    text = f"{counted(count, 'secret is', 'secrets are')} encrypted under the first key."
    if forgotten:
        text += (
            f"\nForgotten, as no key reads it: {named(forgotten)}. Connect each shop anew (facturelay shop invite SHOP), and give everybody a new password "
            "(facturelay user password EMAIL)."
        )
    show({"encrypted": count, "forgotten": forgotten}, as_json=as_json, text=lambda: text)


def named(lost: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {times}" for name, times in lost.items())


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
    made = restore_files.restore(file, settings, moved=moved)
    lines = [f"{settings.data}: back as of {made.created_at}, and whole: {as_counts(made)}."]
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


@click.command("move-database")
@click.option(
    "--to",
    "target",
    required=True,
    metavar="ADDRESS",
    help="An empty database, like postgresql://facturelay@127.0.0.1/facturelay. Without a password in it, PGPASSWORD is taken.",
)
@with_data
@with_json
def move(target: str, data: Path | None, *, as_json: bool) -> None:
    """Move everything from the SQLite file of this installation into PostgreSQL.

    Stop everything first. All of it is there in the end, compared row by row, or nothing. The old file stays as it is, and is refused
    from then on, so that no number is given twice.
    """
    settings = settings_there(data)
    try:
        url = read_database_url(target)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--to") from error
    with ProgressBar("Moving", quiet=as_json) as bar:
        made = database_move.move_database(settings, url, now=utc_now(), on_progress=bar.update)
    show(asdict(made), as_json=as_json, text=lambda: moved_as_text(made))


def moved_as_text(made: Moved) -> str:
    rows, tables = counted(sum(made.rows.values()), "row", "rows"), counted(len(made.rows), "table", "tables")
    documents = counted(made.rows["documents"], "document", "documents")
    return (
        f"{made.address}: {rows} in {tables}, {documents} among them, each compared with the old one.\n"
        "Set DATABASE_URL to that address now, with its user and password, for everything that runs, and start. The archive and the secret "
        "key stay where they are; so does the old file, which is refused from now on."
    )
