"""An older backup is restored: no number is given a second time, and what was issued since comes back from the shop's notes."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.support.system import System
from worker import scheduler
from worker.accounting import notes_scan, recover_numbers, verify
from worker.accounting.notes_scan import NotesScan
from worker.accounting.recover_numbers import NotEntered, Unrecovered
from worker.demo.orders import a_refund, an_order
from worker.domain.document import Kind
from worker.domain.shop import LostNumbers, NumberingSettings
from worker.errors import Rejected, Unavailable
from worker.invoicing.manual import issue_waiting_draft
from worker.invoicing.request import IssueAnswer
from worker.maintenance import backup
from worker.maintenance import restore as restore_files
from worker.message import NO_MESSAGE
from worker.net import document_link
from worker.sending import pdf
from worker.services import Services
from worker.settings import Settings
from worker.store.database.tables import unpaid
from worker.store.queries.order_history import DocumentDetails

pytestmark = pytest.mark.each_database

BY = "An"


@pytest.fixture
def lost(system: System, elsewhere: Settings, tmp_path: Path) -> tuple[DocumentDetails, ...]:
    """Two invoices, a backup, two more and a credit note; then the backup is restored. What was issued since it."""
    system.arrives(an_order(id=1))
    system.arrives(an_order(id=2))
    backup.back_up(system.services, tmp_path / "b.tar.gz", with_key=True)
    system.clock.move(minutes=5)
    system.arrives(an_order(id=3, fees=[("Cadeaubon ABC", "-5.00", None)]))
    system.clock.move(days=1)
    system.arrives(an_order(id=4))
    system.shop.refund(1, a_refund(system.shop.order(1) or {}, id=11, amount="5.00"))
    system.receive(system.shop.order(1) or {})
    system.work()
    since = system.documents()[2:]
    system.services.store.close()
    restore_files.restore(tmp_path / "b.tar.gz", elsewhere)
    system.services = Services(elsewhere, now=system.clock)
    system.clock.move(hours=1)
    return since


@pytest.fixture
def archive(system: System) -> Path:
    return system.services.settings.archive


def trace(system: System) -> NotesScan:
    return notes_scan.scan_notes(system.services, system.connected)


def enter(system: System, found: NotesScan) -> tuple[list[str], list[str]]:
    entered, left = recover_numbers.enter_again(system.services, system.connected, found.lost)
    return [document.number for document in entered], [one.lost.number for one in left]


def resume(system: System, found: NotesScan, *left: NotEntered, **after: int) -> tuple[LostNumbers, ...]:
    starts = {Kind(kind): number for kind, number in after.items()}
    return recover_numbers.resume(system.services, system.connected, Unrecovered(found, left), after=starts, by=BY)


def facts(items: tuple[DocumentDetails, ...]) -> list[tuple[object, ...]]:
    """What must be the same on paper and behind the links."""
    return [
        (
            d.document_id,
            d.number,
            d.issued_on,
            d.draft.cause,
            d.draft.order_id,
            d.draft.total,
            d.draft.buyer,
            d.draft.lines,
        )
        for item in items
        if (d := item.document)
    ]


def damages(system: System) -> list[str]:
    return [str(damage.message) for proof in verify.verify(system.services) for damage in proof.damages]


@pytest.mark.usefixtures("lost")
def test_after_a_restore_nothing_is_issued_by_itself_or_by_a_person_and_nothing_is_lost(system: System) -> None:
    system.arrives(an_order(id=5))
    system.clock.move(days=3)
    system.work()
    assert system.numbers() == ["F2026-00001", "F2026-00002"]
    assert system.outcomes()[-1] == ("waiting", "numbering_paused")
    assert system.alert_codes() == ["numbering_paused"]
    shop = system.connected.shop
    assert shop.numbering.restored is not None
    recover_numbers.add_review_drafts(
        system.services, system.connected, 3, tuple(shop.numbering.series.values()), shop.numbering.restored
    )
    (kept,) = (item.stored_draft for item in system.documents(3) if item.stored_draft)
    with pytest.raises(Unavailable, match="whoever runs Facturelay has said where the numbers go on"):
        issue_waiting_draft(system.services, kept.draft_id, IssueAnswer(send=True), by=system.person)


def test_what_the_notes_tell_is_entered_under_its_own_number_and_nobody_gets_it_twice(
    system: System, lost: tuple[DocumentDetails, ...]
) -> None:
    mails, notes = len(system.mailbox.messages()), [system.notes(order_id) for order_id in (1, 2, 3, 4)]
    found = trace(system)
    assert enter(system, found) == (["F2026-00003", "F2026-00004", "C2026-00001"], [])
    with system.services.store.read() as connection:
        assert connection.execute(select(unpaid.c.document_id)).all() == []
    assert resume(system, found) == ()
    for order_id in (1, 2, 3, 4):
        system.receive(system.shop.order(order_id) or {})
    system.work()
    assert facts(system.documents()[2:]) == facts(lost)
    assert (len(system.mailbox.messages()), [system.notes(order_id) for order_id in (1, 2, 3, 4)]) == (mails, notes)
    system.arrives(an_order(id=5))
    assert system.numbers(5) == ["F2026-00005"]
    assert (damages(system), system.alert_codes()) == ([], [])


def test_the_pdf_that_a_customer_got_since_the_backup_stays_in_an_archive_that_is_in_no_backup(
    system: System, archive: Path, lost: tuple[DocumentDetails, ...]
) -> None:
    """What is entered again is printed again, with bytes of its own; no row names those that were sent, and nobody else has them."""
    sent = sorted(archive.glob("*/*/*.pdf"))
    system.services.store.close()
    system.services = Services(replace(system.services.settings, archive_url=f"file://{archive}"), now=system.clock)
    assert enter(system, trace(system))[1] == []
    for item in system.documents()[2:]:
        assert item.document
        pdf.store_pdf(system.services, item.document)
    for job in scheduler.GLOBAL_JOBS:
        job.do(system.services)
    assert len(sent) == 2 + len(lost)
    assert [path.name for path in sent if not path.is_file()] == []


@pytest.mark.usefixtures("lost")
def test_an_order_that_was_changed_since_is_not_entered_with_another_amount(system: System) -> None:
    key = (system.shop.order(3) or {})["order_key"]
    system.shop.place({**an_order(id=3, lines=(("Taart", "T", 1, "30.00", "21"),)), "order_key": key})
    found = trace(system)
    assert enter(system, found) == (["C2026-00001"], ["F2026-00003", "F2026-00004"])
    left = tuple(NotEntered(one, NO_MESSAGE) for one in found.lost[:2])
    with pytest.raises(Rejected, match="F2026-00003 was issued after the backup"):
        resume(system, found, *left)
    with pytest.raises(Rejected, match="F2026-00004"):
        resume(system, found, *left, invoice=3)
    assert system.connected.shop.numbering.restored is not None


@pytest.mark.usefixtures("lost")
def test_a_person_says_where_the_numbers_go_on_and_doubtful_orders_wait_for_them(system: System) -> None:
    system.change_shop(test=True)  # it went live after the backup
    assert enter(system, trace(system)) == ([], ["F2026-00003", "F2026-00004", "C2026-00001"])
    system.change_shop(test=False)
    old = link_in_note(system, 3)
    missing = (LostNumbers("invoice", 2026, 3, 4), LostNumbers("credit_note", 2026, 1, 1))
    assert resume(system, trace(system), invoice=4, credit_note=1) == missing
    system.change_shop(numbering=NumberingSettings(lost_numbers=missing[:1]))
    assert damages(system) == ["The series “credit_note” gave number 1, but there is no such document any more."]
    system.change_shop(numbering=NumberingSettings(lost_numbers=missing))
    for order_id in (3, 4):
        system.receive(system.shop.order(order_id) or {})
    system.work()
    assert system.numbers() == ["F2026-00001", "F2026-00002", "draft", "draft", "draft"]
    system.arrives(an_order(id=5))
    (new,) = (item.document for item in system.documents(5))
    assert new is not None
    assert (new.number, damages(system)) == ("F2026-00005", [])
    # It may have the id of a document that is gone (PostgreSQL skips what an attempt took): links to that one must not open it.
    assert new.document_id == old.document_id or not system.services.store.is_sqlite
    assert old.is_older_than(new.issued_at)


def link_in_note(system: System, order_id: int) -> document_link.DocumentLink:
    token = system.notes(order_id)[0].partition("/d/")[2].partition('"')[0]
    link = document_link.read(system.services.settings.secret_keys, token)
    assert link is not None
    return link


def test_without_a_restore_there_is_nothing_to_resume(system: System) -> None:
    with pytest.raises(Rejected, match="is not paused"):
        trace(system)
