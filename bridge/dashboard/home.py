"""The front door and the list of shops."""

from http import HTTPStatus

from flask import Blueprint, Response, make_response, render_template, request

from bridge.accounts.access import asker, guard_people, me
from bridge.context import go, parts
from bridge.dashboard.overview import ZONE, figures
from bridge.i18n.translate import _, say_page
from worker.store import users
from worker.store.queries import today
from worker.store.queries.today import Today

entrance = Blueprint("entrance", __name__)
blueprint = Blueprint("front", __name__)
guard_people(blueprint)

# A list that is seen at once needs no search; one longer than the other is shown whole only when asked for.
FEW_SHOPS, MOST_SHOPS = 10, 50


@entrance.get("/")
def front() -> Response:
    """To where this visitor works: the one shop, the list of shops, or the sign-in."""
    found = asker()
    if found is None:
        with parts().store.read() as connection:
            anybody = users.has_any(connection)
        return go("/sign-in") if anybody else nobody_yet()
    with parts().store.read() as connection:
        mine = users.shops_of(connection, found.user)
    return go(f"/s/{mine[0].shop_id}") if len(mine) == 1 and not found.user.operator else go("/shops")


def nobody_yet() -> Response:
    return say_page(
        HTTPStatus.OK,
        _("Facturelay is running"),
        _(
            "Nobody can sign in yet. Open the link that “facturelay up” printed, or make one with “facturelay user set-up”."
        ),
    )


@blueprint.get("/shops")
def shops() -> Response:
    """Every shop that who is asking may see, those that need somebody first; with what needs somebody in any of them."""
    now, wanted = parts().now(), request.args.get("q", "").strip()
    with parts().store.read() as connection:
        mine = users.shops_of(connection, me().user)
        seen = None if me().user.operator else tuple(one.shop_id for one in mine)
        by_shop = today.by_shop(connection, seen, since=today.midnight(ZONE, now))
        found = [one for one in mine if wanted.lower() in f"{one.name} {one.url}".lower()]
        found.sort(key=lambda one: not needs_somebody(by_shop.get(one.shop_id)))
        content = render_template(
            "dashboard/shops/list.html",
            has_any=bool(mine),
            shops=found if "all" in request.args else found[:MOST_SHOPS],
            found=len(found),
            wanted=wanted,
            many=len(mine) > FEW_SHOPS,
            names={one.shop_id: one.name for one in mine},
            nothing=Today(),
            **figures(connection, seen, by_shop, zone=ZONE, now=now),
        )
    return make_response(content)


def needs_somebody(figures: Today | None) -> bool:
    return figures is not None and bool(figures.failed or figures.alarms or figures.drafts)
