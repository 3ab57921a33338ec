"""Tasks that export or delete what is stored: a period as a zip, a whole shop, closing a shop, erasing a customer."""

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import Connection

from worker.domain import sold
from worker.domain.csv_table import Sheet
from worker.domain.customer_lists import CustomerLists, ListedCustomer
from worker.domain.document import Document, Kind, free_name, signed
from worker.domain.document_money import of_test
from worker.domain.payment import Balance, day_paid
from worker.errors import Rejected
from worker.maintenance import retention
from worker.sending.pdf import store_pdf
from worker.services import Services
from worker.store import (
    daily_sales,
    document_balances,
    document_files,
    documents,
    payment_attempts,
    payment_rows,
    peppol_answers,
    transmissions,
    vat_checks,
)
from worker.store.database import json_codec
from worker.store.document_files import StoredFile
from worker.store.documents import DocumentPeriod
from worker.store.files import temporary
from worker.store.files.large_zip import LargeZip
from worker.store.peppol_answers import PeppolAnswer
from worker.store.tasks import Task
from worker.store.transmissions import Transmission
from worker.tasks.common import Progress, period_of

AT_ONCE = 200
DOCUMENT_COLUMNS = (
    "number", "date", "kind", "order", "customer", "company", "vat_number", "country", "currency", "net", "vat", "rounding",
    "total", "vat_eur", "paid_on", "corrects", "deposit_invoices", "test", "file",
)  # fmt: skip
VIES_COLUMNS = (
    "number", "order", "vat_number", "valid", "requester", "asked_at", "request_identifier", "name", "address", "code",
    "answer_sha256", "answer",
)  # fmt: skip
PAYMENT_COLUMNS = (
    "number", "order", "paid_on", "amount", "currency", "source", "method", "reference", "transaction", "by",
)  # fmt: skip
PEPPOL_COLUMNS = (
    "number", "order", "about", "verdict", "address", "kind", "provider", "reference", "evidence", "asked_at", "answer_sha256", "answer",
)  # fmt: skip
CUSTOMER_COLUMNS = ("listing", "period", "vat_number", "name", "base_eur", "vat_eur")
VAT_COLUMNS = (
    "number", "date", "tax_point", "kind", "country", "vat_country", "currency", "category", "rate", "reason", "base", "vat", "base_eur", "vat_eur",
)  # fmt: skip


def zip_period(services: Services, task: Task) -> Mapping[str, Any]:
    """Put the documents dated in a period into one zip: each PDF (and XML), `documents.csv`, `vat.csv` with a row a rate,
    `vies.csv` with the proof of each VAT number that VIES was asked for, `peppol.csv` with all that access points answered, and
    `customers.csv` with what each business bought and in which period its VAT fell due, for the lists that the VAT office asks for:
    of all invoices and credit notes of the period, or it is left out.

    Argument: `{"since", "until"}` (days, both included), perhaps `"kinds": ["invoice", "credit_note"]`, `"tests": true` to
    have test documents too, and `"decimal_comma": true` for tables that a spreadsheet opens where people write 12,40.
    Answer: `{"file", "documents"}`; the file stays for three days. A PDF that is not made yet is made; one that is no longer what
    was stored is refused.
    """
    since, until = period_of(task)
    kinds = tuple(Kind(kind) for kind in task.argument.get("kinds") or Kind)
    period = DocumentPeriod(since, until, kinds)
    with services.store.read() as connection:
        of = documents.count_issued_between(connection, task.shop_id, period)
    found = documents_of(services, task, period)
    return zip_of(services, task, found, of=of, name=f"{since}_{until}.zip")


def zip_documents(services: Services, task: Task) -> Mapping[str, Any]:
    """Put chosen documents into one zip, as `zip_period` does, but for `customers.csv`.

    Argument: `{"ids"}`, and perhaps `"decimal_comma"`; ids of other shops' documents are left out. Answer: `{"file", "documents"}`.
    """
    ids = [int(one) for one in task.argument["ids"]]
    found = chosen_documents(services, task.shop_id, ids)
    return zip_of(services, task, found, of=len(ids), name=f"{len(ids)}-documents.zip")


