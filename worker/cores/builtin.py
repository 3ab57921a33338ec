"""Our own numbers in our own database: number, document, register and steps in the caller's one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from worker.domain.document import Document, Draft
from worker.domain.shop import Series, Shop
from worker.store import documents, numbering

# Test documents have a series of their own, outside the register, so that going live starts at the owner's number.
TEST_SERIES = Series("test", "TEST-{number:05d}", yearly=False)


@dataclass(frozen=True)
class Builtin:
    """Issues inside *connection*'s transaction, which must hold `numbering.lock` of the shop. *now* is aware UTC."""

    connection: Connection
    shop: Shop
    now: datetime

    def issue(self, draft: Draft) -> Document:
        existing = documents.by_cause(self.connection, self.shop.shop_id, draft.cause, draft.order_key)
        if existing is not None:
            return existing
        series = TEST_SERIES if draft.test else self.shop.series[draft.kind]
        today = self.now.astimezone(self.shop.zoneinfo).date()
        taken = numbering.take(self.connection, self.shop.shop_id, series, today=today)
        document = documents.add(
            self.connection,
            shop_id=self.shop.shop_id,
            series=taken.series,
            period=taken.period,
            sequence=taken.sequence,
            number=taken.number,
            issued_on=taken.issued_on,
            issued_at=self.now,
            draft=draft,
        )
        if not draft.test:
            numbering.enter(self.connection, document)
        return document
