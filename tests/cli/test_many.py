"""`facturelay many …`"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Facturelay, ShopAtHand
from tests.support.issued import a_draft
from worker.cli import many
from worker.domain.document import PaymentInstructions
from worker.message import Message
from worker.store import deliveries, drafts
from worker.store import jobs as job_store
from worker.store.database.tables import jobs
from worker.store.deliveries import NewDelivery
from worker.store.jobs import JobEnd

Make = Callable[..., ShopAtHand]


def test_each_of_many_is_answered_for_and_what_was_left_gives_a_code(facturelay: Facturelay, make_shop: Make) -> None:
    made = make_shop()
    waits = replace(a_draft(230), paid_on=None, payment=PaymentInstructions())
    first, second = made.issued(waits).document_id, made.issued(replace(a_draft(231), paid_on=None)).document_id
    said = facturelay("many", "paid", made.shop_id, str(first), "99", str(second), "--on", "2026-01-02", "--json")
    assert [(item["id"], item["outcome"], item["code"]) for item in said.json["items"]] == [
        (first, "done", ""),
        (99, "refused", "document_unknown"),
        (second, "done", ""),
    ]
    assert (said.code, said.json["what"], said.json["changed"], said.json["of"]) == (1, "paid", 2, 3)
    again = facturelay("many", "paid", made.shop_id, str(first))
    assert (again.code, again.out) == (1, "0 of 1 marked as paid.\nF2026-00001 was paid already.\n")
    assert facturelay("many", "mail", made.shop_id, str(first)).out == "1 of 1 on their way to the customers.\n"


def test_all_drafts_that_wait_are_discarded_and_no_ids_do_nothing(facturelay: Facturelay, make_shop: Make) -> None:
    made = make_shop()
    with made.store().write() as connection:
        for order_id in (230, 231):
            drafts.save_draft(connection, made.shop_id, a_draft(order_id), now=datetime(2026, 11, 1, tzinfo=UTC))
    assert facturelay("many", "discard", made.shop_id).code == 2
    assert facturelay("many", "discard", made.shop_id, "--all").out == "2 of 2 discarded.\n"
    assert facturelay("many", "discard", made.shop_id, "1", "--all").code == 2
    nothing_failed = facturelay("many", "dismiss", made.shop_id, "--all", "--why", "seen")
    assert (nothing_failed.code, nothing_failed.out) == (0, "0 of 0 dismissed.\n")


def test_more_than_can_be_done_at_once_are_refused_with_what_to_do(
    facturelay: Facturelay, make_shop: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_shop()
    with made.store().write() as connection:
        for order_id in (230, 231):
            drafts.save_draft(connection, made.shop_id, a_draft(order_id), now=datetime(2026, 11, 1, tzinfo=UTC))
    monkeypatch.setattr(many, "MOST", 1)
    every = facturelay("many", "discard", made.shop_id, "--all")
    assert (every.code, "There are more than 1: name ids instead of --all" in every.err) == (2, True)
    named = facturelay("many", "discard", made.shop_id, "1", "2")
    assert (named.code, "name so many at most" in named.err) == (2, True)


def test_what_failed_is_listed_by_shop_days_and_reason_and_its_ids_feed_many(
    facturelay: Facturelay, make_shop: Make
) -> None:
    made = make_shop()
    asked = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)  # the second, in Brussels
    with made.store().write() as connection:
        for order_id, code in ((230, "shop_gone"), (231, "order_unreadable")):
            job_id = deliveries.add(
                connection, NewDelivery(made.shop_id, "webhook", "order.updated", order_id), now=asked
            )
            failed = JobEnd("failed", code, Message("It cannot be read."))
            job_store.close(connection, jobs.c.job_id == job_id, end=failed, now=asked)
    listed = facturelay("failed-jobs", "--json").json
    assert [(one["shop_id"], one["order_id"], one["code"]) for one in listed] == [
        (made.shop_id, 230, "shop_gone"),
        (made.shop_id, 231, "order_unreadable"),
    ]
    assert "order 231" in facturelay("failed-jobs", "--shop", made.shop_id, "--from", "2026-11-02").out
    for nothing in (("--to", "2026-11-01"), ("--work", "mail"), ("--code", "mail_refused")):
        said = facturelay("failed-jobs", "--shop", made.shop_id, *nothing)
        assert (said.code, said.out) == (0, "Nothing that failed is like that.\n"), nothing
    assert facturelay("failed-jobs", "--work", "nosuch").code == 2
    ids = facturelay("failed-jobs", "--code", "order_unreadable", "--ids").out.split()
    assert ids == [str(listed[1]["job_id"])]
    assert facturelay("many", "dismiss", made.shop_id, *ids, "--why", "seen").out == "1 of 1 dismissed.\n"
    assert [one["order_id"] for one in facturelay("failed-jobs", "--limit", "5", "--json").json] == [230]
    assert facturelay("many", "retry-orders", made.shop_id, "230", "231").out.splitlines() == [
        "1 of 2 tried again.",
        "231: Nothing of this order has failed.",
    ]
    assert facturelay("failed-jobs").out == "Nothing has failed.\n"
    assert facturelay("failed-jobs", "--ids").out == ""


def test_an_order_of_which_nothing_came_in_is_left_and_others_are_asked_for(
    facturelay: Facturelay, make_shop: Make
) -> None:
    made = make_shop()
    with made.store().write() as connection:
        deliveries.add(
            connection,
            NewDelivery(made.shop_id, "webhook", "order.updated", 230),
            now=datetime(2026, 11, 1, tzinfo=UTC),
        )
    assert facturelay("many", "fetch", made.shop_id, "230", "9999").out.splitlines() == [
        "1 of 2 are being fetched again.",
        "9999: Nothing was received for order 9999 of this shop yet.",
    ]


def test_documents_are_written_into_a_zip(facturelay: Facturelay, make_shop: Make, tmp_path: Path) -> None:
    made = make_shop()
    document_id = made.issued(a_draft(230)).document_id
    said = facturelay("many", "zip", made.shop_id, str(document_id), "--to", str(tmp_path / "documents.zip"))
    assert (said.code, said.out) == (0, "1 of 1 in the zip.\n")
    assert (tmp_path / "documents.zip").read_bytes()[:2] == b"PK"
