"""`facturelay peppol …`: by whom a shop's e-invoices go to Peppol."""

from pathlib import Path

import click

from worker.access_points.account import any_account_of, why_none
from worker.actions import peppol as peppol_actions
from worker.actions.peppol import NewAccount
from worker.cli.common import ACTOR, of_shop, show, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.domain.access_point import OPERATORS, PROVIDERS
from worker.errors import Rejected
from worker.services import Services
from worker.tasks.connection import ConnectionCheck
from worker.tasks.peppol import can_send, try_key


@click.group(cls=Group)
def peppol() -> None:
    """Choose who sends a shop's e-invoices by Peppol, and try the key."""


@peppol.command("connect")
@of_shop
@click.argument("provider", type=click.Choice([*PROVIDERS, OPERATORS]))
@click.option("--key-file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
              help="A file with the key, or - for standard input; without it, the key is asked for.")  # fmt: skip
@click.option("--company", default="", help="The company's id, where an account with Recommand has it several times.")
@click.option("--sandbox", is_flag=True, help="The key is of a test environment: nothing is sent.")
@with_services
@with_json
def connect(
    services: Services,
    shop_id: str,
    provider: str,
    key_file: Path | None,
    company: str,
    *,
    sandbox: bool,
    as_json: bool,
) -> None:
    """Send by an account with an access point, and try its key; “operator” is that of FACTURELAY_PEPPOL_PROVIDER and FACTURELAY_PEPPOL_KEY."""
    services.connected(shop_id)
    key = "" if provider == OPERATORS else read_key(key_file)
    account = NewAccount(provider, key, company=company, sandbox=sandbox, by_operator=True)
    peppol_actions.connect(services, shop_id, account, by=services.actor(ACTOR))
    checks = try_key(services, shop_id, by=services.actor(ACTOR))
    answer = {"id": shop_id, "sender": provider, "good": can_send(checks), "checks": [vars(one) for one in checks]}
    show(answer, as_json=as_json, text=lambda: as_lines(checks))


def as_lines(checks: list[ConnectionCheck]) -> str:
    return "\n".join(f"{'✓' if one.good else '✗'} {one.message}" for one in checks)


def read_key(key_file: Path | None) -> str:
    if key_file is None:
        return str(click.prompt("Key", hide_input=True))
    with click.open_file(str(key_file), encoding="utf-8") as lines:
        return str(lines.read()).strip()


@peppol.command("elsewhere")
@of_shop
@with_services
@with_json
def elsewhere(services: Services, shop_id: str, *, as_json: bool) -> None:
    """Say that another system sends them; it is kept on the audit trail."""
    services.connected(shop_id)
    peppol_actions.send_elsewhere(services, shop_id, by=services.actor(ACTOR))
    show({"id": shop_id, "sender": "elsewhere"}, as_json=as_json, text=lambda: "Noted on the audit trail.")


@peppol.command("check")
@of_shop
@with_services
@with_json
def check(services: Services, shop_id: str, *, as_json: bool) -> None:
    """Try the shop's key, and say whether its company can receive. Sends nothing."""
    connected = services.connected(shop_id)
    account = any_account_of(connected.shop, connected.secrets, services.settings)
    if account is None:
        reason = why_none(connected.shop, connected.secrets, services.settings)
        raise Rejected(reason or "Another system sends the e-invoices of this shop by Peppol.", code="peppol_account")
    checks = try_key(services, shop_id, by=services.actor(ACTOR))
    answer = {"good": can_send(checks), "checks": [vars(one) for one in checks]}
    show(answer, as_json=as_json, text=lambda: as_lines(checks))
