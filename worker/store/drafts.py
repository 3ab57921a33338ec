"""Documents without a number: drafts that wait for a person, and what became of them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.engine import Row

from worker.domain.attention import KEPT_BY_RULE, Source
from worker.domain.attention_reasons import worst_code
from worker.domain.document import Draft, StoredDraft
from worker.errors import Rejected
from worker.store.database import json_codec
from worker.store.database.made_once import given, made_once
from worker.store.database.rows import read_row
from worker.store.database.tables import drafts

AT_ONCE = 500
# Made once: a statement costs more to build than to run.
END = made_once(
    update(drafts).where(
        *given(drafts.c.shop_id, drafts.c.cause, drafts.c.order_key, prefix="of_"), drafts.c.state == "open"
    )
)


def save_draft(connection: Connection, shop_id: str, draft: Draft, *, now: datetime) -> int:
    """Store *draft* for a person, or update the one of the same cause. A discarded one stays discarded."""
    key = (drafts.c.shop_id == shop_id, drafts.c.cause == draft.cause, drafts.c.order_key == draft.order_key)
    columns = (drafts.c.draft_id, drafts.c.state, drafts.c.snapshot, drafts.c.code, drafts.c.changed_at)
    found = connection.execute(select(*columns).where(*key)).one_or_none()
    snapshot, code = json_codec.dump(draft), worst_code(Source.DRAFT, draft.problems)
    if found is None:
        result = connection.execute(
            insert(drafts)
            .values(
                shop_id=shop_id,
                cause=draft.cause,
                order_id=draft.order_id,
                order_key=draft.order_key,
                state="open",
                created_at=now,
                changed_at=now,
                code=code,
                snapshot=snapshot,
            )
            .returning(drafts.c.draft_id)
        )
        return int(result.scalar_one())
    if found.state == "open" and found.snapshot != snapshot:
        changed_at = found.changed_at if found.code == code else now
        connection.execute(update(drafts).where(*key).values(snapshot=snapshot, code=code, changed_at=changed_at))
    return int(found.draft_id)


def get_draft(connection: Connection, draft_id: int) -> StoredDraft:
    """The draft with *draft_id*. Raises Rejected when there is none, or it has been issued."""
    row = connection.execute(select(drafts).where(drafts.c.draft_id == draft_id)).one_or_none()
    if row is None or row.state == "issued":
        raise Rejected("There is no draft with id {draft_id} any more.", draft_id=draft_id, code="draft_unknown")
    return as_stored_draft(row)


def open_ids(connection: Connection, shop_id: str) -> list[int]:
    """Of the drafts of a shop that wait, the oldest first."""
    mine = (drafts.c.shop_id == shop_id, drafts.c.state == "open")
    return list(connection.execute(select(drafts.c.draft_id).where(*mine).order_by(drafts.c.draft_id)).scalars())


def orders_with_problems(connection: Connection, shop_id: str, *, limit: int) -> tuple[int, ...]:
    """Up to *limit* orders of a shop with a draft that waits because something is wrong, the newest first."""
    rows = connection.execute(
        select(drafts.c.order_id)
        .where(drafts.c.shop_id == shop_id, drafts.c.state == "open", drafts.c.code != KEPT_BY_RULE)
        .order_by(drafts.c.draft_id.desc())
        .limit(limit)
    )
    return tuple(dict.fromkeys(rows.scalars()))


def end_draft(connection: Connection, shop_id: str, draft: Draft, *, state: str, now: datetime) -> bool:
    """Set the open draft of the same cause to `issued` or `discarded`; False when there was none."""
    cause = {"of_shop_id": shop_id, "of_cause": draft.cause, "of_order_key": draft.order_key}
    return bool(connection.execute(END, {**cause, "state": state, "changed_at": now}).rowcount)


def withdraw(connection: Connection, draft_id: int) -> None:
    """Remove an open draft whose cause is gone. Nobody discarded it: the cause gives a draft again where it comes back."""
    connection.execute(delete(drafts).where(drafts.c.draft_id == draft_id, drafts.c.state == "open"))


def forget_discarded(connection: Connection, draft_id: int) -> None:
    """Remove a discarded draft, so that its cause gives one again."""
    connection.execute(delete(drafts).where(drafts.c.draft_id == draft_id, drafts.c.state == "discarded"))


def every(connection: Connection, shop_id: str, *, state: str) -> Iterator[StoredDraft]:
    """All drafts of a shop in a state, oldest first, some at a time."""
    last = 0
    while True:
        mine = (drafts.c.shop_id == shop_id, drafts.c.state == state, drafts.c.draft_id > last)
        rows = connection.execute(select(drafts).where(*mine).order_by(drafts.c.draft_id).limit(AT_ONCE)).all()
        yield from map(as_stored_draft, rows)
        if len(rows) < AT_ONCE:
            return
        last = rows[-1].draft_id


def as_stored_draft(row: Row[Any]) -> StoredDraft:
    draft = json_codec.load(Draft, row.snapshot)
    return read_row(StoredDraft, row, draft=draft, discarded=row.state == "discarded")
