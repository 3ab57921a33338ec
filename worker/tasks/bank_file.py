"""The task that takes in a file of the shop's bank."""

from collections.abc import Mapping
from typing import Any

from worker.payments.bank_file import BankFile, take_file
from worker.services import Services
from worker.store.files import temporary
from worker.store.tasks import Task
from worker.tasks.common import Progress, actor_of, file_of


def read_bank_file(services: Services, task: Task) -> Mapping[str, Any]:
    """Count what the lines of a bank's file bring, and keep them.

    Argument: `{"file"}`, put into the archive with `store.files.temporary.put`. Answer: `{"kind", "counts": {verdict: lines},
    "known", "others"}`; *known* lines were read before, *others* are of another account.
    """
    file = file_of(task)
    shop = services.connected(task.shop_id).shop
    content = temporary.get(services.archive, file)
    found = take_file(
        services.store, shop, BankFile(file.name, content), by=actor_of(services, task), told=Progress(services, task)
    )
    return {"kind": found.kind, "counts": dict(found.counts), "known": found.known, "others": found.others}
