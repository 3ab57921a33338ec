"""What is printed may be as hostile as it likes: it takes its time and memory and no more, and the next page is printed all the same."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support import pdf_pages
from tests.support.system import System
from worker import branding
from worker.demo.orders import Payload, an_order
from worker.domain.document import Draft
from worker.errors import Rejected
from worker.invoicing import manual
from worker.invoicing.request import IssueAnswer
from worker.rendering import Brand, finished_pdf
from worker.rendering.print_process import Page, PrintProcess
from worker.rendering.samples import a_draft, a_line, a_logo, an_invoice


@pytest.fixture(scope="module")
def printer() -> Iterator[PrintProcess]:
    made = PrintProcess(cpu_s=2, megabytes=150)
    yield made
    made.close()


def long_draft(lines: int) -> Draft:
    return a_draft(lines=tuple(a_line(f"Artikel {n}", details=("x" * 300,) * 5) for n in range(lines)))


def test_a_page_that_takes_too_long_is_refused_and_the_next_one_is_printed(printer: PrintProcess) -> None:
    with pytest.raises(Rejected, match="takes too long"):
        printer.print(Page(long_draft(3000), Brand()))

    assert printer.print(Page(a_draft(), Brand())).pdf.startswith(b"%PDF-")


def test_a_page_that_needs_too_much_memory_is_refused_and_the_next_one_is_printed() -> None:
    printer = PrintProcess(megabytes=20)
    try:
        with pytest.raises(Rejected, match="memory"):
            printer.print(Page(long_draft(1500), Brand()))
        assert printer.print(Page(a_draft(), Brand())).pdf.startswith(b"%PDF-")
    finally:
        printer.close()


def test_where_the_system_counts_no_memory_the_process_ends_itself() -> None:
    program = (
        "from worker.rendering import limits\nimport time\n"
        "limits.watch_memory(50_000_000)\nx = bytearray(200_000_000)\ntime.sleep(20)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=20).returncode == 77


def test_the_printer_knows_no_secret(printer: PrintProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTURELAY_SECRET_KEY", "s" * 40)
    printer.close()
    printer.start()
    process = printer._process  # noqa: SLF001 - what it was given, which nothing tells
    assert process is not None
    environment = Path(f"/proc/{process.pid}/environ")

    assert not environment.exists() or b"FACTURELAY" not in environment.read_bytes()


@pytest.mark.parametrize("kilobytes", [10, 45])
def test_time_grows_with_the_text_and_no_faster(printer: PrintProcess, kilobytes: int) -> None:
    """A note of 45 kB takes two seconds on a slow machine; it took over two hundred, and nobody bounded it."""
    note = "regel\n" * (kilobytes * 1000 // 6)
    patient = PrintProcess(cpu_s=12)
    try:
        assert patient.print(Page(replace(a_draft(), customer_note=note), Brand())).pdf.startswith(b"%PDF-")
    finally:
        patient.close()


def test_what_no_layout_can_hold_is_printed_as_lines_of_text_with_all_that_it_says(printer: PrintProcess) -> None:
    document = an_invoice(lines=long_draft(40).lines, language="nl")
    pdf = printer.print(Page(document.draft, Brand(), document.number, document.issued_on, plain=True)).pdf

    said = pdf_pages.text(pdf)
    for wanted in (
        "Factuur",
        "F2026-00017",
        "Jan Janssens",
        "BE 0477.472.701",
        "Artikel 39",
        "Totaal incl. btw",
        "22 november 2026",
    ):
        assert wanted in said
    assert f"1 / {len(pypdf.PdfReader(io.BytesIO(pdf)).pages)}" in said


def test_a_document_with_a_number_is_printed_whatever_its_template_does(tmp_path: Path) -> None:
    (tmp_path / "invoice.html").write_text("{{ nothing }}")

    printed = finished_pdf(an_invoice(), brand=Brand(logo=a_logo(), templates=tmp_path))

    assert "F2026-00017" in pdf_pages.text(printed.pdf)
    assert "'nothing' is undefined" in str(printed.why)


# Pictures


def png_head(width: int, height: int) -> bytes:
    """A picture that says it is so large, and holds next to nothing."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = (struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (head, data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("size", [(13300, 13300), (1, 30_000_000), (100_000, 100_000)])
def test_a_picture_of_far_too_many_dots_is_refused_before_it_is_decoded(
    printer: PrintProcess, size: tuple[int, int]
) -> None:
    with pytest.raises(Rejected, match=r"million pixels|can be read"):
        printer.small_picture(png_head(*size))


