"""Who paid or was paid, in the lines of a bank's files, where that person is to be forgotten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select, update

from worker.domain.bank_line import BankLine
from worker.store import payment_references
from worker.store.bank_lines import LineState, as_line
from worker.store.database import json_codec
from worker.store.database.pagination import streamed
from worker.store.database.tables import bank_lines, payments
from worker.store.order_search import split


def forget(connection: Connection, shop_id: str, order_ids: Sequence[int], names: Iterable[str]) -> int:
    """Take name, account and words off the lines of some orders' customer, who is called one of *names*: those that were counted
    for the orders, and of the others those under their references, from an account that paid them, or by that name.

    Day, amount and reference stay. Returns of how many.
    """
    paid = select(payments.c.outside_ref).where(
        payments.c.shop_id == shop_id, payments.c.order_id.in_(order_ids), payments.c.outside_ref.startswith("bank:")
    )
    line_ids = sorted({int(name.split(":")[1]) for name in connection.execute(paid).scalars()})
    mine = select(bank_lines).where(bank_lines.c.shop_id == shop_id)
    theirs = [as_line(row) for row in connection.execute(mine.where(bank_lines.c.line_id.in_(line_ids)))]
    customer = Customer(
        frozenset(payment_references.of_orders(connection, shop_id, order_ids)),
        frozenset(line.line.iban for line in theirs if line.line.iban),
        frozenset(words for words in (frozenset(split(name)) for name in names) if len(words) > 1),
    )
    others = streamed(connection, mine.where(bank_lines.c.state != LineState.COUNTED))
    found = {line.line_id: line for line in theirs}
    found |= {line.line_id: line for line in map(as_line, others) if customer.is_of(line.line)}
    for stored in found.values():
        # What the words said of references stays, so that a file of another kind does not bring the same money anew.
        kept = json_codec.dump(replace(stored.line, name="", iban="", text=" ".join(stored.line.references)))
        connection.execute(update(bank_lines).where(bank_lines.c.line_id == stored.line_id).values(line=kept))
    return len(found)


@dataclass(frozen=True)
class Customer:
    """By what the lines of one customer are known: *names* are the words of each, in whichever order the bank writes them."""

    references: frozenset[str]
    ibans: frozenset[str]
    names: frozenset[frozenset[str]]

    def is_of(self, line: BankLine) -> bool:
        by_name = frozenset(split(line.name)) in self.names
        return by_name or line.iban in self.ibans or not self.references.isdisjoint(line.references)
