"""The notes of the pretend shop's orders over REST."""

from collections.abc import Callable

from flask import Response, request

from worker.demo.oauth import php_query
from worker.demo.orders import Payload
from worker.demo.shop_api_answers import BASE, json_answer, linked, require_force, sent_json
from worker.demo.shop_api_parameters import RestError, true
from worker.demo.shop_state import ShopState


class NotesApi:
    """Notes on orders: list, read, add, delete."""

    def __init__(self, state: ShopState, url: Callable[[], str]) -> None:
        self._state = state
        self._url = url

    def list_notes(self, order_id: int) -> Response:
        if self._state.order(order_id) is None:
            raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid order ID.", status=404)
        wanted = php_query(request.query_string.decode()).get("type", "any")
        told = [
            n for n in self._state.notes(order_id) if wanted == "any" or n["customer_note"] == (wanted == "customer")
        ]
        return json_answer([self._note(order_id, note) for note in told])

    def add_note(self, order_id: int) -> Response:
        self._order_of_note(order_id)
        wanted = sent_json()
        if not wanted.get("note"):
            missing = {"params": ["note"]}
            raise RestError("rest_missing_callback_param", "Missing parameter(s): note", status=400, more=missing)
        author = "admin" if true(wanted.get("added_by_user")) else "WooCommerce"
        for_customer = true(wanted.get("customer_note"))
        note = self._state.note(order_id, str(wanted["note"]), for_customer=for_customer, author=author)
        answer = json_answer(self._note(order_id, note), status=201)
        answer.headers["Location"] = f"{self._url()}{BASE}/orders/{order_id}/notes/{note['id']}"
        return answer

    def get_note(self, order_id: int, note_id: int) -> Response:
        return json_answer(self._note(order_id, self._found_note(order_id, note_id)))

    def delete_note(self, order_id: int, note_id: int) -> Response:
        require_force()
        note = self._found_note(order_id, note_id)
        self._state.remove_note(order_id, note_id)
        return json_answer(self._note(order_id, note))

    def _order_of_note(self, order_id: int) -> None:
        # Not the code that listing the notes of a missing order gives.
        if self._state.order(order_id) is None:
            raise RestError("woocommerce_rest_order_invalid_id", "Invalid order ID.", status=404)

    def _found_note(self, order_id: int, note_id: int) -> Payload:
        self._order_of_note(order_id)
        found = next((note for note in self._state.notes(order_id) if note["id"] == note_id), None)
        if found is None:
            raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", status=404)
        return found

    def _note(self, order_id: int, note: Payload) -> Payload:
        return linked(note, f"{BASE}/orders/{order_id}/notes", up=f"{BASE}/orders/{order_id}", root=self._url())