def test_the_largest_picture_is_stored_small_and_without_what_was_beside_it(printer: PrintProcess) -> None:
    large = io.BytesIO()
    picture = Image.new("RGB", (5000, 4000), (200, 30, 30))
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    picture.save(large, "JPEG", exif=exif)

    small = printer.small_picture(large.getvalue())

    with Image.open(io.BytesIO(small)) as opened:
        assert (opened.size, b"taken at home" in small) == ((1200, 960), False)


@settings(max_examples=40, deadline=None)
@given(
    at=st.integers(0, 10_000),
    flip=st.integers(1, 255),
    end=st.integers(20, 10_000),
    kind=st.sampled_from(["PNG", "JPEG"]),
)
def test_a_broken_picture_is_refused_or_made_whole(
    printer: PrintProcess, at: int, flip: int, end: int, kind: str
) -> None:
    out = io.BytesIO()
    Image.effect_noise((60, 40), 90).save(out, kind)
    broken = bytearray(out.getvalue())
    broken[at % len(broken)] ^= flip
    with suppress(Rejected), Image.open(io.BytesIO(printer.small_picture(bytes(broken[:end])))) as opened:
        opened.load()


def test_a_cut_picture_is_no_logo(system: System) -> None:
    with pytest.raises(Rejected) as refused:
        branding.save_logo(system.services, system.shop_id, a_logo()[:-200], by=system.person)

    assert refused.value.code == "logo_wrong"


# A guest's order


def with_options(order: Payload, count: int) -> Payload:
    meta = [
        {"id": n, "key": f"k{n}", "value": "v" * 40, "display_key": f"k{n}", "display_value": "v" * 40}
        for n in range(count)
    ]
    order["line_items"][0]["meta_data"] = meta
    return order


def with_billing(order: Payload, **fields: str) -> Payload:
    order["billing"] |= fields
    return order


GUESTS = {
    "note": lambda: an_order(id=238, note="a\n" * 22_500),
    "options": lambda: with_options(an_order(id=238), 20_000),
    "company": lambda: with_billing(
        an_order(id=238, metas={"_billing_vat_number": "NL004495445B01"}, country="NL"), company="<div>" * 16_000
    ),
    "address": lambda: with_billing(an_order(id=238), address_1="straat " * 30_000),
    "name": lambda: with_billing(an_order(id=238), first_name="J" * 50_000, last_name="\u202e" * 50_000),
}


@pytest.mark.parametrize("what", GUESTS)
def test_what_a_guest_types_without_end_is_cut_in_sight_and_told_and_the_invoice_goes_out(
    system: System, what: str
) -> None:
    (invoice,) = system.arrives(GUESTS[what]())
    (mail,) = system.mailbox.messages()
    order = system.trail(238).order

    assert invoice.document is not None
    assert order is not None
    assert "…" in pdf_pages.text(mail.attachments[0].content)
    assert "text_cut" in {flag.code for flag in order.flags}
    assert all(len(line) <= 998 for line in mail.raw.splitlines())


def test_an_order_that_no_layout_holds_waits_and_a_person_issues_it_as_plain_text(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.rendering.print_process.PrintProcess.print", refuse_layout(PrintProcess.print))
    order = an_order(id=238, note="é" * 1900 + "漢" * 90)
    (kept,) = system.arrives(order)
    assert (kept.document, [problem.code for problem in kept.draft.problems]) == (None, ["cannot_print"])
    assert kept.stored_draft is not None
    draft_id = kept.stored_draft.draft_id

    with pytest.raises(Rejected, match="cannot be printed"):
        manual.issue_waiting_draft(system.services, draft_id, IssueAnswer(send=True), by=system.person)
    manual.issue_waiting_draft(
        system.services, draft_id, IssueAnswer(send=True, reason="De klant wacht"), by=system.person
    )
    system.work()

    (mail,) = system.mailbox.messages()
    assert (system.numbers(238), "F2026-00001" in pdf_pages.text(mail.attachments[0].content)) == (
        ["F2026-00001"],
        True,
    )
    codes = [entry.code for entry in system.trail(238).audit_entries]
    assert {"issued_unprintable", "printed_plainly"} <= set(codes)


def refuse_layout(printed: object) -> object:
    """A printer that lays nothing out within its time."""

    def print_plain_only(self: PrintProcess, page: Page) -> object:
        if not page.plain:
            raise Rejected(
                "This document cannot be printed: {reason}.",
                reason="it takes too long (more than 15 s)",
                code="cannot_print",
            )
        return printed(self, page)  # type: ignore[operator]  # the method itself

    return print_plain_only
