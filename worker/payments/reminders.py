"""Use case: reminders of what is open that are due → steps that mail them. All shops at once; a shop without any costs nothing."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from worker.domain.reminder import KIND_ONES, ReminderKind
from worker.domain.shop import Shop
from worker.services import Services
from worker.store import document_balances, reminders, shops, steps
from worker.store.queries import reminder_outlook
from worker.store.queries.reminder_outlook import BankFacts, Outlook
from worker.store.reminders import NEVER
from worker.store.steps import StepPlan

# Nobody is reminded in the night.
FROM_HOUR = time(9)
AT_ONCE, MOST_ROUNDS = 200, 10
# What passes is looked at again soon: a newer bank file may be there. `notifications.old_bank_files` tells the owner.
HELD_FOR = timedelta(hours=1)
# Should we be interrupted before its step is planned.
LOOKED_AGAIN = timedelta(hours=1)


@dataclass(frozen=True)
class Mail:
    """One mail of reminders of a *kind*; *of*: what its documents have in common."""

    shop_id: str
    kind: ReminderKind
    of: tuple[Hashable, ...]


@dataclass
class Round:
    """One look at what is due: each shop is read once. *due*: what is to be mailed, by who gets it in one mail."""

    now: datetime
    known: dict[str, Shop | None] = field(default_factory=dict)
    banks: dict[str, BankFacts] = field(default_factory=dict)
    due: dict[Mail, list[int]] = field(default_factory=dict)

    def shop(self, connection: Connection, shop_id: str) -> Shop | None:
        if shop_id not in self.known:
            self.known[shop_id] = shops.settings_of(connection, shop_id)
        return self.known[shop_id]

    def bank(self, connection: Connection, shop: Shop) -> BankFacts:
        if shop.shop_id not in self.banks:
            self.banks[shop.shop_id] = reminder_outlook.bank_facts(connection, shop, now=self.now)
        return self.banks[shop.shop_id]


def plan_due(services: Services) -> None:
    """Plan every reminder whose day has come, and decide when what is open is looked at again. May be called at any time."""
    this_round = Round(services.now())
    for _ in range(MOST_ROUNDS):
        with services.store.read() as connection:
            looks = reminders.due_looks(connection, now=this_round.now, limit=AT_ONCE)
        for document_id, shop_id in looks:
            with services.store.write() as connection:
                document_balances.lock(connection, document_id)
                at = look(connection, this_round, document_id, shop_id)
                reminders.look_again(connection, document_id, at=at)
        if len(looks) < AT_ONCE:
            break
    plan_together(services, this_round)


def plan_together(services: Services, this_round: Round) -> None:
    """Let the documents of one customer leave in one mail: their steps are there at once, or a worker would take the first alone."""
    for mail, document_ids in this_round.due.items():
        with services.store.write() as connection:
            plan_mail(connection, mail, document_ids, now=this_round.now)


def plan_mail(connection: Connection, mail: Mail, document_ids: Sequence[int], *, now: datetime) -> None:
    for document_id in sorted(document_ids):
        document_balances.lock(connection, document_id)
    known = steps.of_documents(connection, document_ids)
    # A person may have passed one over since it was looked at.
    new = [document_id for document_id in document_ids if mail.kind not in known.get(document_id, {})]
    for document_id in new:
        plan = StepPlan((mail.kind,), f"{mail.kind}:{new[0]}")
        steps.plan(connection, plan, shop_id=mail.shop_id, document_id=document_id, now=now)


def look(connection: Connection, this_round: Round, document_id: int, shop_id: str) -> datetime:
    """Note the reminder that is due of one document; when it is to be looked at again."""
    shop, now = this_round.shop(connection, shop_id), this_round.now
    if shop is None or not shop.reminders.is_on:
        return NEVER
    today = shop.day_of(now)
    tomorrow = morning(shop, today + timedelta(days=1))
    if shop.suspended:
        return tomorrow
    bank = this_round.bank(connection, shop)
    outlook = reminder_outlook.of_documents(connection, shop, [document_id], now=now, bank=bank)[document_id]
    if outlook.next is None or outlook.is_stopped:
        return tomorrow if outlook.at_work else NEVER
    begins = morning(shop, max(outlook.next.on, today))
    if now < begins:
        return begins
    if outlook.obstacle is None:
        this_round.due.setdefault(mail_of(outlook, outlook.next.kind), []).append(document_id)
        return now + LOOKED_AGAIN
    return now + HELD_FOR if outlook.obstacle.passes else tomorrow


def mail_of(outlook: Outlook, kind: ReminderKind) -> Mail:
    """The kind ones of one customer leave together. A formal one is about one debt: the law wants to see what, how much and until when."""
    document, draft = outlook.document, outlook.document.draft
    alone = Mail(document.shop_id, kind, (document.document_id,))
    if kind not in KIND_ONES or draft.payment is None:
        return alone
    account = (draft.payment.iban, draft.payment.beneficiary)
    return replace(alone, of=(draft.buyer.email.lower(), draft.mail_language, draft.currency, *account))


def morning(shop: Shop, day: date) -> datetime:
    return datetime.combine(day, FROM_HOUR, shop.zoneinfo)
