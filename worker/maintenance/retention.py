"""Store what the law requires, no longer and no more: purge raw bodies, export a shop, close a shop, erase a customer."""

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import IO

from sqlalchemy import Connection

from worker.domain.document import Kind, free_name
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.message import Message
from worker.queue.job_progress import OnProgress, tell_nobody
from worker.services import Services
from worker.store import (  # fmt: skip
    api_tokens,
    audit_trail,
    bank_senders,
    channels,
    counters,
    deliveries,
    document_files,
    documents,
    drafts,
    order_search,
    peppol_answers,
    personal_data,
    plugins,
    register,
    set_aside,
    settle_orders,
    shops,
    tasks,
    vat_checks,
    webhooks,
)
from worker.store.audit_trail import AuditEntry
from worker.store.database import json_codec  # fmt: skip
from worker.store.documents import DocumentPeriod
from worker.store.files import temporary  # fmt: skip
from worker.store.files.large_zip import LargeZip
from worker.store.jobs import JobEnd
from worker.store.shops import Secrets

RAW_BODIES_FOR = timedelta(days=90)
TASKS_FOR = timedelta(days=7)
# No file takes so long to be written.
UNFINISHED_FOR = timedelta(days=1)
AT_ONCE = 500
# While a shop is closed the others issue: of so many orders all goes within some hundredths of a second.
ORDERS_AT_ONCE = 100
EVER = DocumentPeriod(date.min, date.max, tuple(Kind))
# Between the machines of one Facturelay.
CLOCKS_DIFFER = timedelta(minutes=1)


def kept_until(issued_on: date, shop: Shop) -> date:
    """The last day on which a document of that date must still be there: the years count from 1 January after its own."""
    return date(issued_on.year + shop.years_kept, 12, 31)


def purge(services: Services) -> int:
    """Delete raw bodies older than 90 days, whose hashes stay, events of webhooks and settlements that were done, and files that were never
    written whole. Returns how many bodies."""
    services.archive.delete_unfinished(before=services.now() - UNFINISHED_FOR)
    before = services.now() - RAW_BODIES_FOR
    in_batches(services, webhooks.delete_sent, before=before)
    in_batches(services, settle_orders.delete_done, before=before)
    return in_batches(services, personal_data.forget_bodies, before=before)


def in_batches(services: Services, forget: Callable[..., int], *, before: datetime) -> int:
    """Forget little by little, so that issuing never waits long. Returns how many."""
    dropped = 0
    while True:
        with services.store.write() as connection:
            some = forget(connection, before=before, limit=AT_ONCE)
        dropped += some
        if some < AT_ONCE:
            return dropped


def delete_expired(services: Services) -> int:
    """Delete tasks that were finished a week ago, and uploads, previews and zips that have expired. Returns how
    many tasks; what they did is in the audit trail."""
    now, forgotten = services.now(), 0
    temporary.delete_expired(services.archive, now=now)
    with services.store.write() as connection:
        set_aside.delete_over(connection, before=now)
    while True:
        with services.store.write() as connection:
            some = tasks.delete_finished(connection, finished_before=now - TASKS_FOR, limit=AT_ONCE)
        forgotten += some
        if some < AT_ONCE:
            return forgotten


# Exporting a shop


def export(services: Services, shop_id: str, target: Path, *, on_progress: OnProgress = tell_nobody) -> int:
    """Write everything of a shop into one zip: settings without secrets, documents, files, register. Returns how many documents.

    Raises Rejected when the file exists, or a stored file is not what was stored: what does not verify is not exported.
    """
    if target.exists():
        raise Rejected("{target} exists already; choose another name.", target=target, code="file_exists")
    with written_whole(target) as file:
        return write_books(services, shop_id, file, on_progress=on_progress)


def write_books(services: Services, shop_id: str, file: IO[bytes], *, on_progress: OnProgress = tell_nobody) -> int:
    """As `export`, into an open file. *on_progress* gets how many documents it has, of how many."""
    with services.store.snapshot() as connection:
        shop = shops.get(connection, services.encryption, shop_id).shop
        with LargeZip(file) as archive:
            count, of = 0, documents.count_issued_between(connection, shop_id, EVER)
            for name, parts in contents(services, connection, shop, archive):
                put_streamed(archive, name, parts, now=services.now())
                count += name.startswith("documents/")
                on_progress(count, of)
            return count


@contextmanager
def written_whole(target: Path) -> Iterator[IO[bytes]]:
    """A file beside *target*, readable by its owner only, that takes its name when all is written and is removed when something fails.

    Raises Rejected where the system refuses it, also on the way: the disk may be full.
    """
    with refusals(target):
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)


@contextmanager
def nameless() -> Iterator[IO[bytes]]:
    """A file in the folder for temporary files that has no name there: whoever writes it may be killed, and nothing stays."""
    folder = Path(tempfile.gettempdir())
    with refusals(folder), tempfile.TemporaryFile(dir=folder) as file:
        yield file


