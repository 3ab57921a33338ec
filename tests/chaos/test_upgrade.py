"""An upgrade with nobody noticing: old and new processes work side by side while the database is migrated."""

import threading
import time

import pytest

from tests.chaos.assertions import mails_again, numbers_without_gap, wait_until_settled, wrong_mails, wrong_notes
from tests.chaos.experiment import Experiment, an_experiment
from tests.services.process import run
from worker.accounting import verify
from worker.processes.supervisor import facturelay

pytestmark = [pytest.mark.chaos, pytest.mark.postgres]

FEWEST_ORDERS = 20


def test_machines_are_replaced_one_by_one_while_the_shop_goes_on_selling() -> None:
    with an_experiment(
        postgresql=True, machines=2, workers=1, orders=200, FACTURELAY_TEST_LEASE_SECONDS="50"
    ) as experiment:
        over = threading.Event()
        selling = threading.Thread(target=sell_until, args=(experiment, over))
        selling.start()
        old = experiment.system.machines[1]
        run(facturelay("migrate"), env=old.environment)
        old.stop()  # SIGTERM: bridge, worker and scheduler end what they are at
        old.start()
        old.wait_until_ready()
        run(facturelay("migrate"), env=old.environment)
        over.set()
        selling.join()
        assert wait_until_settled(experiment) == ""
        assert len(experiment.due) >= FEWEST_ORDERS
        assert set(experiment.answers) == {200}
        assert sorted(item.draft.cause for item in experiment.listed()) == sorted(experiment.due)
        assert numbers_without_gap(experiment)
        assert (wrong_mails(experiment), mails_again(experiment), wrong_notes(experiment)) == ([], {}, [])
        assert [proof.damages for proof in verify.verify(experiment.system.services)] == [()]


def sell_until(experiment: Experiment, over: threading.Event) -> None:
    order_id = 0
    while not over.is_set() or order_id < FEWEST_ORDERS:
        order_id += 1
        experiment.sell(order_id)
        experiment.deliver(order_id, "order.created")
        experiment.deliver(order_id, "order.updated")
        time.sleep(1)
