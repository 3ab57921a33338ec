"""What a person decides about Peppol: who sends for the shop, and what becomes of a document of which nobody knows whether it left.

Each is on the audit trail, with the person's name and the time.
"""

import re
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from worker.actions import Installation, Retried
from worker.actions.documents import document_of
from worker.actions.shop_secrets import lock_and_get, record
from worker.actions.shop_settings import look_at_drafts_again
from worker.domain.access_point import ELSEWHERE, OPERATORS, PROVIDERS, State
from worker.domain.actor import Actor
from worker.domain.peppol import address_of_seller, flag_of
from worker.domain.settings_diff import describe_changes
from worker.domain.shop import PeppolSettings
from worker.domain.step import BUYER_ASKS, TRANSMIT
from worker.errors import Rejected
from worker.message import Message
from worker.store import alerts, audit_trail, counters, orders, shops, steps, transmissions
from worker.store.jobs import DONE
from worker.store.shops import Secrets
from worker.store.steps import StepPlan
from worker.store.transmissions import UNKNOWN

# While the access point refuses the account.
ACCOUNT_ALERT = "peppol_account"


# What a header can carry; what is copied from a page may bring letters along that nobody sees.
KEY = re.compile(r"[\x21-\x7e]{1,1000}")


@dataclass(frozen=True)
class NewAccount:
    """An account with *provider*, or the operator's. An empty *key* keeps the one that is stored.

    *company*: which of the key's; empty where the task `check_peppol` shall find it by its number.
    """

    provider: str
    key: str = field(default="", repr=False)
    company: str = ""
    sandbox: bool = False
    by_operator: bool = False  # who alone lets a shop send by his account, under the number that it has now


def connect(installation: Installation, shop_id: str, account: NewAccount, *, by: Actor) -> None:
    """Send by *account* from now on. The task `check_peppol` tries its key, and lets go what waited for it. Raises Rejected."""
    with installation.store.write() as connection:
        found = lock_and_get(connection, installation.encryption, shop_id)
        before = found.shop.peppol
        same = (before.sender, before.sandbox) == (account.provider, account.sandbox)
        key = account.key.strip() or (found.secrets.peppol_key if same else "")
        refuse_half(account.provider, key)
        if account.provider == OPERATORS and not account.by_operator:
            raise Rejected(
                "Only whoever runs Facturelay can let a shop send by that account.", code="provider_operators"
            )
        after = replace(
            before,
            sender=account.provider,
            company=account.company.strip(),
            sandbox=account.sandbox,
            vouched_for=str(address_of_seller(found.shop.seller) or "") if account.provider == OPERATORS else "",
        )
        changed = describe_changes(found.shop, replace(found.shop, peppol=after))
        shops.change(connection, replace(found.shop, peppol=after))
        if account.provider != OPERATORS and key != found.secrets.peppol_key:
            shops.change_secrets(connection, installation.encryption, shop_id, new_key(found.secrets, key))
            changed = (*changed, Message("the key of the access point was changed"))
        if changed:
            record(connection, shop_id, changed, by=by)


def let_go(installation: Installation, shop_id: str, *, by: Actor) -> None:
    """Its key was tried: what waited for an access point goes out."""
    with installation.store.write() as connection:
        alerts.close(connection, shop_id, code=ACCOUNT_ALERT, now=by.now)
        steps.wake_all(connection, shop_id, TRANSMIT, now=by.now)
        look_at_drafts_again(connection, shop_id, now=by.now)


def hold(installation: Installation, shop_id: str, reason: Message, *, by: Actor) -> None:
    """The access point refuses the account: an alert says so until it does not."""
    message = Message("E-invoices wait, nothing is lost: {reason}", reason=reason)
    with installation.store.write() as connection:
        alerts.raise_alert(connection, shop_id, code=ACCOUNT_ALERT, message=message, now=by.now)


def new_key(known: Secrets, key: str) -> Secrets:
    """With what belonged to the old key gone."""
    return replace(known, peppol_key=key, peppol_hook_secret="")


def hear_signed(installation: Installation, shop_id: str, secret: str) -> None:
    """Believe only what is signed with *secret* to come from the shop's access point."""
    with installation.store.write() as connection:
        found = lock_and_get(connection, installation.encryption, shop_id)
        secrets = replace(found.secrets, peppol_hook_secret=secret)
        shops.change_secrets(connection, installation.encryption, shop_id, secrets)


