"""The settings of a shop: one page a topic, each saving on its own, what is wrong beside its field."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint

from bridge.auth.who import guard_shop
from bridge.speaking import _
from worker.store.people import Role

blueprint = Blueprint("settings", __name__, url_prefix="/s/<shop_id>/settings")
guard_shop(blueprint, look=Role.ADMIN)


@dataclass(frozen=True)
class Topic:
    """One entry of the list beside the settings."""

    name: str
    label: Callable[[], str]


TOPICS = (
    Topic("company", lambda: _("Company")),
    Topic("rules", lambda: _("Rules")),
    Topic("moments", lambda: _("Orders")),
    Topic("numbers", lambda: _("Numbers")),
    Topic("look", lambda: _("Look")),
    Topic("texts", lambda: _("Texts")),
    Topic("mail", lambda: _("Mail")),
    Topic("vat", lambda: _("VAT")),
    Topic("connection", lambda: _("Connection")),
    Topic("programs", lambda: _("Programs")),
    Topic("privacy", lambda: _("Privacy")),
    Topic("live", lambda: _("Test and live")),
)
