"""Tasks: try the shop's key with Mollie; ask what became of a payment that Mollie called about."""

from collections.abc import Mapping
from typing import Any

from worker.errors import FacturelayError, Rejected
from worker.message import Message
from worker.net import mollie
from worker.net.mollie import Account
from worker.payments.mollie import follow
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


def follow_payment(services: Services, task: Task) -> Mapping[str, Any]:
    """Ask Mollie what became of a payment, and count it where it is paid. What the call said is not believed.

    Argument: `{"payment"}`, Mollie's id. Answer: `{"known"}`, whether it is one of the shop's.
    """
    try:
        known = follow(services, services.connected(task.shop_id), str(task.argument["payment"]))
    except Rejected as error:
        if error.code != mollie.UNKNOWN:  # of another account, or made up
            raise
        known = False
    return {"known": known}


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
    message = Message("Mollie takes the key. Customers can pay by: {methods}.", methods=", ".join(found))
    return ConnectionCheck("key", good=True, message=message)
