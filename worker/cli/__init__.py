"""`facturelay …`: one command for people and scripts. Exit codes: 0 done, 1 checked and found something wrong, 2 called wrongly."""

import sys

import click

from worker.cli.common import Lazy
from worker.errors import FacturelayError
from worker.store.files.private import set_umask

# Imported when called: `facturelay status` must not wait for the PDF libraries to load.
COMMANDS = {
    "up": "processes:up",
    "demo": "processes:demo",
    "bridge": "processes:bridge",
    "worker": "processes:worker",
    "scheduler": "processes:scheduler",
    "migrate": "processes:migrate",
    "status": "status:status",
    "shop": "shop:shop",
    "user": "users:user",
    "texts": "texts:texts",
    "templates": "templates:templates",
    "mail": "mail:mail",
    "documents": "documents:documents",
    "order": "orders:order",
    "peppol": "peppol:peppol",
    "mollie": "mollie:mollie",
    "token": "tokens:token",
    "verify": "register:verify",
    "register": "register:register",
    "purge": "retention:purge",
    "customer": "retention:customer",
    "rates": "rates:rates",
    "bank-file": "bank_file:bank_file",
    "reminders": "reminders:reminders",
    "reconcile": "maintenance:reconcile",
    "backfill": "maintenance:backfill",
    "backup": "maintenance:backup",
    "restore": "maintenance:restore",
}


@click.group(
    cls=Lazy, elsewhere=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(package_name="facturelay", prog_name="facturelay")
def commands() -> None:
    """From a WooCommerce order to the right document: exact to the cent, once, and never lost."""


def main() -> None:
    """Run the command line. A refusal is a message on stderr, never a traceback."""
    code = 0
    set_umask()
    try:
        # Without its standalone mode click gives the code of context.exit() back and raises nothing.
        code = commands(standalone_mode=False) or 0
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FacturelayError as error:
        click.echo(f"{error.message} [{error.code}]", err=True)
        sys.exit(1)
    if code:
        sys.exit(code)