@dataclass(frozen=True)
class Recorded:
    """A document with what is stored about it: what is open of it, its files, its payments, and its way through Peppol."""

    document: Document
    balance: Balance
    files: tuple[StoredFile, ...]
    payments: tuple[payment_rows.Payment, ...]
    way: Transmission | None
    answers: tuple[PeppolAnswer, ...]
    came_of_test: tuple[Decimal, date] | None = None  # which is among no payments, and when

    @property
    def paid_on(self) -> date | None:
        draft = self.document.draft
        if draft.test and draft.kind is Kind.INVOICE:
            return of_test(self.document, self.balance, self.came_of_test).paid_on
        return day_paid(draft.paid_on, self.balance)


def recorded(connection: Connection, some: Sequence[Document]) -> tuple[Recorded, ...]:
    """Each of *some* as it is recorded; all of them are asked for at once."""
    ids = [one.document_id for one in some]
    balances, files = document_balances.of_documents(connection, ids), document_files.files_of(connection, ids)
    paid, ways = payment_rows.of_documents(connection, ids), transmissions.of_documents(connection, ids)
    answers = peppol_answers.of_documents(connection, ids)
    tests = [one.document_id for one in some if one.draft.test]
    came = payment_attempts.paid_of(connection, tests) if tests else {}
    return tuple(
        Recorded(
            one, balances[one.document_id], files.get(one.document_id, ()), paid.get(one.document_id, ()), ways.get(one.document_id),
            tuple(answer for answer in answers if answer.document_id == one.document_id), came.get(one.document_id),
        )
        for one in some
    )  # fmt: skip


def zip_of(services: Services, task: Task, found: Iterable[Recorded], *, of: int, name: str) -> Mapping[str, Any]:
    count, progress, lists = 0, Progress(services, task), CustomerLists()
    with retention.nameless() as written:
        with (
            LargeZip(written) as archive,
            sheets(archive, task, services.now()) as (
                documents_csv,
                vat_csv,
                vies_csv,
                peppol_csv,
                payments_csv,
                customers_csv,
            ),
        ):
            for count, one in enumerate(found, 1):  # the last one is how many there were
                names = put_files(services, archive, one)
                documents_csv.add(document_row(one, names))
                vat_csv.add(*vat_rows(one.document))
                vies_csv.add(*vies_rows(services, one.document))
                peppol_csv.add(*peppol_rows(one))
                payments_csv.add(*paid_rows(one))
                list_customer(lists, one.document)
                progress(count, max(count, of))
            customers_csv.add(*map(customer_row, lists.rows))
        if not count:
            raise Rejected("There are no documents in this period.", code="nothing_found")
        file = temporary.put_file(
            services.archive, task.shop_id, name, written, until=services.now() + temporary.DOWNLOAD_LIFETIME
        )
    return {"file": file.as_json, "documents": count}


def chosen_documents(services: Services, shop_id: str, ids: Sequence[int]) -> Iterator[Recorded]:
    """The shop's documents with *ids*."""
    for first in range(0, len(ids), AT_ONCE):
        with services.store.read() as connection:
            some = [documents.of_shop(connection, shop_id, document_id) for document_id in ids[first : first + AT_ONCE]]
            found = recorded(connection, [one for one in some if one])
        yield from found


@contextmanager
def sheets(archive: LargeZip, task: Task, now: datetime) -> Iterator[tuple[Sheet, ...]]:
    """The spreadsheets of `SHEETS`, which grow beside the zip and are put into it when all is written."""
    decimal_comma = bool(task.argument.get("decimal_comma"))
    with ExitStack() as opened:
        files = [opened.enter_context(TemporaryFile("w+", newline="", encoding="utf-8")) for _name in SHEETS]
        yield tuple(
            Sheet(file, columns, decimal_comma=decimal_comma)
            for file, columns in zip(files, SHEETS.values(), strict=True)
        )
        for name, file in zip(SHEETS, files, strict=True):
            if name != CUSTOMERS or has_all_sales(task):
                file.seek(0)
                retention.put_streamed(archive, name, file, now=now)


