"""A customer gets a mail once, whenever a worker dies; where nobody can know whether it left, the same mail comes twice, and is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.support.system import System
from worker.demo.orders import an_order
from worker.domain.step import MAIL
from worker.errors import DatabaseAway
from worker.jobs import job_type
from worker.mail import customer_mail
from worker.plugin import sync
from worker.sending import email
from worker.store.database.engine import Store

pytestmark = pytest.mark.each_database

ORDER = an_order(id=238, paid=True)


class Killed(BaseException):
    """What ends a worker at once: nothing is written after it."""


def dies_at(
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    name: str,
    system: System,
    *,
    after: Callable[..., Any] | None = None,
) -> None:
    """The order arrives, and the worker is killed where *name* is called, or *after* that; another takes its work up."""

    def killed(*arguments: Any, **more: Any) -> None:
        if after is not None:
            after(*arguments, **more)
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(where, name, killed)
        with pytest.raises(Killed):
            system.arrives(ORDER)
    system.clock.move(minutes=10)
    system.work()


def mail_of(system: System) -> tuple[str, int, int]:
    """How the mail's step stands, how many mails came, and under how many ids."""
    (invoice,) = system.documents(ORDER["id"])
    mails, step = system.mailbox.messages(), invoice.step(MAIL)
    return step.state if step else "", len(mails), len({mail.message_id for mail in mails})


def told_of_twice(system: System) -> list[str]:
    entries = system.trail(ORDER["id"]).audit_entries
    return [str(entry.message) for entry in entries if entry.code == "mailed_again"]


@pytest.mark.parametrize(("where", "name"), [(customer_mail, "compose"), (email, "begin_mail")])
def test_a_worker_killed_before_the_server_has_the_mail_leaves_it_to_the_next(
    system: System, monkeypatch: pytest.MonkeyPatch, where: object, name: str
) -> None:
    dies_at(monkeypatch, where, name, system)

    assert (mail_of(system), told_of_twice(system)) == (("done", 1, 1), [])


def test_a_worker_killed_while_it_tells_the_shop_has_mailed_once(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies_at(monkeypatch, sync, "report_mail_sent", system)

    assert (mail_of(system), told_of_twice(system)) == (("done", 1, 1), [])


@contextmanager
def a_database_that_starts_again(monkeypatch: pytest.MonkeyPatch, *, times: int) -> Iterator[Callable[[], None]]:
    """What is called lets nothing be written so many times."""
    given, away = Store.write, [0]

    @contextmanager
    def write(store: Store) -> Iterator[Connection]:
        if away[0]:
            away[0] -= 1
            raise DatabaseAway("The database does not answer right now; it is tried again.")
        with given(store) as connection:
            yield connection

    monkeypatch.setattr(job_type, "ASK_EVERY_S", 0.01)
    monkeypatch.setattr(Store, "write", write)
    yield lambda: away.__setitem__(0, times)
    assert away == [0]


def test_a_mail_that_left_while_the_database_started_again_is_written_down_when_it_is_back(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It left once more 150 seconds later."""
    given = email.send_mail
    with a_database_that_starts_again(monkeypatch, times=4) as goes:

        def sends(*arguments: Any, **more: Any) -> None:
            given(*arguments, **more)
            goes()

        monkeypatch.setattr(email, "send_mail", sends)
        system.arrives(ORDER)

    assert (mail_of(system), told_of_twice(system)) == (("done", 1, 1), [])


def test_what_a_database_that_starts_again_interrupts_waits_for_no_lease(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_database_that_starts_again(monkeypatch, times=4) as goes, monkeypatch.context() as interrupted:

        def reads(*_: Any, **__: Any) -> None:
            goes()
            with system.services.store.write():
                raise AssertionError

        interrupted.setattr(customer_mail, "compose", reads)
        system.arrives(ORDER)
    assert mail_of(system) == ("waiting", 0, 0)
    system.clock.move(seconds=10)
    system.work()

    assert (mail_of(system), told_of_twice(system)) == (("done", 1, 1), [])


def test_a_worker_killed_between_acceptance_and_its_own_note_sends_the_same_mail_again_and_says_so(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies_at(monkeypatch, email, "send_mail", system, after=email.send_mail)

    assert mail_of(system) == ("done", 2, 1)
    (said,) = told_of_twice(system)
    assert said.startswith("The mail with F2026-00001 may arrive twice")


def test_what_breaks_here_after_the_mail_left_does_not_hide_that_it_may_come_twice(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = email.send_mail

    def breaks(*arguments: Any, **more: Any) -> None:
        given(*arguments, **more)
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(email, "send_mail", breaks)
        with pytest.raises(RuntimeError):
            system.arrives(ORDER)
    system.clock.move(minutes=10)
    system.work()

    assert (mail_of(system), len(told_of_twice(system))) == (("done", 2, 1), 1)


def test_a_worker_that_others_thought_dead_mails_nothing_after_them(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = customer_mail.compose

    def slowly(*arguments: Any, **more: Any) -> Any:
        """Its machine slept; meanwhile the lease ran out, and another worker mailed."""
        monkeypatch.undo()
        system.clock.move(minutes=10)
        system.work()
        return compose(*arguments, **more)

    monkeypatch.setattr(customer_mail, "compose", slowly)
    system.arrives(ORDER)

    assert (mail_of(system), told_of_twice(system)) == (("done", 1, 1), [])


def test_a_refusal_that_passes_is_no_mail_that_may_have_arrived(system: System) -> None:
    system.mailbox.faults.greylist(1)
    system.arrives(ORDER)
    system.clock.move(minutes=5)
    system.work()

    assert (mail_of(system), told_of_twice(system)) == (("done", 1, 1), [])


def test_a_connection_that_broke_after_the_mail_is_told_as_a_mail_that_may_come_twice(system: System) -> None:
    system.mailbox.faults.cut_after_data(1)
    system.arrives(ORDER)
    system.clock.move(minutes=5)
    system.work()

    assert (mail_of(system), len(told_of_twice(system))) == (("done", 2, 1), 1)
