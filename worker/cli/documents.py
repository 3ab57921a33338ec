"""`facturelay documents …`"""

from pathlib import Path

import click

from worker import overview
from worker.cli.common import open_services, show, table, with_data, with_json
from worker.overview import Listed
from worker.store.steps import StepName


@click.group()
def documents() -> None:
    """List documents and drafts."""


@documents.command("list")
@click.option("--shop", "shop_id", help="Only this shop.")
@click.option("--order", "order_id", type=int, help="Only this order (its id in WooCommerce).")
@with_data
@with_json
def list_documents(shop_id: str | None, order_id: int | None, data: Path | None, *, as_json: bool) -> None:
    """List documents, oldest first, and the drafts that wait."""
    found = overview.listed(open_services(data), shop_id=shop_id, order_id=order_id)
    show([overview.as_json(item) for item in found], as_json=as_json, text=lambda: as_table(found))


def as_table(found: tuple[Listed, ...]) -> str:
    if not found:
        return "There are no documents yet; the first one appears when an order reaches the moment of a rule."
    head = ("number", "date", "kind", "order", "total", "", "mailed", "noted", "waits for")
    return table([head, *(row(item) for item in found)], right=(4,))


def row(item: Listed) -> tuple[str, ...]:
    document, draft = item.document, item.draft
    problem = draft.problems[0].sentence if draft.problems else ""
    return (
        document.number if document else "draft",
        f"{document.issued_on:%d-%m-%Y}" if document else "",
        draft.kind.replace("_", " "),
        draft.order_number,
        f"{draft.total:.2f}",
        draft.currency,
        "yes" if item.done_at(StepName.MAIL) else "",
        "yes" if item.done_at(StepName.WRITE_BACK) else "",
        problem or next((step.reason for step in item.steps if step.reason and step.state != "done"), ""),
    )
