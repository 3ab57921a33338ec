"""`facturelay …`: one command for people and scripts. Exit codes: 0 done, 1 looked and found something wrong, 2 called wrongly."""

import sys

import click

from worker.cli import documents, invite, keeping, look, mail, orders, register, running, shop, status, texts, upkeep
from worker.errors import FacturelayError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="facturelay", prog_name="facturelay")
def commands() -> None:
    """From a WooCommerce order to the right document: exact to the cent, once, and never lost."""


for command in (
    running.up,
    running.demo,
    running.bridge,
    running.worker,
    running.sweep,
    running.migrate,
    status.status,
    shop.shop,
    texts.texts,
    mail.mail,
    documents.documents,
    orders.order,
    register.verify,
    register.register,
    keeping.purge,
    keeping.shopper,
    upkeep.reconcile,
    upkeep.backfill,
    upkeep.backup,
    upkeep.restore,
):
    commands.add_command(command)

for command in (invite.invite, look.logo, look.layout):
    shop.shop.add_command(command)


def main() -> None:
    """Run the command line. What we refuse is a sentence on stderr, never a traceback."""
    code = 0
    try:
        # Without its standalone mode click gives the code of context.exit() back and raises nothing.
        code = commands(standalone_mode=False) or 0
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FacturelayError as error:
        click.echo(f"{error.sentence} [{error.code}]", err=True)
        sys.exit(1)
    if code:
        sys.exit(code)
