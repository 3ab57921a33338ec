"""The web application: HTTP in, rows out. No invoicing rule lives here, and no document is made here: the worker does what the rows ask for."""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from flask import Flask
from werkzeug.routing import IntegerConverter, Rule

from bridge import api, dashboard, errors, health
from bridge.accounts import access_log, rate_limit
from bridge.context import EXTENSION_NAME, create_context, utc_now
from bridge.customer import document, order, pay  # noqa: F401  # order and pay add themselves to the blueprint of document
from bridge.plugin import changed_orders, connection, download, order_list, orders, vat_number
from bridge.webhooks import mollie, peppol, plain_delivery, woocommerce
from worker.settings import Settings


class WholeNumberConverter(IntegerConverter):
    """`<int:…>` in an address: eighteen digits, which every database takes. More, or others than 0 to 9, lead nowhere."""

    regex = "[0-9]{1,18}"


class LateRule(Rule):
    """A route that compiles how its address is written when one is: for each at the start it took most of the time of `create_app`."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(super()._compile_builder)

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            return compiled(append_unknown)(rule, **values)

        return build


def create_app(settings: Settings | None = None, *, now: Callable[[], datetime] = utc_now) -> Flask:
    """Build the web application; without *settings* they come from the environment. Raises SettingsError or Rejected."""
    settings = settings or Settings.from_environment()
    app = Flask("bridge")
    # One more: a body that does not say its length is cut off here without a word, and the byte too many shows it.
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes + 1
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    # No redirect, ever: WooCommerce takes a 301 for delivered and does not follow it (docs/woocommerce-contract.md §3).
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters["int"] = WholeNumberConverter
    app.url_rule_class = LateRule
    app.extensions[EXTENSION_NAME] = create_context(settings, now)
    rate_limit.register(app)
    access_log.register(app)
    for module in (
        woocommerce,
        mollie,
        peppol,
        document,
        connection,
        changed_orders,
        download,
        orders,
        order_list,
        vat_number,
        api,
        health,
    ):
        app.register_blueprint(module.blueprint)
    dashboard.register(app)
    errors.register(app)
    plain_delivery.register(app)
    return app