@contextmanager
def refusals(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Rejected(
            "{target} cannot be written: {reason}.", target=target, reason=error.strerror, code="file_refused"
        ) from error


def put_streamed(archive: LargeZip, name: str, parts: Iterable[bytes | str], *, now: datetime) -> None:
    """Put a file into the zip part by part: what lists a whole shop need not fit in memory."""
    info = zipfile.ZipInfo(name, (now.year, now.month, now.day, now.hour, now.minute, now.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as file:
        for part in parts:
            file.write(part.encode() if isinstance(part, str) else part)


def contents(
    services: Services, connection: Connection, shop: Shop, archive: LargeZip
) -> Iterator[tuple[str, Iterable[bytes | str]]]:
    """Name and content, in parts, of each file of a shop's export; the next one when the last is in its *archive*."""
    yield "settings.json", [pretty(shop)]
    yield "register.csv", register.as_table(register.every_number(connection, shop.shop_id))
    yield "register-head.txt", [f"{register.head(connection, shop.shop_id)}\n"]
    checks = ({"order_id": order_id, **vars(one)} for order_id, one in vat_checks.every(connection, shop.shop_id))
    yield "vat-checks.json", pretty_list(checks)
    answers = (vars(one) for one in peppol_answers.every(connection, shop.shop_id))
    yield "peppol-answers.json", pretty_list(answers)
    for document in documents.every(connection, shop.shop_id):
        name = free_name(f"documents/{document.file_name('json')}", archive)
        yield name, [pretty(document)]
        for stored in document_files.files_of(connection, [document.document_id]).get(document.document_id, ()):
            yield f"files/{Path(name).stem}.{stored.format}", [services.archive.get(stored.path, sha256=stored.sha256)]


def pretty(value: object) -> str:
    return json.dumps(json.loads(json_codec.dump(value)), ensure_ascii=False, indent=2, sort_keys=True)


def pretty_list(values: Iterable[object]) -> Iterator[str]:
    """The same of a list, item by item."""
    return json_codec.indented_list(map(pretty, values))


# A shop that leaves


@dataclass(frozen=True)
class RetainedYear:
    """Documents of one year that the law requires, and until when."""

    year: int
    documents: int
    until: date


@dataclass(frozen=True)
class ShopClosing:
    """What became of a shop that left."""

    name: str
    bodies: int
    drafts: int
    buyers: int
    waiting: int
    kept: tuple[RetainedYear, ...]


def close_shop(services: Services, shop_id: str, *, by: str, on_progress: OnProgress = tell_nobody) -> ShopClosing:
    """Close a shop: paused for good, without secrets, raw bodies and drafts. Its documents stay as long as the law requires.

    Call it again where it broke off. *on_progress* gets of how many orders all that may go was removed, of how many.
    """
    now = services.now()
    with services.store.write() as connection:
        counters.lock(connection, shop_id)
        shop = shops.get(connection, services.encryption, shop_id).shop
        shops.change(connection, replace(shop, suspended=True, closed=True))
        # A secret that nobody knows: deliveries of the shop no longer verify, and an empty one would let anybody in.
        shops.change_secrets(connection, services.encryption, shop_id, Secrets((shops.new_webhook_secret(),)))
        message = Message("{shop} is closed; its orders are no longer processed.", shop=shop.name)
        api_tokens.revoke_all(connection, shop_id, now=now)
        webhooks.stop_all(connection, shop_id, message=message, now=now)
        channels.remove_all(connection, shop_id)
        plugins.shut_out(connection, shop_id)
        end = JobEnd(code="shop_closed", message=message)
        settle_orders.close_waiting(connection, shop_id, end, now=now)
        waiting = deliveries.close_waiting(connection, shop_id, end, now=now)
        of_no_order = personal_data.forget_bodies_of_no_order(connection, shop_id)
        removed = Message("{shop} is closed; its secrets were removed.", shop=shop.name)
        audit_trail.add(connection, AuditEntry(shop_id, now, by, "shop_closed", removed))
    bodies, dropped, buyers = forget_orders(services, shop_id, on_progress=on_progress)
    with services.store.read() as connection:
        by_year = personal_data.documents_by_year(connection, shop_id)
    kept = (RetainedYear(year, count, kept_until(date(year, 1, 1), shop)) for year, count in by_year.items())
    return ShopClosing(shop.name, of_no_order + bodies, dropped, buyers, waiting, tuple(kept))


def forget_orders(services: Services, shop_id: str, *, on_progress: OnProgress) -> tuple[int, int, int]:
    """Remove what may go of all orders of a shop, some at a time, so that others issue meanwhile. Returns how many bodies, drafts and buyers."""
    with services.store.read() as connection:
        of = personal_data.count_orders(connection, shop_id)
    bodies = dropped = buyers = done = 0
    last = -1
    while True:
        with services.store.write() as connection:
            order_ids = personal_data.orders_after(connection, shop_id, last, limit=ORDERS_AT_ONCE)
            bodies += personal_data.forget_bodies_of(connection, shop_id, order_ids)
            dropped += personal_data.drop_drafts(connection, shop_id, order_ids)
            buyers += personal_data.forget_buyers(connection, shop_id, order_ids)
            personal_data.forget_mail_addresses(connection, shop_id, order_ids)
        if not order_ids:
            return bodies, dropped, buyers
        done, last = done + len(order_ids), order_ids[-1]
        on_progress(done, max(done, of))


# Erasing a customer


@dataclass(frozen=True)
class KeptDocument:
    """A document that names the customer and must stay until that day."""

    number: str
    until: date


@dataclass(frozen=True)
class Erased:
    """What was erased of a customer, what must stay, and which drafts a person must decide on first."""

    orders: tuple[int, ...]
    bodies: int
    drafts: int
    buyers: int
    kept: tuple[KeptDocument, ...]
    open_drafts: tuple[str, ...]


def erase_customer(
    services: Services, shop_id: str, email: str, *, by: str, on_progress: OnProgress = tell_nobody
) -> Erased:
    """Erase the personal data of *email* in one shop, but for documents that the law requires: also who paid, in the bank's lines.

    *on_progress* gets in how many documents the customer was looked for, of how many.
    """
    wanted = email.strip().casefold()
    if "@" not in wanted:
        raise Rejected("“{email}” is not a mail address.", email=email, code="option_wrong")
    while (erased := erase_found(services, shop_id, wanted, by=by, on_progress=on_progress)) is None:
        pass  # an order of the customer came in meanwhile
    return erased


def erase_found(services: Services, shop_id: str, email: str, *, by: str, on_progress: OnProgress) -> Erased | None:
    """Find a customer and erase what was found; None, and nothing erased, where there is more by then."""
    began = services.now()
    # It takes long in a large shop, which goes on issuing meanwhile.
    with services.store.snapshot() as connection:
        shop = shops.get(connection, services.encryption, shop_id).shop
        customer = find_customer(connection, shop, email, on_progress)
    order_ids = customer.orders
    with services.store.write() as connection:
        if not orders_come_in(connection, shop_id, email, since=began - CLOCKS_DIFFER) <= set(order_ids):
            return None
        names = customer.names | personal_data.buyers_of(connection, shop_id, order_ids)
        bank_senders.forget(connection, shop_id, order_ids, names)
        personal_data.forget_mail_addresses(connection, shop_id, order_ids)
        erased = Erased(
            orders=order_ids,
            bodies=personal_data.forget_bodies_of(connection, shop_id, order_ids),
            drafts=personal_data.anonymise_discarded(connection, shop_id, order_ids, now=services.now()),
            buyers=personal_data.forget_buyers(connection, shop_id, order_ids),
            kept=customer.kept,
            open_drafts=customer.open_drafts,
        )
        message = Message(
            "A customer was erased on request. Erased orders: {orders}; documents that stay by law: {documents}.",
            orders=len(order_ids),
            documents=len(customer.kept),
        )
        audit_trail.add(connection, AuditEntry(shop_id, services.now(), by, "customer_erased", message))
    return erased


def orders_come_in(connection: Connection, shop_id: str, email: str, *, since: datetime) -> set[int]:
    """The orders that are found by a mail address now, and those of it that were delivered lately: no search of all that the shop has."""
    delivered = personal_data.bodies(connection, shop_id, since=since)
    return order_search.orders_by_email(connection, shop_id, email) | {
        order_id for order_id, body in delivered if billed_to(body) == email
    }


@dataclass(frozen=True)
class Customer:
    """What a shop knows of one mail address: the orders, in order; on whose names; the documents that stay; the drafts that wait."""

    orders: tuple[int, ...]
    names: frozenset[str]
    kept: tuple[KeptDocument, ...]
    open_drafts: tuple[str, ...]


def find_customer(connection: Connection, shop: Shop, email: str, on_progress: OnProgress) -> Customer:
    """Everything of *email* (casefolded) among all that the shop has, some rows at a time: a million need not fit in memory."""
    found, names = order_search.orders_by_email(connection, shop.shop_id, email), set[str]()
    kept, open_drafts = [], []
    of = documents.count_issued_between(connection, shop.shop_id, EVER)
    for number, document in enumerate(documents.every(connection, shop.shop_id), 1):
        on_progress(number, of)
        if document.draft.buyer.email.casefold() == email:
            found.add(document.draft.order_id)
            names.add(document.draft.buyer.name)
            kept.append(KeptDocument(document.number, kept_until(document.issued_on, shop)))
    waiting = drafts.every(connection, shop.shop_id, state="open")
    for stored in chain(waiting, drafts.every(connection, shop.shop_id, state="discarded")):
        if stored.draft.buyer.email.casefold() == email:
            found.add(stored.draft.order_id)
            open_drafts += [] if stored.discarded else [stored.draft.order_number]
    found |= {order_id for order_id, body in personal_data.bodies(connection, shop.shop_id) if billed_to(body) == email}
    return Customer(tuple(sorted(found)), frozenset(names), tuple(kept), tuple(open_drafts))


def billed_to(body: bytes) -> str:
    """The e-mail address on the bill of a raw order; empty where there is none."""
    try:
        order = json.loads(body)
        return str(order["billing"]["email"]).strip().casefold()
    except (ValueError, LookupError, TypeError):
        return ""
