"""Task: try the shop's key with Mollie."""

from collections.abc import Mapping
from typing import Any

from worker.errors import FacturelayError
from worker.message import Message
from worker.net import mollie
from worker.net.mollie import Account
from worker.services import Services
from worker.store.shops import ConnectedShop
from worker.store.tasks import Task
from worker.tasks.connection import ConnectionCheck


def check_mollie(services: Services, task: Task) -> Mapping[str, Any]:
    """Ask Mollie which methods are on: the shortest proof that the key works. Makes nothing.

    Argument: `{}`. Answer: `{"good", "checks": [{"name", "good", "message"}]}`.
    """
    check = check_of(services, services.connected(task.shop_id))
    return {"good": check.good, "checks": [vars(check)]}


def check_of(services: Services, connected: ConnectedShop) -> ConnectionCheck:
    key = connected.secrets.mollie_key
    if not key:
        return ConnectionCheck("key", good=False, message=Message("There is no key of Mollie to try."))
    try:
        found = mollie.methods(Account(key, services.settings.mollie_url))
    except FacturelayError as error:
        return ConnectionCheck("key", good=False, message=error.message)
    if not found:
        message = Message(
            "Mollie takes the key, but no payment method is on in your account: turn one on in your Mollie dashboard."
        )
        return ConnectionCheck("key", good=False, message=message)
    message = Message("Mollie takes the key. Customers can pay by: {methods}.", methods=mollie.names_of(found))
    return ConnectionCheck("key", good=True, message=message)