def has_all_sales(task: Task) -> bool:
    """Whether all invoices and credit notes of a period are asked for: of some of what a business bought no list is handed in."""
    kinds = task.argument.get("kinds") or daily_sales.OF_JOURNAL
    return task.kind == "zip_period" and {*daily_sales.OF_JOURNAL} <= {*map(Kind, kinds)}


CUSTOMERS = "customers.csv"
SHEETS = {
    "documents.csv": DOCUMENT_COLUMNS,
    "vat.csv": VAT_COLUMNS,
    "vies.csv": VIES_COLUMNS,
    "peppol.csv": PEPPOL_COLUMNS,
    "payments.csv": PAYMENT_COLUMNS,
    CUSTOMERS: CUSTOMER_COLUMNS,
}


def documents_of(services: Services, task: Task, period: DocumentPeriod) -> Iterator[Recorded]:
    """The documents of a period, by their date and number.

    They come some at a time, so that a year need not fit in memory.
    """
    after: tuple[date, int] | None = None
    while True:
        with services.store.read() as connection:
            some = documents.issued_between(connection, task.shop_id, period, after=after, limit=AT_ONCE)
            found = recorded(connection, [one for one in some if task.argument.get("tests") or not one.draft.test])
        yield from found
        if len(some) < AT_ONCE:
            return
        after = (some[-1].issued_on, some[-1].document_id)


def put_files(services: Services, archive: LargeZip, found: Recorded) -> list[str]:
    """Put the document's files into the zip; their names there."""
    document, stored = found.document, found.files
    if not any(file.format == "pdf" for file in stored):
        store_pdf(services, document)
        with services.store.read() as connection:
            stored = document_files.files_of(connection, [document.document_id])[document.document_id]
    names, pdf = [], free_name(f"files/{document.file_name('pdf')}", archive)
    for file in stored:
        name = f"{pdf.removesuffix('pdf')}{file.format}"
        # A PDF is compressed already.
        how = zipfile.ZIP_STORED if file.format == "pdf" else zipfile.ZIP_DEFLATED
        archive.writestr(name, services.archive.get(file.path, sha256=file.sha256), compress_type=how)
        names.append(name)
    return names


def document_row(found: Recorded, names: list[str]) -> tuple[object, ...]:
    document, draft, paid_on = found.document, found.document.draft, found.paid_on
    return (
        document.number, document.issued_on, draft.kind, draft.order_number, draft.buyer.name, draft.buyer.company,
        draft.buyer.vat_number or draft.buyer.vat_number_given, draft.buyer.address.country, draft.currency, signed(draft.kind, draft.net),
        signed(draft.kind, draft.vat), signed(draft.kind, draft.rounding), signed(draft.kind, draft.total),
        "" if draft.vat_eur is None else signed(draft.kind, draft.vat_eur), paid_on or "", draft.corrects.number if draft.corrects else "",
        " ".join(one.number for one in draft.deposit_invoices), "yes" if draft.test else "", names[0] if names else "",
    )  # fmt: skip


def vat_rows(document: Document) -> list[tuple[object, ...]]:
    draft, snapshot = document.draft, json.loads(json_codec.dump(document.draft))
    parts = sold.parts_of(snapshot) if draft.vat_lines else []
    in_euro = sold.vats_in_euro([part.vat for part in parts], draft.currency, snapshot) if parts else []
    return [
        (document.number, document.issued_on, sold.tax_point_of(snapshot, part, document.issued_on), draft.kind,
         sold.country_of(snapshot), part.vat_country, draft.currency, part.category, part.rate, part.reason,
         signed(draft.kind, part.base), signed(draft.kind, part.vat),
         sold.signed_or_none(draft.kind, sold.base_in_euro(part.base, draft.currency, snapshot)),
         sold.signed_or_none(draft.kind, vat_eur))
        for part, vat_eur in zip(parts, in_euro, strict=True)
    ]  # fmt: skip


