"""/api/v1: a shop's documents, orders and webhooks for other software. Every route, and its description, is in `routes`."""

from flask import Blueprint, Response, jsonify
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import IntegerConverter

from bridge.api import openapi
from bridge.api.request import guarded
from bridge.api.routes import ROUTES
from bridge.context import context

PREFIX = "/api/v1"

blueprint = Blueprint("api", __name__, url_prefix=PREFIX)


class IdConverter(IntegerConverter):
    """An id that no database refuses, written in one way only; any other is simply not there."""

    regex = "[1-9][0-9]{0,17}"


@blueprint.record_once
def prepare(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["id"] = IdConverter


@blueprint.get("/openapi.json")
def description() -> Response:
    """The OpenAPI file; it holds no secret, so it needs no token."""
    return jsonify(openapi.build_document(ROUTES, server=context().settings.public_url + PREFIX))


for route in ROUTES:
    blueprint.add_url_rule(route.rule, route.name, guarded(route), methods=[route.method])
