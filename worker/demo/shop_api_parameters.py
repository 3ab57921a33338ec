"""The parameters of calls of the pretend shop's REST interface, read and refused as WooCommerce does."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from urllib.parse import quote, urlencode

from flask import request

from worker.demo.oauth import Params, php_query
from worker.demo.orders import Payload

MOST_PER_PAGE = 100


_ORDER_BY = {"date": "date_created_gmt", "modified": "date_modified_gmt", "id": "id", "include": "id"}


_HIDDEN_FROM_ANY = ("trash", "auto-draft")


class RestError(Exception):
    """An error as WordPress words it."""

    def __init__(self, code: str, message: str, *, status: int, more: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **(more or {})}}


class OrderQuery:
    """The query of a list of orders, checked."""

    def __init__(self, params: Params, site_zone: tzinfo) -> None:
        self._params = params
        self.page = number(params, "page", 1)
        self.per_page = number(params, "per_page", 10, most=MOST_PER_PAGE)
        self.order_by = _ORDER_BY[_choice(params, "orderby", "date", tuple(_ORDER_BY))]
        self.descending = _choice(params, "order", "desc", ("asc", "desc")) == "desc"
        self.fields = fields()
        self._statuses = list_of(params, "status") or ["any"]
        self._ids = {int(one) for one in list_of(params, "include") if one.isdigit()}
        self._parents = {int(one) for one in list_of(params, "parent") if one.isdigit()}
        zone = UTC if true(params.get("dates_are_gmt")) else site_zone
        self._after = {
            field: _instant(params, name, zone)
            for name, field in (("after", "date_created_gmt"), ("modified_after", "date_modified_gmt"))
        }
        self._before = {
            field: _instant(params, name, zone)
            for name, field in (("before", "date_created_gmt"), ("modified_before", "date_modified_gmt"))
        }

    def wants(self, order: Payload) -> bool:
        """Instants are compared to the second and exclude their own second."""
        status = order["status"]
        return (
            (status not in _HIDDEN_FROM_ANY if "any" in self._statuses else status in self._statuses)
            and (not self._ids or order["id"] in self._ids)
            and (not self._parents or order.get("parent_id") in self._parents)
            and all(then is None or order[field] > then for field, then in self._after.items())
            and all(then is None or order[field] < then for field, then in self._before.items())
        )

    def neighbours(self, pages: int) -> Iterable[tuple[str, str]]:
        if self.page > 1:
            yield "prev", self._query(min(self.page - 1, pages))
        if self.page < pages:
            yield "next", self._query(self.page + 1)

    def _query(self, page: int) -> str:
        """The query as it came, nonce and signature included: followed as it is, it is refused."""
        flat = {name: value for name, value in self._params.items() if isinstance(value, str) and name != "status"}
        statuses = {f"status[{n}]": status for n, status in enumerate(self._statuses)}
        return urlencode({**flat, **statuses, "dp": "2", "context": "view", "page": str(page)}, quote_via=quote)


def fields() -> tuple[str, ...]:
    return tuple(list_of(php_query(request.query_string.decode()), "fields"))


def only(order: Payload, fields: Sequence[str]) -> Payload:
    wanted = {field.split(".", 1)[0] for field in fields}
    return {field: value for field, value in order.items() if not wanted or field in wanted}


def list_of(params: Params, name: str) -> list[str]:
    given = params.get(name, "")
    parts = given.values() if isinstance(given, dict) else given.split(",")
    return [part.strip() for part in parts if part.strip()]


def number(params: Params, name: str, default: int, *, most: int | None = None) -> int:
    given = params.get(name, str(default))
    if not isinstance(given, str) or not given.isdigit():
        raise invalid(name, f"{name} is not of type integer.", code="rest_invalid_type")
    number = int(given)
    if most is not None and not 1 <= number <= most:
        bounds = f"{name} must be between 1 (inclusive) and {most} (inclusive)"
        raise invalid(name, bounds, code="rest_out_of_bounds")
    if number < 1:
        raise invalid(name, f"{name} must be greater than or equal to 1", code="rest_out_of_bounds")
    return number


def _choice(params: Params, name: str, default: str, choices: tuple[str, ...]) -> str:
    given = params.get(name, default)
    if not isinstance(given, str) or given not in choices:
        raise invalid(name, f"{name} is not one of {', '.join(choices)}.", code="rest_not_in_enum")
    return given


def _instant(params: Params, name: str, zone: tzinfo) -> str | None:
    """An instant in WooCommerce's own GMT spelling, so that they compare as text. Without an offset it is in *zone*."""
    given = params.get(name)
    if given is None:
        return None
    try:
        instant = datetime.fromisoformat(str(given))
    except ValueError as error:
        raise invalid(name, "Invalid date.", code="rest_invalid_date") from error
    aware = instant if instant.tzinfo else instant.replace(tzinfo=zone)
    return f"{aware.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def invalid(name: str, message: str, *, code: str) -> RestError:
    more = {"params": {name: message}, "details": {name: {"code": code, "message": message, "data": None}}}
    return RestError("rest_invalid_param", f"Invalid parameter(s): {name}", status=400, more=more)


def true(value: object) -> bool:
    return str(value).lower() not in ("", "0", "false", "none")
