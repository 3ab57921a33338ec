"""What must be true in the end, whatever happened: each function checks one claim, from outside."""

import hashlib
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.chaos.experiment import Experiment
from worker.accounting import reconcile
from worker.accounting.reconciliation import ReconciliationState
from worker.demo.mailbox import Mail
from worker.store import deliveries, shops
from worker.woocommerce.notes import attribute, document_mark

# Longer than any lease and any wait between two tries. How fast it all goes is the machine's affair.
STALLED_S = 120


def wait_until_settled(experiment: Experiment) -> str:
    """Empty once everything has come to its end; what is left when for a long while nothing of it was done any more."""
    left, since = experiment.unsettled(), time.monotonic()
    while left and time.monotonic() - since < STALLED_S:
        time.sleep(0.5)
        experiment.system.start_what_ended()
        before, left = left, experiment.unsettled()
        since = time.monotonic() if left != before else since
    return f"{left}\n{experiment.system.logs()}" if left else ""


def numbers_without_gap(experiment: Experiment) -> bool:
    found: dict[str, list[int]] = {}
    for item in experiment.listed():
        assert item.document is not None
        found.setdefault(item.document.series, []).append(item.document.sequence)
    return all(sorted(sequence) == list(range(1, len(sequence) + 1)) for sequence in found.values())


def mails_with_documents(experiment: Experiment) -> tuple[Mail, ...]:
    """Those to customers: alerts have nothing attached."""
    return tuple(mail for mail in experiment.mailbox.messages() if mail.attachments)


def wrong_mails(experiment: Experiment) -> list[str]:
    """Documents that no mail brought, or mails under several ids."""
    ids: dict[str, set[str]] = {}
    for mail in mails_with_documents(experiment):
        for attachment in mail.attachments:
            ids.setdefault(hashlib.sha256(attachment.content).hexdigest(), set()).add(mail.message_id)
    return [
        f"{item.document.number}: {ids.get(item.files[0].sha256, 'no mail')}"
        for item in experiment.listed()
        if item.document and len(ids.get(item.files[0].sha256, ())) != 1
    ]


def mails_again(experiment: Experiment) -> dict[str, int]:
    """The ids of mails that came more than once, and how often."""
    times = Counter(mail.message_id for mail in mails_with_documents(experiment))
    return {message_id: n for message_id, n in times.items() if n > 1}


def wrong_notes(experiment: Experiment) -> list[str]:
    """Documents without exactly one note on their order."""
    wrong = []
    for item in experiment.listed():
        assert item.document is not None
        wanted = attribute(document_mark(item.document.number))
        notes = [note for note in experiment.shop.notes(item.draft.order_id) if wanted in str(note["note"])]
        if len(notes) != 1:
            wrong.append(f"{item.document.number}: {len(notes)} notes")
    return wrong


def kept_of_answered(experiment: Experiment) -> bool:
    """Whatever was answered with 200 is a row. A delivery may be a row without an answer: the line was cut in between."""
    with experiment.system.services.store.read() as connection:
        kept = len(deliveries.arrivals(connection, experiment.shop_id, since=datetime.now(UTC) - timedelta(days=1)))
    return kept >= experiment.answers[200]


def reconciled(experiment: Experiment) -> list[str]:
    """What our own proof of completeness finds missing, asked of the shop."""
    services = experiment.system.services
    with services.store.read() as connection:
        connected = shops.get(connection, services.encryption, experiment.shop_id)
    month = f"{datetime.now(connected.shop.zoneinfo):%Y-%m}"
    found = reconcile.compared(services, connected, month, pause_s=0)
    return [f"{row.number}: {row.message}" for row in found if row.state is not ReconciliationState.COMPLETE]
