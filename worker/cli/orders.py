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
from worker.invoicing.manual import Actor
from worker.orders import history
from worker.orders.history import ListedDocument, OrderHistory
from worker.services import Services
from worker.store import shops
from worker.store.database import json_codec

ACTOR = Actor("command line")


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
    order_history = history.get_order_history(services, shop_id, order_id)
    with services.store.read() as connection:
        zone = shops.get(connection, services.encryption, shop_id).shop.zoneinfo
    show(order_history_as_json(order_history), as_json=as_json, text=lambda: as_text(order_history, zone))


@order.command("retry")
@click.argument("order_id", type=int)
@click.option("--shop", "shop_id", help="The shop; needed when there are several.")
@with_data
@with_json
def retry_order(order_id: int, shop_id: str | None, data: Path | None, *, as_json: bool) -> None:
    """Try again what failed for an order: looking at it, its PDF, mail or note."""
    services = open_services(data)
    count = manual.retry(services, shop_id or only_shop(services), order_id, by=ACTOR)
    text = f"{count} things are tried again." if count else "Nothing failed for this order."
    show({"tried_again": count}, as_json=as_json, text=lambda: text)


def only_shop(services: Services) -> str:
    with services.store.read() as connection:
        found = shops.every(connection)
    if len(found) != 1:
        raise Rejected("Name the shop with --shop; `facturelay shop list` shows them.", code="shop_needed")
    return found[0].shop_id


def order_history_as_json(order_history: OrderHistory) -> dict[str, object]:
    seen = order_history.seen
    return {
        "order": json.loads(json_codec.dump(seen)) if seen else None,
        "deliveries": [serializers.of_delivery(delivery) for delivery in order_history.deliveries],
        "documents": [
            {**history.as_json(item), "steps": serializers.of_steps(item.steps)} for item in order_history.documents
        ],
        "events": json.loads(json_codec.dump(order_history.events)),
    }


def as_text(order_history: OrderHistory, zone: ZoneInfo) -> str:
    def at(instant: datetime) -> str:
        return f"{instant.astimezone(zone):%d-%m-%Y %H:%M:%S}"

    parts = []
    if order_history.seen:
        seen = order_history.seen
        paid = f"paid {at(seen.paid_at)}" if seen.paid_at else "not paid"
        parts.append(
            f"Order {seen.order_number} · {seen.buyer} · {seen.total} {seen.currency} · {seen.status} · {paid}"
        )
    parts.append(
        "\nWhat came in\n"
        + table([(f"  {at(d.received_at)}", d.topic, d.state, d.message) for d in order_history.deliveries])
    )
    if order_history.seen:
        rows = [(f"  {'yes' if f.fired else 'no'}", f.rule, f.message) for f in order_history.seen.rule_results]
        parts.append("\nWhat was decided\n" + table(rows))
        if order_history.seen.flags:
            parts.append(
                "\nWhat you should know\n" + "\n".join(f"  {flag.message}" for flag in order_history.seen.flags)
            )
    if order_history.documents:
        parts.append("\nWhat was made\n" + "\n".join(document_as_text(item) for item in order_history.documents))
    if order_history.events:
        parts.append("\nWhat happened\n" + table([(f"  {at(e.at)}", e.actor, e.message) for e in order_history.events]))
    return "\n".join(parts)


def document_as_text(item: ListedDocument) -> str:
    name = item.document.number if item.document else "draft"
    lines = [f"  {name}  {item.draft.kind.replace('_', ' ')}  {item.draft.total} {item.draft.currency}"]
    lines += [f"      {problem.message}" for problem in item.draft.problems]
    lines += [f"      {step.name.replace('_', ' ')}: {step.state}  {step.message}".rstrip() for step in item.steps]
    if item.link:
        lines.append(f"      {item.link}")
    return "\n".join(lines)
