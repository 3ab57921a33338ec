"""`facturelay many …`"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.cli.conftest import Facturelay, ShopAtHand
from tests.support.issued import a_draft
from worker.domain.document import PaymentInstructions
from worker.store import drafts

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
    assert (again.code, again.out.splitlines()[0]) == (1, "0 of 1 marked as paid.")
    assert "was paid already" in again.out
    assert facturelay("many", "mail", made.shop_id, str(first)).out == "1 of 1 on their way to the customers.\n"


def test_all_drafts_that_wait_are_discarded_and_no_ids_do_nothing(facturelay: Facturelay, make_shop: Make) -> None:
    made = make_shop()
    with made.store().write() as connection:
        for order_id in (230, 231):
            drafts.save_draft(connection, made.shop_id, a_draft(order_id), now=datetime(2026, 11, 1, tzinfo=UTC))
    assert facturelay("many", "discard", made.shop_id).code == 2
    assert facturelay("many", "discard", made.shop_id, "--all").out == "2 of 2 discarded.\n"
    assert facturelay("many", "dismiss", made.shop_id, "--all", "--why", "seen").code == 2  # nothing failed


def test_documents_are_written_into_a_zip(facturelay: Facturelay, make_shop: Make, tmp_path: Path) -> None:
    made = make_shop()
    document_id = made.issued(a_draft(230)).document_id
    said = facturelay("many", "zip", made.shop_id, str(document_id), "--to", str(tmp_path / "documents.zip"))
    assert (said.code, said.out) == (0, "1 of 1 in the zip.\n")
    assert (tmp_path / "documents.zip").read_bytes()[:2] == b"PK"
