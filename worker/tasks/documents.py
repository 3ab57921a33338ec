"""Errands that make documents: issuing a draft, making one by hand, crediting."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from worker.actions import documents as deciding
from worker.domain.credit_selection import Chosen, Pick
from worker.domain.document import Document, Kind
from worker.errors import Rejected
from worker.invoicing import manual
from worker.services import Services
from worker.store import documents
from worker.store.tasks import Errand
from worker.tasks.common import person


def issue_draft(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Give a kept draft its number, as the order is now.

    Argument: `{"draft_id", "send": true}`; without "send" it is stored and noted, not mailed.
    Answer: `{"documents": [{"document_id", "number", "kind", "total", "currency"}]}`.
    """
    draft_id = int(errand.argument["draft_id"])
    with services.store.read() as connection:
        issued = documents.issued_from(connection, draft_id)
        if issued is None or issued.shop_id != errand.shop_id:
            deciding.draft_of(connection, errand.shop_id, draft_id)
            issued = None
    if issued is None:
        issued = manual.issue_kept(services, draft_id, send=bool(errand.argument.get("send")), by=person(errand))
    return answer((issued,))


def make_document(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Make a document that no rule made, from the order as the shop shows it now.

    Argument: `{"order_id", "kind", "send": true}`; *kind* is anything but a credit note. Answer: as `issue_draft`.
    """
    made = manual.make_by_hand(
        services,
        errand.shop_id,
        int(errand.argument["order_id"]),
        Kind(errand.argument["kind"]),
        send=bool(errand.argument.get("send")),
        by=person(errand),
    )
    return answer((made,))


def credit(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Credit an invoice: all that is left, chosen lines, or an amount.

    Argument: `{"document_id", "send": true}` for all that is left, with `"again": true` to issue a new invoice from the order
    as it is now; with `"lines": [{"place": 0, "quantity": "1"}]` for lines of the invoice, counted from 0, at the price that
    they were invoiced at; with `"amount": "5.00"` for an amount with VAT. `"reason"` is printed (lines and amount only).
    What is left of each line tells `domain.left.lines_left(invoice, [its credit notes' drafts])`.
    Answer: as `issue_draft`: the credit note, and with *again* the new invoice.
    """
    document_id = int(errand.argument["document_id"])
    with services.store.read() as connection:
        deciding.document_of(connection, errand.shop_id, document_id)
    chosen, again = chosen_of(errand.argument), bool(errand.argument.get("again"))
    if chosen is not None and again:
        raise Rejected("An invoice is issued again when all of it is credited, not a part.", code="credit_unclear")
    made = manual.credit(
        services,
        document_id,
        again=again,
        chosen=chosen,
        send=bool(errand.argument.get("send")),
        by=person(errand),
        key=str(errand.errand_id),
    )
    return answer(made)


def chosen_of(argument: Mapping[str, Any]) -> Chosen | None:
    """What the argument chooses; None: all that is left."""
    lines, amount, reason = argument.get("lines"), argument.get("amount"), str(argument.get("reason", ""))
    if not lines and amount in (None, ""):
        return None
    try:
        picks = tuple(Pick(int(line["place"]), Decimal(str(line["quantity"]))) for line in lines or ())
        return Chosen(picks, Decimal(str(amount)) if amount not in (None, "") else None, reason.strip())
    except (InvalidOperation, KeyError, TypeError) as error:
        raise Rejected(
            "What is to be credited cannot be read: quantities and amounts are numbers.", code="credit_unclear"
        ) from error
    except ValueError as error:
        raise Rejected(str(error), code="credit_unclear") from error


def answer(made: tuple[Document, ...]) -> Mapping[str, Any]:
    return {
        "documents": [
            {
                "document_id": document.document_id,
                "number": document.number,
                "kind": str(document.draft.kind),
                "total": str(document.draft.total),
                "currency": document.draft.currency,
            }
            for document in made
        ]
    }
