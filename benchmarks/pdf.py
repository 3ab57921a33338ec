"""How long a PDF takes, beside the PDF library as it is written, on the same page in the same run.

    python benchmarks/pdf.py [rounds]

Processor time, so that other work on the machine counts little; read the ratio. Every round prints new data.
"""

import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from worker.i18n import Translator
from worker.rendering import Brand, preload
from worker.rendering.paper import DocumentView, to_html
from worker.rendering.press import to_pdf, to_pdf_plainly
from worker.rendering.samples import UNPAID, a_line, an_invoice

SIZES = (5, 50, 200)


def a_page(lines: int, turn: int) -> str:
    """An unpaid invoice with an EPC code; *turn* changes every line."""
    many = tuple(
        a_line(f"Artikel {n} van ronde {turn}", str(n % 9 + 1), str(Decimal(n * 37 + turn) / 100), sku=f"A-{n:04d}")
        for n in range(lines)
    )
    document = an_invoice(lines=many, payment=UNPAID)
    return to_html(DocumentView(document.draft, document.number, document.issued_on, Translator("nl"), Brand()))


def milliseconds(work: Callable[[str], bytes], page: str) -> float:
    start = time.process_time()
    work(page)
    return (time.process_time() - start) * 1000


def main(rounds: int) -> None:
    preload()
    print(f"median of {rounds}, in ms   as written      ours   ratio")
    for lines in SIZES:
        pages = [a_page(lines, turn) for turn in range(rounds)]
        pairs = [(milliseconds(to_pdf_plainly, page), milliseconds(to_pdf, page)) for page in pages]
        plain, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{lines:>4} lines            {plain:>10.0f}{ours:>10.0f}{ours / plain:>8.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
