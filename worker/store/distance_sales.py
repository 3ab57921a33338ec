"""What each shop sold to consumers in other member states, counted on from where the last count ended."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, select

from worker.domain.distance_sales import DistanceSales, Level, distance_sales_of
from worker.domain.document import Draft, Kind
from worker.domain.money import ZERO
from worker.store import reports
from worker.store.database import json_codec
from worker.store.database.pagination import streamed
from worker.store.database.tables import documents

REPORT_NAME = "distance_sales"
# As the codec writes it: most documents have no such line, and need not be read whole.
COUNTS = '"distance_sale":true'


def find(connection: Connection, shop_id: str) -> DistanceSales:
    """The last count; an empty one before the first."""
    report = reports.latest(connection, shop_id, REPORT_NAME)
    if report is None:
        return DistanceSales()
    content = report.content
    return DistanceSales(
        {int(year): Decimal(net) for year, net in content["by_year"].items()},
        counted_to=content["counted_to"],
        warned=Level(content["warned"]),
        warned_in=content["warned_in"],
    )


def save(connection: Connection, shop_id: str, sales: DistanceSales, *, now: datetime) -> None:
    reports.replace_all(connection, shop_id, REPORT_NAME, sales, now=now)


def count_on(connection: Connection, shop_id: str, sales: DistanceSales, *, since: date) -> DistanceSales:
    """*sales* with the documents issued since that count; the first one begins with those dated *since*. Tests do not count."""
    by_year = dict(sales.by_year)
    counted_to = sales.counted_to
    query = (
        select(documents.c.document_id, documents.c.issued_on, documents.c.snapshot)
        .where(
            documents.c.shop_id == shop_id,
            documents.c.document_id > sales.counted_to,
            documents.c.issued_on >= since,
            documents.c.kind.in_((Kind.INVOICE, Kind.CREDIT_NOTE)),
            documents.c.test.is_(False),
        )
        .order_by(documents.c.document_id)
    )
    for row in streamed(connection, query):
        counted_to = row.document_id
        if COUNTS in row.snapshot:
            year = row.issued_on.year
            by_year[year] = by_year.get(year, ZERO) + distance_sales_of(json_codec.load(Draft, row.snapshot))
    return DistanceSales(by_year, counted_to, sales.warned, sales.warned_in)
