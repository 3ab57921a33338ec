"""Task: try the shop's key with its access point."""

import logging
from collections.abc import Mapping
from typing import Any

from worker.access_points import access_point
from worker.access_points.access_point import Account, Company, Declined
from worker.access_points.account import any_account_of
from worker.actions import peppol as peppol_actions
from worker.domain.access_point import OPERATORS, PROVIDERS
from worker.domain.actor import Actor
from worker.domain.document import Kind
from worker.errors import FacturelayError, Rejected
from worker.message import Message
from worker.net import peppol_hook
from worker.orders import webhook_repair
from worker.services import Services
from worker.store.shops import ConnectedShop
from worker.store.tasks import Task
from worker.tasks.connection import ConnectionCheck

log = logging.getLogger(__name__)

NOTHING = Message("There is no key to try, or the company has no enterprise number (Settings, Company).")


def check_peppol(services: Services, task: Task) -> Mapping[str, Any]:
    """Ask the access point for the shop's own company: whether the key works and is its own, and whether it can receive. Sends nothing.

    Argument: `{}`. Answer: `{"good", "checks": [{"name", "good", "message"}]}`; *good* is whether invoices can be sent.
    """
    checks = try_key(services, task.shop_id, by=services.actor(task.requested_by))
    return {"good": can_send(checks), "checks": [vars(check) for check in checks]}


def can_send(checks: list[ConnectionCheck]) -> bool:
    """Whether invoices can be sent: that the company cannot receive does not stop them."""
    return all(check.good for check in checks if check.name != "receives")


def try_key(services: Services, shop_id: str, *, by: Actor) -> list[ConnectionCheck]:
    """The same for the command line. Where the key serves several companies, the shop's is found by its number and kept."""
    connected = services.connected(shop_id)
    account = any_account_of(connected.shop, connected.secrets, services.settings)
    if account is None:
        return [ConnectionCheck("key", good=False, message=NOTHING)]
    try:
        checks = tried(services, connected, account, by=by)
    except FacturelayError as error:
        checks = [ConnectionCheck("key", good=False, message=refusal_of(account, error))]
        if not isinstance(error, Rejected):  # away for now: what waited is tried again by itself
            peppol_actions.let_go(services, shop_id, by=by)
            return checks
    wrong = next((check for check in checks if not check.good and check.name != "receives"), None)
    if wrong is None:
        peppol_actions.let_go(services, shop_id, by=by)
    else:
        peppol_actions.hold(services, shop_id, wrong.message, by=by)
    return checks


def tried(services: Services, connected: ConnectedShop, account: Account, *, by: Actor) -> list[ConnectionCheck]:
    companies = access_point(account).companies()
    if connected.shop.peppol.sender == OPERATORS:  # the others are other shops': not even their names are told
        companies = with_number(account, companies)
    checks = [works(account), *company_checks(account, companies)]
    company = own_company(account, companies)
    if company != account.company:
        peppol_actions.choose_company(services, connected.shop.shop_id, company, by=by)
    subscribe(services, connected, account)
    return [*checks, receives(account)]


def refusal_of(account: Account, error: FacturelayError) -> Message:
    """Why the key does not work: one that is not known is said in our words."""
    if isinstance(error, Declined) and error.said.startswith("401"):
        return Message(
            "{provider} does not know this key. Copy it from your account there once more, whole, and paste it here.",
            provider=PROVIDERS[account.provider].label,
        )
    return error.message


def subscribe(services: Services, connected: ConnectedShop, account: Account) -> None:
    """Have the access point tell at once what becomes of documents. Without that it is asked every few minutes, as always."""
    settings, shop_id = services.settings, connected.shop.shop_id
    if connected.shop.peppol.sender == OPERATORS or webhook_repair.is_local(settings.public_url):
        return
    try:
        secret = access_point(account).subscribe(peppol_hook.url(settings.public_url, settings.secret_keys, shop_id))
    except FacturelayError as error:
        log.info("%s is asked what became of documents, and does not tell: %s", account.provider, error.message)
        return
    if secret and secret != connected.secrets.peppol_hook_secret:
        peppol_actions.hear_signed(services, shop_id, secret)


def works(account: Account) -> ConnectionCheck:
    message = Message("{provider} takes the key.", provider=PROVIDERS[account.provider].label)
    return ConnectionCheck("key", good=True, message=message)


def own_company(account: Account, companies: tuple[Company, ...]) -> str:
    """The id of the shop's company: the one that was typed where the key has it, else that of its number; empty without one."""
    if not PROVIDERS[account.provider].has_company or account.company in [one.company_id for one in companies]:
        return account.company
    found = with_number(account, companies)
    return found[0].company_id if len(found) == 1 else ""


def with_number(account: Account, companies: tuple[Company, ...]) -> tuple[Company, ...]:
    return tuple(one for one in companies if account.sender in one.addresses)


def company_checks(account: Account, companies: tuple[Company, ...]) -> list[ConnectionCheck]:
    """Whether the key is of the shop's own company; nothing of an access point that does not tell."""
    found, said = with_number(account, companies), words_of(account)
    if PROVIDERS[account.provider].has_company:
        company = own_company(account, companies)
        if not company and found:
            ids = ", ".join(one.company_id for one in found)
            message = Message(
                "Your account with {provider} has your company several times ({ids}): paste the id of the one to send for under "
                "“Company id at the access point”.",
                **said,
                ids=ids,
            )
            return [ConnectionCheck("company", good=False, message=message)]
        found = tuple(one for one in companies if one.company_id == company)
    elif not companies:
        return []
    if found:
        return [ConnectionCheck("company", good=True, message=Message("It sends for {name}.", name=found[0].name))]
    return [ConnectionCheck("company", good=False, message=another_company(companies, said))]


def words_of(account: Account) -> dict[str, Any]:
    return {"provider": PROVIDERS[account.provider].label, "address": account.sender}


def another_company(companies: tuple[Company, ...], said: Mapping[str, Any]) -> Message:
    if not companies:
        return Message(
            "Your account with {provider} has no company yet. Add yours there ({address}), then press “Try the key”.",
            **said,
        )
    return Message(
        "The key is of {names}, and your company is {address}. Add it to your account with {provider}, or correct the number under "
        "Settings, Company; then press “Try the key”.",
        **said,
        names=", ".join(one.name for one in companies),
    )


def receives(account: Account) -> ConnectionCheck:
    if access_point(account).can_receive(account.sender).takes(Kind.INVOICE):
        message = Message("Your company can receive invoices at {address}.", address=account.sender)
        return ConnectionCheck("receives", good=True, message=message)
    message = Message(
        "Your company is not found at {address}: it can send, but by law it must be able to receive too. Register it with your "
        "access point.",
        address=account.sender,
    )
    return ConnectionCheck("receives", good=False, message=message)
