"""CODA 2, the statement of every Belgian bank (Febelfin): lines of 128 characters in code page 1252."""

import io
from collections.abc import Iterator
from decimal import Decimal

from coda import CODA, Move, Statement

from worker.domain.bank_line import BankLine
from worker.domain.money import total_of
from worker.payments.bank_files.broken import cut_off, unreadable

_HEAD = b"0000"
_RECORD = 128
# Types of a structured communication: RF, Belgian, Belgian without check.
_STRUCTURED = ("100", "101", "102")
# Within every family: a debit and a credit that were undone, and, of transfers, an order that could not be carried out.
_RETURNS = ("49", "99", "54")


def is_coda(content: bytes) -> bool:
    first = content.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
    return first.startswith(_HEAD) and len(first) == _RECORD


def read(content: bytes) -> Iterator[BankLine]:
    text = content.removeprefix(b"\xef\xbb\xbf").decode("cp1252", errors="replace")
    try:
        statements: list[Statement] = CODA(io.StringIO(text)).statements
    except (AssertionError, ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise unreadable("CODA") from error
    for statement in statements:
        require_whole(statement)
        yield from lines_of(statement)


def require_whole(statement: Statement) -> None:
    """The library takes a file that ends too early, and checks sums by `assert`, which Python may be told to leave out."""
    if statement.number_records is None:
        raise cut_off("CODA")
    moved: Decimal = total_of(move.amount for move in statement.moves)
    if statement.old_balance + moved != statement.new_balance:
        raise unreadable("CODA")


def lines_of(statement: Statement) -> Iterator[BankLine]:
    for whole in statement.moves:
        # A group of transfers stands once as their sum and once in its details.
        for move in list(whole.all_moves) or [whole]:
            yield line_of(statement, move)


def line_of(statement: Statement, move: Move) -> BankLine:
    is_structured = move.communication_type in _STRUCTURED
    communication = (move.communication or "").strip()
    return BankLine(
        account="".join(statement.account.split()),
        booked_on=move.entry_date,
        amount=move.amount.quantize(Decimal("0.01")),
        currency=statement.account_currency,
        key=f"coda:{statement.account}:{statement.old_balance_date.year}:{statement.coda_sequence}:{move.sequence}{move.detail_sequence}"
        # The first statement of an account may end in the year in which that of the next year begins.
        f":{move.entry_date}:{move.amount}",
        name=(move.counterparty_name or "").strip(),
        # The currency stands at the end of the same field.
        iban="".join((move.counterparty_account or "")[:34].split()),
        structured=communication if is_structured else "",
        text="" if is_structured else communication,
        bank_reference=(move.bank_reference or "").strip(),
        is_return=move.transaction_transaction in _RETURNS or bool(move.r_transaction),
    )
