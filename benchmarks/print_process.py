"""What the process in which all printing is done costs beside printing here, and how time grows with a note of the customer's.

    python benchmarks/print_process.py [rounds]

Each document is printed once in this process and once in the other.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.pdf import a_document, a_page
from worker.domain.document import Document
from worker.rendering import press, render_pdf
from worker.rendering.press import to_pdf
from worker.rendering.print_process import print_process
from worker.rendering.samples import an_invoice

SIZES = (5, 50, 200)
NOTES = (1, 10, 45)  # kilobytes, of which a shopper's order note may have 2 (domain.text_limits)


def milliseconds(work: Callable[[Any], bytes], page: object) -> float:
    start = time.process_time()
    work(page)
    return (time.process_time() - start) * 1000


def main(rounds: int) -> None:
    press.preload()
    process_of_its_own(rounds)
    notes()


def process_of_its_own(rounds: int) -> None:
    """Processor time of both processes, where the system tells it (Linux)."""
    printer = print_process()
    printer.start()
    print("in ms                    here   process   ratio")
    for lines in SIZES:
        documents = [a_document(lines, turn, "plain") for turn in range(rounds)]
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
