"""What a document says, the API says: every field is told, or is named here with the reason why not."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from worker import serializers
from worker.domain.document import Category, Document, Draft, Line, Mention, Reference, Rounding, VatLine
from worker.json_type import Json, tell
from worker.rendering.samples import a_draft
from worker.store.queries.order_history import DocumentDetails
from worker.store.tasks import Task

NOT_TOLD: dict[type, Mapping[str, str]] = {
    Draft: {
        "order_key": "whoever has it opens the order in the shop",
        "send_mode": "the steps tell what became of it",
        "captions": "the shop's own texts of its settings, with placeholders; filled in they stand in the PDF",
        "within_left": "the other figures of a draft that is a choice: a person chooses on its page",
    },
    Line: {
        "order_line_id": "for credit notes of refunds; the document does not show it",
        "is_product": "for delivery notes and shipping; the description says what a line is",
        "distance_sale": "for counting towards 10,000 EUR a year; the document does not show it",
    },
    VatLine: {"charged": "explains a cent to the owner; no document says it"},
    Rounding: {},
    Mention: {},
    Document: {
        "shop_id": "told as shop",
        "series": "its number begins with it; the register tells it",
        "sequence": "its number ends with it; the register tells it",
        "draft": "its fields are told one by one",
    },
}
OTHERWISE_NAMED = {"buyer": "buyer_details"}


def told() -> dict[type, Json]:
    cent = Rounding(Category.STANDARD, Decimal("21.00"), Decimal("0.01"))
    draft = replace(a_draft(mentions=(Mention("oss", "OSS", "OSS"),)), roundings=(cent,))
    issued = Document(1, "shop", "F", "F1", 1, date(2026, 11, 23), datetime(2026, 11, 23, tzinfo=UTC), draft)
    document = serializers.document(DocumentDetails("shop", draft, issued))
    content = tell(serializers.CONTENT, draft)
    return {
        Draft: {**document, **content},
        Document: document,
        Line: content["lines"][0],
        VatLine: document["vat_lines"][0],
        Mention: content["mention_details"][0],
        Rounding: content["roundings"][0],
    }


@pytest.mark.parametrize("of", NOT_TOLD)
def test_every_field_of_a_document_is_told_or_its_silence_has_a_reason(of: type) -> None:
    names = {one.name for one in fields(of)}
    said = {name for name in names if OTHERWISE_NAMED.get(name, name) in told()[of]}
    assert names - said == set(NOT_TOLD[of])
    assert all(NOT_TOLD[of].values())


def test_both_languages_and_the_invoices_of_a_deposit_are_told() -> None:
    deposit = Reference(7, "F2026-00007", date(2026, 11, 2))
    draft = a_draft(second_language="fr", deposit_invoices=(deposit,), mentions=(Mention("oss", "Btw", "TVA"),))
    document = serializers.document(DocumentDetails("shop", draft))
    content = tell(serializers.CONTENT, draft)
    assert (document["second_language"], document["deposit_invoices"]) == ("fr", ["F2026-00007"])
    assert (content["mentions"], content["mention_details"]) == (
        ["Btw"],
        [{"key": "oss", "text": "Btw", "second": "TVA"}],
    )


def a_task(*, state: str = "done", **answer: object) -> Task:
    return Task(
        1, "a", "do_many", {"what": "issue", "ids": [1, 2, 3]}, "An", datetime(2026, 11, 23, tzinfo=UTC), state, answer
    )


NAMED = [{"id": 2, "code": "draft_gone", "message": {"key": "It is gone.", "values": {}}}]


@pytest.mark.parametrize(
    ("task", "outcomes", "changed"),
    [
        (a_task(of=3, done=3, changed=2, left=1, named=NAMED), ["done", "refused", "done"], 2),
        # More were refused than are named, or fewer were tried than were asked for.
        (a_task(of=3, done=3, changed=1, left=2, named=NAMED), ["unknown", "refused", "unknown"], 1),
        (a_task(of=2, done=2, changed=1, left=1, named=NAMED), ["done", "refused", "waiting"], 1),
        (a_task(state="failed", code="bug"), ["unknown", "unknown", "unknown"], 0),
    ],
)
def test_of_many_nothing_is_said_to_be_done_that_may_not_be(task: Task, outcomes: list[str], changed: int) -> None:
    told: dict[str, Any] = serializers.task(task)
    assert ([item["outcome"] for item in told["items"]], told["changed"]) == (outcomes, changed)
