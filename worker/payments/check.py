"""What a bank file means for a shop: each of its lines, and which order it pays. Nothing is stored or counted."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Match, match_lines
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.payments.bank_files.read import read_file
from worker.payments.claims import claims_of


@dataclass(frozen=True)
class CheckedFile:
    """A bank file of a shop: its *kind*, and what each line of the shop's own account is. *others*: lines of other accounts."""

    kind: str
    matches: tuple[Match, ...]
    others: int


def check_file(connection: Connection, shop: Shop, content: bytes, *, today: date) -> CheckedFile:
    """Raises Rejected where the file cannot be read or is of another account."""
    kind, lines = read_file(content)
    own = own_lines(shop, lines)
    return CheckedFile(kind, match_lines(own, claims_of(connection, shop.shop_id, today=today)), len(lines) - len(own))


def own_lines(shop: Shop, lines: tuple[BankLine, ...]) -> tuple[BankLine, ...]:
    account = "".join(shop.seller.iban.split())
    if not account:
        raise Rejected(
            "The shop has no account number yet. Enter its IBAN in the settings, so that only money on that account is looked at.",
            code="no_iban",
        )
    own = tuple(line for line in lines if line.account == account)
    if lines and not own:
        raise Rejected(
            "This file is of {accounts}, and the shop's account is {account}. Choose the file of that account, or correct the IBAN in the settings.",
            accounts=", ".join(sorted({line.account for line in lines})),
            account=account,
            code="bank_file_of_other_account",
        )
    return own
