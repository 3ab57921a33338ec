"""`facturelay mail …`: how a shop's mail leaves, and a test that explains itself."""

import sys
from pathlib import Path

import click

from worker import branding
from worker.cli.common import ACTOR, of_shop, show, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.sending import test_email
from worker.sending.test_email import MailTestResult
from worker.services import Services


@click.group(cls=Group)
def mail() -> None:
    """Set how a shop's mail leaves, and test it."""


@mail.command("test")
@of_shop
@click.option("--to", default="", help="Where it goes (default: the shop's own address).")
@with_services
@with_json
def test(services: Services, shop_id: str, to: str, *, as_json: bool) -> None:
    """Send a test mail, and say what came of it and what that means."""
    result = test_email.send_test_email(services, shop_id, to=to)
    answer = vars(result) | {"hints": [*result.hints, *result.operator_hints]}
    show(answer, as_json=as_json, text=lambda: as_text(result))
    sys.exit(0 if result.accepted else 1)


@mail.command("set")
@of_shop
@click.option(
    "--smtp-url", help="The shop's own mail server, like smtp+starttls://user:password@host:587; “” for none."
)
@click.option(
    "--attach",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A PDF that is attached to each mail, like the terms and conditions.",
)
@click.option("--no-attach", is_flag=True, help="Nothing is attached any more.")
@with_services
@with_json
def set_mail(
    services: Services, shop_id: str, smtp_url: str | None, attach: Path | None, *, no_attach: bool, as_json: bool
) -> None:
    """Change how a shop's mail leaves. What is not named stays. From and to whom, `facturelay shop set` says."""
    services.connected(shop_id)
    if smtp_url is not None:
        branding.change_mail_server(services, shop_id, smtp_url, by=services.actor(ACTOR))
    if attach:
        branding.save_attachment(services, shop_id, attach.name, attach.read_bytes(), by=services.actor(ACTOR))
    elif no_attach:
        branding.remove_attachment(services, shop_id, by=services.actor(ACTOR))
    show(
        {"id": shop_id},
        as_json=as_json,
        text=lambda: f"Changed; `facturelay mail test {shop_id}` shows whether mail leaves.",
    )


def as_text(result: MailTestResult) -> str:
    mark = "✓" if result.accepted else "✗"
    return "\n".join([f"{mark} {result.message}", *(f"  {hint}" for hint in (*result.hints, *result.operator_hints))])
