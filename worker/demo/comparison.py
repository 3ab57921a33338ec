"""What an order of the demo became, beside what its recording expects."""

from collections.abc import Iterator, Sequence
from typing import Any

from worker import serializers
from worker.demo.recordings import Scenario
from worker.domain.document import Draft, Kind
from worker.domain.step import MAIL, WRITE_BACK
from worker.store.queries.order_history import DocumentDetails, OrderHistory


def what_it_became(found: OrderHistory) -> dict[str, Any]:
    made = [serializers.document(item) for item in found.items]
    waits = next((problem["code"] for item in made for problem in problems(item)), None)
    reason = waits or (None if made else reason_for_none(found))
    flags = sorted({flag.code for flag in found.order.flags}) if found.order else []
    return {"documents": made, "reason": reason, "flags": flags}


def problems(item: dict[str, object]) -> Sequence[dict[str, str]]:
    found = item["problems"]
    return found if isinstance(found, list) else []


def reason_for_none(found: OrderHistory) -> str | None:
    if found.order is None:
        return found.deliveries[-1].code
    return next((finding.code for finding in found.order.rule_results if not finding.fired), None)


def differences(found: dict[str, Any], expected: dict[str, Any] | None, where: str) -> list[str]:
    """A message for each difference from EXPECTED.json; what it does not mention is not compared."""
    if expected is None:
        return [f"{where}: EXPECTED.json does not know it"]
    wrong = [
        f"{where}: {name} is {found[name]!r}, expected {expected[name]!r}"
        for name in ("reason", "flags")
        if name in expected and expected[name] != found[name]
    ]
    made, wanted = found["documents"], expected["documents"]
    if len(made) != len(wanted):
        return [*wrong, f"{where}: documents {len(made)}, expected {len(wanted)}"]
    for one, other in zip(made, wanted, strict=True):
        wrong += [
            f"{where}, {other['cause']}: {name} is {one.get(name)!r}, expected {value!r}"
            for name, value in other.items()
            if value is not None and one.get(name) != value
        ]
    return wrong


def as_lines(scenario: Scenario, found: OrderHistory, *, as_expected: bool) -> Iterator[str]:
    """What happened to one order, in lines for a person."""
    seen = found.order
    head = (
        f"{seen.order_number}  {seen.total} {seen.currency}  {seen.status}"
        if seen
        else str(found.deliveries[0].order_id)
    )
    yield f"{'✓' if as_expected else '✗'} {scenario.name}  order {head}"
    for item in found.items:
        yield f"    {document_as_text(item)}"
    if seen and not found.items:
        message = next((finding.message for finding in seen.rule_results if not finding.fired), "")
        yield f"    no document: {message}"
    for flag in seen.flags if seen else ():
        yield f"    ! {flag.message}"


def kind_and_total(draft: Draft) -> str:
    """What *draft* is, and its total where it has one: a delivery note asks for no money."""
    kind = draft.kind.replace("_", " ")
    return kind if draft.kind is Kind.DELIVERY_NOTE else f"{kind}  {draft.total:.2f} {draft.currency}"


def document_as_text(item: DocumentDetails) -> str:
    draft, amount = item.draft, kind_and_total(item.draft)
    if item.document is None:
        why = str(draft.problems[0].message) if draft.problems else "waits for you"
        return f"draft  {amount}  {why}"
    mailed = f"mailed to {draft.buyer.email}" if item.done_at(MAIL) else "not mailed"
    noted = "noted on the order" if item.done_at(WRITE_BACK) else "no note"
    pdf = f"{item.files[0].size // 1024} KB PDF" if item.files else "no PDF"
    return f"{item.document.number}  {amount}  {pdf}  {mailed}  {noted}"
