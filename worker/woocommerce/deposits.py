"""What deposit plugins write on an order: what came in of it, or that the order is of the deposit alone.

Read in the sources of the plugins and of gateways that know them, 2026-11-28: Webtomizer (_wc_deposits) and Acowebs
(_awcdp_deposits) leave the order whole and note the two parts; WooCommerce Deposits and YITH Deposits lower its lines to the
deposit, and make an order of its own for the balance.
"""

from decimal import Decimal

from worker.domain.money import to_minor_unit
from worker.domain.payment import Deposit
from worker.woocommerce.node import Node

WHOLE_ORDER_PLUGINS = ("_wc_deposits", "_awcdp_deposits")
# On a line: that it is a deposit, and the line's whole price with VAT where the plugin writes that.
LINE_KEYS = {"_is_deposit": "_deposit_full_amount", "_deposit": ""}
YES = ("yes", "1", "true")


def deposit_of(order: Node, meta: tuple[Node, ...]) -> Deposit | None:
    """The deposit of an order; None where there is none, and once the rest was paid too."""
    currency = order.currency("currency")
    return _of_whole_order(meta, currency) or _of_lines(order, currency)


def _of_whole_order(meta: tuple[Node, ...], currency: str) -> Deposit | None:
    said = {node.text("key"): node for node in meta}
    for plugin in WHOLE_ORDER_PLUGINS:
        if _says_yes(said.get(f"{plugin}_order_has_deposit")) and not _says_yes(
            said.get(f"{plugin}_second_payment_paid")
        ):
            paid, amount = said.get(f"{plugin}_deposit_paid"), said.get(f"{plugin}_deposit_amount")
            if paid is not None and not _says_yes(paid):
                return Deposit(came_in=Decimal("0.00"))
            return Deposit(came_in=_amount(amount, currency))
    return None


def _of_lines(order: Node, currency: str) -> Deposit | None:
    """The sum of what the deposits' lines cost in full is known where each of them says it."""
    ids, full = [], []
    for line in order.nodes("line_items"):
        said = {node.text("key"): node for node in line.nodes("meta_data")}
        marked = next((key for key in LINE_KEYS if _says_yes(said.get(key))), None)
        if marked is not None and "_original_order_id" not in said:
            ids.append(line.whole("id"))
            full.append(_amount(said.get(LINE_KEYS[marked]), currency))
    if not ids:
        return None
    known = [amount for amount in full if amount is not None]
    return Deposit(line_ids=tuple(ids), full_price=sum(known, Decimal(0)) if len(known) == len(full) else None)


def _says_yes(node: Node | None) -> bool:
    return node is not None and (node.values.get("value") is True or node.scalar("value").strip().lower() in YES)


def _amount(node: Node | None, currency: str) -> Decimal | None:
    """None where there is none, or what is written is no amount: a plugin's note never stops an order."""
    try:
        amount = Decimal(node.scalar("value")) if node is not None else Decimal(0)
    except ArithmeticError:
        return None
    return to_minor_unit(amount, currency) if amount.is_finite() and 0 < amount < 10**9 else None
