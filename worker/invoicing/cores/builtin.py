"""Our own numbers in our own database: number, document, register and steps in the caller's one transaction."""

from dataclasses import dataclass, replace

from worker.domain.document import Document, Draft
from worker.domain.numbering import TEST_SERIES
from worker.errors import Rejected
from worker.invoicing.core import CoreContext
from worker.store import counters, documents, register
from worker.store.counters import TakenNumber
from worker.store.documents import NewDocument


@dataclass(frozen=True)
class Builtin:
    context: CoreContext

    def issue(self, draft: Draft) -> Document:
        existing = documents.by_cause(self.context.connection, self.context.shop.shop_id, draft.cause, draft.order_key)
        if existing is not None:
            return existing
        draft = replace(draft, test=draft.test or self.context.shop.test or self.corrects_a_test(draft))
        taken = self.take_number(draft)
        new = NewDocument(
            shop_id=self.context.shop.shop_id,
            taken=taken,
            issued_at=self.context.now,
            draft=draft,
            document_id=self.context.document_id,
        )
        document = documents.add(self.context.connection, new)
        if not draft.test:
            register.append(self.context.connection, document, new.snapshot)
        return document

    def corrects_a_test(self, draft: Draft) -> bool:
        """A test invoice is not in the register, so neither is its credit note, though the shop has gone live since."""
        if draft.corrects is None:
            return False
        return documents.get(self.context.connection, draft.corrects.document_id).draft.test

    def take_number(self, draft: Draft) -> TakenNumber:
        series = TEST_SERIES if draft.test else self.context.shop.numbering.series[draft.kind]
        today = self.context.shop.day_of(self.context.now)
        taken = counters.take(self.context.connection, self.context.shop.shop_id, series, today=today)
        if documents.by_number(self.context.connection, self.context.shop.shop_id, taken.number) is not None:
            # Trying again would find the same number. The counter goes back with the transaction.
            raise Rejected(
                "{number} would be given a second time, so nothing was issued. Give the series “{name}” another "
                "pattern, or let it continue after a higher number.",
                number=taken.number,
                name=series.name,
                code="number_exists",
            )
        return taken
