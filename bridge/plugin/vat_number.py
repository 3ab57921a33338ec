"""What the shop's checkout asks while a customer types: does VIES know this VAT number, and as whom?

Help for whoever types, never the proof: that is asked for again, and kept, when the invoice is decided on.
"""

import threading

from flask import Blueprint, Response, jsonify

from bridge.accounts.rate_limit import By, seconds_to_wait
from bridge.context import context
from bridge.plugin.signed_request import PluginRequest, signed
from worker.domain.shop import Shop
from worker.domain.vat_number import normalise_vat_number
from worker.net import vies
from worker.net.vies_answer import ViesAnswer
from worker.store import shops, vat_checks

blueprint = Blueprint("plugin_vat_number", __name__)

# A customer does not wait longer, and however many type at once, the other threads of this process stay free. A shop asks
# fifteen times a minute at most: who types numbers without end at its checkout leaves a place, and VIES, to the other shops.
MOST_S = 4.0
ASKING = threading.BoundedSemaphore(2)
NOT_ASKED = ViesAnswer(None)


@blueprint.post("/plugin/vat-number")
@signed
def check_vat_number(plugin_request: PluginRequest) -> Response:
    """`state`: *valid* or *invalid* by VIES, *wrong* by its own digits, else *unknown*; `name` and `address` as VIES has them."""
    given, country = (str(plugin_request.content.get(name, "")) for name in ("number", "country"))
    number, problem = normalise_vat_number(given[:60], country[:2].upper())
    if not number:
        return jsonify(state="wrong" if problem else "unknown", number="", name="", address="")
    with context().store.read() as connection:
        shop = shops.get(connection, context().encryption, plugin_request.plugin.shop_id).shop
    answer = NOT_ASKED if seconds_to_wait(By.VAT_NUMBERS, shop.shop_id) else answer_for(shop, number)
    state = {True: "valid", False: "invalid", None: "unknown"}[answer.valid]
    return jsonify(state=state, number=number, name=answer.name, address=answer.address)


def answer_for(shop: Shop, number: str) -> ViesAnswer:
    """What VIES says now; nothing where it is known to be out of order, or asked by enough others already."""
    settings, requester = context().settings, shop.seller.vat_number
    if not (settings.vies_url and requester) or is_out_of_order(number) or not ASKING.acquire(blocking=False):
        return NOT_ASKED
    try:
        return vies.ask(settings.vies_url, number, requester=requester, total_s=MOST_S)
    finally:
        ASKING.release()


def is_out_of_order(number: str) -> bool:
    with context().store.read() as connection:
        return vat_checks.outage(connection, number, now=context().now()) is not None
