"""An older backup is restored: no number is given a second time, and what was issued since comes back from the shop's notes."""

from pathlib import Path

import pytest

from tests.flow.conftest import House
from worker.accounting import recover_numbers, verify
from worker.accounting.recover_numbers import Left, Trace
from worker.demo.orders import a_refund, an_order
from worker.domain.document import Kind
from worker.domain.shop import LostNumbers
from worker.errors import Rejected, Unavailable
from worker.invoicing.manual import Person, issue_kept
from worker.maintenance import backup
from worker.net import document_link
from worker.orders.history import Listed
from worker.services import Services
from worker.settings import Settings
from worker.store import alerts, shops
from worker.store.shops import Connected

BY = "An"
NOBODY = 404


@pytest.fixture
def lost(house: House, elsewhere: Settings, tmp_path: Path) -> tuple[Listed, ...]:
    """Two invoices, a backup, two more and a credit note; then the backup is restored. What was issued since it."""
    house.arrives(an_order(id=1))
    house.arrives(an_order(id=2))
    backup.back_up(house.services, tmp_path / "b.tar.gz", with_key=True)
    house.clock.move(minutes=5)
    house.arrives(an_order(id=3))
    house.clock.move(days=1)
    house.arrives(an_order(id=4))
    house.shop.refund(1, a_refund(house.shop.order(1) or {}, id=11, amount="5.00"))
    house.ring(house.shop.order(1) or {})
    house.work()
    since = house.documents()[2:]
    house.services.store.close()
    backup.restore(tmp_path / "b.tar.gz", elsewhere)
    house.services = Services(elsewhere, now=house.clock)
    house.clock.move(hours=1)
    return since


def connected(house: House) -> Connected:
    with house.services.store.read() as connection:
        return shops.connected(connection, house.services.vault, house.shop_id)


def trace(house: House) -> Trace:
    return recover_numbers.trace(house.services, connected(house))


def enter(house: House, found: Trace) -> tuple[list[str], list[str]]:
    entered, left = recover_numbers.enter_again(house.services, connected(house), found.lost)
    return [document.number for document in entered], [one.lost.number for one in left]


def resume(house: House, found: Trace, *left: Left, **after: int) -> tuple[LostNumbers, ...]:
    starts = {Kind(kind): number for kind, number in after.items()}
    return recover_numbers.resume(house.services, connected(house), found, left, after=starts, by=BY)


def facts(items: tuple[Listed, ...]) -> list[tuple[object, ...]]:
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


def damages(house: House) -> list[str]:
    return [damage.sentence for proof in verify.verify(house.services) for damage in proof.damages]


def open_alarms(house: House) -> list[str]:
    with house.services.store.read() as connection:
        return [alarm.code for alarm in alerts.open_alarms(connection)]


@pytest.mark.usefixtures("lost")
def test_after_a_restore_nothing_is_issued_by_itself_or_by_a_person_and_nothing_is_lost(house: House) -> None:
    house.arrives(an_order(id=5))
    house.clock.move(days=3)
    house.work()
    assert house.numbers() == ["F2026-00001", "F2026-00002"]
    assert house.outcomes()[-1] == ("waiting", "numbers_held")
    assert open_alarms(house) == ["numbers_held"]
    shop = connected(house).shop
    assert shop.restored is not None
    recover_numbers.keep_back(house.services, connected(house), 3, tuple(shop.series.values()), shop.restored)
    (kept,) = (item.kept for item in house.documents(3) if item.kept)
    with pytest.raises(Unavailable, match="facturelay register resume"):
        issue_kept(house.services, kept.draft_id, send=True, by=Person(BY))


def test_what_the_notes_tell_is_entered_under_its_own_number_and_nobody_gets_it_twice(
    house: House, lost: tuple[Listed, ...]
) -> None:
    mails, notes = len(house.mailbox.messages()), [house.notes(order_id) for order_id in (1, 2, 3, 4)]
    found = trace(house)
    assert enter(house, found) == (["F2026-00003", "F2026-00004", "C2026-00001"], [])
    assert resume(house, found) == ()
    for order_id in (1, 2, 3, 4):
        house.ring(house.shop.order(order_id) or {})
    house.work()
    assert facts(house.documents()[2:]) == facts(lost)
    assert (len(house.mailbox.messages()), [house.notes(order_id) for order_id in (1, 2, 3, 4)]) == (mails, notes)
    house.arrives(an_order(id=5))
    assert house.numbers(5) == ["F2026-00005"]
    assert (damages(house), open_alarms(house)) == ([], [])


@pytest.mark.usefixtures("lost")
def test_an_order_that_was_changed_since_is_not_entered_with_another_amount(house: House) -> None:
    key = (house.shop.order(3) or {})["order_key"]
    house.shop.place({**an_order(id=3, lines=(("Taart", "T", 1, "30.00", "21"),)), "order_key": key})
    found = trace(house)
    assert enter(house, found) == (["C2026-00001"], ["F2026-00003", "F2026-00004"])
    left = tuple(Left(one, "") for one in found.lost[:2])
    with pytest.raises(Rejected, match="F2026-00003 was issued after the backup"):
        resume(house, found, *left)
    with pytest.raises(Rejected, match="F2026-00004"):
        resume(house, found, *left, invoice=3)
    assert connected(house).shop.restored is not None


@pytest.mark.usefixtures("lost")
def test_a_person_says_where_the_numbers_go_on_and_doubtful_orders_wait_for_them(house: House) -> None:
    house.change_shop(test=True)  # it went live after the backup
    assert enter(house, trace(house)) == ([], ["F2026-00003", "F2026-00004", "C2026-00001"])
    house.change_shop(test=False)
    old = link_in_note(house, 3)
    missing = (LostNumbers("invoice", 2026, 3, 4), LostNumbers("credit_note", 2026, 1, 1))
    assert resume(house, trace(house), invoice=4, credit_note=1) == missing
    house.change_shop(lost_numbers=missing[:1])
    assert damages(house) == ["The series “credit_note” gave number 1, but there is no such document any more."]
    house.change_shop(lost_numbers=missing)
    for order_id in (3, 4):
        house.ring(house.shop.order(order_id) or {})
    house.work()
    assert house.numbers() == ["F2026-00001", "F2026-00002", "draft", "draft", "draft"]
    house.arrives(an_order(id=5))
    (new,) = (item.document for item in house.documents(5))
    assert new is not None
    assert (new.number, damages(house)) == ("F2026-00005", [])
    # It may have the id of a document that is gone (PostgreSQL skips what an attempt took): links to that one must not open it.
    assert new.document_id == old.document_id or not house.services.store.is_sqlite
    assert old.is_older_than(new.issued_at)


def link_in_note(house: House, order_id: int) -> document_link.Link:
    token = house.notes(order_id)[0].partition("/d/")[2].partition('"')[0]
    link = document_link.read(house.services.settings.secret_keys, token)
    assert link is not None
    return link


def test_without_a_restore_there_is_nothing_to_resume(house: House) -> None:
    with pytest.raises(Rejected, match="are not held"):
        trace(house)
