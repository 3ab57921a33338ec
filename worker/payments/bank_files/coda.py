"""CODA 2, the statement of every Belgian bank (Febelfin): lines of 128 characters in code page 1252."""

import io
from collections.abc import Iterable, Iterator
from decimal import Decimal

from coda import CODA, Move, Statement

from worker.domain.bank_line import BankLine
from worker.domain.bank_statement import BankStatement
from worker.domain.money import CENT, total_of
from worker.payments.bank_files.broken import cut_off, unreadable

_HEAD = b"0000"
_RECORD = 128
# Types of a structured communication: RF, Belgian, Belgian without check.
_STRUCTURED = ("100", "101", "102")
# Types of a line: what came from abroad or the like, with what it cost; and those of which the details are no payments.
_WITH_COSTS, _ONE_PAYMENT = "3", ("3", "7")
# Within every family: a debit and a credit that were undone, and, of transfers, an order that could not be carried out.
_RETURNS = ("49", "99", "54")


def is_coda(content: bytes) -> bool:
    first = content.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
    return first.startswith(_HEAD) and len(first) == _RECORD


def read(content: bytes) -> Iterator[BankLine | BankStatement]:
    text = content.removeprefix(b"\xef\xbb\xbf").decode("cp1252", errors="replace")
    try:
        statements: list[Statement] = CODA(io.StringIO(text)).statements
        found = [one for statement in statements for one in told_by(statement)]
    except (AssertionError, ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise unreadable("CODA") from error
    yield from found


def told_by(statement: Statement) -> Iterator[BankLine | BankStatement]:
    require_whole(statement)
    yield from lines_of(statement)
    yield BankStatement(
        account="".join(statement.account.split()),
        currency=statement.account_currency,
        opening=statement.old_balance,
        opened_on=statement.old_balance_date,
        closing=statement.new_balance,
        closed_on=statement.new_balance_date,
    )


def require_whole(statement: Statement) -> None:
    """The library takes a file that ends too early, and checks sums by `assert`, which Python may be told to leave out."""
    if statement.number_records is None:
        raise cut_off("CODA")
    moved: Decimal = total_of(move.amount for move in statement.moves)
    if statement.old_balance + moved != statement.new_balance:
        raise unreadable("CODA")


def lines_of(statement: Statement) -> Iterator[BankLine]:
    for whole in statement.moves:
        for move in payments_in(whole):
            yield line_of(statement, move)


def payments_in(whole: Move) -> list[Move]:
    """The details of a group where they come to its sum. Otherwise the whole stands alone: of which of them it is, nobody knows."""
    is_told = whole.moves and total_of(move.amount for move in whole.moves) == whole.amount
    return list(whole.moves) if is_told and whole.transaction_type != _WITH_COSTS else [whole]


def line_of(statement: Statement, move: Move) -> BankLine:
    # Of one payment, words may stand beside what it cost; of a group they are of one payment among others.
    told = [move, *move.moves] if move.transaction_type in _ONE_PAYMENT else [move]
    return BankLine(
        account="".join(statement.account.split()),
        booked_on=move.entry_date,
        amount=move.amount.quantize(CENT),
        currency=statement.account_currency,
        key=f"coda:{statement.account}:{statement.old_balance_date.year}:{statement.coda_sequence}:{move.sequence}{move.detail_sequence}"
        # The first statement of an account may end in the year in which that of the next year begins.
        f":{move.entry_date}:{move.amount}",
        name=next(filled(one.counterparty_name for one in told), ""),
        # The currency stands at the end of the same field.
        iban="".join(next(filled((one.counterparty_account or "")[:34] for one in told), "").split()),
        structured=", ".join(filled(one.communication for one in told if one.communication_type in _STRUCTURED)),
        text=" ".join(filled(one.communication for one in told if one.communication_type not in _STRUCTURED)),
        bank_reference=(move.bank_reference or "").strip(),
        is_return=move.transaction_transaction in _RETURNS or bool(move.r_transaction),
    )


def filled(texts: Iterable[str | None]) -> Iterator[str]:
    return (text.strip() for text in texts if text and text.strip())


def _append(move: Move, detail: Move) -> None:
    move.moves.append(detail)


# The library reads the details of a detail by a method that it does not have.
Move.append = _append
