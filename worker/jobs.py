"""What RQ calls: take an id, call a use case, write the outcome on the row. Safe to run twice, at the same moment."""

import logging
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from redis.exceptions import RedisError

from worker import tasks
from worker.errors import FacturelayError, Rejected, Unavailable
from worker.invoicing import issue
from worker.notifications import webhooks
from worker.plugin import sync
from worker.queue import CALL_HOOK, RUN_ERRAND, ring_again
from worker.sending.steps import STEPS, NotNeeded
from worker.services import Services
from worker.settings import Settings
from worker.store import audit_trail, deliveries, documents, steps
from worker.store import tasks as asked
from worker.store import webhooks as hooks
from worker.store.audit_trail import Event
from worker.store.deliveries import Taken
from worker.store.steps import Leased, StepName
from worker.tasks.common import Unfinished

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(hours=24)
FIRST_WAIT_S = 5
# Somebody waits for the answer: an errand is tried for an hour, not for a day.
ERRAND_WAITS = timedelta(hours=1)
# A row of calls, each as slow as it may be, ends before its job is ended (queue.JOB_TIMEOUT_S).
MOST_CALLS = 8
# Workers that were away for a day are nobody's failure: a receiver is tried so often before it is given up.
LEAST_CALLS = 10


_services: list[Services] = []


def use(settings: Settings) -> None:
    """Give this process its services. The worker calls it once, before it takes jobs."""
    _services[:] = [Services(settings)]


def services() -> Services:
    if not _services:
        use(Settings.from_environment())
    return _services[0]


def look_at_order(delivery_id: int) -> None:
    with left_to_the_sweep():
        run_look(services(), delivery_id)


def deliver_document(document_id: int) -> None:
    with left_to_the_sweep():
        run_steps(services(), document_id)


def run_errand(errand_id: int) -> None:
    with left_to_the_sweep():
        do_errand(services(), errand_id)


def call_hook(call_id: int) -> None:
    run_calls(services(), call_id)


def check_plugin(plugin_id: int) -> None:
    with left_to_the_sweep():
        sync.check(services(), plugin_id)


def tell_plugin(plugin_id: int) -> None:
    with left_to_the_sweep():
        sync.after_settings(services(), plugin_id)


@contextmanager
def left_to_the_sweep() -> Iterator[None]:
    """Without the database nothing can be written on the row: it stays as it is and is rung for again. That is no bug to trace."""
    try:
        yield
    except Unavailable as error:
        log.warning("%s", error.sentence)


def run_look(with_: Services, delivery_id: int) -> None:
    """Look at the order that *delivery_id* rings for, and answer all its waiting deliveries."""
    with with_.store.write() as connection:
        taken = deliveries.take(connection, delivery_id, now=with_.now(), lease_for=lease_time(with_))
    if taken is None:
        return
    try:
        outcome = issue.look_at(with_, taken.deliveries)
    except Rejected as error:
        close_look(with_, taken, error.code, error.sentence, state="failed")
    except Unavailable as error:
        look_later(with_, taken, error)
    except Exception:
        look_later(with_, taken, BUG)
        raise
    else:
        if outcome.later is not None:
            look_later(with_, taken, outcome.later)
        else:
            close_look(with_, taken, outcome.code, outcome.sentence)


BUG = Unavailable("Something went wrong that should not; it is tried again, and the log has the details.", code="bug")


def close_look(with_: Services, taken: Taken, code: str, sentence: str, *, state: str = "done") -> None:
    with with_.store.write() as connection:
        deliveries.finish(connection, taken.lease, code=code, sentence=sentence, now=with_.now(), state=state)
        first = taken.deliveries[0]
        if state == "failed":
            audit_trail.add(
                connection, Event(first.shop_id, with_.now(), "worker", code, sentence, order_id=first.order_id)
            )
    webhooks.ring(with_, first.shop_id)
    sync.after_look(with_, first.shop_id, first.order_id)


def look_later(with_: Services, taken: Taken, error: Unavailable) -> None:
    first = taken.deliveries[0]
    # A paused shop is nobody's failure: its orders wait as long as it does.
    if with_.now() - first.received_at > GIVE_UP_AFTER and error.code not in ("shop_suspended", issue.HELD):
        close_look(with_, taken, error.code, given_up(error), state="failed")
        return
    next_at = with_.now() + wait_after(first.attempts, error, longest_s=with_.settings.longest_wait_seconds)
    with with_.store.write() as connection:
        deliveries.put_back(connection, taken.lease, code=error.code, sentence=error.sentence, next_at=next_at)


