"""Let our invoices go on after the numbers of another plugin of the shop, before the first of ours is given."""

from datetime import timedelta

from worker.actions import Installation
from worker.actions.go_live import has_real_invoice
from worker.actions.shop_settings import ChangedShop, NumberingChanges, ShopChanges, change_shop
from worker.domain.actor import Actor
from worker.domain.document import Kind
from worker.domain.other_invoices import OtherNumbers
from worker.errors import Rejected
from worker.store import plugins

# The plugin tells every five minutes. Later, the other one may have given numbers that nobody told of.
TOLD_WITHIN = timedelta(minutes=15)


def continue_numbers(installation: Installation, shop_id: str, *, by: Actor) -> ChangedShop:
    """Give invoices the pattern of the other plugin, and its next number as their first. Raises Rejected where that is not possible."""
    with installation.store.read() as connection:
        others, told_at = plugins.other_invoices(connection, shop_id)
        taken = has_real_invoice(connection, shop_id)
    maker = others.with_numbers
    if maker is None or maker.numbers is None:
        raise Rejected("The shop told of no other plugin whose numbers could go on here.", code="numbers_unknown")
    if taken:
        raise Rejected(
            "An invoice has its number here already, so the numbers of {name} cannot go on here any more.",
            name=maker.name,
            code="number_taken",
        )
    if told_at is None or by.now - told_at > TOLD_WITHIN:
        raise Rejected(
            "The shop has told nothing for more than a quarter of an hour, and {name} may have given numbers meanwhile. "
            "Press “Check the connection” in WooCommerce > Settings > Facturelay, then try again.",
            name=maker.name,
            code="numbers_old",
        )
    return change_shop(installation, shop_id, ShopChanges(numbering=changes_for(maker.numbers)), by=by)


def changes_for(numbers: OtherNumbers) -> NumberingChanges:
    """Its pattern where ours can look like it; the number alone where not."""
    after = {Kind.INVOICE: numbers.next - 1}
    if not numbers.pattern:
        return NumberingChanges(continue_after=after)
    return NumberingChanges(
        patterns={Kind.INVOICE: numbers.pattern}, yearly={Kind.INVOICE: numbers.yearly}, continue_after=after
    )
