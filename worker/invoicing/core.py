"""What makes a document legally exist, whichever core does it; `worker.invoicing.cores` lists them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from worker.domain.document import Document, Draft
from worker.domain.shop import Shop


@dataclass(frozen=True)
class CoreContext:
    """In whose transaction, for whom and when (aware UTC) a core issues. *connection* holds `counters.lock` of the shop."""

    connection: Connection
    shop: Shop
    now: datetime
    document_id: int | None = None  # of a document that is entered again


class InvoicingCore(Protocol):
    """Gives a draft its number and date, once per cause."""

    def issue(self, draft: Draft) -> Document:
        """Issue *draft* and store the document in the transaction of the core's context.

        A repeat of a cause gives the document that exists: after a crash, or an answer that was lost, the same draft comes
        again. Raises Unavailable where no answer came (the transaction is undone, and the order processed again later) and
        Rejected where the draft is refused, with what a person must do. Other orders of the shop wait meanwhile.
        """
        ...
