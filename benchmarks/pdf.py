"""How long a PDF takes, beside the PDF library as it is written, on the same page in the same run.

    python benchmarks/pdf.py [rounds]

Processor time, so that other work on the machine counts little; read the ratio. Every round prints new data.
Then what the process of its own costs, in which all printing is done; each document once in this process and once in the
other. And how the time by the clock grows with a note of the customer's, in lines of text.
"""

import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from worker.domain.document import Document
from worker.i18n import Translator
from worker.rendering import Brand, press, render_pdf
from worker.rendering.paper import DocumentView, to_html
from worker.rendering.press import to_pdf, to_pdf_plainly
from worker.rendering.print_process import print_process
from worker.rendering.samples import UNPAID, a_line, an_invoice

SIZES = (5, 50, 200)
NOTES = (1, 10, 45)  # kilobytes, of which a shopper's order note may have 2 (domain.text_limits)


def a_document(lines: int, turn: int) -> Document:
    """An unpaid invoice with an EPC code; *turn* changes every line."""
    many = tuple(
        a_line(f"Artikel {n} van ronde {turn}", str(n % 9 + 1), str(Decimal(n * 37 + turn) / 100), sku=f"A-{n:04d}")
        for n in range(lines)
    )
    return an_invoice(lines=many, payment=UNPAID)


def a_page(document: Document) -> str:
    return to_html(DocumentView(document.draft, document.number, document.issued_on, Translator("nl"), Brand()))


def milliseconds(work: Callable[[Any], bytes], page: object) -> float:
    start = time.process_time()
    work(page)
    return (time.process_time() - start) * 1000


def main(rounds: int) -> None:
    press.preload()
    print(f"median of {rounds}, in ms   as written      ours   ratio")
    for lines in SIZES:
        pages = [a_page(a_document(lines, turn)) for turn in range(rounds)]
        pairs = [(milliseconds(to_pdf_plainly, page), milliseconds(to_pdf, page)) for page in pages]
        plain, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{lines:>4} lines            {plain:>10.0f}{ours:>10.0f}{ours / plain:>8.2f}")
    process_of_its_own(rounds)
    notes()


def process_of_its_own(rounds: int) -> None:
    """Processor time of both processes, where the system tells it (Linux)."""
    printer = print_process()
    printer.start()
    print("in ms                    here   process   ratio")
    for lines in SIZES:
        documents = [a_document(lines, turn) for turn in range(rounds)]
        render_pdf(documents[0])
        pairs = [
            (milliseconds(lambda document: to_pdf(a_page(document)), document), in_both(render_pdf, document))
            for document in documents
        ]
        here, there = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{lines:>4} lines            {here:>10.0f}{there:>10.0f}{there / here:>8.2f}")


def in_both(work: Callable[[Document], bytes], document: Document) -> float:
    """Milliseconds of processor time, here and in the printing process."""
    child = print_process()._process  # noqa: SLF001 - nothing else wants to know
    told = Path(f"/proc/{child.pid}/schedstat") if child else Path()
    before = int(told.read_text().split()[0])
    here = milliseconds(work, document)
    return here + (int(told.read_text().split()[0]) - before) / 1_000_000


def notes() -> None:
    print("a note of          ms   times the text, times the time")
    before = 0.0
    for kilobytes in NOTES:
        document = an_invoice(customer_note="regel tekst\n" * (kilobytes * 1000 // 12))
        took = min(by_the_clock(render_pdf, document) for _ in range(2))
        grown = f"{kilobytes / NOTES[0]:>8.0f}{took / before:>8.1f}" if before else ""
        before = before or took
        print(f"{kilobytes:>4} kB       {took:>8.0f}{grown}")


def by_the_clock(work: Callable[[Document], object], document: Document) -> float:
    start = time.perf_counter()
    work(document)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
