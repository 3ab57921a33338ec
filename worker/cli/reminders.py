"""`facturelay reminders …`"""

from pathlib import Path

import click

from worker import serializers
from worker.cli.common import SHOP, open_services, show, table, with_data, with_json
from worker.domain.money import written
from worker.domain.reminder import REMINDER_TERMS
from worker.store.queries import reminder_outlook
from worker.store.queries.reminder_outlook import Outlook

AT_ONCE = 500


@click.command("reminders")
@click.argument("shop_id", metavar="SHOP", type=SHOP)
@with_data
@with_json
def reminders(shop_id: str, data: Path | None, *, as_json: bool) -> None:
    """List open invoices, and orders that wait for a transfer, with the reminder that comes next, what holds it back, and what was sent."""
    services = open_services(data)
    shop = services.connected(shop_id).shop
    found: list[Outlook] = []
    with services.store.read() as connection:
        while True:
            after = found[-1].document.document_id if found else 0
            some = reminder_outlook.open_of_shop(connection, shop, now=services.now(), after=after, limit=AT_ONCE)
            found += some
            if len(some) < AT_ONCE:
                break
    answer = {"who": shop.reminders.who, "reminders": [serializers.reminders(one) for one in found]}
    show(answer, as_json=as_json, text=lambda: as_table(found))


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
