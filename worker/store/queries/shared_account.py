"""Shops of one owner that are paid on one account: each reads the bank's file, and finds the customers of the others in it."""

from collections.abc import Iterable

from sqlalchemy import Connection

from worker.domain.shop import Shop
from worker.store import payment_references, shops, users


def shops_on_account(connection: Connection, shop_id: str) -> list[Shop]:
    """The others on the account of *shop_id* that have the same owner. Of another owner's nothing is told, whatever it says."""
    email, shop = users.owner(connection, shop_id), shops.settings_of(connection, shop_id)
    owner = users.by_email(connection, email) if email else None
    if owner is None or shop is None or not shop.seller.account:
        return []
    ids = [one for one in sorted(users.roles_of(connection, owner.user_id)) if one != shop_id]
    theirs = (shops.settings_of(connection, one) for one in ids if users.owner(connection, one) == email)
    return [other for other in theirs if other is not None and other.seller.account == shop.seller.account]


def shops_by_reference(connection: Connection, shop_id: str, references: Iterable[str]) -> dict[str, Shop]:
    """The other shop on the same account that asked to be paid under each of *references*, where one did."""
    wanted, found = sorted(set(references)), dict[str, Shop]()
    for shop in shops_on_account(connection, shop_id) if wanted else ():
        for reference in payment_references.find(connection, shop.shop_id, wanted):
            found.setdefault(reference, shop)
    return found
