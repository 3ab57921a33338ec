"""What a person decides with rows alone, as a page does it: links, hand-overs, trying again, ignoring; each for one shop only."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.conftest import SECRET, House
from tests.flow.test_errands import another_shop, events, invoiced, paid
from worker.actions import documents as deciding
from worker.actions.documents import Again, Ignored
from worker.demo.orders import an_order
from worker.domain.document import Kind, SendMode
from worker.domain.shop import Moment, Rule
from worker.errors import Rejected
from worker.net import document_link
from worker.store import documents
from worker.store.database.tables import deliveries
from worker.store.shops import Secrets
from worker.store.steps import StepName

BY = "An"
TWO_MUGS = (("Koffiemok blauw", "MUG-1", 2, "12.40", "21"),)


def decide(house: House, what: Callable[..., Any], *arguments: object, **more: object) -> Any:
    """Decide as a page does: one transaction, this shop, this person."""
    with house.services.store.write() as connection:
        return what(connection, house.shop_id, *arguments, by=BY, now=house.clock.now, **more)


def renewed(house: House, document_id: int) -> str:
    with house.services.store.write() as connection:
        return deciding.renew_link(
            connection, house.services.settings, house.shop_id, document_id, by=BY, now=house.clock.now
        )


def opens(house: House, url: str) -> bool:
    link = document_link.read(house.services.settings.secret_keys, url.rpartition("/")[2])
    assert link is not None
    with house.services.store.read() as connection:
        marks = documents.marks_of(connection, [link.document_id]).get(link.document_id, {})
    return documents.opens(marks, signed_at=link.signed_at)


def failed_mail(house: House, order_id: int = 238) -> int:
    house.mailbox.faults.reject("koper@klant.test")
    document_id = invoiced(house, paid(order_id))
    house.mailbox.faults.clear()
    return document_id


def test_a_revoked_link_stays_so_and_a_renewed_one_opens(house: House) -> None:
    document_id = invoiced(house)
    mailed = house.documents(238)[0].link
    first = renewed(house, document_id)
    house.clock.move(minutes=1)
    assert (opens(house, mailed), opens(house, first)) == (True, True)
    decide(house, deciding.revoke_link, document_id)
    house.clock.move(minutes=1)
    second = renewed(house, document_id)
    assert [opens(house, url) for url in (mailed, first, second)] == [False, False, True]
    # What is mailed from now on leads to the document again.
    decide(house, deciding.send_again, document_id)
    house.work()
    (link,) = {word for word in house.mailbox.messages()[-1].text.split() if "/d/" in word}
    assert opens(house, link)
    house.clock.move(minutes=1)
    decide(house, deciding.revoke_link, document_id)
    assert opens(house, second) is False
    assert [code for actor, code in events(house) if actor == BY] == [
        "link_renewed", "link_revoked", "link_renewed", "sent_again", "link_revoked",
    ]  # fmt: skip


def test_a_mail_that_failed_is_handed_over_by_a_person(house: House) -> None:
    document_id = failed_mail(house)
    decide(house, deciding.mark_handed_over, document_id)
    (item,) = house.documents(238)
    mail = next(step for step in item.steps if step.name is StepName.MAIL)
    assert (mail.state, mail.reason_code, mail.reason) == (
        "skipped",
        "handed_over",
        "An handed it over by another way.",
    )
    house.work()
    assert house.mailbox.messages() == ()
    assert (BY, "handed_over") in events(house)


def test_a_mail_that_left_cannot_be_handed_over(house: House) -> None:
    with pytest.raises(Rejected, match="was mailed already"):
        decide(house, deciding.mark_handed_over, invoiced(house))


def test_one_step_is_tried_again_and_only_one_that_failed(house: House) -> None:
    document_id = failed_mail(house)
    assert decide(house, deciding.retry_step, document_id, StepName.MAIL) == Again(documents=(document_id,))
    house.work()
    assert len(house.mailbox.messages()) == 1
    with pytest.raises(Rejected, match="neither failed nor waits"):
        decide(house, deciding.retry_step, document_id, StepName.MAIL)


def test_one_delivery_is_tried_again_or_replayed(house: House) -> None:
    house.change_secrets(Secrets((SECRET,)))
    house.shop.place(paid())
    delivery_id = house.ring(paid(), body=b"no order at all")
    house.work()
    assert house.outcomes()[0][0] == "failed"
    house.change_secrets(Secrets((SECRET,), house.shop.consumer_key, house.shop.consumer_secret))
    assert decide(house, deciding.retry_delivery, delivery_id) == Again(looks=(delivery_id,))
    house.work()
    assert house.numbers() == ["F2026-00001"]
    with pytest.raises(Rejected, match="neither failed nor waits"):
        decide(house, deciding.retry_delivery, delivery_id)
    (look,) = decide(house, deciding.replay_delivery, delivery_id).looks
    house.work()
    assert (look != delivery_id, house.numbers()) == (True, ["F2026-00001"])
    assert {code for actor, code in events(house) if actor == BY} == {"tried_again", "replayed"}


def test_an_order_nobody_told_us_of_is_asked_for(house: House) -> None:
    house.shop.place(paid())
    decide(house, deciding.look_again, 238)
    house.work()
    assert house.numbers() == ["F2026-00001"]
    assert (BY, "asked_again") in events(house)


def test_an_order_that_is_ignored_asks_for_nobody_until_something_else_happens(house: House) -> None:
    failed_mail(house)
    house.arrives(paid(lines=TWO_MUGS))
    assert decide(house, deciding.ignore, 238) == Ignored(looks=0, steps=1, drafts=0, flags=1)
    house.arrives(paid(lines=TWO_MUGS))
    seen = house.trail(238).seen
    assert seen is not None
    assert (seen.flags, [flag.code for flag in seen.silent]) == ((), ["changed_after_invoice"])
    with pytest.raises(Rejected, match="Nothing about order 238"):
        decide(house, deciding.ignore, 238)
    house.arrives(paid(lines=(*TWO_MUGS, *TWO_MUGS)))
    seen = house.trail(238).seen
    assert seen is not None
    assert [flag.code for flag in seen.flags] == ["changed_after_invoice"]
    (told,) = (event for event in house.trail(238).events if event.code == "ignored")
    assert told.sentence == "An says that this order needs nothing (1 failed step, 1 notice)."


def test_the_draft_of_an_ignored_order_does_not_come_back(house: House) -> None:
    house.change_shop(rules=(Rule(Kind.INVOICE, Moment.PAID, SendMode.DRAFT),))
    house.arrives(paid())
    assert decide(house, deciding.ignore, 238) == Ignored(looks=0, steps=0, drafts=1, flags=0)
    assert house.arrives(paid()) == ()


def test_another_shop_can_decide_nothing_about_it(house: House) -> None:
    document_id = failed_mail(house)
    delivery_id = house.trail(238).deliveries[0].delivery_id
    house.change_shop(rules=(Rule(Kind.INVOICE, Moment.PAID, SendMode.DRAFT),))
    draft = house.arrives(paid(239))[0].kept
    assert draft is not None
    before = house.documents()
    mine, house.shop_id = house.shop_id, another_shop(house)
    for what, arguments in (
        (deciding.discard_draft, (draft.draft_id,)),
        (deciding.send_again, (document_id,)),
        (deciding.revoke_link, (document_id,)),
        (deciding.mark_handed_over, (document_id,)),
        (deciding.retry_step, (document_id, StepName.MAIL)),
        (deciding.retry_delivery, (delivery_id,)),
        (deciding.replay_delivery, (delivery_id,)),
        (deciding.ignore, (238,)),
    ):
        with pytest.raises(Rejected):
            decide(house, what, *arguments)
    with pytest.raises(Rejected):
        decide(house, deciding.mark_paid, document_id, on=house.clock.now.date())
    with pytest.raises(Rejected):
        renewed(house, document_id)
    assert decide(house, deciding.retry_order, 238).count == 0
    house.shop_id = mine
    assert house.documents() == before


def test_thousands_of_failures_wait_again_in_a_few_steps(house: House) -> None:
    """Counted, not timed: each call is one transaction of at most 500 rows."""
    house.change_shop(rules=())
    order = an_order(id=1, paid=False, status="on-hold")
    house.arrives(order)
    with house.services.store.write() as connection:
        row = dict(connection.execute(deliveries.select()).mappings().one())
        row.update(state="failed", outcome_code="shop_failed", finished_at=house.clock.now)
        del row["delivery_id"]
        connection.execute(deliveries.insert(), [{**row, "order_id": number} for number in range(2, 2002)])
    house.clock.move(minutes=1)
    counts: list[int] = []
    while not counts or counts[-1]:
        again = decide(house, deciding.retry_failed, deciding.LOOK, code="shop_failed", failed_before=house.clock.now)
        counts.append(again.count)
    assert counts == [500, 500, 500, 500, 0]
