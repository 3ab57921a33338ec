"""Kill anything at any moment: nothing is lost, nothing is made twice.

`make chaos ORDERS=1000 SEED=7` runs longer; the seed decides who dies when. FAULTS="worker killed,valkey" chooses what goes
wrong and MEAN_S=0.3 how often. Real processes, a pretend shop, a real mail server.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from tests.chaos.assertions import (
    kept_of_answered,
    mails_again,
    mails_with_documents,
    numbers_without_gap,
    reconciled,
    wait_until_settled,
    wrong_mails,
    wrong_notes,
)
from tests.chaos.experiment import NO_WEBHOOK, Experiment, an_experiment
from tests.chaos.faults import MAILS_AGAIN, FaultInjector, from_environment
from worker.accounting import verify
from worker.domain.document import Kind
from worker.domain.step import MAIL
from worker.store import deliveries
from worker.store.database.tables import audit_trail

pytestmark = pytest.mark.chaos

ORDERS = int(os.environ.get("CHAOS_ORDERS") or 48)
SEED = int(os.environ.get("CHAOS_SEED") or 20261123)
# A long run waits as the product does; a short one would only wait.
IS_LONG = ORDERS >= 500
SHOP_TIMEOUT_S, LEASE_S, MEAN_S, PAUSE_S = (15, 50, 2.0, 0.1) if IS_LONG else (2, 8, 0.4, 0.2)
if os.environ.get("CHAOS_FAULTS"):
    LEASE_S = 50  # where nobody kills a worker, a slow machine must not make one lose its work
EVERY_N_TH_IS_REFUNDED = 6


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def experiment(request: pytest.FixtureRequest) -> Iterator[Experiment]:
    """One machine on SQLite; two, each with a bridge, two workers and a scheduler, on PostgreSQL."""
    on_postgresql = request.param == "postgresql"
    machines = 2 if on_postgresql else 1
    with an_experiment(
        postgresql=on_postgresql,
        machines=machines,
        orders=ORDERS,
        FACTURELAY_TEST_SHOP_TIMEOUT_SECONDS=str(SHOP_TIMEOUT_S),
        FACTURELAY_TEST_LEASE_SECONDS=str(LEASE_S),
    ) as experiment:
        yield experiment


def test_nothing_is_lost_and_nothing_doubled_whatever_dies(experiment: Experiment) -> None:
    began, injector = time.monotonic(), from_environment(experiment, seed=SEED, mean_s=MEAN_S)
    injector.begin()
    sell(experiment)
    injector.end()
    lived = time.monotonic() - began
    left = wait_until_settled(experiment)
    print(figures(experiment, injector, lived=lived, all_in=time.monotonic() - began))
    assert left == ""
    assert injector.trouble == []
    assert sorted(item.draft.cause for item in experiment.listed()) == sorted(experiment.due)
    assert numbers_without_gap(experiment)
    assert wrong_mails(experiment) == []
    assert mails_again(experiment) == {} or set(injector.struck) & set(MAILS_AGAIN)
    assert wrong_notes(experiment) == []
    assert kept_of_answered(experiment)
    assert [proof.damages for proof in verify.verify(experiment.system.services)] == [()]
    assert reconciled(experiment) == []


def sell(experiment: Experiment) -> None:
    """Let the shop sell, refund and deliver while one thing after the other goes wrong."""
    chance = random.Random(SEED)  # noqa: S311  # repeatable chance is what is wanted
    for order_id in range(1, ORDERS + 1):
        experiment.sell(order_id)
        topics = ["order.created", "order.updated"]
        chance.shuffle(topics)
        for topic in topics:
            experiment.deliver(order_id, topic)
        if order_id % EVERY_N_TH_IS_REFUNDED == 0:
            earlier = order_id - EVERY_N_TH_IS_REFUNDED + 1
            experiment.refund(earlier)
            experiment.deliver(earlier)
        time.sleep(PAUSE_S)


def figures(experiment: Experiment, injector: FaultInjector, *, lived: float, all_in: float) -> str:
    listed = experiment.listed()
    made = Counter(item.draft.kind for item in listed)
    polled = sum(1 for item in listed if rang_by_poll_only(experiment, item.draft.order_id))
    mailed = sorted(
        (item.done_at(MAIL) or item.document.issued_at) - item.document.issued_at for item in listed if item.document
    )
    lines = [
        f"\n{ORDERS} orders, seed {SEED}: {len(experiment.due)} documents due",
        f"made: {made[Kind.INVOICE]} invoices and {made[Kind.CREDIT_NOTE]} credit notes",
        f"answers to deliveries: {dict(sorted(experiment.answers.items()))} (0: none, {NO_WEBHOOK}: webhook switched off)",
        f"orders that only polling brought: {polled}; webhooks made anew: {repaired(experiment)}",
        f"mails: {len(mails_with_documents(experiment))}, of which {len(mails_again(experiment))} came more than once under the same id",
        f"from number to mail: median {mailed[len(mailed) // 2].total_seconds():.1f} s, longest {mailed[-1].total_seconds():.1f} s"
        if mailed
        else "no mail",
        f"selling took {lived:.1f} s, everything {all_in:.1f} s; {sum(injector.struck.values())} faults",
        *(f"  {times} x {name}" for name, times in sorted(injector.struck.items())),
        *injector.trouble,
    ]
    return "\n".join(lines)


def repaired(experiment: Experiment) -> int:
    with experiment.system.services.store.read() as connection:
        return len(connection.execute(select(audit_trail).where(audit_trail.c.code == "webhook_repaired")).all())


def rang_by_poll_only(experiment: Experiment, order_id: int) -> bool:
    with experiment.system.services.store.read() as connection:
        return {delivery.source for delivery in deliveries.of_order(connection, experiment.shop_id, order_id)} == {
            "poll"
        }
