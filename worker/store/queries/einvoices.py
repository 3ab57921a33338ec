"""Documents that the law wants by Peppol, for the overview."""

from sqlalchemy import Connection, and_, exists, func, select

from worker.domain import peppol
from worker.domain.document import Document
from worker.domain.step import EINVOICE
from worker.store.database.tables import documents, drafts, jobs
from worker.store.documents import as_document

# So many of a shop's newest documents are looked at, however many it has.
NEWEST = 200


def count_waiting_for_access_point(connection: Connection, shop_id: str) -> int:
    """How many drafts wait because nobody sends by Peppol yet."""
    waits = drafts.c.snapshot.contains(f'"{peppol.NOT_CONNECTED}"', autoescape=True)
    mine = (drafts.c.shop_id == shop_id, drafts.c.state == "open", waits)
    return int(connection.execute(select(func.count()).select_from(drafts).where(*mine)).scalar_one())


def newest_by_peppol(connection: Connection, shop_id: str, *, most: int) -> tuple[Document, ...]:
    """The newest documents between Belgian businesses, no tests, up to *most* of them."""
    newest = select(documents.c.document_id).where(documents.c.shop_id == shop_id)
    newest = newest.order_by(documents.c.document_id.desc()).limit(NEWEST)
    # In the words of the index.
    step = and_(jobs.c.kind == "step", jobs.c.document_id == documents.c.document_id, jobs.c.name == EINVOICE)
    query = (
        select(documents)
        .where(documents.c.document_id.in_(newest), documents.c.test.is_(False), exists().where(step))
        .order_by(documents.c.document_id.desc())
    )
    found: list[Document] = []
    for row in connection.execute(query):
        document = as_document(row)
        if peppol.is_required(document.draft):
            found.append(document)
        if len(found) == most:
            break
    return tuple(found)
