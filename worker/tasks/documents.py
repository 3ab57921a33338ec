"""Tasks that make documents: issuing a draft, making one by hand, crediting."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from worker.actions import documents as document_actions
from worker.domain.credit_selection import CreditSelection, SelectedLine
from worker.domain.document import Document, Kind
from worker.errors import InvalidValue, Rejected
from worker.invoicing import manual
from worker.invoicing.manual import Credit, ManualDocument
from worker.invoicing.request import IssueAnswer
from worker.services import Services
from worker.store import documents
from worker.store.tasks import Task
from worker.tasks.common import actor_of


def issue_draft(services: Services, task: Task) -> Mapping[str, Any]:
    """Give a waiting draft its number, as the order is now.

    Argument: `{"draft_id", "send": true}`; without "send" it is stored and noted, not mailed. `"reason"`: why the buyer's VAT number
    is trusted where VIES could not say, or why it is issued without a valid e-invoice or as plain text. `"within_left": true`: of a
    credit note that may be two things, the one within what its invoice has left at each rate. `"rest_paid": true`: the rest of an order
    that was changed after it was paid was paid too; false: it was not; without it an invoice of which that is asked is refused, and with
    true one of which it is not, unless `"of_many": true`.
    Answer: `{"documents": [{"document_id", "number", "kind", "total", "currency"}]}`.
    """
    draft_id = int(task.argument["draft_id"])
    with services.store.read() as connection:
        issued = documents.issued_from(connection, draft_id)
        if issued is None or issued.shop_id != task.shop_id:
            document_actions.draft_of(connection, task.shop_id, draft_id)
            issued = None
    if issued is None:
        issued = manual.issue_waiting_draft(
            services,
            draft_id,
            IssueAnswer(
                send=bool(task.argument.get("send")),
                reason=str(task.argument.get("reason", "")).strip()[:500],
                within_left=bool(task.argument.get("within_left")),
                rest_paid=task.argument.get("rest_paid"),
                of_many=bool(task.argument.get("of_many")),
            ),
            by=actor_of(services, task),
        )
    return as_answer((issued,))


def make_document(services: Services, task: Task) -> Mapping[str, Any]:
    """Make a document that no rule made, from the order as the shop shows it now.

    Argument: `{"order_id", "kind", "send": true}`, and `"rest_paid"` and `"of_many"` as of `issue_draft`; *kind* is anything but a credit note.
    Answer: as `issue_draft`.
    """
    asked = ManualDocument(
        int(task.argument["order_id"]),
        Kind(task.argument["kind"]),
        send=bool(task.argument.get("send")),
        rest_paid=task.argument.get("rest_paid"),
        of_many=bool(task.argument.get("of_many")),
    )
    made = manual.issue_manual_document(services, task.shop_id, asked, by=actor_of(services, task))
    return as_answer((made,))


def credit(services: Services, task: Task) -> Mapping[str, Any]:
    """Credit an invoice: all that is left, chosen lines, or an amount.

    Argument: `{"document_id", "send": true}` for all that is left, with `"again": true` to issue a new invoice from the order
    as it is now, then also `"rest_paid"` as of `issue_draft`; with `"lines": [{"index": 0, "quantity": "1"}]` for lines of the
    invoice, counted from 0, at the price that they were invoiced at; with `"amount": "5.00"` for an amount with VAT. `"reason"` is
    printed (lines and amount only). `"once"`: two tasks with the same word make one credit note, for a button that was pressed twice.
    What is left of each line: `domain.credit_balance.line_balances_of(invoice, [its credit notes' drafts])`.
    Answer: as `issue_draft`: the credit note, and with *again* the new invoice.
    """
    document_id = int(task.argument["document_id"])
    with services.store.read() as connection:
        document_actions.document_of(connection, task.shop_id, document_id)
    selection, again = selection_of(task.argument), bool(task.argument.get("again"))
    if selection is not None and again:
        raise Rejected("An invoice is issued again when all of it is credited, not a part.", code="credit_unclear")
    made = manual.credit(
        services,
        document_id,
        Credit(
            issue_again=again,
            selection=selection,
            send=bool(task.argument.get("send")),
            rest_paid=task.argument.get("rest_paid"),
            idempotency_key=str(task.argument.get("once") or task.task_id),
        ),
        by=actor_of(services, task),
    )
    return as_answer(made)


def selection_of(argument: Mapping[str, Any]) -> CreditSelection | None:
    """What the argument chooses; None: all that is left."""
    lines, amount, reason = argument.get("lines"), argument.get("amount"), str(argument.get("reason", ""))
    if not lines and amount in (None, ""):
        return None
    try:
        selected_lines = tuple(SelectedLine(int(line["index"]), Decimal(str(line["quantity"]))) for line in lines or ())
        return CreditSelection(
            selected_lines, Decimal(str(amount)) if amount not in (None, "") else None, reason.strip()
        )
    except (InvalidOperation, KeyError, TypeError) as error:
        raise Rejected(
            "What is to be credited cannot be read: quantities and amounts are numbers.", code="credit_unclear"
        ) from error
    except InvalidValue as error:
        raise Rejected(error.message, code="credit_unclear") from error


def as_answer(made: tuple[Document, ...]) -> Mapping[str, Any]:
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
