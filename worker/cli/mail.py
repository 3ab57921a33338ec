"""`facturelay mail …`: how a shop's mail leaves, and a test that explains itself."""

import sys
from pathlib import Path

import click

from worker import branding
from worker.cli.common import ACTOR, of_shop, show, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.errors import Rejected
from worker.net import email_address
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
@click.option("--from", "sender", help="Sender, like “De Gist <winkel@gist.example>”.")
@click.option("--reply-to", "reply_to", help="Where answers go.")
@click.option("--cc", "cc", help="Addresses that get an open copy, with commas between.")
@click.option("--bcc", "bcc", help="Addresses that get a blind copy, with commas between.")
@click.option(
    "--attach",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A PDF that is attached to each mail, like the terms and conditions.",
)
@click.option("--no-attach", is_flag=True, help="Nothing is attached any more.")
@with_services
@with_json
def set_mail(
    services: Services,
    shop_id: str,
    smtp_url: str | None,
    attach: Path | None,
    *,
    no_attach: bool,
    as_json: bool,
    **given: str | None,
) -> None:
    """Change how a shop's mail leaves. What is not named stays."""
    changes = {f"mail.{name}": checked_addresses_in(name, text) for name, text in given.items() if text is not None}
    services.connected(shop_id)
    if smtp_url is not None:
        branding.change_mail_server(services, shop_id, smtp_url, by=services.actor(ACTOR))
    if changes:
        branding.change_settings(services, shop_id, changes, by=services.actor(ACTOR))
    if attach:
        branding.save_attachment(services, shop_id, attach.name, attach.read_bytes(), by=services.actor(ACTOR))
    elif no_attach:
        branding.remove_attachment(services, shop_id, by=services.actor(ACTOR))
    show(
        {"id": shop_id},
        as_json=as_json,
        text=lambda: f"Changed; `facturelay mail test {shop_id}` shows whether mail leaves.",
    )


def checked_addresses_in(name: str, text: str) -> str:
    """*text* when every address in it is one; a sender and a reply address are one each."""
    try:
        return email_address.check_addresses(text, several=name not in ("sender", "reply_to"))
    except ValueError as error:
        raise Rejected(str(error), code="mail_no_address") from error


def as_text(result: MailTestResult) -> str:
    mark = "✓" if result.accepted else "✗"
    return "\n".join([f"{mark} {result.message}", *(f"  {hint}" for hint in (*result.hints, *result.operator_hints))])
