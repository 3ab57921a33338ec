"""Tasks that take in a file of the shop's: only rendering shows whether it can be printed."""

from collections.abc import Mapping
from typing import Any

from worker import branding
from worker.services import Services
from worker.store.files import temporary
from worker.store.tasks import Task
from worker.tasks.common import actor_of, file_of


def save_logo(services: Services, task: Task) -> Mapping[str, Any]:
    """Print a picture on documents from now on.

    Argument: `{"file"}`, a PNG or JPEG of at most 3 MB that the page put into the archive with `store.files.temporary.put`.
    Answer: `{"logo": {"path", "sha256", "name"}}`, as it is in the shop's settings. To take the logo away:
    `shop_settings.update_shop` with `branding.logo` None.
    """
    content = temporary.get(services.archive, file_of(task))
    shop = branding.save_logo(services, task.shop_id, content, by=actor_of(services, task))
    return {"logo": vars(shop.branding.logo) if shop.branding.logo else None}


def save_attachment(services: Services, task: Task) -> Mapping[str, Any]:
    """Attach a PDF to each mail from now on, like the terms and conditions.

    Argument: `{"file"}`, at most 5 MB, put into the archive with `store.files.temporary.put`. Answer: `{"attachment": {"path",
    "sha256", "name"}}`. To take it away: `shop_settings.update_shop` with `mail.attachment` None.
    """
    file = file_of(task)
    content = temporary.get(services.archive, file)
    shop = branding.save_attachment(services, task.shop_id, file.name, content, by=actor_of(services, task))
    return {"attachment": vars(shop.mail.attachment) if shop.mail.attachment else None}
