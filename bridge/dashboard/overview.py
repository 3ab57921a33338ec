"""The overview: what needs somebody, what came in today, how it is all doing; for one shop, and for all that one may see."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response
from sqlalchemy import Connection

from bridge.accounts.access import guard_shop
from bridge.accounts.access import shop as this_shop
from bridge.context import context, rendered
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.pagination import plot_of
from bridge.dashboard.settings.go_live import said_of_check
from bridge.dashboard.settings.next_step import next_step
from bridge.dashboard.tasks import request_task
from bridge.i18n.translate import DEFAULT_ZONE, _
from worker.actions import go_live
from worker.domain.days import start_of_day
from worker.domain.health import ROAD_LABELS, STATE_LABELS, outages
from worker.domain.needs import Needs, merged
from worker.domain.shop import Shop
from worker.store import hourly_stats, plugins, shops, transmissions
from worker.store.database.shop_scope import Shops
from worker.store.queries import attention, einvoices, health, open_invoices, reminder_outlook, today
from worker.store.queries.today import Today
from worker.store.users import Role

blueprint = Blueprint("overview", __name__, url_prefix="/s/<shop_id>")
guard_shop(blueprint)

closing_blueprint = Blueprint("closing", __name__, url_prefix="/s/<shop_id>")
guard_shop(closing_blueprint, to_read=Role.OPERATOR, to_change=Role.OPERATOR)

MOST_BY_PEPPOL = 5
ZONE = ZoneInfo(DEFAULT_ZONE)


@blueprint.get("")
def overview(shop_id: str) -> Response:
    """One shop."""
    shop, now = this_shop(), context().now()
    day = shop.day_of(now)
    with context().store.read() as connection:
        by_shop = today.by_shop(connection, (shop_id,), since=start_of_day(day, shop.zoneinfo))
        by_peppol = einvoices.newest_by_peppol(connection, shop_id, most=MOST_BY_PEPPOL)
        values = overview_values(connection, (shop_id,), by_shop, zone=shop.zoneinfo, now=now)
        return rendered(
            "dashboard/overview/shop.html",
            **values,
            day=day,
            numbers=today.next_numbers(connection, shop, day=day),
            checks=go_live_checks(connection, shop, now),
            said_of_check=said_of_check,
            next_step=next_step(connection, shop),
            by_peppol=by_peppol,
            invoiced=open_invoices.invoiced_since(connection, shop_id, day.replace(day=1)),
            month_begins=day.replace(day=1),
            owed=open_invoices.totals(connection, shop_id, today=day),
            awaited=reminder_outlook.awaited_orders(connection, shop, now=now),
            transmissions=transmissions.of_documents(connection, [one.document_id for one in by_peppol]),
            waiting_for_peppol=einvoices.count_waiting_for_access_point(connection, shop_id),
            **connection_state(connection, shop, values["needs"], now=now),
        )


@closing_blueprint.post("/close")
def close_shop(shop_id: str) -> Response:
    """Close the shop; for operators only, after a page that says what that means."""
    if not is_confirmed():
        name = this_shop().name
        more = _(
            "Its keys, what came in and open drafts are removed, and no order becomes a document any more. There is no way back."
        )
        back = f"/shops/{shop_id}/close"
        return ask(Question(_("Close {shop} for good?", shop=name), _("Close it"), back, more, is_loss=True))
    return request_task(shop_id, "close_shop", {}, then=f"/shops/{shop_id}/close?task=0")


def overview_values(
    connection: Connection, visible_shops: Shops, by_shop: Mapping[str, Today], *, zone: ZoneInfo, now: datetime
) -> dict[str, Any]:
    """What an overview of *visible_shops* shows; *by_shop* holds the counts of today in each."""
    live = hourly_stats.live(connection, visible_shops, now=now)
    by_hour = hourly_stats.by_hour(connection, visible_shops, since=now - timedelta(hours=23), until=now, live=live)
    days = (now - timedelta(days=29), now)
    by_day = hourly_stats.by_day(connection, visible_shops, days, zone=zone, live=live)
    needs = attention.by_shop(connection, visible_shops, now=now)
    latencies = [hour.latency_ms for hour in by_hour if hour.latency_ms is not None]
    return {
        "needs": merged(needs.values()),
        "needs_by_shop": needs,
        "by_shop": by_shop,
        "today": today.add_up(by_shop.values()),
        "hour_bars": plot_of(by_hour),
        "day_bars": plot_of(by_day),
        "latency_ms": sorted(latencies)[len(latencies) // 2] if latencies else None,
        "failures_30": sum(day.failures for day in by_day),
        "documents_30": sum(day.documents for day in by_day),
    }


def go_live_checks(connection: Connection, shop: Shop, now: datetime) -> tuple[go_live.ReadinessCheck, ...]:
    """The checklist of a shop that is still in test; nothing once it is live."""
    if not shop.test:
        return ()
    return go_live.first_run_checklist(connection, shop, context(), now=now)


def connection_state(connection: Connection, shop: Shop, needs: Needs, *, now: datetime) -> dict[str, Any]:
    """How it goes on each road of the shop, and its plugin. What *needs* tell of is no outage besides."""
    encryption, shop_id = context().encryption, shop.shop_id
    seen = health.look(connection, context().settings)
    known = health.known_of(connection, encryption, (shop_id,), seen, now=now)
    found = health.of_shops((shop,), known, now=now)[shop_id]
    is_unwell = any(alert.code.startswith("webhook") for alert in known.alerts.get(shop_id, ()))
    return {
        "roads": found,
        "outages": () if shop.suspended else outages({shop_id: needs.untold(found)}),
        "road_labels": ROAD_LABELS,
        "state_labels": STATE_LABELS,
        "plugin": known.plugins.get(shop_id),
        # In test the list of what is to be done before going live says it.
        "other_makers": () if shop.test else plugins.other_invoices(connection, shop_id)[0].making,
        "can_repair": is_unwell and shops.get_secrets(connection, encryption, shop_id).has_rest,
        "rested": known.rested(shop_id),
    }
