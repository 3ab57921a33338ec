"""The state of a WooCommerce shop, and what changing it sets off. Knows nothing of HTTP."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from worker.demo.hookshot import ShopWebhook, a_secret
from worker.demo.note_html import sanitize
from worker.demo.orders import Payload, a_refund, needs_payment, stamps

STATUSES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
    "auto-draft": "Auto draft",
    "trash": "Trash",
}

# Under HPOS a meta value is in a TEXT column; a longer one is lost without an error.
_LONGEST_META = 65_535

_MERGED = ("billing", "shipping")
_SET = ("customer_note", "transaction_id", "payment_method", "payment_method_title", "customer_id", "currency")


class ShopMail(NamedTuple):
    """A mail WooCommerce itself sent."""

    email_id: str
    order_id: int
    to: str
    subject: str


class ShopState:
    """Thread-safe; every payload that leaves is a copy."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self.webhooks: dict[int, ShopWebhook] = {}
        self.mails: list[ShopMail] = []
        self._now = now
        self._lock = threading.RLock()
        self._orders: dict[int, Payload] = {}
        self._products: dict[int, Payload] = {}  # variations too: their ids are of the same row of numbers
        self._refunds: dict[int, list[Payload]] = {}
        self._notes: dict[int, list[Payload]] = {}
        self._echoes: dict[tuple[str, int], None] = {}
        self._last_note = 0
        self._last_meta = 900_000
        self._last_webhook = 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._lock:
            yield

    # Reading

    def order(self, order_id: int) -> Payload | None:
        with self._lock:
            return deepcopy(self._orders.get(order_id))

    def orders(self) -> tuple[Payload, ...]:
        with self._lock:
            return tuple(deepcopy(order) for order in self._orders.values())

    def refunds(self, order_id: int) -> tuple[Payload, ...]:
        with self._lock:
            return tuple(deepcopy(refund) for refund in self._refunds.get(order_id, ()))

    def notes(self, order_id: int) -> tuple[Payload, ...]:
        """Newest second first; within a second in the order they were written."""
        with self._lock:
            notes = sorted(self._notes.get(order_id, ()), key=lambda note: note["id"])
            return tuple(deepcopy(sorted(notes, key=lambda note: note["date_created_gmt"], reverse=True)))

    def products(self, *, parent_id: int = 0) -> tuple[Payload, ...]:
        """All products, or the variations of one."""
        with self._lock:
            return tuple(deepcopy(one) for one in self._products.values() if one["parent_id"] == parent_id)

    # The shop's own life: nothing here queues a delivery

    def stock(self, product: Payload) -> None:
        with self._lock:
            self._products[product["id"]] = deepcopy(product)

    def put(self, order: Payload, refunds: Sequence[Payload]) -> None:
        with self._lock:
            self._orders[order["id"]] = deepcopy(order)
            self._refunds[order["id"]] = [deepcopy(refund) for refund in refunds]

    def forget(self, order_id: int) -> None:
        """Erase for good. Notes go with the order."""
        with self._lock:
            for shelf in (self._orders, self._refunds, self._notes):
                shelf.pop(order_id, None)

    def change(self, order_id: int, fields: Mapping[str, object]) -> Payload:
        """Set top-level fields and let WooCommerce's consequences of a new status follow; given fields win."""
        with self._lock:
            order = self._orders[order_id]
            before = str(order["status"])
            order.update(deepcopy(dict(fields)))
            self._touch(order)
            if order["status"] != before:
                self._status_changed(order, before, given=fields)
            return deepcopy(order)

    def refund(self, order_id: int, refund: Payload) -> None:
        with self._lock:
            order, refunds = self._orders[order_id], self._refunds.setdefault(order_id, [])
            refunds.insert(0, deepcopy(refund))
            tax = sum((Decimal(item["total_tax"]) for item in refund["line_items"]), Decimal("0.00"))
            short = {"id": refund["id"], "reason": refund["reason"], "total": f"-{refund['amount']}"}
            order["refunds"].insert(0, {**short, "total_tax": str(tax)})
            self._touch(order)
            refunded = sum((Decimal(one["amount"]) for one in refunds), Decimal(0))
            if refunded >= Decimal(order["total"]) and order["status"] != "refunded":
                before, order["status"] = str(order["status"]), "refunded"
                self._status_changed(order, before, given={})

    def forget_refund(self, order_id: int, refund_id: int) -> None:
        """Deleting a refund neither sends anything nor touches date_modified."""
        with self._lock:
            self._refunds[order_id] = [one for one in self._refunds[order_id] if one["id"] != refund_id]
            order = self._orders[order_id]
            order["refunds"] = [one for one in order["refunds"] if one["id"] != refund_id]

    # Writes that came in by REST

    def edit(self, order_id: int, wanted: Payload) -> Payload:
        """A PUT: whatever it says, even nothing, date_modified moves and an order.updated is queued."""
        with self._lock:
            order = self._orders[order_id]
            self._edit_metas(order, wanted.get("meta_data") or [])
            for field in _MERGED:
                order[field] = {**order[field], **(wanted.get(field) or {})}
            fields = {field: wanted[field] for field in _SET if field in wanted}
            if "status" in wanted:
                fields["status"] = str(wanted["status"] or order["status"]).removeprefix("wc-")
            # Otherwise it is answered with 200 too, and nothing happens: on-hold, cash on delivery, cancelled.
            if wanted.get("set_paid") and order["needs_payment"]:
                fields |= {"status": "processing" if order["needs_processing"] else "completed"}
                fields |= self._stamp("date_paid")
            changed = self.change(order_id, fields)
            self._echoes.setdefault(("order.updated", order_id))
            return changed

    def note(self, order_id: int, text: str, *, for_customer: bool = False, author: str = "WooCommerce") -> Payload:
        """Write an order note. A note for the customer is mailed, and WooCommerce notes that too."""
        with self._lock:
            self._last_note += 1
            note = {
                "id": self._last_note,
                "author": author,
                **self._stamp("date_created"),
                "note": sanitize(text),
                "customer_note": for_customer,
            }
            self._notes.setdefault(order_id, []).append(note)
            if for_customer:
                self._mail_note(self._orders[order_id])
            return deepcopy(note)

    def remove_note(self, order_id: int, note_id: int) -> None:
        with self._lock:
            self._notes[order_id] = [note for note in self._notes[order_id] if note["id"] != note_id]

    def add_webhook(self, *, topic: str, delivery_url: str, secret: str, name: str = "") -> ShopWebhook:
        with self._lock:
            self._last_webhook += 1
            now = self._now()
            webhook = ShopWebhook(
                id=self._last_webhook,
                topic=topic,
                delivery_url=delivery_url,
                secret=secret or a_secret(),
                name=name or f"Webhook created on {now:%b %d, %Y @ %I:%M %p}",
                created_at=now,
                modified_at=now,
            )
            self.webhooks[webhook.id] = webhook
            return webhook

    def take_echoes(self) -> tuple[tuple[str, int], ...]:
        """What waits for the shop's queue: at most one delivery per topic and order, however many edits."""
        with self._lock:
            waiting = tuple(self._echoes)
            self._echoes.clear()
            return waiting

    def now(self) -> datetime:
        return self._now()

    def _stamp(self, field: str) -> dict[str, str | None]:
        return stamps(field, self._now())

    def _touch(self, order: Payload) -> None:
        order.update(self._stamp("date_modified"))

    def _status_changed(self, order: Payload, before: str, *, given: Mapping[str, object]) -> None:
        status = str(order["status"])
        order["needs_payment"] = needs_payment(status, Decimal(order["total"]))
        # Cash on delivery counts as paid only when the order is completed, as does what is only downloaded.
        waits = order["payment_method"] == "cod" or not order["needs_processing"]
        paid = status == "completed" or (status == "processing" and not waits)
        if paid and order["date_paid"] is None and "date_paid" not in given:
            order.update(self._stamp("date_paid"))
        if status == "completed" and "date_completed" not in given:
            order.update(self._stamp("date_completed"))
        if status == "refunded":
            self._refund_the_rest(order)
        if "trash" not in (before, status):
            self.note(order["id"], f"Order status changed from {_label(before)} to {_label(status)}.")

    def _refund_the_rest(self, order: Payload) -> None:
        refunds = self._refunds.setdefault(order["id"], [])
        remaining = Decimal(order["total"]) - sum((Decimal(one["amount"]) for one in refunds), Decimal(0))
        if remaining > 0:
            new = a_refund(
                order, id=self._next_id(), amount=remaining, reason="Order fully refunded.", created=self._now()
            )
            self.refund(order["id"], new)

    def _next_id(self) -> int:
        taken = [*self._orders, *(refund["id"] for refunds in self._refunds.values() for refund in refunds)]
        return max(taken, default=0) + 1

    def _edit_metas(self, order: Payload, wanted: Sequence[Payload]) -> None:
        for meta in wanted:
            value = meta.get("value")
            known = next((m for m in order["meta_data"] if _same_meta(m, meta)), None)
            if value is None:
                order["meta_data"] = [m for m in order["meta_data"] if m is not known]
            elif len(str(value).encode()) > _LONGEST_META:
                continue
            elif known is not None:
                known["value"] = _meta_value(value)
            else:
                self._last_meta += 1
                order["meta_data"].append({"id": self._last_meta, "key": meta["key"], "value": _meta_value(value)})

    def _mail_note(self, order: Payload) -> None:
        made = datetime.fromisoformat(order["date_created"])
        subject = f"Note added to your order from {made:%B %d, %Y}"
        self.mails.append(ShopMail("customer_note", order["id"], order["billing"]["email"], subject))
        self.note(order["id"], 'Email "Customer note" sent.')


def _same_meta(known: Payload, wanted: Payload) -> bool:
    if wanted.get("id"):
        return bool(known["id"] == wanted["id"])
    return bool(known["key"] == wanted.get("key"))


def _meta_value(value: object) -> object:
    """Arrays and objects as they are; everything else becomes a string."""
    if isinstance(value, dict | list):
        return value
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value)


def _label(status: str) -> str:
    return STATUSES.get(status, status)
