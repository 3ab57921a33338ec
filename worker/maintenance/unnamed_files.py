"""Files of documents that no row names: whoever wrote one was killed before he wrote it down, or another was quicker. They hold customers' names."""

import re
from collections.abc import Iterator
from datetime import timedelta

from worker.services import Services
from worker.store import document_files, shops

EVERY = timedelta(hours=24)
AT_ONCE = 500
# As `sending.pdf` and `sending.einvoice` call them.
NAME = re.compile(r"(?P<document_id>\d+)-[0-9a-f]{8}\.(?P<format>[a-z]+)")
# The days by which a document's date is another than today, in any zone, where it was made within two runs of this.
DAYS = (-1, 0, 3)


def delete_unnamed(services: Services) -> int:
    """Delete each of a document that has its file under another name: the first that is written down counts for good. Returns how many."""
    years = {(services.now() - timedelta(days=days)).year for days in DAYS}
    with services.store.read() as connection:
        folders = [f"{shop.shop_id}/{year}" for shop in shops.every(connection) for year in sorted(years)]
    deleted = 0
    for folder in folders:
        for path in unnamed_in(services, folder):
            services.archive.delete(path)
            deleted += 1
    return deleted


def unnamed_in(services: Services, folder: str) -> Iterator[str]:
    found = [one for one in map(NAME.fullmatch, services.archive.names(folder)) if one]
    for some in (found[first : first + AT_ONCE] for first in range(0, len(found), AT_ONCE)):
        with services.store.read() as connection:
            files = document_files.files_of(connection, [int(one["document_id"]) for one in some])
        for one in some:
            named = {file.format: file.path for file in files.get(int(one["document_id"]), ())}
            path = f"{folder}/{one.string}"
            if named.get(one["format"], path) != path:
                yield path
