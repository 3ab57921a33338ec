"""A report of what a real shop sent, from one file of `tests/reports`: its steps in turn, and what was made of them.

`python -m tests.support.reports FILE` shows what is made now, in the words of the file.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.factories import a_shop, confirmed
from worker.demo.orders import a_refund, an_order
from worker.domain.decide import decide_documents
from worker.domain.decision import Decision
from worker.domain.document import Document, Draft, History, Kind, SendMode, StoredDraft
from worker.domain.order import Order, Refund
from worker.domain.product import Product, with_products
from worker.domain.settings_form import apply_settings
from worker.domain.shop import Shop
from worker.woocommerce.payload import parse_order
from worker.woocommerce.refund_payload import parse_refunds

FOLDER = Path(__file__).parent.parent / "reports"
PLACED_AT = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)
TODAY = date(2026, 11, 29)
LETTERS = {
    Kind.INVOICE: "F",
    Kind.CREDIT_NOTE: "C",
    Kind.ORDER_CONFIRMATION: "B",
    Kind.PAYMENT_REQUEST: "P",
    Kind.DELIVERY_NOTE: "L",
}
MOST_ROUNDS = 5

Json = dict[str, Any]


@dataclass
class Story:
    """What became of the orders of one case, as a worker would do it: each decision under what was made before."""

    shop: Shop
    documents: list[Document] = field(default_factory=list)
    waiting: dict[str, Draft] = field(default_factory=dict)
    decision: Decision = field(default_factory=Decision)

    def step(self, order: Order, refunds: tuple[Refund, ...]) -> None:
        for _ in range(MOST_ROUNDS):
            self.decision = decide_documents(order, refunds, self.history(order), self.shop, TODAY)
            made = [draft for draft in self.decision.drafts if self.issue(draft)]
            if not made:
                return
        raise AssertionError("the rounds never end")

    def issue(self, draft: Draft) -> bool:
        if draft.problems or draft.send_mode is SendMode.DRAFT or draft.cause in self.waiting:
            self.waiting[draft.cause] = draft
            return False
        sequence = len(self.documents) + 1
        number = f"{LETTERS[draft.kind]}2026-{sequence:05}"
        self.documents.append(Document(sequence, "shop", draft.kind, number, sequence, TODAY, PLACED_AT, draft))
        return True

    def history(self, order: Order) -> History:
        own = tuple(document for document in self.documents if document.draft.order_id == order.order_id)
        kept = (draft for draft in self.waiting.values() if draft.order_id == order.order_id)
        drafts = tuple(StoredDraft(n, "shop", PLACED_AT, draft) for n, draft in enumerate(kept, 1))
        of_deposit = (document for document in self.documents if document.draft.order_id == order.parent_id)
        return History(own, drafts, deposit_invoices=tuple(of_deposit))


def outcome_of(case: Mapping[str, Any]) -> Json:
    """What *case* comes to: documents issued, drafts that wait, flags, and why the rest was not made."""
    settings = {"rules": "invoice:paid:send", **case.get("settings", {})}
    story = Story(apply_settings(a_shop(), {name: str(text) for name, text in settings.items()}))
    for step in case["steps"]:
        order, refunds = read(step, story.shop)
        story.step(order, refunds)
    return {
        "issued": [shown(document.draft) for document in story.documents],
        "waiting": [
            {**shown(draft), "problems": [one.code for one in draft.problems]} for draft in story.waiting.values()
        ],
        "flags": [flag.code for flag in story.decision.flags],
        "not_made": {one.rule: one.code for one in story.decision.rule_results if not one.fired},
    }


def read(step: Mapping[str, Any], shop: Shop) -> tuple[Order, tuple[Refund, ...]]:
    """An order and its refunds: whole ones of WooCommerce, or the fields of `an_order` and `a_refund`."""
    payload = whole_order(step["order"])
    sent = [whole_refund(payload, refund, number) for number, refund in enumerate(step.get("refunds", ()), 1)]
    if sent and not payload["refunds"]:
        payload["refunds"] = [
            {"id": one["id"], "reason": one.get("reason") or "", "total": f"-{one['amount']}"} for one in sent
        ]
    refunds, _ = parse_refunds(json.dumps(sent).encode())
    order = parse_order(json.dumps(payload).encode())
    products = {int(one): product(int(one), said) for one, said in step.get("products", {}).items()}
    return confirmed(with_products(order, products)), refunds


def product(product_id: int, said: Mapping[str, Any]) -> Product:
    categories: Sequence[str] = said.get("categories", ())
    return Product(product_id, said.get("virtual", False), said.get("downloadable", False), tuple(categories))


def whole_order(order: Mapping[str, Any]) -> Json:
    if "line_items" in order:
        return {"refunds": [], **order}
    lines = [tuple(line) for line in order.get("lines", [["Koffiemok", "MOK-1", 1, "10.00", "21"]])]
    fees = [tuple(fee) for fee in order.get("fees", ())]
    made = an_order(**{"id": 238, "shipping": None, "created": PLACED_AT, **order, "lines": lines, "fees": fees})
    for item, change in zip(made["line_items"], order.get("changes", ()), strict=False):
        item.update(change)
    made.pop("changes", None)
    return made


def whole_refund(order: Json, refund: Mapping[str, Any], number: int) -> Json:
    if "line_items" in refund:
        return dict(refund)
    lines = {order["line_items"][int(line) - 1]["id"]: quantity for line, quantity in refund.get("lines", {}).items()}
    made = a_refund(
        order, id=900 + number, amount=refund.get("amount"), lines=lines, created=PLACED_AT + timedelta(minutes=number)
    )
    return {**made, **refund.get("fields", {})}


def shown(draft: Draft) -> Json:
    """What a report may say of a document."""
    return {
        "kind": str(draft.kind),
        "total": str(draft.total),
        "rates": {
            f"{row.category} {row.rate}": [str(row.base), str(row.vat)]
            for row in draft.vat_lines
            if row.base or row.vat
        },
        "rounding": str(draft.rounding),
        "lines": [[f"{line.quantity:f}", line.description, *line.details] for line in draft.lines],
        "mentions": [mention.key for mention in draft.mentions],
        "vat_number": draft.buyer.vat_number,
        "purchase_order": draft.purchase_order,
        "paid": draft.is_paid,
        "prepaid": [str(one.amount) for one in draft.prepaid],
        "supplied_on": draft.supplied_on.isoformat() if draft.supplied_on else None,
        "delivery": [
            draft.delivery.day.isoformat() if draft.delivery.day else None,
            draft.delivery.hours,
            draft.delivery.pick_up_point,
        ],
        "deposit_invoices": [one.number for one in draft.deposit_invoices],
        "within_left": shown(draft.within_left)["rates"] if draft.within_left else None,
    }


def cases_in(path: Path) -> dict[str, Json]:
    """The cases of one file, each with what the file says of all of them."""
    report: Json = json.loads(path.read_text(encoding="utf-8"))
    shared = {name: value for name, value in report.items() if name != "cases"}
    return {f"{path.stem}: {name}": {**shared, **case} for name, case in report["cases"].items()}


def all_cases() -> dict[str, Json]:
    return {name: case for path in sorted(FOLDER.glob("*.json")) for name, case in cases_in(path).items()}


if __name__ == "__main__":
    for name, case in cases_in(Path(sys.argv[1])).items():
        print(name, json.dumps(outcome_of(case), indent=1, ensure_ascii=False), sep="\n")
