"""A file that somebody uploads: so many a minute of a shop, kept for an hour, and looked at by a task."""

from flask import request

from bridge.accounts.rate_limit import By, limit
from bridge.context import context
from worker.store.files import temporary
from worker.store.files.temporary import TemporaryFile


def take_upload(shop_id: str, name: str) -> TemporaryFile | None:
    """The file of this request; None where none was chosen. *name* is for one that has none."""
    limit(By.UPLOADS, shop_id)
    sent = request.files.get("file")
    content = sent.read() if sent is not None else b""
    if sent is None or not content:
        return None
    until = context().now() + temporary.PREVIEW_LIFETIME
    return temporary.put(context().archive, shop_id, sent.filename or name, content, until=until)
