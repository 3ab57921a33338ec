"""Of a document's file there is one, however often it was written, and by whomever."""

import multiprocessing
import os
import signal
from datetime import datetime

from tests.integration.invoicing.test_manual import paid
from tests.support.system import System
from worker.domain.document import Document
from worker.jobs.order import process_delivery
from worker.maintenance import unnamed_files
from worker.sending import pdf
from worker.services import Services
from worker.settings import Settings
from worker.store import documents, shops


def files_there(system: System, document: Document) -> list[str]:
    folder = f"{system.shop_id}/{document.issued_on:%Y}"
    return [f"{folder}/{name}" for name in system.services.archive.names(folder)]


def print_and_die(settings: Settings, document_id: int, now: datetime) -> None:
    services = Services(settings, now=lambda: now)
    with services.store.read() as connection:
        document = documents.get(connection, document_id)
        shop = shops.get_settings(connection, document.shop_id)
    pdf.make_pdf(services, shop, document)
    os.kill(os.getpid(), signal.SIGKILL)


def is_killed_before_writing_down(system: System, document: Document) -> None:
    # Not fork: pytest has threads.
    asked = (system.services.settings, document.document_id, system.clock.now)
    worker = multiprocessing.get_context("spawn").Process(target=print_and_die, args=asked)
    worker.start()
    worker.join(timeout=60)
    assert worker.exitcode == -signal.SIGKILL


def test_what_a_worker_wrote_who_was_killed_before_he_wrote_it_down_is_swept_once_another_did(system: System) -> None:
    system.shop.place(paid())
    process_delivery(system.services, system.receive(paid()))
    with system.services.store.read() as connection:
        (document,) = documents.every(connection, system.shop_id)
    is_killed_before_writing_down(system, document)
    assert len(files_there(system, document)) == 1
    assert unnamed_files.delete_unnamed(system.services) == 0  # nobody has written any down yet
    stored = pdf.store_pdf(system.services, document)
    is_killed_before_writing_down(system, document)
    assert len(files_there(system, document)) == 3
    system.clock.move(days=3)
    assert unnamed_files.delete_unnamed(system.services) == 2
    assert files_there(system, document) == [stored.path]
    assert system.services.archive.get(stored.path, sha256=stored.sha256).startswith(b"%PDF")
