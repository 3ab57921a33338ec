"""What is still owed of the orders that the lines of a bank name: by a reference that our documents asked for, or by a number."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection, select

from worker.domain.bank_line import BankLine
from worker.domain.bank_match import (
    NEAR_DAYS,
    Claim,
    Ledger,
    Match,
    ToldTwice,
    Verdict,
    match_line,
    match_lines,
    same_lines,
    words_of,
)
from worker.domain.order import OrderKey
from worker.store import bank_files, bank_lines, payment_references, payment_rows
from worker.store.bank_lines import LineState, StoredLine
from worker.store.database.any_of import any_of
from worker.store.database.shop_scope import is_of_order
from worker.store.database.tables import documents, orders
from worker.store.queries import order_balance
from worker.store.queries.shared_account import shops_by_reference

AS_KNOWN = (Verdict.KNOWN, Verdict.PERHAPS_KNOWN)
# A number has a digit, or every word of every line would be looked for.
_NUMBER = re.compile(r".*[0-9]")


def claims_of(connection: Connection, shop_id: str, lines: Iterable[BankLine]) -> tuple[Claim, ...]:
    """Every order that *lines* may pay, also where nothing is open any more; by order."""
    named = named_by(connection, shop_id, lines)
    wanted = sorted(named, key=lambda order: (order.order_id, order.order_key))
    found = (claim_of(connection, order, named[order]) for order in wanted)
    return tuple(claim for claim in found if claim is not None)


def named_by(connection: Connection, shop_id: str, lines: Iterable[BankLine]) -> dict[OrderKey, tuple[str, ...]]:
    """The orders that *lines* name by a number or a reference, each with its references."""
    lines = tuple(lines)
    if not lines:
        return {}
    references = sorted({reference for line in lines for reference in line.references})
    words = sorted({word for line in lines for word in words_of(line) if _NUMBER.match(word)})
    named: dict[OrderKey, tuple[str, ...]] = {}
    for reference, keys in payment_references.find(connection, shop_id, references).items():
        named |= {order: (*named.get(order, ()), reference) for order in keys}
    return dict.fromkeys(orders_of_numbers(connection, shop_id, words), ()) | named


def claim_of(connection: Connection, order: OrderKey, references: tuple[str, ...], currency: str = "") -> Claim | None:
    """None for an order of which no document asks for money. *currency*: of the money, where the order asked in it too."""
    balance = order_balance.of_order(connection, order)
    if balance is None:
        return None
    balance = balance.in_currency(currency)
    said = payment_rows.unconfirmed_transfers(connection, order)
    heard = tuple(payment.amount for payment in said if payment.currency == balance.currency)
    # Of one that is over both may be: what came of it is to be given back, and its exact rest pays it all the same.
    left = balance.open or -balance.excess
    numbers = numbers_of(connection, order)
    return Claim(order, numbers, references, left, balance.currency, heard, balance.excess)


def orders_of_numbers(connection: Connection, shop_id: str, numbers: list[str]) -> set[OrderKey]:
    """The orders that have one of these numbers, or a document with it."""
    columns = (documents.c.shop_id, documents.c.order_id, documents.c.order_key)
    mine = select(*columns).where(documents.c.shop_id == shop_id, documents.c.test.is_(False))
    # Two queries, each by an index of its own.
    made = (mine.where(any_of(documents.c.number, numbers)), mine.where(any_of(documents.c.order_number, numbers)))
    seen = select(orders.c.shop_id, orders.c.order_id, orders.c.order_key).where(
        orders.c.shop_id == shop_id, any_of(orders.c.order_number, numbers)
    )
    return {OrderKey(*row) for query in (*made, seen) for row in connection.execute(query)}


def numbers_of(connection: Connection, order: OrderKey) -> tuple[str, ...]:
    rows = connection.execute(
        select(documents.c.number, documents.c.order_number)
        .where(*is_of_order(documents, order))
        .order_by(documents.c.document_id)
    )
    seen = select(orders.c.order_number).where(*is_of_order(orders, order))
    numbers = [number for row in rows for number in row]
    return tuple(dict.fromkeys([*numbers, *connection.execute(seen).scalars()]))


def told_before(connection: Connection, shop_id: str, lines: Sequence[BankLine]) -> ToldTwice:
    """Those of *lines*, all of one file, that a file of another kind told of: no key is the same in both."""
    keys, kinds = {line.key for line in lines}, {line.told_by for line in lines}
    days = [line.booked_on + timedelta(days) for line in lines for days in (-NEAR_DAYS, NEAR_DAYS)]
    stored = bank_lines.of_days(connection, shop_id, days)
    others = [one.line for one in stored if one.line.told_by not in kinds and not one.is_of_another]
    # What another file of this kind was found to have told of is told of once.
    before = [
        one.line for one in stored if one.line.told_by in kinds and one.verdict in AS_KNOWN and one.line.key not in keys
    ]
    return same_lines([*before, *lines], others)


def matched(connection: Connection, shop_id: str, lines: Sequence[BankLine], told: ToldTwice) -> tuple[Match, ...]:
    """What those of *lines* are that were not read before. *told*: those that a file of another kind told of."""
    known = bank_lines.known_keys(connection, shop_id, [line.key for line in lines])
    new = tuple({line.key: line for line in lines if line.key not in known}.values())
    found = match_lines([line for line in new if line.key not in told.same], claims_of(connection, shop_id, new))
    by_key = {match.line.key: left_to_person(match) if match.line.key in told.near else match for match in found}
    by_key |= of_other_shops(connection, shop_id, found)
    return tuple(by_key.get(line.key, Match(line, Verdict.KNOWN)) for line in new)


def of_other_shops(connection: Connection, shop_id: str, found: Iterable[Match]) -> dict[str, Match]:
    """By key, those whose every reference is one of another shop of the owner: a number here that is the same says less.

    That shop must have read the bank's files until then, or nobody would hear of the money.
    """
    unknown = [one for one in found if one.verdict in (Verdict.UNKNOWN, Verdict.PROPOSED) and one.line.references]
    theirs = shops_by_reference(connection, shop_id, (ref for one in unknown for ref in one.line.references))
    until = {shop.shop_id: bank_files.told_until(connection, shop.shop_id) for shop in theirs.values()}

    def is_told(line: BankLine) -> bool:
        days = [until[theirs[ref].shop_id] if ref in theirs else None for ref in line.references]
        return all(day is not None and day >= line.booked_on for day in days)

    return {one.line.key: Match(one.line, Verdict.OTHER_SHOP) for one in unknown if is_told(one.line)}


def other_shops(connection: Connection, shop_id: str, lines: Iterable[StoredLine]) -> dict[int, str]:
    """By the id of each line that is for another shop of the owner, its name."""
    of_others = [line for line in lines if line.verdict is Verdict.OTHER_SHOP]
    theirs = shops_by_reference(connection, shop_id, (ref for one in of_others for ref in one.line.references))
    return {
        one.line_id: ", ".join(sorted({theirs[ref].name for ref in one.line.references if ref in theirs}))
        for one in of_others
    }


def is_proposed(connection: Connection, order: OrderKey, line: BankLine) -> bool:
    """Whether *line* would pay *order*, alone or with others that it names."""
    match = match_line(line, Ledger(claims_of(connection, order.shop_id, [line])))
    return any(share.order == order for share in match.shares)


def left_to_person(match: Match) -> Match:
    """Of a line that another kind of file may have told of: money for what is open is counted, and no more."""
    return replace(match, verdict=Verdict.PERHAPS_KNOWN) if match.verdict is Verdict.AGAIN else match


@dataclass(frozen=True)
class Suggestion:
    """What a line that waits would be now, and the *numbers* of the orders that it would pay; empty where there are none."""

    verdict: Verdict
    numbers: str


def suggestions(connection: Connection, shop_id: str, lines: Sequence[StoredLine]) -> dict[int, Suggestion]:
    """By the id of each line that waits."""
    waiting = [line for line in lines if line.state is LineState.WAITING]
    claims = claims_of(connection, shop_id, [line.line for line in waiting])
    numbers = {claim.order: claim.numbers[-1] for claim in claims}
    found = {line.line_id: match_line(line.line, Ledger(claims)) for line in waiting}
    for line in waiting:
        if line.verdict is Verdict.PERHAPS_KNOWN:
            found[line.line_id] = left_to_person(found[line.line_id])
    return {
        line_id: Suggestion(match.verdict, ", ".join(numbers[share.order] for share in match.shares))
        for line_id, match in found.items()
    }
