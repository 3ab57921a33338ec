"""`verify`, `register export`, `purge`, `shop export`, `shop leave` and `customer erase`, as a script calls them."""

import csv
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from sqlalchemy import Connection

from tests.cli.conftest import ShopAtHand
from tests.support.issued import a_draft
from worker.cli.common import to_json
from worker.domain.party import Buyer
from worker.store import register
from worker.store.register import NumberStatus

MakeShop = Callable[..., ShopAtHand]
YEAR = datetime.now(UTC).year


def change(tmp_path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(tmp_path / "facturelay.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_verify_names_the_damage_and_ends_with_1(make_shop: MakeShop, tmp_path: Path) -> None:
    shop = make_shop()
    number = shop.issued(a_draft(1)).number
    good = shop.facturelay("verify", "--json")
    assert (good.code, good.json[0]["intact"], good.json[0]["documents"]) == (0, True, 1)
    change(tmp_path, "DROP TRIGGER documents_no_update", "UPDATE documents SET total = 1")
    bad = shop.facturelay("verify", "--shop", shop.shop_id)
    assert bad.code == 1
    assert (
        f"! The list says “0.001” as total of {number}, the document itself says “15.00”. [column_changed]" in bad.out
    )
    assert shop.facturelay("verify", "--json").json[0]["intact"] is False


def test_an_anchor_from_the_digest_proves_the_past(make_shop: MakeShop, tmp_path: Path) -> None:
    shop = make_shop()
    shop.issued(a_draft(1))
    anchor = shop.facturelay("verify", "--json").json[0]["head"]
    shop.issued(a_draft(2))
    assert shop.facturelay("verify", "--shop", shop.shop_id, "--anchor", anchor).code == 0
    other = f"1:{'0' * 64}"
    answer = shop.facturelay("verify", "--shop", shop.shop_id, "--anchor", other)
    assert (answer.code, "[anchor_differs]" in answer.out) == (1, True)


def test_no_name_becomes_a_formula_on_the_bookkeepers_computer(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.issued(replace(a_draft(1), buyer=Buyer(name='=HYPERLINK("https://evil.example";"x")')))
    rows = list(csv.DictReader(io.StringIO(shop.facturelay("register", "export", "--shop", shop.shop_id).out)))
    assert [row["buyer"] for row in rows] == ['\'=HYPERLINK("https://evil.example";"x")']
    assert [(row["position"], row["number"], row["total"], row["status"]) for row in rows] == [
        ("1", f"F{YEAR}-00001", "15.00", "issued")
    ]
    (as_json,) = shop.facturelay("register", "export", "--format", "json").json
    assert as_json["buyer"].startswith("=HYPERLINK")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_register_is_printed_number_by_number(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """That of years need not fit in memory: each was printed when the one after the next is read."""
    shop = make_shop()
    numbers = [shop.issued(a_draft(order_id)).number for order_id in range(1, 5)]
    echo, every, printed, unprinted = click.echo, register.every_number, list[str](), list[int]()

    def watched_echo(text: str, *, nl: bool = True) -> None:
        printed.append(text)
        echo(text, nl=nl)

    def watched(connection: Connection, shop_id: str) -> Iterator[NumberStatus]:
        for place, one in enumerate(every(connection, shop_id)):
            unprinted.append(sum(number not in "".join(printed) for number in numbers[:place]))
            yield one

    monkeypatch.setattr(click, "echo", watched_echo)
    monkeypatch.setattr(register, "every_number", watched)
    answer = shop.facturelay("register", "export", "--format", form)

    assert (answer.code, len(unprinted), max(unprinted) <= 1) == (0, 4, True)
    if form == "json":
        assert [one["number"] for one in answer.json] == numbers
        assert answer.out == to_json(answer.json) + "\n"


def test_a_shop_is_exported_and_closed(make_shop: MakeShop, tmp_path: Path) -> None:
    shop = make_shop("--webhook-secret", "first-5f5f5f5f")
    number = shop.issued(a_draft(1)).number
    exported = tmp_path / "books.zip"
    assert shop.facturelay("shop", "export", shop.shop_id, str(exported)).out == f"1 document is in {exported}.\n"
    with zipfile.ZipFile(exported) as opened:
        assert json.loads(opened.read(f"documents/{number}.json"))["number"] == number
    assert shop.facturelay("shop", "leave", shop.shop_id).code == 130  # asked, and nobody said yes
    left = shop.facturelay("shop", "leave", shop.shop_id, "--yes")
    assert f"Kept: 1 document of {YEAR}, until 31-12-{YEAR + 10}." in left.out
    listed = shop.facturelay("shop", "list", "--json").json[0]
    assert (listed["suspended"], listed["closed"]) == (True, True)
    assert shop.facturelay("shop", "list").out.splitlines()[1].endswith("  closed")
    for again in ("--resume", "--live"):
        refused = shop.facturelay("shop", "set", shop.shop_id, again)
        assert (refused.code, "is closed for good" in refused.err) == (1, True)
    assert shop.facturelay("verify").code == 0


def test_a_customer_is_told_what_must_stay(make_shop: MakeShop) -> None:
    shop = make_shop()
    number = shop.issued(a_draft(1)).number
    told = shop.facturelay("customer", "erase", "jan@klant.example", "--shop", shop.shop_id).out
    assert f"{number} must be kept until 31-12-{YEAR + 10}." in told
    nobody = shop.facturelay("customer", "erase", "nobody@klant.example", "--shop", shop.shop_id).out
    assert nobody == "Nothing is kept of this customer.\n"


def test_purging_is_safe_at_any_time(make_shop: MakeShop) -> None:
    assert make_shop().facturelay("purge", "--json").json == {"bodies": 0}


def test_after_a_restore_the_shop_waits_until_a_person_says_where_its_numbers_go_on(
    make_shop: MakeShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop()
    shop.issued(a_draft(1))
    file = tmp_path / "books.tar.gz"
    assert shop.facturelay("backup", str(file), "--with-key").code == 0
    monkeypatch.setenv("FACTURELAY_DATA", str(tmp_path / "new"))
    assert "facturelay register resume SHOP" in shop.facturelay("restore", str(file)).out
    resume = ("register", "resume", shop.shop_id)
    assert shop.facturelay(*resume).code == 130  # asked, and nobody said yes
    wrong = shop.facturelay(*resume, "--after", "invoice=0", "--yes")
    assert wrong.err == "The series “invoice” has come to 1; it never goes back to 0. [number_back]\n"
    done = shop.facturelay(*resume, "--after", "invoice=118", "--yes", "--json").json
    assert done["lost_numbers"] == [{"series": "invoice", "period": YEAR, "first": 2, "last": 118}]
    assert done["next"]["invoice"] == f"F{YEAR}-00119"
    assert shop.facturelay("verify").code == 0
    assert "is not paused" in shop.facturelay(*resume).err


def test_after_a_move_the_numbers_just_go_on(
    make_shop: MakeShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop()
    shop.issued(a_draft(1))
    file = tmp_path / "books.tar.gz"
    shop.facturelay("backup", str(file))
    monkeypatch.setenv("FACTURELAY_DATA", str(tmp_path / "new"))
    assert "resume" not in shop.facturelay("restore", str(file), "--moved").out
    assert "is not paused" in shop.facturelay("register", "resume", shop.shop_id).err
