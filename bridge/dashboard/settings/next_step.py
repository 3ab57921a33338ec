"""What a shop in test needs next on its way to the first real invoice: one step at a time, as a button on every page of its settings."""

from dataclasses import dataclass

from flask import Response
from sqlalchemy import Connection

from bridge.accounts.access import shop
from bridge.context import context, redirect_to
from bridge.dashboard.settings import blueprint
from bridge.i18n.translate import _
from worker.actions.go_live import checklist, is_connected, is_ready
from worker.domain.completeness import missing_of_seller
from worker.domain.shop import Shop


@dataclass(frozen=True)
class NextStep:
    """*page* is the page of settings where it is done, *label* what its button says."""

    page: str
    label: str


def next_step(connection: Connection, shop: Shop) -> NextStep | None:
    """None once the shop is live."""
    if not shop.test:
        return None
    if not is_connected(connection, shop.shop_id, context()):
        return NextStep("connection", _("Connect the shop"))
    if missing_of_seller(shop):
        return NextStep("company", _("Complete the company"))
    if not is_ready(checklist(connection, shop, context(), now=context().now())):
        return NextStep("go-live", _("See what is missing"))
    return NextStep("go-live", _("Go live"))


@blueprint.get("/next")
def go_on(shop_id: str) -> Response:  # noqa: ARG001  # the guard has read the shop
    """Where the plugin leads to once it is connected."""
    return to_next_step(shop(), "go-live")


def to_next_step(stored: Shop, otherwise: str) -> Response:
    """To what a shop in test needs next before its first real invoice; one that is live stays at the page *otherwise*."""
    with context().store.read() as connection:
        following = next_step(connection, stored)
    return redirect_to(f"/s/{stored.shop_id}/settings/{following.page if following else otherwise}")
