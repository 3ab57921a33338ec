"""E-invoices that an access point has not delivered for a day: the owner is told, and they are tried on."""

from datetime import timedelta

from worker.actions.peppol import ACCOUNT_ALERT
from worker.domain.shop import Shop
from worker.domain.step import TRANSMIT
from worker.message import Message
from worker.services import Services
from worker.store import alerts, documents, steps
from worker.store.shops import ConnectedShop
from worker.store.steps import Step

CODE = "peppol_waits"
# An access point that is away for an afternoon is nothing new; the legal term of an invoice is two weeks and more.
TOLD_AFTER = timedelta(days=1)
MOST_NAMED = 5


def alert_waits(services: Services, connected: ConnectedShop) -> None:
    """Open an alert when an e-invoice has waited for a day; close it when none does. What waits for the account has its own."""
    shop, now = connected.shop, services.now()
    with services.store.write() as connection:
        found = steps.open_since(connection, shop.shop_id, TRANSMIT, before=now - TOLD_AFTER)
        waiting = [step for step in found if step.code != ACCOUNT_ALERT]
        if not waiting:
            alerts.close(connection, shop.shop_id, code=CODE, now=now)
            return
        named = [documents.get(connection, step.document_id).number for step in waiting[:MOST_NAMED]]
        message = message_of(shop, waiting, named)
        known = alerts.find(connection, shop.shop_id, CODE)
        if known is None or known.message != message:
            alerts.raise_alert(connection, shop.shop_id, code=CODE, message=message, now=now)


def message_of(shop: Shop, waiting: list[Step], named: list[str]) -> Message:
    return Message(
        "{shop}: e-invoices wait since {since} to go by Peppol ({count}): {named}. {reason} They are tried again by themselves, and "
        "nothing is lost. If it goes on, ask your access point.",
        shop=shop.name,
        since=waiting[0].created_at,
        count=len(waiting),
        named=", ".join(named) + (" …" if len(waiting) > len(named) else ""),
        reason=waiting[0].message,
    )
