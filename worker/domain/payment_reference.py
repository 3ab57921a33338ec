"""The reference of a payment: the Belgian structured communication."""

# Each shop's references start at its own ten million, so that shops may share a bank account.
ORDERS_PER_SEED = 10_000_000


def structured_communication(shop_seed: int, order_id: int) -> str:
    """The order's reference: 12 digits, shared by all documents of the order.

    Ten digits of *shop_seed* x 10 000 000 + *order_id*, and two that check them (modulo 97, 97 for 0). Unique within a
    shop because order ids are; two shops could only meet when one has passed its ten millionth id.
    """
    base = (shop_seed * ORDERS_PER_SEED + order_id) % 10**10
    return f"{base:010d}{base % 97 or 97:02d}"