def vies_rows(services: Services, document: Document) -> list[tuple[object, ...]]:
    """The document's proof: VIES's answer as it came, with its hash."""
    check = document.draft.vat_check
    if check is None:
        return []
    with services.store.read() as connection:
        stored = vat_checks.by_id(connection, check.check_id) if check.check_id else None
    return [
        (document.number, document.draft.order_number, check.number, "" if check.valid is None else "yes" if check.valid else "no", check.requester,
         check.asked_at.isoformat() if check.asked_at else "", check.request_identifier, check.name, check.address, check.code,
         stored.answer_sha256 if stored else "", stored.answer if stored else "")
    ]  # fmt: skip


def peppol_rows(found: Recorded) -> list[tuple[object, ...]]:
    """What access points answered about the document, each as it came, with its hash."""
    document, way = found.document, found.way
    return [
        (document.number, document.draft.order_number, one.about, one.verdict, one.address, one.kind, one.provider,
         way.reference if way else "", way.evidence if way else "", one.asked_at.isoformat(), one.answer_sha256, one.answer)
        for one in found.answers
    ]  # fmt: skip


def paid_rows(found: Recorded) -> list[tuple[object, ...]]:
    """What the document was paid with, each under the name that the bank or provider knows it by."""
    return [
        (found.document.number, found.document.draft.order_number, one.paid_on, one.amount, one.currency, one.source, one.method, one.reference,
         one.outside_ref or "", one.created_by)
        for one in found.payments
    ]  # fmt: skip


def list_customer(lists: CustomerLists, document: Document) -> None:
    draft = document.draft
    # Most are of consumers, who stand on no list: what they say need not be read.
    if draft.kind not in daily_sales.OF_JOURNAL or draft.test or not draft.buyer.vat_number:
        return
    rows = sold.rows_of(sold.SoldDocument.of(document), json.loads(json_codec.dump(draft)))
    lists.add(draft.buyer.vat_number, draft.buyer.company or draft.buyer.name, rows)


def customer_row(found: ListedCustomer) -> tuple[object, ...]:
    return (found.listing, found.period, found.vat_number, found.name, found.base_eur, found.vat_eur)


def export_shop(services: Services, task: Task) -> Mapping[str, Any]:
    """Put everything of a shop into one zip: settings without secrets, documents, files, register.

    Argument: `{}`. Answer: `{"file", "documents"}`; the file stays for three days.
    """
    with retention.nameless() as written:
        count = retention.write_books(services, task.shop_id, written, on_progress=Progress(services, task))
        file = temporary.put_file(
            services.archive, task.shop_id, "books.zip", written, until=services.now() + temporary.DOWNLOAD_LIFETIME
        )
    return {"file": file.as_json, "documents": count}


def close_shop(services: Services, task: Task) -> Mapping[str, Any]:
    """Close a shop: paused for good, its secrets, raw bodies and drafts removed. There is no way back.

    Argument: `{}`. Answer: `{"name", "bodies", "drafts", "buyers", "waiting", "kept": [{"year", "documents", "until"}]}`; *kept* is
    what the law requires, and until when.
    """
    shop_id, by, progress = task.shop_id, task.requested_by, Progress(services, task)
    closing = retention.close_shop(services, shop_id, by=by, on_progress=progress)
    told: dict[str, Any] = json.loads(json_codec.dump(closing))
    return told


def erase_customer(services: Services, task: Task) -> Mapping[str, Any]:
    """Erase a customer's personal data in this shop, but for documents that the law requires.

    Argument: `{"email"}`. Answer: `{"orders", "bodies", "drafts", "buyers", "kept": [{"number", "until"}], "open_drafts"}`; the
    orders in *open_drafts* have a draft to issue or discard first, then run it again.
    """
    email, by, progress = str(task.argument.get("email", "")), task.requested_by, Progress(services, task)
    erased = retention.erase_customer(services, task.shop_id, email, by=by, on_progress=progress)
    found: dict[str, Any] = json.loads(json_codec.dump(erased))
    return found
