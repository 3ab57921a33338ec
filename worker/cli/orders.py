"""`facturelay order …`: the trail of one order."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from worker import serializers
from worker.cli.common import open_services, show, table, with_data, with_json
from worker.errors import Rejected
from worker.invoicing import manual
from worker.invoicing.manual import Person
from worker.orders import history
from worker.orders.history import Listed, Trail
from worker.services import Services
from worker.store import shops
from worker.store.database import json_codec

PERSON = Person("command line")


@click.group()
def order() -> None:
    """Look at one order."""


@order.command("show")
@click.argument("order_id", type=int)
@click.option("--shop", "shop_id", help="The shop; needed when there are several.")
@with_data
@with_json
def show_order(order_id: int, shop_id: str | None, data: Path | None, *, as_json: bool) -> None:
    """Show an order's trail: what came in, what was decided and why, what was made, sent and written back."""
    services = open_services(data)
    shop_id = shop_id or only_shop(services)
    trail = history.trail_of(services, shop_id, order_id)
    with services.store.read() as connection:
        zone = shops.connected(connection, services.vault, shop_id).shop.zoneinfo
    show(trail_as_json(trail), as_json=as_json, text=lambda: told(trail, zone))


@order.command("retry")
@click.argument("order_id", type=int)
@click.option("--shop", "shop_id", help="The shop; needed when there are several.")
@with_data
@with_json
def retry_order(order_id: int, shop_id: str | None, data: Path | None, *, as_json: bool) -> None:
    """Try again what failed for an order: looking at it, its PDF, mail or note."""
    services = open_services(data)
    tried = manual.try_again(services, shop_id or only_shop(services), order_id, by=PERSON)
    text = f"{tried} things are tried again." if tried else "Nothing failed for this order."
    show({"tried_again": tried}, as_json=as_json, text=lambda: text)


def only_shop(services: Services) -> str:
    with services.store.read() as connection:
        found = shops.every(connection)
    if len(found) != 1:
        raise Rejected("Name the shop with --shop; `facturelay shop list` shows them.", code="shop_needed")
    return found[0].shop_id


def trail_as_json(trail: Trail) -> dict[str, object]:
    seen = trail.seen
    return {
        "order": json.loads(json_codec.dump(seen)) if seen else None,
        "deliveries": [serializers.of_delivery(delivery) for delivery in trail.deliveries],
        "documents": [{**history.as_json(item), "steps": serializers.of_steps(item.steps)} for item in trail.listed],
        "events": json.loads(json_codec.dump(trail.events)),
    }


def told(trail: Trail, zone: ZoneInfo) -> str:
    def at(instant: datetime) -> str:
        return f"{instant.astimezone(zone):%d-%m-%Y %H:%M:%S}"

    parts = []
    if trail.seen:
        seen = trail.seen
        paid = f"paid {at(seen.paid_at)}" if seen.paid_at else "not paid"
        parts.append(
            f"Order {seen.order_number} · {seen.buyer} · {seen.total} {seen.currency} · {seen.status} · {paid}"
        )
    parts.append(
        "\nWhat came in\n" + table([(f"  {at(d.received_at)}", d.topic, d.state, d.outcome) for d in trail.deliveries])
    )
    if trail.seen:
        rows = [(f"  {'yes' if f.fired else 'no'}", f.rule, f.sentence) for f in trail.seen.findings]
        parts.append("\nWhat was decided\n" + table(rows))
        if trail.seen.flags:
            parts.append("\nWhat you should know\n" + "\n".join(f"  {flag.sentence}" for flag in trail.seen.flags))
    if trail.listed:
        parts.append("\nWhat was made\n" + "\n".join(made(item) for item in trail.listed))
    if trail.events:
        parts.append("\nWhat happened\n" + table([(f"  {at(e.at)}", e.actor, e.sentence) for e in trail.events]))
    return "\n".join(parts)


def made(item: Listed) -> str:
    name = item.document.number if item.document else "draft"
    lines = [f"  {name}  {item.draft.kind.replace('_', ' ')}  {item.draft.total} {item.draft.currency}"]
    lines += [f"      {problem.sentence}" for problem in item.draft.problems]
    lines += [f"      {step.name.replace('_', ' ')}: {step.state}  {step.reason}".rstrip() for step in item.steps]
    if item.link:
        lines.append(f"      {item.link}")
    return "\n".join(lines)
