"""What all answers of the pretend shop's REST interface have in common, and what all calls send."""

from collections.abc import Sequence

from flask import Response, request

from worker.demo.oauth import php_query
from worker.demo.orders import Payload, php_json
from worker.demo.shop_api_parameters import MOST_PER_PAGE, RestError, number, true

BASE = "/wp-json/wc/v3"
_JSON = "application/json; charset=UTF-8"


def json_answer(body: object, *, status: int = 200) -> Response:
    return Response(php_json(body), status=status, content_type=_JSON)


def paged_answer(rows: Sequence[Payload]) -> Response:
    """The page of *rows* that the query asks for, and how many there are."""
    params = php_query(request.query_string.decode())
    page, per_page = number(params, "page", 1), number(params, "per_page", 10, most=MOST_PER_PAGE)
    answer = json_answer(rows[(page - 1) * per_page : page * per_page])
    answer.headers["X-WP-Total"] = str(len(rows))
    answer.headers["X-WP-TotalPages"] = str(-(-len(rows) // per_page))
    return answer


def sent_json() -> Payload:
    """The JSON object of this request. Nothing sent is an empty object."""
    if not request.get_data().strip():
        return {}
    sent = request.get_json(force=True)
    if not isinstance(sent, dict):
        raise RestError("rest_invalid_json", "Invalid JSON body passed.", status=400)
    return sent


def require_force() -> None:
    if not true(php_query(request.query_string.decode()).get("force")):
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", status=501)


def linked(told: Payload, collection: str, *, root: str, up: str | None = None) -> Payload:
    links = {"self": [{"href": f"{root}{collection}/{told['id']}"}], "collection": [{"href": f"{root}{collection}"}]}
    return {**told, "_links": {**links, **({"up": [{"href": f"{root}{up}"}]} if up else {})}}
