"""Task: try the shop's key with its access point."""

from collections.abc import Mapping
from typing import Any

from worker.access_points import access_point
from worker.access_points.access_point import Account
from worker.access_points.account import any_account_of
from worker.domain.access_point import PROVIDERS
from worker.domain.document import Kind
from worker.errors import FacturelayError
from worker.message import Message
from worker.services import Services
from worker.store.tasks import Task
from worker.tasks.connection import ConnectionCheck


def check_peppol(services: Services, task: Task) -> Mapping[str, Any]:
    """Ask the access point for the shop's own company: whether the key works, and whether the company can receive. Sends nothing.

    Argument: `{}`. Answer: `{"good", "checks": [{"name", "good", "message"}]}`; *good* is whether invoices can be sent.
    """
    connected = services.connected(task.shop_id)
    account = any_account_of(connected.shop, connected.secrets, services.settings)
    if account is None:
        message = Message("There is no key to try, or the company has no enterprise number (Settings, Company).")
        checks = [ConnectionCheck("key", good=False, message=message)]
    else:
        checks = checks_of(account)
    return {"good": checks[0].good, "checks": [vars(check) for check in checks]}


def checks_of(account: Account) -> list[ConnectionCheck]:
    label = PROVIDERS[account.provider].label
    try:
        reach = access_point(account).can_receive(account.sender)
    except FacturelayError as error:
        return [ConnectionCheck("key", good=False, message=error.message)]
    works = ConnectionCheck("key", good=True, message=Message("{provider} takes the key.", provider=label))
    if reach.takes(Kind.INVOICE):
        message = Message("Your company can receive invoices at {address}.", address=account.sender)
        return [works, ConnectionCheck("receives", good=True, message=message)]
    message = Message(
        "Your company is not found at {address}: it can send, but by law it must be able to receive too. Register it with your "
        "access point.",
        address=account.sender,
    )
    return [works, ConnectionCheck("receives", good=False, message=message)]
