"""Taking in a bank's file: what pays an order for certain is counted, the rest waits for a person, and every line is kept."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from worker.domain.actor import Actor
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import COUNTED, SETTLED, Match, Verdict
from worker.domain.bank_statement import BankStatement
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.payments.bank_files.read import read_file
from worker.queue.job_progress import OnProgress
from worker.store import bank_files, bank_lines, bank_statements, counters
from worker.store.bank_files import NewFile
from worker.store.bank_lines import LineState
from worker.store.database.engine import Store
from worker.store.queries.bank_claims import matched, of_other_shops, told_before
from worker.store.queries.shared_account import shops_on_account

# Lines in one transaction.
AT_ONCE = 100


@dataclass(frozen=True)
class BankFile:
    name: str
    content: bytes


@dataclass(frozen=True)
class CheckedFile:
    """A bank file of a shop: its *kind*, and what each line of the shop's own account is that was not read before.

    *others*: lines of other accounts; *known*: lines that were read before.
    """

    kind: str
    matches: tuple[Match, ...]
    others: int = 0
    known: int = 0

    @property
    def counts(self) -> Mapping[Verdict, int]:
        return Counter(match.verdict for match in self.matches)


def check_file(connection: Connection, shop: Shop, content: bytes) -> CheckedFile:
    """What a file would bring; nothing is stored. Raises Rejected where it cannot be read or is of another account."""
    kind, lines, statements = read_file(content)
    own = own_lines(shop, lines, statements)
    told = told_before(connection, shop.shop_id, own)
    matches = matched(connection, shop.shop_id, own, told)
    return CheckedFile(kind, matches, others=len(lines) - len(own), known=len(own) - len(matches))


def take_file(store: Store, shop: Shop, file: BankFile, *, by: Actor, told: OnProgress) -> CheckedFile:
    """Count what the lines of a file bring, and keep them. Lines that were read before, in this file or another, change nothing.

    Some lines at a time, so that nobody waits for the whole of a year; broken off, the same file goes on where it was. *told* hears
    how many of how many were read. Raises Rejected where the file cannot be read or is of another account, or in test mode.
    """
    if shop.test:
        raise Rejected(
            "{shop} is in test mode: its documents ask nobody for money. Read the bank's files once it is live.",
            shop=shop.name,
            code="test_mode",
        )
    kind, lines, statements = read_file(file.content)
    own = own_lines(shop, lines, statements)
    own_statements = [one for one in statements if one.account == shop.seller.account]
    new = NewFile(
        shop.shop_id,
        hashlib.sha256(file.content).hexdigest(),
        file.name,
        kind,
        last_day(own, own_statements, today=shop.day_of(by.now)),
    )
    with store.write() as connection:
        file_id = bank_files.add_file(connection, new, by=by.name, now=by.now)
        of_others = told_before(connection, shop.shop_id, own)
        newest = bank_lines.newest_id(connection, shop.shop_id)
    parts = []
    for start in range(0, len(own), AT_ONCE):
        with store.write() as connection:
            counters.lock(connection, shop.shop_id)
            if bank_lines.newest_id(connection, shop.shop_id) != newest:  # another file is read at the same time
                of_others = told_before(connection, shop.shop_id, own)
            matches = matched(connection, shop.shop_id, own[start : start + AT_ONCE], of_others)
            keep(connection, shop.shop_id, file_id, matches, by=by)
            newest = bank_lines.newest_id(connection, shop.shop_id)
            parts.append(matches)
        told(min(start + AT_ONCE, len(own)), len(own))
    with store.write() as connection:
        counters.lock(connection, shop.shop_id)
        bank_statements.keep(connection, shop.shop_id, own_statements)
    settle_in_others(store, shop)
    every = tuple(match for part in parts for match in part)
    return CheckedFile(kind, every, others=len(lines) - len(own), known=len(own) - len(every))


def settle_in_others(store: Store, shop: Shop) -> None:
    """What customers of *shop* paid waits no longer in the owner's other shops on the account, now that it read of it itself."""
    with store.read() as connection:
        others = shops_on_account(connection, shop.shop_id)
    for other in others:
        with store.write() as connection:
            counters.lock(connection, other.shop_id)
            # What a person wants to look at again is his.
            lines = [one for one in bank_lines.waiting(connection, other.shop_id) if not one.decided_by]
            theirs = of_other_shops(connection, other.shop_id, [Match(one.line, one.verdict) for one in lines])
            settled = [one.line_id for one in lines if one.line.key in theirs]
            bank_lines.settle(connection, settled, Verdict.OTHER_SHOP)


def last_day(lines: Sequence[BankLine], statements: Sequence[BankStatement], *, today: date) -> date | None:
    """The newest day on which the bank booked any of *lines*, or one of *statements* ends; none that is still to come."""
    days = [line.booked_on for line in lines if not line.is_pending] + [one.closed_on for one in statements]
    return max((day for day in days if day <= today), default=None)


def keep(connection: Connection, shop_id: str, file_id: int, matches: Sequence[Match], *, by: Actor) -> None:
    """Store lines with what they are, and count those that pay an order for certain. Call under the shop's lock."""
    # What is not booked yet comes again when it is.
    booked = [match for match in matches if match.verdict is not Verdict.PENDING]
    bank_lines.add_lines(connection, shop_id, file_id, [(match, state_of(match)) for match in booked])
    bank_lines.count_new(connection, shop_id, [match for match in booked if match.verdict in COUNTED], by=by)


def state_of(match: Match) -> LineState:
    if match.verdict in COUNTED:
        return LineState.COUNTED
    return LineState.DONE if match.verdict in SETTLED else LineState.WAITING


def own_lines(shop: Shop, lines: Sequence[BankLine], statements: Sequence[BankStatement]) -> tuple[BankLine, ...]:
    account, told = shop.seller.account, {line.account for line in lines} | {one.account for one in statements}
    if not account:
        raise Rejected(
            "The shop has no account number yet. Enter its IBAN in the settings, so that only money on that account is looked at.",
            code="no_iban",
        )
    if told == {""}:
        raise Rejected(
            "This file names no IBAN, so nobody can tell whether it is of the shop's account, {account}. Download the statement in another kind "
            "(CODA, MT940 or CSV), or ask your bank for one that names the IBAN.",
            account=account,
            code="bank_file_without_iban",
        )
    if told and account not in told:
        raise Rejected(
            "This file is of {accounts}, and the shop's account is {account}. Choose the file of that account, or correct the IBAN in the settings.",
            accounts=", ".join(sorted(told)),
            account=account,
            code="bank_file_of_other_account",
        )
    return tuple(line for line in lines if line.account == account)
