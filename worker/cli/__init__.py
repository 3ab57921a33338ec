"""`facturelay …`: one command for people and scripts. Exit codes: 0 done, 1 checked and found something wrong, 2 called wrongly."""

import errno
import os
import re
import sys

import click

from worker.cli.group import Lazy
from worker.errors import DatabaseAway, FacturelayError
from worker.terminal import inert

# Imported when called: `facturelay status` must not wait for the PDF libraries to load, nor `facturelay --help` for any.
COMMANDS = {
    "up": (
        "up:up",
        "Run everything on this machine: bridge, workers, scheduler, and a broker where no REDIS_URL is set.",
    ),
    "demo": (
        "processes:demo",
        "Show it all on this machine: pretend shops, their customers' mailbox and the dashboard, to look at and to try.",
    ),
    "bridge": ("up:bridge", "Run the bridge: receives the shop's deliveries and serves the links."),
    "worker": ("processes:worker", "Run one worker: fetches orders, issues, renders, mails and writes back."),
    "scheduler": ("processes:scheduler", "Enqueue again every row that waits, and run the periodic jobs."),
    "migrate": ("processes:migrate", "Bring the database to the shape of this version."),
    "status": ("status:status", "Show what waits, runs and failed, and who is alive."),
    "queue": ("queues:queue", "Pause a queue of all shops, and resume it: what waits in it waits on."),
    "shop": ("shop:shop", "Make, show and change shops."),
    "user": ("users:user", "Let people in to the pages, and keep them out."),
    "texts": ("texts:texts", "Show and change what documents and mails say."),
    "templates": ("templates:templates", "Make templates of your own for documents, and try them."),
    "mail": ("mail:mail", "Set how a shop's mail leaves, and test it."),
    "documents": ("documents:documents", "List documents and drafts; issue, send, credit."),
    "many": (
        "many:many",
        "Do one thing with many orders, documents, drafts or failed jobs, and say of each what became of it.",
    ),
    "failed-jobs": (
        "failed_jobs:failed_jobs",
        "List what failed and was neither done since nor dismissed, the oldest first.",
    ),
    "order": ("orders:order", "Look at one order."),
    "peppol": ("peppol:peppol", "Choose who sends a shop's e-invoices by Peppol, and try the key."),
    "mollie": ("mollie:mollie", "Let customers pay online by the shop's own account with Mollie, and try its key."),
    "channel": ("channels:channel", "Notify people by webhook, ntfy or Slack, besides by mail."),
    "token": ("tokens:token", "Make, list and revoke the tokens of the API."),
    "verify": ("register:verify", "Prove that no document, number or file is missing or altered."),
    "register": ("register:register", "The register: every number that was given, and what became of it."),
    "rotate-key": ("maintenance:rotate", "Encrypt all stored secrets under the first key of FACTURELAY_SECRET_KEY."),
    "purge": ("retention:purge", "Drop the raw bodies of deliveries older than 90 days; their hashes stay."),
    "customer": ("retention:customer", "What is stored of a customer."),
    "rates": (
        "rates:rates",
        "Show the VAT rates of the EU and its neighbours by which orders are judged, or what changed since 2024.",
    ),
    "bank-file": (
        "bank_file:bank_file",
        "Count what a bank FILE brings: CODA, CAMT.053, MT940, or CSV of KBC, CBC, BNP Paribas Fortis, ING or Belfius.",
    ),
    "reminders": (
        "reminders:reminders",
        "List who is reminded next of what, and stop, resume or pass over the reminders of a document.",
    ),
    "reconcile": ("maintenance:reconcile", "Prove that every order of a month has its documents, mails and notes."),
    "backfill": (
        "maintenance:backfill",
        "Make the documents of old orders: those placed before this shop was connected make none by themselves.",
    ),
    "backup": ("maintenance:backup", "Write database and archive into one file."),
    "restore": (
        "maintenance:restore",
        "Put a backup into an empty data folder (and, for PostgreSQL, the empty database of DATABASE_URL).",
    ),
    "move-database": ("maintenance:move", "Move everything from the SQLite file of this installation into PostgreSQL."),
}


# What SQLite says of a shape that no migration of this version leads to, and PostgreSQL's codes for it: it speaks many languages.
OTHER_VERSION = re.compile("no such (?:column|table): |has no column named ")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
OF_DATA_FOLDER = ("data folder", "choose an empty folder with --data")
OF_DATABASE_URL = ("database of DATABASE_URL", "name an empty database there")
UNDEFINED = ("42P01", "42703")  # a table, a column


@click.group(
    cls=Lazy, elsewhere=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(package_name="facturelay", prog_name="facturelay")
def commands() -> None:
    """From a WooCommerce order to the right document: exact to the cent, once, and never lost."""


def told_to_operator(error: FacturelayError) -> str:
    """What is refused; of a database that is away also why, which is for nobody else: it names hosts and users."""
    reason = error.reason if isinstance(error, DatabaseAway) else ""
    is_elsewhere = bool(os.environ.get("DATABASE_URL"))  # also where that is a SQLite file
    if OTHER_VERSION.search(reason):
        what, instead = OF_DATABASE_URL if is_elsewhere else OF_DATA_FOLDER
        return told_of_other_version(what, reason, instead=instead)
    if type(getattr(error.__cause__, "orig", error.__cause__)).__module__ == "sqlite3":
        where = "of DATABASE_URL" if is_elsewhere else "in the data folder"
        return f"The database {where} cannot be used: {reason}"
    return f"The database of DATABASE_URL does not answer: {reason}" if reason else str(error.message)


def told_of_other_version(what: str, reason: object, *, instead: str) -> str:
    from importlib.metadata import version  # here: it loads what no other command needs

    first_line, this = str(reason).partition("\n")[0], version("facturelay")
    return (
        f"The {what} is of another version of Facturelay, from which this one, {this}, cannot bring it up to date ({first_line}). "
        f"Use the version that wrote it, or {instead}."
    )


def main() -> None:
    """Run the command line. A refusal is a message on stderr, never a traceback."""
    code = 0
    os.umask(0o077)  # what this process and its children make from now on is theirs alone
    try:
        # Without its standalone mode click gives the code of context.exit() back and raises nothing.
        code = commands(prog_name="facturelay", standalone_mode=False) or 0
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FacturelayError as error:
        click.echo(inert(f"{told_to_operator(error)} [{error.code}]"), err=True)
        sys.exit(1)
    except OSError as error:
        # What is named is a file or folder that the system refuses: read-only, another's, on a disk that is full. No bug to trace.
        if error.filename is None and error.errno not in NO_ROOM:
            raise
        click.echo(f"{error.filename or 'A file cannot be written'}: {error.strerror} [file_refused]", err=True)
        sys.exit(1)
    except Exception as error:
        # Imported here: what goes well needs it late, or never.
        from worker.store.database.json_codec import UnknownValue

        reason = getattr(error, "orig", None)
        if getattr(reason, "sqlstate", None) in UNDEFINED:
            what, instead = OF_DATABASE_URL
            other = told_of_other_version(what, reason, instead=instead)
        elif isinstance(error, UnknownValue):
            other = told_of_other_version("database", error, instead="a later one")
        else:
            raise
        click.echo(f"{other} [{DatabaseAway.code}]", err=True)
        sys.exit(1)
    if code:
        sys.exit(code)
