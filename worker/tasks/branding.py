"""Errands that take in a file of the shop's: only the press knows whether it can be printed."""

from collections.abc import Mapping
from typing import Any

from worker.services import Services
from worker.shops import branding
from worker.store.files import temporary
from worker.store.tasks import Task
from worker.tasks.common import file_of


def save_logo(services: Services, task: Task) -> Mapping[str, Any]:
    """Print a picture on documents from now on.

    Argument: `{"file"}`, a PNG or JPEG of at most 3 MB that the page put into the archive with `store.fleeting.put`.
    Answer: `{"logo": {"path", "sha256", "name"}}`, as it is in the shop's settings. To take the logo away:
    `store.settling.rework` with `replace(shop, logo=None)`.
    """
    content = temporary.get(services.archive, file_of(task))
    shop = branding.save_logo(services, task.shop_id, content, by=task.requested_by)
    return {"logo": vars(shop.logo) if shop.logo else None}


def save_attachment(services: Services, task: Task) -> Mapping[str, Any]:
    """Let a PDF ride along with each mail from now on, like the terms and conditions.

    Argument: `{"file"}`, at most 5 MB, put into the archive with `store.fleeting.put`. Answer: `{"mail_attachment": {"path",
    "sha256", "name"}}`. To take it away: `store.settling.rework` with `replace(shop, mail_attachment=None)`.
    """
    file = file_of(task)
    content = temporary.get(services.archive, file)
    shop = branding.save_attachment(services, task.shop_id, file.name, content, by=task.requested_by)
    return {"mail_attachment": vars(shop.mail_attachment) if shop.mail_attachment else None}
