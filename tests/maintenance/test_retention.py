"""What is deleted and what stays: raw bodies for 90 days, documents for years, a customer only where the law requires it."""

import io
import json
import os
import resource
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from tests.support.alive import most_alive
from tests.support.factories import a_shop, an_order
from tests.support.issued import ENCRYPTION, NOW, a_draft, issue, opened
from tests.support.whole_reads import Watch
from worker.accounting.verify import verify
from worker.actions import documents as actions
from worker.actions import shop_secrets
from worker.domain.actor import Actor
from worker.domain.decision import Decision
from worker.domain.document import Document, Kind
from worker.domain.shop import DEFAULT_SERIES, NumberingSettings, Series, Shop
from worker.domain.step import MAIL
from worker.domain.webhook import WebhookEventKind
from worker.errors import Rejected
from worker.maintenance import retention
from worker.maintenance.retention import Erased, KeptDocument, RetainedYear, ShopClosing
from worker.message import Message
from worker.services import Services
from worker.settings import Settings
from worker.store import (
    api_tokens,
    audit_trail,
    deliveries,
    document_files,
    documents,
    drafts,
    orders,
    plugins,
    shops,
    steps,
    webhooks,
)
from worker.store.api_tokens import Scope
from worker.store.database.tables import audit_trail as audit_trail_rows
from worker.store.database.tables import jobs, metadata
from worker.store.deliveries import NewDelivery
from worker.store.document_files import StoredFile
from worker.store.files import temporary
from worker.store.files.temporary import TemporaryFile
from worker.store.orders import OrderState
from worker.store.plugins import NewPlugin
from worker.store.steps import ERASED
from worker.store.tasks import Task
from worker.store.webhooks import NewEndpoint
from worker.tasks import exports
from worker.tasks.emails import MailedElsewhere

EMAIL = "jan@klant.example"


@dataclass
class History:
    """A shop with a history, and the clock of the test."""

    services: Services
    shop: Shop
    now: datetime = NOW

    def delivered(
        self, order_id: int, *, ago: timedelta = timedelta(0), email: str = EMAIL, state: str = "done"
    ) -> int:
        """A delivery that was looked at, *ago*."""
        body = json.dumps({"id": order_id, "billing": {"email": email}}).encode()
        at = self.now - ago
        with self.services.store.write() as connection:
            delivery_id = deliveries.add(
                connection,
                NewDelivery(
                    shop_id=self.shop.shop_id, source="webhook", topic="order.updated", order_id=order_id, body=body
                ),
                now=at,
            )
            connection.execute(
                text("UPDATE jobs SET state = :state WHERE job_id = :id"), {"state": state, "id": delivery_id}
            )
        return delivery_id

    def seen(self, order_id: int, *, email: str = EMAIL) -> None:
        with self.services.store.write() as connection:
            order = an_order(order_id=order_id, order_key=f"wc_order_{order_id}")
            order = replace(order, billing=replace(order.billing, email=email))
            orders.save(
                connection,
                self.shop.shop_id,
                order,
                OrderState(paid_at=order.paid_at, decision=Decision(rule_results=(), flags=())),
                as_of=self.now,
            )

    def issued(self, order_id: int, series: Series | None = None) -> Document:
        numbering = NumberingSettings({Kind.INVOICE: series} if series else dict(DEFAULT_SERIES))
        document = issue(self.services.store, replace(self.shop, numbering=numbering), a_draft(order_id))
        content, path = f"%PDF of {document.number}".encode(), f"{document.document_id}.pdf"
        sha256 = self.services.archive.put(path, content)
        with self.services.store.write() as connection:
            document_files.add_file(
                connection, StoredFile(document.document_id, "pdf", sha256, len(content), path, self.now)
            )
        return document

    def bodies(self) -> dict[int, bool]:
        """Which deliveries still have their body; all keep its hash."""
        with self.services.store.read() as connection:
            rows = connection.execute(text("SELECT delivery_id, body, body_sha256 FROM deliveries ORDER BY 1")).all()
        assert all(len(row.body_sha256) == 64 for row in rows)
        return {row.delivery_id: row.body is not None for row in rows}

    def buyers(self) -> dict[int, str]:
        with self.services.store.read() as connection:
            return dict(connection.execute(text("SELECT order_id, buyer FROM orders")).all())


