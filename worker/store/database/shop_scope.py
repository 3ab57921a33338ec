"""Which shops a person may see, as a condition on every query."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, false

# None: all shops, for an operator. Nobody else may be given None; an empty collection sees nothing.
Shops = Collection[str] | None


def within(column: ColumnElement[str], shops: Shops) -> tuple[ColumnElement[bool], ...]:
    """That *column* names one of *shops*."""
    if shops is None:
        return ()
    ids = sorted(set(shops))
    if not ids:
        return (false(),)
    return (column == ids[0],) if len(ids) == 1 else (column.in_(ids),)