def run_steps(with_: Services, document_id: int) -> None:
    """Do what is still to be done with one document; a step that fails does not stop the others."""
    bugs = [error for name in STEPS if (error := run_step(with_, document_id, name)) is not None]
    if bugs:
        raise bugs[0]


def run_step(with_: Services, document_id: int, name: StepName) -> Exception | None:
    """Do one step and write its outcome on the row. Gives back an error that nobody expected."""
    leased = lease(with_, document_id, name)
    if leased is None:
        return None
    try:
        detail = STEPS[name](with_, leased)
    except NotNeeded as reason:
        close_step(with_, leased, state="skipped", code="not_needed", sentence=str(reason))
    except Rejected as error:
        close_step(with_, leased, state="failed", code=error.code, sentence=error.sentence)
    except Unavailable as error:
        step_later(with_, leased, error)
    except Exception as error:
        log.exception("step %s of document %d", name, document_id)
        step_later(with_, leased, BUG)
        return error
    else:
        with with_.store.write() as connection:
            steps.note(connection, leased.lease, detail)
            steps.finish(connection, leased.lease, now=with_.now())
    return None


def do_errand(with_: Services, errand_id: int) -> None:
    """Do what a page asked for, and keep the answer where the page looks for it."""
    with with_.store.write() as connection:
        leased = asked.take(connection, errand_id, now=with_.now(), lease_for=lease_time(with_))
    if leased is None:
        return
    errand = leased.errand
    try:
        with held(with_, leased):
            answer = tasks.ERRANDS[errand.kind](with_, errand)
    except Unfinished as later:
        with with_.store.write() as connection:
            asked.go_on_later(connection, leased.lease, so_far=later.so_far)
        ring_for_next_slice(with_, errand_id)
    except Unavailable as error:
        # Whoever asked for a paused shop is told now: it may stay so for weeks.
        if with_.now() - errand.asked_at < ERRAND_WAITS and error.code != "shop_suspended":
            with with_.store.write() as connection:
                asked.put_off(connection, leased.lease, until=with_.now() + wait_after(3, error, longest_s=60))
            return
        close_errand(with_, leased, {"code": error.code, "sentence": error.sentence}, failed=True)
    except Rejected as error:
        close_errand(with_, leased, {"code": error.code, "sentence": error.sentence}, failed=True)
    except Exception:
        # Not tried again by itself: whoever asked sees that it failed, and asks again.
        sentence = "Something went wrong that should not; the log has the details. Ask again."
        close_errand(with_, leased, {"code": BUG.code, "sentence": sentence}, failed=True)
        raise
    else:
        close_errand(with_, leased, answer)


def ring_for_next_slice(with_: Services, errand_id: int) -> None:
    """Under another name than the job that is ending: Redis takes a name once."""
    try:
        ring_again(with_.queue, RUN_ERRAND, errand_id, now=with_.now(), every_s=1)
    except RedisError:
        return


@contextmanager
def held(with_: Services, leased: asked.Leased) -> Iterator[None]:
    """Keep an errand's lease for as long as it is at work: a zip of a year takes longer than any lease."""
    over = threading.Event()

    def hold() -> None:
        while not over.wait(with_.settings.lease_seconds / 3):
            try:
                with with_.store.write() as connection:
                    asked.hold(connection, leased.lease, until=with_.now() + lease_time(with_))
            except Unavailable:
                log.warning("the lease of errand %d could not be kept", leased.errand.errand_id)

    holder = threading.Thread(target=hold, name=f"errand {leased.errand.errand_id}", daemon=True)
    holder.start()
    try:
        yield
    finally:
        over.set()
        holder.join()


def close_errand(with_: Services, leased: asked.Leased, answer: Mapping[str, object], *, failed: bool = False) -> None:
    with with_.store.write() as connection:
        asked.finish(connection, leased.lease, now=with_.now(), answer=answer, failed=failed)


