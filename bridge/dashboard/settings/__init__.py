"""The settings of a shop: one page a topic, each saving on its own, what is wrong beside its field."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, Response, request

from bridge.accounts.access import actor, guard_shop, me
from bridge.context import context
from bridge.i18n.translate import _
from worker import queue
from worker.actions import shop_settings
from worker.actions.shop_settings import ChangedShop, ShopChanges
from worker.store import plugins
from worker.store.users import Role

blueprint = Blueprint("settings", __name__, url_prefix="/s/<shop_id>/settings")
guard_shop(blueprint, to_read=Role.ADMIN)


@blueprint.after_request
def sync_plugin(response: Response) -> Response:
    """Sync the plugin at once: it holds mails by these settings, and an order in between would get a mail too many."""
    if request.method == "POST" and response.status_code == HTTPStatus.SEE_OTHER:
        with context().store.read() as connection:
            plugin = plugins.of_shop(connection, context().encryption, str((request.view_args or {})["shop_id"]))
        if plugin is not None:
            context().enqueuer.enqueue(queue.SYNC_PLUGIN, plugin.plugin_id)
    return response


def change_shop(shop_id: str, changes: ShopChanges) -> ChangedShop:
    """Store what whoever is signed in changed, all of it or none. Raises Rejected, or WrongSettings by field."""
    changed = shop_settings.change_shop(context(), shop_id, changes, by=actor())
    if me().user.operator:
        # Not as it was when the request began: what an owner changed in between nobody vouches for.
        with context().store.write() as connection:
            shop_settings.vouch_for_senders(connection, changed.shop, before=changed.before, by=actor())
    return changed


@dataclass(frozen=True)
class Topic:
    """One entry of the list beside the settings."""

    name: str
    label: Callable[[], str]


TOPICS = (
    Topic("company", lambda: _("Company")),
    Topic("rules", lambda: _("Rules")),
    Topic("orders", lambda: _("Which orders count")),
    Topic("checkout-fields", lambda: _("Checkout fields")),
    Topic("payment", lambda: _("Payment")),
    Topic("reminders", lambda: _("Reminders")),
    Topic("numbering", lambda: _("Numbers")),
    Topic("branding", lambda: _("Branding")),
    Topic("texts", lambda: _("Texts")),
    Topic("peppol", lambda: _("Peppol")),
    Topic("mail", lambda: _("Mail")),
    Topic("notifications", lambda: _("Notifications")),
    Topic("vat", lambda: _("VAT")),
    Topic("connection", lambda: _("Connection")),
    Topic("api", lambda: _("Other programs")),
    Topic("privacy", lambda: _("Privacy")),
    Topic("go-live", lambda: _("Test and live")),
)
