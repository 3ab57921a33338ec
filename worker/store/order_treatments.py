"""How people said that orders are treated for VAT. Rows are only ever added: the latest counts, and one without a name takes it back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from worker.domain.order_treatment import OrderTreatment, TreatmentName
from worker.store.database.made_once import given, made_once
from worker.store.database.tables import order_treatments


@dataclass(frozen=True)
class TreatmentChange:
    """One decision of a person: the treatment of an order from now on, or None to take back what was said."""

    name: TreatmentName | None
    reason: str
    by: str
    at: datetime


# Made once: a statement costs more to build than to run.
LAST = made_once(
    select(order_treatments)
    .where(*given(order_treatments.c.shop_id, order_treatments.c.order_id))
    .order_by(order_treatments.c.treatment_id.desc())
    .limit(1)
)


def add(connection: Connection, shop_id: str, order_id: int, change: TreatmentChange) -> None:
    connection.execute(insert(order_treatments).values(shop_id=shop_id, order_id=order_id, **vars(change)))


def find(connection: Connection, shop_id: str, order_id: int) -> OrderTreatment | None:
    """What was said last of an order; None where nothing was, or it was taken back."""
    row = connection.execute(LAST, {"shop_id": shop_id, "order_id": order_id}).one_or_none()
    if row is None or row.name is None:
        return None
    return OrderTreatment(TreatmentName(row.name), row.reason, row.by, row.at)
