"""What of an invoice is to be credited, as it was typed: all that is left, quantities of its lines, or an amount."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from http import HTTPStatus

from flask import abort

from bridge.context import context
from bridge.forms import Form, parse_whole_number
from bridge.i18n.translate import decimal_from_figures
from worker.domain.credit_balance import CreditedInvoice, credit_balance_of
from worker.domain.credit_note import amount_within
from worker.domain.credit_selection import CreditSelection, SelectedLine, resolve_selection
from worker.errors import InvalidValue, Rejected
from worker.store import documents
from worker.store.queries.order_history import DocumentDetails

# More than any invoice owes; what is typed beyond it is no number.
MOST_CREDITED = Decimal(10) ** 12


def credited_total(item: DocumentDetails, form: Form) -> Decimal:
    """What is credited by what was typed, with VAT. Raises InvalidValue or Rejected where that cannot be."""
    if item.document is None:
        abort(HTTPStatus.NOT_FOUND)
    with context().store.read() as connection:
        history = documents.history(connection, item.shop_id, item.draft.order_id, item.draft.order_key)
    credited = CreditedInvoice(item.document, tuple(one.draft for one in history.credit_notes_of(item.document)))
    left = credit_balance_of(item.document, credited.credit_notes)
    if left.total <= 0:
        raise Rejected("Nothing is left of {number} to credit.", number=item.document.number, code="nothing_remaining")
    if not form.is_checked("part"):
        return left.total
    selection = selection_of(form)
    if selection.lines:
        return resolve_selection(selection, credited, left).total
    return amount_within(selection, item.document, left)


def selection_of(form: Form) -> CreditSelection:
    """Lines or an amount, as they were typed. Raises InvalidValue."""
    amount = decimal_from_figures(form.values.get("amount", ""))
    try:
        lines = tuple(
            SelectedLine(parse_whole_number(str(line["index"])) or 0, Decimal(str(line["quantity"])))
            for line in credited_lines(form.values)
        )
        found = Decimal(amount) if amount else None
    except InvalidOperation as error:
        raise InvalidValue("What is to be credited cannot be read: quantities and amounts are numbers.") from error
    numbers = [line.quantity for line in lines] + ([] if found is None else [found])
    if not all(number.is_finite() and abs(number) < MOST_CREDITED for number in numbers):
        raise InvalidValue("What is to be credited cannot be read: quantities and amounts are numbers.")
    if bool(lines) == (found is not None):
        raise InvalidValue("Type how many of which lines are credited, or an amount: one of the two.")
    return CreditSelection(lines, found)


def credited_lines(sent: Mapping[str, str]) -> list[dict[str, object]]:
    """The lines with a quantity typed, by their place on the invoice."""
    typed = (
        (parse_whole_number(name.removeprefix("quantity-")), decimal_from_figures(value))
        for name, value in sent.items()
        if name.startswith("quantity-")
    )
    return [{"index": place, "quantity": value} for place, value in typed if place is not None and value.strip("0.")]
