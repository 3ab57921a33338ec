"""Who makes a document legally exist. One file and one line here for each."""

from typing import Protocol

from worker.domain.document import Document, Draft
from worker.invoicing.cores.builtin import Builtin


class InvoicingCore(Protocol):
    """Gives a draft its number and date, once per cause."""

    def issue(self, draft: Draft) -> Document:
        """Issue *draft*; the same cause again gives the document that exists. Raises Rejected or Unavailable."""
        ...


CORES = {"builtin": Builtin}