def run_calls(with_: Services, call_id: int) -> None:
    """Make one call of a hook, and while it goes well those of the same hook that wait behind it."""
    upcoming: int | None = call_id
    for _ in range(MOST_CALLS):
        hook_id = run_call(with_, upcoming) if upcoming is not None else None
        if hook_id is None:
            return
        with with_.store.read() as connection:
            upcoming = hooks.next_of(connection, hook_id, now=with_.now())
    if upcoming is not None:
        with_.ring(CALL_HOOK, upcoming)


def run_call(with_: Services, call_id: int) -> int | None:
    """Make one call and write its outcome on the row. The id of its hook where more may be told there now."""
    with with_.store.write() as connection:
        leased = hooks.take(connection, with_.vault, call_id, now=with_.now(), lease_for=lease_time(with_))
    if leased is None:
        return None
    try:
        webhooks.call(with_, leased)
    except Rejected as error:
        webhooks.give_up(with_, leased, error.sentence)
    except Unavailable as error:
        call_later(with_, leased, error)
    except Exception:
        call_later(with_, leased, BUG)
        raise
    else:
        with with_.store.write() as connection:
            hooks.finish(connection, leased.lease, now=with_.now())
        return leased.hook.hook_id
    return None


def call_later(with_: Services, leased: hooks.Leased, error: Unavailable) -> None:
    call = leased.call
    if with_.now() - call.made_at > GIVE_UP_AFTER and call.attempts >= LEAST_CALLS:
        webhooks.give_up(with_, leased, f"{error.sentence} It was tried for a day.")
        return
    next_at = with_.now() + wait_after(call.attempts, error, longest_s=with_.settings.longest_wait_seconds)
    with with_.store.write() as connection:
        hooks.put_back(connection, leased.lease, reason=error.sentence, next_at=next_at)
        if isinstance(error, webhooks.Silent):
            hooks.put_off(connection, call.hook_id, until=next_at)


def lease(with_: Services, document_id: int, name: StepName) -> Leased | None:
    """Lease a step; the mail takes along the documents that go together with this one."""
    with with_.store.write() as connection:
        if name is not StepName.MAIL:
            return steps.take_one(
                connection, name, document_id=document_id, now=with_.now(), lease_for=lease_time(with_)
            )
        mine = steps.of_document(connection, document_id).get(name)
        if mine is None:
            return None
        return steps.take(connection, name, together=mine.together, now=with_.now(), lease_for=lease_time(with_))


def close_step(with_: Services, leased: Leased, *, state: str, code: str, sentence: str) -> None:
    with with_.store.write() as connection:
        steps.finish(connection, leased.lease, now=with_.now(), state=state, code=code, sentence=sentence)
        for step in leased.steps:
            order_id = documents.get(connection, step.document_id).draft.order_id
            audit_trail.add(
                connection,
                Event(
                    step.shop_id, with_.now(), "worker", code, sentence, order_id=order_id, document_id=step.document_id
                ),
            )


def step_later(with_: Services, leased: Leased, error: Unavailable) -> None:
    first = leased.steps[0]
    if with_.now() - first.created_at > GIVE_UP_AFTER:
        close_step(with_, leased, state="failed", code=error.code, sentence=given_up(error))
        return
    next_at = with_.now() + wait_after(first.attempts, error, longest_s=with_.settings.longest_wait_seconds)
    with with_.store.write() as connection:
        steps.put_back(connection, leased.lease, code=error.code, sentence=error.sentence, next_at=next_at)


def given_up(error: FacturelayError) -> str:
    return f"{error.sentence} It was tried for a day; try it again when the cause is gone (facturelay order retry)."


def lease_time(with_: Services) -> timedelta:
    """Longer than a job may take (queue.JOB_TIMEOUT_S)."""
    return timedelta(seconds=with_.settings.lease_seconds)


def wait_after(attempts: int, error: Unavailable, *, longest_s: int) -> timedelta:
    """How long to wait after the *attempts*-th try: doubling, with jitter so that a thousand do not come back at once."""
    if error.retry_after_s is not None:
        return timedelta(seconds=min(error.retry_after_s, longest_s))
    doubled = min(FIRST_WAIT_S * 2 ** (attempts - 1), longest_s)
    return timedelta(seconds=doubled * random.uniform(0.8, 1.2))  # noqa: S311  # spreads load, guards nothing
