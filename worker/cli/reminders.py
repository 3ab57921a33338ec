"""`facturelay reminders …`"""

from typing import Protocol

import click
from sqlalchemy import Connection

from worker import serializers
from worker.actions import reminders as actions
from worker.cli.common import ACTOR, of_shop, show, table, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.domain.actor import Actor
from worker.domain.money import written
from worker.domain.reminder import REMINDER_TERMS
from worker.errors import Rejected
from worker.json_type import tell
from worker.services import Services
from worker.store import documents, shops
from worker.store.queries import reminder_outlook
from worker.store.queries.reminder_outlook import Outlook

AT_ONCE = 500


class Decide(Protocol):
    """An action on the reminders of one document."""

    def __call__(self, connection: Connection, shop_id: str, document_id: int, *, by: Actor) -> None: ...


of_document = click.argument("number", metavar="NUMBER")


@click.group(cls=Group)
def reminders() -> None:
    """List who is reminded next of what, and stop, resume or pass over the reminders of a document."""


@reminders.command("list")
@of_shop
@with_services
@with_json
def list_reminders(services: Services, shop_id: str, *, as_json: bool) -> None:
    """List open invoices, and orders that wait for a transfer, with the reminder that comes next, what holds it back, and what was sent."""
    show_all(services, shop_id, as_json=as_json)


@reminders.command("stop")
@of_shop
@of_document
@with_services
@with_json
def stop(services: Services, shop_id: str, number: str, *, as_json: bool) -> None:
    """Remind nobody of the document NUMBER any more."""
    decide_on(services, shop_id, number, actions.stop)
    show_all(services, shop_id, as_json=as_json)


@reminders.command("resume")
@of_shop
@of_document
@with_services
@with_json
def resume(services: Services, shop_id: str, number: str, *, as_json: bool) -> None:
    """Let the reminders of the document NUMBER go on."""
    decide_on(services, shop_id, number, actions.resume)
    show_all(services, shop_id, as_json=as_json)


@reminders.command("skip")
@of_shop
@of_document
@with_services
@with_json
def skip(services: Services, shop_id: str, number: str, *, as_json: bool) -> None:
    """Pass over the next reminder of the document NUMBER; the one after it comes."""
    decide_on(services, shop_id, number, skip_next)
    show_all(services, shop_id, as_json=as_json)


def show_all(services: Services, shop_id: str, *, as_json: bool) -> None:
    shop = services.connected(shop_id).shop
    found: list[Outlook] = []
    with services.store.read() as connection:
        while True:
            after = found[-1].document.document_id if found else 0
            some = reminder_outlook.open_of_shop(connection, shop, now=services.now(), after=after, limit=AT_ONCE)
            found += some
            if len(some) < AT_ONCE:
                break
    answer = {"who": shop.reminders.who, "reminders": [tell(serializers.REMINDERS, one) for one in found]}
    show(answer, as_json=as_json, text=lambda: as_table(found))


def decide_on(services: Services, shop_id: str, number: str, decide: Decide) -> None:
    """Raises Rejected for a number that is none, or where there is nothing to decide."""
    with services.store.read() as connection:
        document = documents.by_number(connection, shop_id, number)
    if document is None:
        raise Rejected("There is no document {number} in this shop.", number=number, code="document_unknown")
    by, document_id = services.actor(ACTOR), document.document_id
    services.act(lambda connection: decide(connection, shop_id, document_id, by=by))


def skip_next(connection: Connection, shop_id: str, document_id: int, *, by: Actor) -> None:
    shop = shops.settings_of(connection, shop_id)
    found = reminder_outlook.of_documents(connection, shop, [document_id], now=by.now)[document_id] if shop else None
    if found is None or found.next is None:
        raise Rejected("No reminder of this document is to come.", code="no_reminder_to_come")
    actions.skip(connection, shop_id, document_id, found.next.kind, by=by)


def as_table(found: list[Outlook]) -> str:
    rows = [
        (
            one.document.number,
            one.document.draft.buyer.company or one.document.draft.buyer.name,
            f"{written(one.open)} {one.document.draft.currency}",
            *what_comes(one),
            ", ".join(f"{sent.sent_on} {REMINDER_TERMS[kind]}" for kind, sent in one.sent.items()),
        )
        for one in found
    ]
    return (
        table([("document", "buyer", "open", "on", "next", "held back", "sent"), *rows], right=(2,))
        if rows
        else "Nothing is open."
    )


def what_comes(one: Outlook) -> tuple[str, str, str]:
    held = str(one.obstacle.message) if one.obstacle else ""
    return (f"{one.next.on}", f"{REMINDER_TERMS[one.next.kind]}", held) if one.next else ("", "", held)
