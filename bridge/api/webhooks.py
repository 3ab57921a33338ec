"""Webhooks out: whom the shop wants to be told, and how it went."""

from http import HTTPStatus

from flask import Response, jsonify, make_response
from sqlalchemy import Connection

from bridge.api.fields import FieldWrong
from bridge.api.request import Asking, unknown
from bridge.context import parts
from worker.domain.webhook import checked_url
from worker.serializers import Json, instant
from worker.store import alerts, audit_trail, counters, webhooks
from worker.store.audit_trail import Event
from worker.store.webhooks import Call, Hook

LAST_CALLS = 100


def list_hooks(asking: Asking) -> Response:
    with parts().store.read() as connection:
        found = webhooks.of_shop(connection, asking.shop_id)
    return jsonify(hooks=[as_json(hook) for hook in found])


def add_hook(asking: Asking) -> Response:
    url, now = address(asking.body["url"]), parts().now()
    with parts().store.write() as connection:
        # So that two at once do not both find room for the last one.
        counters.lock(connection, asking.shop_id)
        hook, secret = webhooks.add(
            connection,
            parts().vault,
            shop_id=asking.shop_id,
            url=url,
            events=asking.body["events"],
            by=person(asking),
            now=now,
        )
        note(connection, asking, "hook_added", f"{url} is told of {', '.join(hook.events)} from now on.")
    response = jsonify({**as_json(hook), "secret": secret})
    response.status_code = HTTPStatus.CREATED
    response.headers["Location"] = f"{parts().settings.public_url}/api/v1/hooks/{hook.hook_id}"
    return response


def get_hook(asking: Asking, hook_id: int) -> Response:
    with parts().store.read() as connection:
        hook = webhooks.find(connection, asking.shop_id, hook_id)
    return unknown("hook") if hook is None else jsonify(as_json(hook))


def change_hook(asking: Asking, hook_id: int) -> Response:
    url = address(asking.body["url"]) if "url" in asking.body else None
    now, active = parts().now(), asking.body.get("active")
    with parts().store.write() as connection:
        hook = webhooks.find(connection, asking.shop_id, hook_id)
        if hook is None:
            return unknown("hook")
        webhooks.change(connection, hook, url=url or hook.url, events=asking.body.get("events", hook.events))
        if active is False:
            webhooks.stop(connection, hook_id, because=webhooks.BY_A_PERSON, now=now)
        elif active:
            webhooks.go_on(connection, hook_id, now=now)
        settle(connection, asking)
        note(connection, asking, "hook_changed", f"What {hook.url} is told was changed.")
        changed = webhooks.find(connection, asking.shop_id, hook_id) or hook
    return jsonify(as_json(changed))


def remove_hook(asking: Asking, hook_id: int) -> Response:
    with parts().store.write() as connection:
        hook = webhooks.find(connection, asking.shop_id, hook_id)
        if hook is None:
            return unknown("hook")
        webhooks.remove(connection, hook)
        settle(connection, asking)
        note(connection, asking, "hook_removed", f"{hook.url} is told of documents no more.")
    return make_response(b"", HTTPStatus.NO_CONTENT)


def list_calls(asking: Asking, hook_id: int) -> Response:
    with parts().store.read() as connection:
        hook = webhooks.find(connection, asking.shop_id, hook_id)
        if hook is None:
            return unknown("hook")
        found = webhooks.calls_of(connection, hook_id, limit=LAST_CALLS)
    return jsonify(calls=[call_as_json(call) for call in found])


def address(text: str) -> str:
    try:
        return checked_url(text, allow_private=parts().settings.allow_private_shops)
    except ValueError as error:
        raise FieldWrong("url", str(error)) from error


def settle(connection: Connection, asking: Asking) -> None:
    """Close the alarm once no hook stands still by itself any more."""
    if not webhooks.has_failed(connection, asking.shop_id):
        alerts.quiet(connection, asking.shop_id, code=webhooks.ALARM, now=parts().now())


def note(connection: Connection, asking: Asking, code: str, sentence: str) -> None:
    audit_trail.add(connection, Event(asking.shop_id, parts().now(), person(asking), code, sentence))


def person(asking: Asking) -> str:
    """Who did it, as the trail names them."""
    return f"API ({asking.token.name})"


def as_json(hook: Hook) -> Json:
    return {
        "hook_id": hook.hook_id,
        "shop": hook.shop_id,
        "url": hook.url,
        "events": list(hook.events),
        "active": hook.stopped_at is None,
        "made_at": instant(hook.made_at),
        "made_by": hook.made_by,
        "stopped_at": instant(hook.stopped_at),
        "stopped_because": hook.stopped_because,
    }


def call_as_json(call: Call) -> Json:
    return {
        "id": call.call_id,
        "event": call.event,
        "document_id": call.document_id,
        "state": call.state,
        "attempts": call.attempts,
        "made_at": instant(call.made_at),
        "next_at": instant(call.next_at) if call.state == "waiting" else None,
        "reason": call.reason,
        "done_at": instant(call.done_at),
    }
