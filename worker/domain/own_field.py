"""What a field of the shop's own checkout holds, as its owner said: used before the fields that are known."""

from enum import StrEnum

from worker.errors import InvalidValue

LONGEST_FIELD = 200


class Holds(StrEnum):
    """What a field of an order may hold."""

    VAT_NUMBER = "vat_number"
    PURCHASE_ORDER = "purchase_order"
    PEPPOL_ADDRESS = "peppol_address"
    DELIVERY_DAY = "delivery_day"
    DELIVERY_HOURS = "delivery_hours"
    PICK_UP_POINT = "pick_up_point"
    NOTHING = "nothing"


def read_own_field(text: str) -> tuple[str, Holds]:
    """Read `_billing_btw_bis=vat_number`: a field by its key, one within another after a point, and what it holds.

    Raises ValueError with a sentence.
    """
    field, _, holds = (side.strip() for side in text.rpartition("="))
    if not field or len(field) > LONGEST_FIELD or holds not in list(Holds):
        raise InvalidValue(
            "“{text}” does not say what a field holds; write it like _billing_btw_bis=vat_number, with one of "
            "{choices}.",
            text=text,
            choices=", ".join(Holds),
        )
    return field, Holds(holds)
