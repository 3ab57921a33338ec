"""`facturelay order …`: the history of one order, and retrying what failed."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from worker import serializers
from worker.actions import order_treatment
from worker.actions import orders as order_actions
from worker.cli.common import ACTOR, SHOP, counted, show, table, with_services
from worker.cli.group import Group
from worker.cli.options import with_json
from worker.domain.order_treatment import TreatmentName
from worker.errors import Rejected
from worker.services import Services
from worker.store import shops
from worker.store.order_treatments import TreatmentChange
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails, OrderHistory


@click.group(cls=Group)
def order() -> None:
    """Look at one order."""


@order.command("show")
@click.argument("order_id", type=int)
@click.option("--shop", "shop_id", metavar="SHOP", type=SHOP, help="The shop; needed when there are several.")
@with_services
@with_json
def show_order(services: Services, order_id: int, shop_id: str | None, *, as_json: bool) -> None:
    """Show an order's trail: what came in, what was decided and why, what was made, sent and written back."""
    shop_id = shop_id or only_shop(services)
    with services.store.read() as connection:
        found = order_history.get(connection, shop_id, order_id)
        zone = shops.get(connection, services.encryption, shop_id).shop.zoneinfo

    def link_of(item: DocumentDetails) -> str | None:
        return services.link_of(item.document)

    value = serializers.order_history(found, link_of=link_of)
    show(value, as_json=as_json, text=lambda: as_text(found, zone, link_of))


@order.command("retry")
@click.argument("order_id", type=int)
@click.option("--shop", "shop_id", metavar="SHOP", type=SHOP, help="The shop; needed when there are several.")
@with_services
@with_json
def retry_order(services: Services, order_id: int, shop_id: str | None, *, as_json: bool) -> None:
    """Try again what failed for an order: looking at it, its PDF, mail or note."""
    of_shop, by = shop_id or only_shop(services), services.actor(ACTOR)
    count = services.act(lambda connection: order_actions.retry_order(connection, of_shop, order_id, by=by)).count
    text = f"{counted(count, 'thing is', 'things are')} tried again." if count else "Nothing failed for this order."
    show({"tried_again": count}, as_json=as_json, text=lambda: text)


@order.command("treat")
@click.argument("order_id", type=int)
@click.option(
    "--as",
    "name",
    type=click.Choice([*TreatmentName, "settings"]),
    required=True,
    metavar="TREATMENT",
    help=f"{', '.join(TreatmentName)}; “settings” takes it back.",
)
@click.option("--reason", default="", help="Why, in your own words; it stays in the order's history.")
@click.option("--shop", "shop_id", metavar="SHOP", type=SHOP, help="The shop; needed when there are several.")
@with_services
@with_json
def treat_order(
    services: Services, order_id: int, name: str, reason: str, shop_id: str | None, *, as_json: bool
) -> None:
    """Say how the lines without VAT of one order are treated, and process it again."""
    of_shop = shop_id or only_shop(services)
    treatment = None if name == "settings" else TreatmentName(name)
    change = TreatmentChange(treatment, reason, ACTOR, services.now())
    services.act(lambda connection: order_treatment.treat_order(connection, of_shop, order_id, change))
    show({"treatment": treatment}, as_json=as_json, text=lambda: "The order is processed again with that.")


def only_shop(services: Services) -> str:
    with services.store.read() as connection:
        found = shops.every(connection)
    if len(found) != 1:
        raise Rejected("Name the shop with --shop; `facturelay shop list` shows them.", code="shop_needed")
    return found[0].shop_id


def as_text(found: OrderHistory, zone: ZoneInfo, link_of: Callable[[DocumentDetails], str | None]) -> str:
    def at(instant: datetime) -> str:
        return f"{instant.astimezone(zone):%d-%m-%Y %H:%M:%S}"

    parts, order = [], found.order
    if order:
        paid = f"paid {at(order.paid_at)}" if order.paid_at else "not paid"
        parts.append(
            f"Order {order.order_number} · {order.buyer} · {order.total} {order.currency} · {order.status} · {paid}"
        )
    parts.append(
        "\nWhat came in\n"
        + table([(f"  {at(d.received_at)}", d.topic, d.state, str(d.message)) for d in found.deliveries])
    )
    if order:
        rows = [(f"  {'yes' if f.fired else 'no'}", f.rule, str(f.message)) for f in order.rule_results]
        parts.append("\nWhat was decided\n" + table(rows))
        if order.flags:
            parts.append("\nWhat you should know\n" + "\n".join(f"  {flag.message}" for flag in order.flags))
    if found.items:
        parts.append("\nWhat was made\n" + "\n".join(document_as_text(item, link_of(item)) for item in found.items))
    if found.audit_entries:
        rows = [(f"  {at(entry.at)}", entry.actor, str(entry.message)) for entry in found.audit_entries]
        parts.append("\nWhat happened\n" + table(rows))
    return "\n".join(parts)


def document_as_text(item: DocumentDetails, link: str | None) -> str:
    name = item.document.number if item.document else "draft"
    lines = [f"  {name}  {item.draft.kind.replace('_', ' ')}  {item.draft.total} {item.draft.currency}"]
    lines += [f"      {problem.message}" for problem in item.draft.problems]
    lines += [f"      {step.name.replace('_', ' ')}: {step.state}  {step.message}".rstrip() for step in item.steps]
    if link:
        lines.append(f"      {link}")
    return "\n".join(lines)
