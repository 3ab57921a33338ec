"""What a person decides with rows alone, as a page does it: links, hand-overs, trying again, ignoring; each for one shop only."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.support.system import SECRET, System
from tests.support.task_requests import another_shop, events, invoiced, paid
from worker.actions import Retried
from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.actions.orders import Ignored
from worker.demo.orders import an_order
from worker.domain.document import Kind, SendMode
from worker.domain.rules import Rule, Trigger
from worker.domain.step import MAIL
from worker.errors import Rejected
from worker.net import document_link
from worker.queue import QueueName
from worker.store import deliveries, document_links
from worker.store.database.tables import jobs
from worker.store.jobs import JobEnd, JobKind
from worker.store.queries.jobs import JobFilter
from worker.store.shops import Secrets

BY = "An"
TWO_MUGS = (("Koffiemok blauw", "MUG-1", 2, "12.40", "21"),)


def renewed(system: System, document_id: int) -> str:
    with system.services.store.write() as connection:
        return document_actions.renew_link(
            connection, system.services.settings, system.shop_id, document_id, by=system.person
        )


def opens(system: System, url: str) -> bool:
    link = document_link.read(system.services.settings.secret_keys, url.rpartition("/")[2])
    assert link is not None
    with system.services.store.read() as connection:
        revocation = document_links.of_documents(connection, [link.document_id]).get(link.document_id)
    return document_links.is_valid(revocation, signed_at=link.signed_at)


def failed_mail(system: System, order_id: int = 238) -> int:
    system.mailbox.faults.reject("koper@klant.test")
    document_id = invoiced(system, paid(order_id))
    system.mailbox.faults.clear()
    return document_id


@pytest.mark.each_database
def test_a_revoked_link_stays_so_and_a_renewed_one_opens(system: System) -> None:
    document_id = invoiced(system)
    mailed = str(system.services.link_of(system.documents(238)[0].document))
    first = renewed(system, document_id)
    system.clock.move(minutes=1)
    assert (opens(system, mailed), opens(system, first)) == (True, True)
    system.act(document_actions.revoke_link, document_id)
    system.clock.move(minutes=1)
    second = renewed(system, document_id)
    assert [opens(system, url) for url in (mailed, first, second)] == [False, False, True]
    # What is mailed from now on leads to the document again.
    system.act(document_actions.send_again, document_id)
    system.work()
    (link,) = {word for word in system.mailbox.messages()[-1].text.split() if "/d/" in word}
    assert opens(system, link)
    system.clock.move(minutes=1)
    system.act(document_actions.revoke_link, document_id)
    assert opens(system, second) is False
    assert [code for actor, code in events(system) if actor == BY] == [
        "link_renewed", "link_revoked", "link_renewed", "mailed_again", "link_revoked",
    ]  # fmt: skip


def test_a_mail_that_failed_is_handed_over_by_a_person(system: System) -> None:
    document_id = failed_mail(system)
    system.act(document_actions.mark_handed_over, document_id)
    (item,) = system.documents(238)
    mail = next(step for step in item.steps if step.name == MAIL)
    assert (mail.state, mail.code, str(mail.message)) == ("skipped", "handed_over", "An handed it over by another way.")
    system.work()
    assert system.mailbox.messages() == ()
    assert (BY, "handed_over") in events(system)


def test_a_mail_that_left_cannot_be_handed_over(system: System) -> None:
    with pytest.raises(Rejected, match="was mailed already"):
        system.act(document_actions.mark_handed_over, invoiced(system))


def test_one_step_is_tried_again_and_only_one_that_failed(system: System) -> None:
    document_id = failed_mail(system)
    assert system.act(document_actions.retry_step, document_id, MAIL) == Retried(documents=(document_id,))
    system.work()
    assert len(system.mailbox.messages()) == 1
    with pytest.raises(Rejected, match="neither failed nor waits"):
        system.act(document_actions.retry_step, document_id, MAIL)


def test_one_delivery_is_tried_again_or_replayed(system: System) -> None:
    system.change_secrets(Secrets((SECRET,)))
    system.shop.place(paid())
    delivery_id = system.receive(paid(), body=b"no order at all")
    system.work()
    assert system.outcomes()[0][0] == "failed"
    system.change_secrets(Secrets((SECRET,), system.shop.consumer_key, system.shop.consumer_secret))
    assert system.act(order_actions.retry_delivery, delivery_id) == Retried(deliveries=(delivery_id,))
    system.work()
    assert system.numbers() == ["F2026-00001"]
    with pytest.raises(Rejected, match="neither failed nor waits"):
        system.act(order_actions.retry_delivery, delivery_id)
    (look,) = system.act(order_actions.replay_delivery, delivery_id).deliveries
    system.work()
    assert (look != delivery_id, system.numbers()) == (True, ["F2026-00001"])
    assert {code for actor, code in events(system) if actor == BY} == {"tried_again", "replayed"}


@pytest.mark.parametrize("what", [order_actions.retry_order, order_actions.retry_delivery])
def test_what_was_tried_again_with_many_and_then_alone_waits_with_what_is_new(
    system: System, what: Callable[..., Retried]
) -> None:
    delivery_id = system.receive(paid())
    asked = 238 if what is order_actions.retry_order else delivery_id
    queues = []
    for of_many in (True, False):
        with system.services.store.write() as connection:
            deliveries.close_waiting(connection, system.shop_id, JobEnd("failed", "x"), now=system.clock.now)
        system.act(what, asked, of_many=of_many)
        with system.services.store.read() as connection:
            queues.append(connection.execute(select(jobs.c.queue).where(jobs.c.job_id == delivery_id)).scalar_one())
    assert queues == [QueueName.BULK, QueueName.ORDERS]


def test_an_order_nobody_told_us_of_is_asked_for(system: System) -> None:
    system.shop.place(paid())
    system.act(order_actions.process_again, 238)
    system.work()
    assert system.numbers() == ["F2026-00001"]
    assert (BY, "fetch_requested") in events(system)


@pytest.mark.each_database
def test_an_order_that_is_ignored_asks_for_nobody_until_something_else_happens(system: System) -> None:
    failed_mail(system)
    system.arrives(paid(lines=TWO_MUGS))
    assert system.act(order_actions.ignore_order, 238) == Ignored(deliveries=0, steps=1, drafts=0, flags=1)
    system.arrives(paid(lines=TWO_MUGS))
    seen = system.trail(238).order
    assert seen is not None
    assert (seen.flags, [flag.code for flag in seen.ignored_flags]) == ((), ["changed_after_invoice"])
    led_to = [(one.code, one.message) for one in system.trail(238).deliveries]
    assert led_to[1:] == [(flag.code, flag.message) for flag in seen.ignored_flags] * 2, (
        "and what came of looking at it"
    )
    with pytest.raises(Rejected, match="Nothing about order 238"):
        system.act(order_actions.ignore_order, 238)
    system.arrives(paid(lines=(*TWO_MUGS, *TWO_MUGS)))
    seen = system.trail(238).order
    assert seen is not None
    assert [flag.code for flag in seen.flags] == ["changed_after_invoice"]
    (told,) = (event for event in system.trail(238).audit_entries if event.code == "ignored")
    assert str(told.message) == "An says that this order needs nothing (1 failed step; 1 notice)."


def test_a_cancelled_order_of_which_it_was_said_that_it_needs_nothing_asks_for_nobody_in_the_bin(
    system: System,
) -> None:
    system.arrives(paid())
    system.arrives(paid(status="cancelled"))
    system.act(order_actions.ignore_order, 238)
    system.shop.trash(238)
    for _look in range(2):
        system.receive({"id": 238}, topic="order.deleted")
        system.work()
        seen = system.trail(238).order
        assert seen is not None
        assert (seen.flags, [flag.code for flag in seen.ignored_flags]) == ((), ["in_bin_but_invoiced"])


@pytest.mark.each_database
def test_the_draft_of_an_ignored_order_does_not_come_back(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),))
    system.arrives(paid())
    assert system.act(order_actions.ignore_order, 238) == Ignored(deliveries=0, steps=0, drafts=1, flags=0)
    assert system.arrives(paid()) == ()


def test_another_shop_can_decide_nothing_about_it(system: System) -> None:
    document_id = failed_mail(system)
    delivery_id = system.trail(238).deliveries[0].delivery_id
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),))
    draft = system.arrives(paid(239))[0].stored_draft
    assert draft is not None
    before = system.documents()
    mine, system.shop_id = system.shop_id, another_shop(system)
    for what, arguments in (
        (document_actions.discard_draft, (draft.draft_id,)),
        (document_actions.send_again, (document_id,)),
        (document_actions.revoke_link, (document_id,)),
        (document_actions.mark_handed_over, (document_id,)),
        (document_actions.retry_step, (document_id, MAIL)),
        (order_actions.retry_delivery, (delivery_id,)),
        (order_actions.replay_delivery, (delivery_id,)),
        (order_actions.ignore_order, (238,)),
    ):
        with pytest.raises(Rejected):
            system.act(what, *arguments)
    with pytest.raises(Rejected):
        system.act(document_actions.mark_paid, document_id, on=system.clock.now.date())
    with pytest.raises(Rejected):
        renewed(system, document_id)
    assert system.act(order_actions.retry_order, 238).count == 0
    system.shop_id = mine
    assert system.documents() == before


@pytest.mark.each_database
def test_thousands_of_failures_wait_again_in_a_few_steps(system: System) -> None:
    """Counted, not timed: each call is one transaction of at most 500 rows."""
    system.change_shop(rules=())
    order = an_order(id=1, paid=False, status="on-hold")
    system.arrives(order)
    with system.services.store.write() as connection:
        row = dict(connection.execute(jobs.select()).mappings().one())
        row.update(state="failed", code="shop_failed", done_at=system.clock.now)
        del row["job_id"]
        connection.execute(jobs.insert(), [{**row, "order_id": number} for number in range(2, 2002)])
    system.clock.move(minutes=1)
    counts: list[int] = []
    while not counts or counts[-1]:
        again = system.act(
            order_actions.retry_failed,
            JobFilter("failed", JobKind.PROCESS_ORDER, code="shop_failed", done_before=system.clock.now),
        )
        counts.append(again.count)
    assert counts == [500, 500, 500, 500, 0]
