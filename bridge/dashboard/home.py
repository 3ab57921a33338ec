"""The first page after sign-in: the list of shops, or the only one."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from bridge.accounts.access import current_user, guard_users, me
from bridge.context import context, redirect_to, rendered
from bridge.dashboard.overview import ZONE, overview_values
from bridge.i18n.translate import _, dashboard_message_page
from worker.domain.days import start_of_day
from worker.domain.health import ROAD_LABELS, STATE_LABELS, outages, worst
from worker.domain.needs import Needs
from worker.store import shops as shops_store
from worker.store import users
from worker.store.queries import health, today
from worker.store.queries.today import Today
from worker.store.users import ShopName

entrance = Blueprint("entrance", __name__)
blueprint = Blueprint("home", __name__)
guard_users(blueprint)

# Up to the first number a list needs no search; over the second it is shown whole only on request.
FEW_SHOPS, MOST_SHOPS = 10, 50


@entrance.get("/")
def home() -> Response:
    """To where this visitor works: the one shop, the list of shops, the first shop to be made, or the sign-in."""
    found = current_user()
    if found is None:
        with context().store.read() as connection:
            anybody = users.has_any(connection)
        return redirect_to("/sign-in") if anybody else no_user_yet()
    with context().store.read() as connection:
        shops = users.shops_of(connection, found.user)
    if found.user.operator and not shops:
        return redirect_to("/shops/new")
    return (
        redirect_to(f"/s/{shops[0].shop_id}") if len(shops) == 1 and not found.user.operator else redirect_to("/shops")
    )


def no_user_yet() -> Response:
    return dashboard_message_page(
        HTTPStatus.OK,
        _("Facturelay is running"),
        _(
            "Nobody can sign in yet. Open the link that “facturelay up” printed, or make one with “facturelay user set-up”."
        ),
    )


@blueprint.get("/shops")
def shops() -> Response:
    """Every shop that the user may see, those that need somebody first; with what needs somebody in any of them."""
    now, wanted = context().now(), request.args.get("q", "").strip()
    with context().store.read() as connection:
        my_shops = users.shops_of(connection, me().user)
        visible_shops = None if me().user.operator else tuple(one.shop_id for one in my_shops)
        by_shop = today.by_shop(connection, visible_shops, since=start_of_day(now.astimezone(ZONE).date(), ZONE))
        found = [one for one in my_shops if one.is_like(wanted)]
        overview = overview_values(connection, visible_shops, by_shop, zone=ZONE, now=now)
        found.sort(key=lambda one: not overview["needs_by_shop"].get(one.shop_id, Needs()).total)
        shown = found if "all" in request.args else found[:MOST_SHOPS]
        return rendered(
            "dashboard/shops/list.html",
            has_any=bool(my_shops),
            shops=shown,
            **health_values(connection, shown, overview["needs_by_shop"]),
            found=len(found),
            wanted=wanted,
            many=len(my_shops) > FEW_SHOPS,
            names={one.shop_id: one.name for one in my_shops},
            nothing=Today(),
            **overview,
        )


def health_values(connection: Connection, shown: Sequence[ShopName], needs: Mapping[str, Needs]) -> dict[str, Any]:
    """How it goes in the shops that are shown, and for operators on the roads of the installation; *needs* of each shop tell of some."""
    now, seen = context().now(), health.look(connection, context().settings)
    found = shops_store.watched(connection, [one.shop_id for one in shown])
    known = health.known_of(connection, context().encryption, [one.shop_id for one in found], seen, now=now)
    roads = health.of_shops(found, known, now=now)
    return {
        "roads": roads,
        "outages": outages(
            {
                one.shop_id: needs.get(one.shop_id, Needs()).untold(roads[one.shop_id])
                for one in found
                if not one.suspended
            }
        ),
        "worst": {shop_id: worst(of_one) for shop_id, of_one in roads.items()},
        "installation": health.of_installation(connection, seen, now=now, known=known) if me().user.operator else (),
        "paused": {one.shop_id for one in found if one.suspended},
        "closed": {one.shop_id for one in found if one.closed},
        "in_test": {one.shop_id for one in found if one.test},
        "road_labels": ROAD_LABELS,
        "state_labels": STATE_LABELS,
    }
