"""A WooCommerce 11 shop in one process: its REST API on a loopback port, its webhooks, and methods that act as shop and customer."""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType

from worker.demo import hookshot
from worker.demo.faults import Faults, with_faults
from worker.demo.hookshot import ShopWebhook
from worker.demo.http_server import serve
from worker.demo.oauth import OAuthVerifier
from worker.demo.orders import Payload, a_refund, an_order, php_json
from worker.demo.products import a_product, a_variation
from worker.demo.recordings import OrderState, RecordedDelivery
from worker.demo.shop_api import ApiCall, create_api
from worker.demo.shop_state import ShopMail, ShopState
from worker.woocommerce.rest import RestKey

__all__ = ["ApiCall", "PretendShop", "ShopMail", "a_product", "a_refund", "a_variation", "an_order"]

_GONE = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}}


class PretendShop:
    """Starts serving when it is made. Nothing is delivered unless `deliver`, `flush_echoes` or the cron does it."""

    def __init__(
        self, *, key: RestKey | None = None, permissions: str = "read_write", now: Callable[[], datetime] | None = None
    ) -> None:
        key = key or RestKey(f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}")
        self.consumer_key, self.consumer_secret = key.consumer_key, key.consumer_secret
        self.faults = Faults()
        self._calls: list[ApiCall] = []
        self._state = ShopState(now=now or (lambda: datetime.now(UTC)))
        self._closing = threading.Event()
        self._cron: threading.Thread | None = None
        verifier = OAuthVerifier(self.consumer_key, self.consumer_secret)
        api = create_api(
            self._state, url=lambda: self.url, verifier=verifier, permissions=permissions, on_call=self._calls.append
        )
        self._served = serve(with_faults(api.wsgi_app, self.faults))
        self.url = self._served.url

    # What the shop holds

    def place(self, order: Payload, refunds: Sequence[Payload] = ()) -> None:
        """Let the shop hold *order* and its refunds. Nothing is delivered."""
        self._state.put(order, refunds)

    def stock(self, *products: Payload) -> None:
        """Let the shop sell *products* (see `a_product` and `a_variation`). One that it does not know was deleted."""
        for product in products:
            self._state.stock(product)

    def take(self, states: Iterable[OrderState]) -> None:
        """Let the shop hold what a recorded shop held after a step; orders it had erased are erased here."""
        for state in states:
            if state.order is None:
                self.forget(state.order_id)
            else:
                self.place(state.order, state.refunds)

    def change(self, order_id: int, **fields: object) -> None:
        """Edit an order as staff would: date_modified moves, a new status has WooCommerce's consequences."""
        self._state.change(order_id, fields)

    def refund(self, order_id: int, refund: Payload) -> None:
        """Add *refund* (see `a_refund`); the order becomes `refunded` when the whole sum is given back."""
        self._state.refund(order_id, refund)

    def forget_refund(self, order_id: int, refund_id: int) -> None:
        self._state.forget_refund(order_id, refund_id)

    def trash(self, order_id: int) -> None:
        self._state.change(order_id, {"status": "trash"})

    def forget(self, order_id: int) -> None:
        """Erase for good: GET answers 404, and no delivery is sent."""
        self._state.forget(order_id)

    def order(self, order_id: int) -> Payload | None:
        return self._state.order(order_id)

    def orders(self) -> tuple[Payload, ...]:
        return self._state.orders()

    def refunds(self, order_id: int) -> tuple[Payload, ...]:
        return self._state.refunds(order_id)

    def notes(self, order_id: int) -> tuple[Payload, ...]:
        return self._state.notes(order_id)

    # What was done to it

    @property
    def calls(self) -> tuple[ApiCall, ...]:
        """Every REST call that was let in."""
        return tuple(self._calls)

    @property
    def writes(self) -> tuple[ApiCall, ...]:
        """The calls that changed something, as (method, path, body)."""
        return tuple(call for call in self._calls if call.method != "GET")

    @property
    def mails_sent(self) -> tuple[ShopMail, ...]:
        """Mails of WooCommerce itself, set off by notes for the customer."""
        with self._state.alone():
            return tuple(self._state.mails)

    # Webhooks

    def add_webhook(self, topic: str, delivery_url: str, secret: str = "") -> int:
        """Set up a webhook as wp-admin does: it is pinged at once, and lives whatever the answer is."""
        webhook = self._state.add_webhook(topic=topic, delivery_url=delivery_url, secret=secret)
        self._ping(webhook)
        return webhook.id

    def webhook(self, webhook_id: int) -> ShopWebhook:
        """A copy, with the counter that REST does not show."""
        with self._state.alone():
            return replace(self._state.webhooks[webhook_id])

    def deliver(self, order_id: int, topic: str = "order.updated") -> list[int]:
        """Send the order as it is now to the active webhooks of *topic*; their answers, 0 for none at all."""
        return [self._deliver(webhook, order_id) for webhook in self._active(topic)]

    def deliver_recorded(self, delivery: RecordedDelivery, secret: str, url: str) -> int:
        """Send recorded bytes as they are, under this shop's name and signature. Counts for no webhook."""
        ours = {
            "x-wc-webhook-source": f"{self.url}/",
            "x-wc-webhook-signature": hookshot.signature(secret, delivery.body),
        }
        made_by_http = ("host", "content-length")
        headers = {n: ours.get(n.lower(), v) for n, v in delivery.headers if n.lower() not in made_by_http}
        return hookshot.post(url, delivery.body, headers=headers)

    def flush_echoes(self) -> list[int]:
        """Run the shop's queue once: deliver what REST writes have set off."""
        return [answer for topic, order_id in self._state.take_echoes() for answer in self.deliver(order_id, topic)]

    def run_cron(self, every_s: float) -> None:
        """Flush the echoes again and again in the background, until `close`."""
        if self._cron is not None:
            return
        self._cron = threading.Thread(target=self._flush_every, args=(every_s,), daemon=True)
        self._cron.start()

    def close(self) -> None:
        self._closing.set()
        if self._cron is not None:
            self._cron.join(timeout=5)
        self._served.stop()

    def __enter__(self) -> "PretendShop":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _flush_every(self, every_s: float) -> None:
        while not self._closing.wait(every_s):
            self.flush_echoes()

    def _active(self, topic: str) -> tuple[ShopWebhook, ...]:
        with self._state.alone():
            return tuple(w for w in self._state.webhooks.values() if w.topic == topic and w.status == "active")

    def _deliver(self, webhook: ShopWebhook, order_id: int) -> int:
        body = self._body(webhook.topic, order_id)
        headers = hookshot.headers(
            webhook.topic, webhook_id=webhook.id, secret=webhook.secret, source=self.url, body=body
        )
        answer = hookshot.post(webhook.delivery_url, body, headers=headers)
        with self._state.alone():
            webhook.count_answer(answer)
        # As long as no ping was answered with exactly 200, one follows every delivery.
        if webhook.pending_delivery and webhook.status == "active":
            self._ping(webhook)
        return answer

    def _body(self, topic: str, order_id: int) -> bytes:
        if topic == "order.deleted":
            return php_json({"id": order_id})
        return php_json(self._state.order(order_id) or _GONE)

    def _ping(self, webhook: ShopWebhook) -> None:
        webhook.pending_delivery = not hookshot.ping(webhook)
