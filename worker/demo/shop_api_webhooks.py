"""The pretend shop's webhooks over REST."""

from collections.abc import Callable

from flask import Response, request

from worker.demo.hookshot import ShopWebhook, ping
from worker.demo.oauth import php_query
from worker.demo.orders import Payload, stamps
from worker.demo.shop_api_answers import BASE, json_answer, linked, paged_answer, require_force, sent_json
from worker.demo.shop_api_parameters import RestError
from worker.demo.shop_state import ShopState

_TOPICS = tuple(f"order.{event}" for event in ("created", "updated", "deleted", "restored"))


class WebhooksApi:
    """Webhooks of the shop: list, read, add, edit, delete."""

    def __init__(self, state: ShopState, url: Callable[[], str]) -> None:
        self._state = state
        self._url = url

    def list_webhooks(self) -> Response:
        params = php_query(request.query_string.decode())
        wanted = params.get("status", "all")
        with self._state.alone():
            told = [self._webhook(w) for w in self._state.webhooks.values() if wanted in ("all", w.status)]
        return paged_answer(sorted(told, key=lambda webhook: -webhook["id"]))

    def get_webhook(self, webhook_id: int) -> Response:
        return json_answer(self._webhook(self._found_webhook(webhook_id)))

    def add_webhook(self) -> Response:
        wanted = sent_json()
        self._check_topic(wanted.get("topic"), "Webhook topic is required and must be valid.")
        self._check_delivery_url(wanted.get("delivery_url"))
        # Whatever `status` asks for, a webhook is born active.
        webhook = self._state.add_webhook(
            topic=wanted["topic"],
            delivery_url=wanted["delivery_url"],
            secret=wanted.get("secret") or "",
            name=wanted.get("name") or "",
        )
        told = self._webhook(webhook)
        # The result of the ping changes nothing about the answer.
        webhook.pending_delivery = not ping(webhook)
        answer = json_answer(told, status=201)
        answer.headers["Location"] = f"{self._url()}{BASE}/webhooks/{webhook.id}"
        return answer

    def edit_webhook(self, webhook_id: int) -> Response:
        webhook, wanted = self._found_webhook(webhook_id), sent_json()
        if wanted.get("topic"):
            self._check_topic(wanted["topic"], "Webhook topic must be valid.")
        if wanted.get("delivery_url"):
            self._check_delivery_url(wanted["delivery_url"])
        if wanted.get("status", "active") not in ("active", "paused", "disabled"):
            raise RestError("woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.", status=400)
        with self._state.alone():
            moved = wanted.get("delivery_url") or webhook.delivery_url
            webhook.pending_delivery = webhook.pending_delivery or moved != webhook.delivery_url
            webhook.delivery_url = moved
            # An empty secret is no secret: the old one stays. So does the failure counter.
            for field in ("topic", "secret", "status", "name"):
                setattr(webhook, field, wanted.get(field) or getattr(webhook, field))
            webhook.modified_at = self._state.now()
            told = self._webhook(webhook)
        if webhook.pending_delivery and webhook.status == "active":
            webhook.pending_delivery = not ping(webhook)
        return json_answer(told)

    def delete_webhook(self, webhook_id: int) -> Response:
        require_force()
        webhook = self._found_webhook(webhook_id, message="Invalid ID.", status=404)
        with self._state.alone():
            self._state.webhooks.pop(webhook_id, None)
        return json_answer(self._webhook(webhook))

    def _found_webhook(self, webhook_id: int, *, message: str = "ID is invalid.", status: int = 400) -> ShopWebhook:
        with self._state.alone():
            webhook = self._state.webhooks.get(webhook_id)
        if webhook is None:
            raise RestError("woocommerce_rest_shop_webhook_invalid_id", message, status=status)
        return webhook

    def _check_topic(self, topic: object, message: str) -> None:
        if topic not in _TOPICS:
            raise RestError("woocommerce_rest_shop_webhook_invalid_topic", message, status=400)

    def _check_delivery_url(self, url: object) -> None:
        if not str(url or "").startswith(("http://", "https://")):
            message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
            raise RestError("woocommerce_rest_shop_webhook_invalid_delivery_url", message, status=400)

    def _webhook(self, webhook: ShopWebhook) -> Payload:
        resource, event = webhook.topic.split(".", 1)
        told = {
            "id": webhook.id,
            "name": webhook.name,
            "status": webhook.status,
            "topic": webhook.topic,
            "resource": resource,
            "event": event,
            "hooks": [f"woocommerce_{event}_order"],
            "delivery_url": webhook.delivery_url,
            **stamps("date_created", webhook.created_at),
            **stamps("date_modified", webhook.modified_at),
        }
        return linked(told, f"{BASE}/webhooks", root=self._url())