def refuse_half(provider: str, key: str) -> None:
    if provider == OPERATORS:
        return
    if provider not in PROVIDERS:
        raise Rejected("Choose an access point.", code="provider_unknown")
    if not key:
        raise Rejected(
            "Give the key of your account with {provider}.", provider=PROVIDERS[provider].label, code="key_missing"
        )
    if not KEY.fullmatch(key):
        raise Rejected(
            "This key has letters that no key has. Copy it from your account with {provider} once more, without what stands around it.",
            provider=PROVIDERS[provider].label,
            code="key_letters",
        )
    if PROVIDERS[provider].key_parts == "key:secret" and ":" not in key:
        raise Rejected(
            "A key of {provider} has two parts: write them as key:secret.",
            provider=PROVIDERS[provider].label,
            code="key_half",
        )


def choose_company(installation: Installation, shop_id: str, company: str, *, by: Actor) -> None:
    """Send as this company of the account."""
    with installation.store.write() as connection:
        found = lock_and_get(connection, installation.encryption, shop_id)
        shop = replace(found.shop, peppol=replace(found.shop.peppol, company=company))
        shops.change(connection, shop)
        record(connection, shop_id, describe_changes(found.shop, shop), by=by)


def send_elsewhere(installation: Installation, shop_id: str, *, by: Actor) -> None:
    """A person says that another system sends this shop's e-invoices: its PDFs then say that they are copies."""
    with installation.store.write() as connection:
        found = lock_and_get(connection, installation.encryption, shop_id)
        shop = replace(found.shop, peppol=PeppolSettings(ELSEWHERE, businesses=found.shop.peppol.businesses))
        shops.change(connection, shop)
        shops.change_secrets(connection, installation.encryption, shop_id, new_key(found.secrets, ""))
        message = Message(
            "{by} said that another system sends the invoices to Belgian businesses by Peppol. Facturelay sends none, and its PDFs "
            "say that they are copies.",
            by=by.name,
        )
        audit_trail.note(connection, shop_id, "peppol_elsewhere", message, by=by)
        steps.wake_all(connection, shop_id, TRANSMIT, now=by.now)
        look_at_drafts_again(connection, shop_id, now=by.now)


# One document


def send_again(connection: Connection, shop_id: str, document_id: int, *, by: Actor) -> Retried:
    """Send a document once more that did not arrive: a person has looked. Raises Rejected where it may still be on its way, or arrived,
    whatever its buyer says of it: by the same number it would be there twice.
    """
    counters.lock(connection, shop_id)
    document = document_of(connection, shop_id, document_id)
    step, row = steps.of_document(connection, document_id).get(TRANSMIT), transmissions.find(connection, document_id)
    if (step is not None and step.state not in ("failed", "skipped")) or (row is not None and row.is_sent):
        raise Rejected(
            "{number} is on its way by Peppol, or was sent.", number=document.number, code="nothing_to_retry"
        )
    if row is not None:
        transmissions.begin_again(connection, document_id)
    if step is None:
        steps.plan(connection, StepPlan((TRANSMIT,), ""), shop_id=shop_id, document_id=document_id, now=by.now)
    else:
        steps.retry(connection, document_id, TRANSMIT, now=by.now)
    orders.set_flags(connection, document.order, flag_of(document.number), ())
    message = Message("{number} is sent by Peppol again.", number=document.number)
    audit_trail.note_of(connection, document, "sent_again_by_peppol", message, by=by)
    return Retried(documents=(document_id,))


def mark_answered(connection: Connection, shop_id: str, document_id: int, *, by: Actor) -> None:
    """A person took care of what the buyer asked, or of why he rejected the document."""
    document = document_of(connection, shop_id, document_id)
    step = steps.of_document(connection, document_id).get(TRANSMIT)
    if step is None or (step.state, step.code) != ("failed", BUYER_ASKS):
        raise Rejected("The buyer of {number} asks nothing.", number=document.number, code="nothing_to_mark")
    steps.end_otherwise(connection, document_id, TRANSMIT, DONE, now=by.now)
    message = Message("{by} took care of the buyer's answer to {number}.", number=document.number, by=by.name)
    audit_trail.note_of(connection, document, "peppol_answered", message, by=by)


def mark_sent(connection: Connection, shop_id: str, document_id: int, *, by: Actor) -> None:
    """A person looked at the access point: the document of which nobody knew is there."""
    document = document_of(connection, shop_id, document_id)
    row, step = transmissions.find(connection, document_id), steps.of_document(connection, document_id).get(TRANSMIT)
    if row is None or step is None or row.state != UNKNOWN:
        raise Rejected("It is known what became of {number}.", number=document.number, code="nothing_to_mark")
    transmissions.change(connection, document_id, state=str(State.DELIVERED), sent_at=by.now, next_at=None)
    steps.end_otherwise(connection, document_id, TRANSMIT, DONE, now=by.now)
    message = Message("{number} was sent by Peppol: {by} has looked.", number=document.number, by=by.name)
    audit_trail.note_of(connection, document, "marked_sent_by_peppol", message, by=by)
