"""The addresses of the pages, as the bridge itself lists them."""

from werkzeug.routing import Rule

from tests.support.bridge_app import BridgeApp

# Addresses of the doors and of machines: open to strangers, each with a proof of its own.
OPEN = (
    "sign_in.",
    "invitations.",
    "lost_password.",
    "sender.",
    "entrance.",
    "webhooks.",
    "mollie_hook.",
    "peppol_hook.",
    "customer_document.",
    "plugin",
    "health.",
    "api",
    "static",
)


def rules(app: BridgeApp) -> list[Rule]:
    return [rule for rule in app.client.application.url_map.iter_rules() if not rule.endpoint.startswith(OPEN)]


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
