"""Use case: reminders of open invoices that are due → steps that mail them. All shops at once; a shop without any costs nothing."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from worker.domain.shop import Shop
from worker.services import Services
from worker.store import document_balances, reminders, shops, steps
from worker.store.queries import reminder_outlook
from worker.store.reminders import NEVER
from worker.store.steps import StepPlan

# Nobody is reminded in the night.
FROM_HOUR = time(9)
AT_ONCE, MOST_ROUNDS = 200, 10
# What passes is looked at again soon: a newer bank file may be there. `notifications.old_bank_files` tells the owner.
HELD_FOR = timedelta(hours=1)


@dataclass
class Round:
    """One look at what is due: each shop is read once."""

    now: datetime
    known: dict[str, Shop | None] = field(default_factory=dict)

    def shop(self, connection: Connection, shop_id: str) -> Shop | None:
        if shop_id not in self.known:
            self.known[shop_id] = shops.settings_of(connection, shop_id)
        return self.known[shop_id]


def plan_due(services: Services) -> None:
    """Plan every reminder whose day has come, and decide when each open invoice is looked at again. May be called at any time."""
    for _ in range(MOST_ROUNDS):
        this_round = Round(services.now())
        with services.store.read() as connection:
            due = reminders.due_looks(connection, now=this_round.now, limit=AT_ONCE)
        for document_id, shop_id in due:
            with services.store.write() as connection:
                document_balances.lock(connection, document_id)
                at = look(connection, this_round, document_id, shop_id)
                reminders.look_again(connection, document_id, at=at)
        if len(due) < AT_ONCE:
            return


def look(connection: Connection, this_round: Round, document_id: int, shop_id: str) -> datetime:
    """Plan the reminder that is due of one open invoice; when it is to be looked at again."""
    shop, now = this_round.shop(connection, shop_id), this_round.now
    if shop is None or not shop.reminders.is_on:
        return NEVER
    today = now.astimezone(shop.zoneinfo).date()
    tomorrow = morning(shop, today + timedelta(days=1))
    if shop.suspended:
        return tomorrow
    outlook = reminder_outlook.of_documents(connection, shop, [document_id], now=now)[document_id]
    if outlook.next is None or outlook.is_stopped:
        return tomorrow if outlook.at_work else NEVER
    begins = morning(shop, max(outlook.next.on, today))
    if now < begins:
        return begins
    if outlook.obstacle is None:
        plan = StepPlan((outlook.next.kind,), "")
        steps.plan(connection, plan, shop_id=shop_id, document_id=document_id, now=now)
    return now + HELD_FOR if outlook.obstacle and outlook.obstacle.passes else tomorrow


def morning(shop: Shop, day: date) -> datetime:
    return datetime.combine(day, FROM_HOUR, shop.zoneinfo)