@pytest.fixture
def history(database_url: str, tmp_path: Path) -> Iterator[History]:
    store, shop = opened(database_url)
    store.close()
    settings = Settings(tmp_path, "https://documents.test", database_url, "unix:///nobody", ("k" * 32,))
    made = History(Services(settings, now=lambda: NOW), shop)
    yield made
    made.services.store.close()


def test_raw_bodies_are_dropped_after_90_days_and_not_before(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    old = [history.delivered(1, ago=timedelta(days=90, seconds=1)) for _ in range(5)]
    young = history.delivered(2, ago=timedelta(days=89))
    waiting = history.delivered(3, ago=timedelta(days=200), state="waiting")
    assert retention.purge(history.services) == 5
    assert history.bodies() == {**dict.fromkeys(old, False), young: True, waiting: True}
    assert retention.purge(history.services) == 0


def test_a_file_that_a_killed_worker_was_writing_is_removed_after_a_day(history: History) -> None:
    path = history.services.archive.place("shop/2026/.new-half")
    path.parent.mkdir(parents=True)
    for hours, stays in ((23, True), (25, False)):
        path.write_bytes(b"half")
        written = (NOW - timedelta(hours=hours)).timestamp()
        os.utime(path, (written, written))
        retention.purge(history.services)
        assert path.exists() is stays


@pytest.mark.parametrize(
    ("issued_on", "years", "until"),
    [
        (date(2026, 1, 1), 10, date(2036, 12, 31)),
        (date(2026, 12, 31), 10, date(2036, 12, 31)),
        (date(2026, 12, 31), 7, date(2033, 12, 31)),
    ],
)
def test_a_document_stays_so_many_years_from_the_first_of_january_after_its_year(
    issued_on: date, years: int, until: date
) -> None:
    assert retention.kept_until(issued_on, a_shop(years_kept=years)) == until


def test_without_a_choice_the_longer_term_of_the_law_counts() -> None:
    assert a_shop().years_kept == 10


def test_a_shop_is_exported_without_its_secrets(history: History, tmp_path: Path) -> None:
    history.issued(1)
    history.issued(2)
    target = tmp_path / "books.zip"
    assert retention.export(history.services, history.shop.shop_id, target) == 2
    with zipfile.ZipFile(target) as exported:
        assert sorted(exported.namelist()) == [
            "documents/F2026-00001.json",
            "documents/F2026-00002.json",
            "files/F2026-00001.pdf",
            "files/F2026-00002.pdf",
            "peppol-answers.json",
            "register-head.txt",
            "register.csv",
            "settings.json",
            "vat-checks.json",
        ]
        assert exported.read("files/F2026-00002.pdf") == b"%PDF of F2026-00002"
        assert json.loads(exported.read("documents/F2026-00001.json"))["draft"]["total"] == "15.00"
        register = exported.read("register.csv").decode().splitlines()
        everything = b"".join(exported.read(name) for name in exported.namelist())
    assert [row.split(",")[2] for row in register] == ["number", "F2026-00001", "F2026-00002"]
    assert b"5f" * 25 not in everything
    assert target.stat().st_mode & 0o077 == 0


def test_numbers_that_make_one_file_name_have_a_file_each(history: History, tmp_path: Path) -> None:
    ids = [
        history.issued(order_id, Series(f"of {order_id}", pattern, yearly=False)).document_id
        for order_id, pattern in enumerate(("A/{number}", "A-{number}-3", "A {number}"), 1)
    ]
    target = tmp_path / "books.zip"
    retention.export(history.services, history.shop.shop_id, target)
    task = Task(1, history.shop.shop_id, "zip_documents", {"ids": ids}, "An", NOW, "running", {})
    made = TemporaryFile.from_json(exports.zip_documents(history.services, task)["file"], shop_id=history.shop.shop_id)
    for file in (target, io.BytesIO(temporary.get(history.services.archive, made))):
        with zipfile.ZipFile(file) as zipped:
            pdfs = {name: zipped.read(name).decode() for name in zipped.namelist() if name.endswith(".pdf")}
        assert pdfs == {
            "files/A-1.pdf": "%PDF of A/1", "files/A-1-3.pdf": "%PDF of A-1-3", "files/A-1 (2).pdf": "%PDF of A 1",
        }  # fmt: skip


def test_a_shop_whose_documents_were_altered_is_not_exported(history: History, tmp_path: Path) -> None:
    history.issued(1)
    (history.services.archive.folder / "1.pdf").write_bytes(b"another")
    with pytest.raises(Rejected) as refused:
        retention.export(history.services, history.shop.shop_id, tmp_path / "books.zip")
    assert refused.value.code == "file_altered"
    assert sorted(path.name for path in tmp_path.iterdir() if "zip" in path.name or path.name.startswith(".new")) == []


@pytest.mark.parametrize("values", [[], [{"b": 1, "a": ["x\u2028y\n", {}]}], [[1], {"key": [2, 3]}, "\x85"]])
def test_a_list_written_item_by_item_is_the_list_written_whole(values: list[object]) -> None:
    assert "".join(retention.pretty_list(values)) == retention.pretty(values)


def test_an_export_overwrites_nothing(history: History, tmp_path: Path) -> None:
    target = tmp_path / "books.zip"
    target.write_text("precious")
    with pytest.raises(Rejected, match="exists already"):
        retention.export(history.services, history.shop.shop_id, target)
    assert target.read_text() == "precious"


def test_a_disk_that_is_full_is_told_and_leaves_nothing(history: History, tmp_path: Path) -> None:
    history.issued(1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(Rejected, match="cannot be written") as refused:
            retention.export(history.services, history.shop.shop_id, tmp_path / "books.zip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.value.code == "file_refused"
    assert not [path for path in tmp_path.iterdir() if "zip" in path.name or path.name.startswith(".new")]


def test_a_closed_shop_keeps_its_documents_and_nothing_else(history: History) -> None:
    history.issued(1)
    history.seen(1)
    history.seen(2)
    history.delivered(1)
    waiting = history.delivered(2, state="waiting")
    with history.services.store.write() as connection:
        drafts.save_draft(connection, history.shop.shop_id, a_draft(3), now=NOW)
    farewell = retention.close_shop(history.services, history.shop.shop_id, by="eva")
    kept = (RetainedYear(2026, 1, date(2036, 12, 31)),)
    assert farewell == ShopClosing(history.shop.name, bodies=2, drafts=1, buyers=1, waiting=1, kept=kept)
    assert history.buyers() == {1: "Jan Janssens", 2: ""}
    with history.services.store.read() as connection:
        left = shops.get(connection, ENCRYPTION, history.shop.shop_id)
        state = connection.execute(text("SELECT state FROM jobs WHERE job_id = :id"), {"id": waiting}).scalar()
    assert (left.shop.suspended, left.secrets.has_rest, left.secrets.webhook_secrets == ("5f" * 25,)) == (
        True,
        False,
        False,
    )
    assert state == "done"
    assert [proof.damages for proof in verify(history.services)] == [()]


def test_a_shop_is_closed_some_orders_at_a_time_while_others_write(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ORDERS_AT_ONCE", 2)
    for order_id in range(1, 6):
        history.seen(order_id)
    history.delivered(9, state="done")  # of which no more is known than that it came
    number = history.issued(5).number
    told: list[tuple[int, int]] = []

    def write(done: int, of: int) -> None:
        told.append((done, of))
        with history.services.store.write() as connection:
            connection.execute(text("UPDATE shops SET name = name"))

    closed = retention.close_shop(history.services, history.shop.shop_id, by="eva", on_progress=write)
    assert (told, closed.bodies, closed.buyers) == ([(2, 5), (4, 5), (6, 6)], 1, 4)
    assert history.buyers() == {1: "", 2: "", 3: "", 4: "", 5: "Jan Janssens"}
    with history.services.store.read() as connection:
        words = connection.execute(text("SELECT word FROM order_search")).scalars().all()
    assert "janssens" not in words
    assert number.lower() in words


def test_a_closing_that_broke_off_is_ended_by_another(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ORDERS_AT_ONCE", 1)
    for order_id in (1, 2, 3):
        history.seen(order_id)

    def break_off(done: int, _of: int) -> None:
        if done == 2:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        retention.close_shop(history.services, history.shop.shop_id, by="eva", on_progress=break_off)
    assert set(history.buyers().values()) == {"", "Jan Janssens"}
    retention.close_shop(history.services, history.shop.shop_id, by="eva")
    assert set(history.buyers().values()) == {""}


def test_a_closed_shop_does_not_connect_itself_again(history: History) -> None:
    """The plugin repairs what it has lost by itself: with new keys, new deliveries would come in, and stay."""
    shop_id, code = history.shop.shop_id, plugins.new_code()
    with history.services.store.write() as connection:
        plugins.invite(connection, ENCRYPTION, shop_id, code, now=NOW)
        plugins.connect(connection, ENCRYPTION, NewPlugin(shop_id, "7e" * 32, history.shop.url, "0.1.0"), now=NOW)
    retention.close_shop(history.services, shop_id, by="eva")
    with history.services.store.read() as connection:
        assert plugins.of_shop(connection, ENCRYPTION, shop_id) is None
        assert plugins.find_invite(connection, ENCRYPTION, plugins.code_hash(code)) is None


def test_nobody_connects_a_closed_shop_again(history: History) -> None:
    services, shop_id, by = history.services, history.shop.shop_id, Actor("Eva", NOW)
    retention.close_shop(services, shop_id, by="eva")
    with services.store.read() as connection:
        before = shops.get(connection, ENCRYPTION, shop_id).secrets
    key = {"rest_key": "ck_" + "1" * 40, "rest_secret": "cs_" + "2" * 40}
    for connect in (
        lambda: services.act(partial(shop_secrets.invite_plugin, encryption=ENCRYPTION, shop_id=shop_id, by=by)),
        lambda: shop_secrets.rotate_webhook_secret(services, shop_id, by=by),
        lambda: shop_secrets.change_rest_key(services, shop_id, **key, by=by),
    ):
        with pytest.raises(Rejected, match="closed for good"):
            connect()
    with services.store.read() as connection:
        assert shops.get(connection, ENCRYPTION, shop_id).secrets == before


def test_nobody_reads_or_is_told_of_a_closed_shop(history: History) -> None:
    shop_id = history.shop.shop_id
    with history.services.store.write() as connection:
        _, secret = api_tokens.create(connection, shop_id=shop_id, name="x", scopes=tuple(Scope), by=Actor("An", NOW))
        url, events = "https://books.example.com/", tuple(WebhookEventKind)
        webhooks.add(connection, ENCRYPTION, NewEndpoint(shop_id=shop_id, url=url, events=events), by=Actor("An", NOW))
    history.issued(1)
    retention.close_shop(history.services, shop_id, by="eva")
    with history.services.store.read() as connection:
        assert api_tokens.find(connection, secret) is None
        assert webhooks.due_ids(connection, now=NOW, limit=10) == ()
        assert [endpoint.stopped_at for endpoint in webhooks.of_shop(connection, shop_id)] == [NOW]


def test_a_customer_is_erased_where_no_document_names_him(history: History) -> None:
    history.issued(1)
    history.seen(1)
    history.seen(2)
    history.seen(9, email="an@klant.example")
    mine = [history.delivered(1), history.delivered(2, email="Jan@Klant.Example")]
    other = history.delivered(9, email="an@klant.example")
    with history.services.store.write() as connection:
        drafts.save_draft(connection, history.shop.shop_id, a_draft(2), now=NOW)
        drafts.end_draft(connection, history.shop.shop_id, a_draft(2), state="discarded", now=NOW)
        drafts.save_draft(connection, history.shop.shop_id, a_draft(4), now=NOW)
    looked: list[tuple[int, int]] = []
    shop_id, email = history.shop.shop_id, f" {EMAIL.upper()} "
    erased = retention.erase_customer(
        history.services, shop_id, email, by="eva", on_progress=lambda *many: looked.append(many)
    )
    assert looked == [(1, 1)]
    assert erased == Erased(
        orders=(1, 2, 4),
        bodies=2,
        drafts=1,
        buyers=1,
        kept=(KeptDocument("F2026-00001", date(2036, 12, 31)),),
        open_drafts=("4",),
    )
    assert history.bodies() == {**dict.fromkeys(mine, False), other: True}
    assert history.buyers() == {1: "Jan Janssens", 2: "", 9: "Jan Janssens"}
    with history.services.store.read() as connection:
        (discarded,) = documents.history(connection, history.shop.shop_id, 2, "wc_order_2").drafts
        told = connection.execute(text("SELECT message FROM audit_trail")).scalars().all()
    assert discarded.discarded
    assert discarded.draft.buyer == replace(discarded.draft.buyer, name="", email="")
    assert "Janssens" not in repr(discarded.draft)
    assert not any(EMAIL in message.casefold() for message in told)


def test_where_a_document_was_mailed_to_since_is_erased_with_its_customer(history: History) -> None:
    """Nothing else names that address. A mail that failed keeps it: it may be tried again."""
    shop_id, to, mailed = history.shop.shop_id, "jan@elsewhere.example", {}
    for order_id, state in ((1, "done"), (2, "failed")):
        mailed[order_id] = history.issued(order_id).document_id
        with history.services.store.write() as connection:
            actions.send_again(connection, shop_id, mailed[order_id], by=Actor("eva", NOW), to=to)
            ended = {"state": state, "id": mailed[order_id]}
            connection.execute(text("UPDATE jobs SET state = :state WHERE document_id = :id"), ended)
    retention.erase_customer(history.services, shop_id, EMAIL, by="eva")
    with history.services.store.read() as connection:
        rows = [(one.name, row) for one in metadata.sorted_tables for row in connection.execute(select(one))]
        steps_of = steps.of_documents(connection, [*mailed.values()])
    assert [name for name, row in rows if to in repr(row)] == ["jobs"]
    assert {order_id: steps_of[one][MAIL].mail_to for order_id, one in mailed.items()} == {1: ERASED, 2: to}


@pytest.mark.parametrize("state", ["done", "failed"])
def test_another_address_that_a_person_typed_is_erased_with_the_customer(history: History, state: str) -> None:
    document, to, by = history.issued(1), "jan@elsewhere.example", Actor("eva", NOW)
    with history.services.store.write() as connection:
        actions.send_again(connection, history.shop.shop_id, document.document_id, by=by)
        ended = {"state": state, "id": document.document_id}
        connection.execute(text("UPDATE jobs SET state = :state WHERE document_id = :id"), ended)
        MailedElsewhere(document, to).store(connection, by=by)
    retention.erase_customer(history.services, history.shop.shop_id, EMAIL, by="eva")
    with history.services.store.read() as connection:
        rows = [(one.name, row) for one in metadata.sorted_tables for row in connection.execute(select(one))]
    assert [name for name, row in rows if to in repr(row)] == []


@pytest.mark.parametrize("state", ["done", "failed", "waiting"])
def test_what_a_mail_server_said_of_an_address_is_for_its_owner_until_the_customer_is_erased(
    history: History, state: str
) -> None:
    document, by = history.issued(1), Actor("worker", NOW)
    refused = Message("The mail server refused {address}", address=EMAIL)
    said = Message("{what}: {answer}", what=refused, answer=f"550 5.1.1 <{EMAIL}>: no such user")
    with history.services.store.write() as connection:
        actions.send_again(connection, history.shop.shop_id, document.document_id, by=by)
        mine = jobs.c.document_id == document.document_id
        connection.execute(update(jobs).where(mine).values(state=state, message=said))
        audit_trail.note_of(connection, document, "mail_refused", said, by=by)
    assert said_of_mails(history) == {f"The mail server refused {EMAIL}: 550 5.1.1 <{EMAIL}>: no such user"}
    with Watch().during() as whole_reads:
        retention.erase_customer(history.services, history.shop.shop_id, EMAIL, by="eva")
    assert [one for one in whole_reads if "jobs" in one.plan] == []
    assert said_of_mails(history) == {"The mail server refused …: 550 5.1.1 <…>: no such user"}
    with history.services.store.read() as connection:
        told = [str(one) for one in connection.execute(select(audit_trail_rows.c.message)).scalars()]
    assert [one for one in told if EMAIL in one] == []
    assert "The mail server refused …: 550 5.1.1 <…>: no such user" in told


def said_of_mails(history: History) -> set[str]:
    with history.services.store.read() as connection:
        found = connection.execute(select(jobs.c.message).where(jobs.c.name == MAIL)).scalars()
        return {str(one) for one in found if one}


def test_of_all_documents_one_is_held_while_a_customer_is_looked_for(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    for order_id in range(1, 7):
        history.issued(order_id)
    held = most_alive(monkeypatch, documents, "as_document")
    erased = retention.erase_customer(history.services, history.shop.shop_id, "nobody@else.example", by="eva")
    assert (erased.orders, len(held), max(held)) == ((), 6, 2)


@pytest.mark.parametrize("comes_in", ["seen", "delivered"])
def test_an_order_that_comes_in_while_a_customer_is_looked_for_is_erased_too(
    history: History, monkeypatch: pytest.MonkeyPatch, comes_in: str
) -> None:
    history.seen(1)
    find_customer = retention.find_customer

    def finds_slowly(*given: Any) -> retention.Customer:
        found = find_customer(*given)
        monkeypatch.setattr(retention, "find_customer", find_customer)
        getattr(history, comes_in)(2)
        return found

    monkeypatch.setattr(retention, "find_customer", finds_slowly)
    assert retention.erase_customer(history.services, history.shop.shop_id, EMAIL, by="eva").orders == (1, 2)
    assert set(history.buyers().values()) == {""}
    assert not any(history.bodies().values())
    with history.services.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_trail")).scalar() == 1


def test_a_customer_of_another_shop_is_left_alone(history: History) -> None:
    history.delivered(1, email="an@klant.example")
    assert retention.erase_customer(history.services, history.shop.shop_id, EMAIL, by="eva").orders == ()
    with pytest.raises(Rejected, match="not a mail address"):
        retention.erase_customer(history.services, history.shop.shop_id, "jan", by="eva")


def test_a_customer_of_whom_only_the_search_still_knows_is_erased_too(history: History) -> None:
    history.seen(5)
    erased = retention.erase_customer(history.services, history.shop.shop_id, EMAIL.upper(), by="operator")
    assert (erased.orders, erased.buyers, history.buyers()) == ((5,), 1, {5: ""})
    with history.services.store.read() as connection:
        words = connection.execute(text("SELECT word FROM order_search")).scalars().all()
        assert list(words) == ["238"]  # its number
