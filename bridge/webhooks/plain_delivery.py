"""The plain delivery, which is nearly every one: taken in with the functions of `woocommerce`, before Flask looks at the request.

What Flask does around a view costs more than the rest. Whatever is not plain, or proves nothing, goes the whole way.
"""

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.wrappers import Request

from bridge.context import context
from bridge.errors import general_headers
from bridge.webhooks.signature import verify
from bridge.webhooks.woocommerce import SHOP_ID, SIGNATURE, take

ADDRESS = "/webhooks/"
Answer = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def register(app: Flask) -> None:
    whole_way = app.wsgi_app

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or not environ["PATH_INFO"].startswith(ADDRESS):
            return whole_way(environ, start_response)
        return (answer_to_plain(app, environ) or whole_way)(environ, start_response)

    app.wsgi_app = answer  # type: ignore[method-assign]  # where Flask says that middleware goes


def answer_to_plain(app: Flask, environ: dict[str, Any]) -> Answer | None:
    try:
        with app.app_context():
            said = taken(Request(environ))
            return None if said is None else said_plainly(said)
    except Exception as error:  # noqa: BLE001  # Flask's own answer to any of them
        with app.request_context(environ):
            return app.finalize_request(app.handle_user_exception(error))


def said_plainly(said: dict[str, object]) -> Answer:
    """As Flask would answer, without making a response for it."""
    body = json.dumps(said, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *general_headers().items()]

    def answer(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return (body,)

    return answer


def taken(request: Request) -> dict[str, object] | None:
    """What is answered to a plain delivery, once it is stored; None of anything else."""
    shop_id = request.path.removeprefix(ADDRESS)
    length, signature = request.content_length or 0, request.headers.get(SIGNATURE)
    is_plain = SHOP_ID.fullmatch(shop_id) and signature and request.mimetype == "application/json"
    if not is_plain or not 0 < length <= context().settings.max_body_bytes:
        return None
    shop = context().known_shops.of(shop_id)
    if shop is None:
        return None
    body = request.environ["wsgi.input"].read(length)
    request.environ["wsgi.input"] = BytesIO(body)  # for whoever goes the whole way
    if len(body) != length or not verify(body, signature, shop.secrets.webhook_secrets):
        return None
    return take(request, shop_id, shop, body)
