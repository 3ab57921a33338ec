"""How long a PDF takes: filled into its shape, beside the PDF library as it is written and reportlab by hand, in the same run.

    python benchmarks/pdf.py [--rounds 9] [--lines 5 50 200] [--names plain french details] [--json]

Processor time, so that other work on the machine counts little; read the ratios. The ways take turns, and every round prints new data.
The HTML is made anew each time, and is in the figure. *First* is the first document of a shape, which a process prints once a shape;
*kept* is what a shape takes in memory from then on.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.by_hand import by_hand
from worker.domain.document import Document
from worker.i18n import Translator
from worker.rendering import Brand, press
from worker.rendering.limits import memory_used
from worker.rendering.paper import DocumentView, to_html
from worker.rendering.samples import UNPAID, a_line, an_invoice

# What shops call their goods: plainly, with the apostrophe and dash that WordPress types, with a choice below.
NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "plain": ("Artikel {line} van ronde {turn}", ()),
    "french": ("Bière d’abbaye {line} – cuvée {turn}", ()),
    "details": ("Artikel {line} van ronde {turn}", ("Kleur: blauw {line}",)),
}
# Beside the library on the same page: what no kept shape can be filled with, where an operator's template says how many pages there are,
# by what it adds to the page and its style; and shops that take turns, each with a colour of its own.
OTHER_PAGES = {
    "page total in text": ("<p>In all <pdf:pagecount/> pages</p>", ""),
    "page total in a box": (
        '<div class="box"><p>In all <pdf:pagecount/></p></div>',
        ".box { border: 1pt solid black }",
    ),
    "another colour": ("", ""),
}
RATIOS = ("shape / xhtml2pdf", "shape / by hand")
KEPT = (40, 90)  # shapes, fewer than a process has room for


def a_document(lines: int, turn: int, names: str) -> Document:
    """An unpaid invoice with a code for banking apps; *turn* changes every line."""
    name, details = NAMES[names]
    return an_invoice(
        lines=tuple(
            a_line(
                name.format(line=line, turn=turn),
                str(line % 9 + 1),
                str(Decimal(line * 37 + turn) / 100),
                sku=f"A-{line:04d}",
                details=tuple(detail.format(line=line) for detail in details),
            )
            for line in range(lines)
        ),
        payment=UNPAID,
    )


def a_page(document: Document, brand: Brand | None = None) -> str:
    view = DocumentView(
        document.draft, document.number, document.issued_on, Translator(document.draft.language), brand or Brand()
    )
    return to_html(view)


def first_of_shape(document: Document) -> bytes:
    press.forget_shapes()
    return press.to_pdf(a_page(document))


WAYS: dict[str, Callable[[Document], bytes]] = {
    "shape": lambda document: press.to_pdf(a_page(document)),
    "first": first_of_shape,
    "xhtml2pdf": lambda document: press.to_pdf_plainly(a_page(document)),
    "by hand": by_hand,
}


def milliseconds(way: Callable[[Document], bytes], document: Document) -> float:
    gc.collect()
    start = time.process_time()
    way(document)
    return (time.process_time() - start) * 1000


def measured(lines: int, names: str, rounds: int) -> dict[str, float]:
    """Medians in ms of processor time, by way."""
    took: dict[str, list[float]] = {name: [] for name in WAYS}
    for turn in range(rounds):
        document = a_document(lines, turn, names)
        WAYS["shape"](a_document(lines, turn + rounds, names))  # the shape is there again
        for name, way in WAYS.items():
            took[name].append(milliseconds(way, document))
    return {name: statistics.median(times) for name, times in took.items()}


def other_page(name: str, turn: int) -> str:
    more, style = OTHER_PAGES[name]
    page = a_page(a_document(5, turn, "plain"), Brand() if more else Brand(accent=f"#{0x100000 + turn * 997:06x}"))
    return page.replace("</style>", f"{style}</style>", 1).replace("</body>", f"{more}</body>")


def beside_xhtml2pdf(name: str, rounds: int) -> float:
    """As a ratio of what the library takes: the median."""
    found = []
    for turn in range(rounds + 1):
        page, took = other_page(name, turn), []
        for way in (press.to_pdf, press.to_pdf_plainly):
            gc.collect()
            start = time.process_time()
            way(page)
            took.append(time.process_time() - start)
        found.append(took[0] / took[1])
    return statistics.median(found[1:])


def kept_kilobytes() -> float:
    """What a kept shape of five lines takes, on Linux: what memory grows by while more are kept, once there is no room left over."""
    press.forget_shapes()
    first, last = KEPT
    for number in range(last):
        if number == first:
            before = memory_used()
        press.to_pdf(a_page(a_document(5, 0, "plain")).replace("</style>", f".n{number} {{ margin: 0 }}</style>", 1))
    gc.collect()
    return (memory_used() - before) / (last - first) / 1000


def results(sizes: list[int], kinds: list[str], rounds: int) -> Iterator[dict[str, float | int | str]]:
    for names in kinds:
        for lines in sizes:
            ms = measured(lines, names, rounds)
            ratios = {name: ms["shape"] / ms[name.removeprefix("shape / ")] for name in RATIOS}
            yield {"names": names, "lines": lines, **ms, **ratios}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument("--lines", type=int, nargs="+", default=[5, 50, 200])
    asked.add_argument("--names", nargs="+", choices=list(NAMES), default=list(NAMES))
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    press.preload()
    rows = results(given.lines, given.names, given.rounds)
    others = {name: beside_xhtml2pdf(name, given.rounds) for name in OTHER_PAGES}
    if given.json:
        found = list(rows)
        ratios = {f"{row['names']}, {row['lines']} lines, {name}": row[name] for row in found for name in RATIOS}
        ratios |= {f"5 lines, {name} / xhtml2pdf": ratio for name, ratio in others.items()}
        print(json.dumps({"ms": found, "kept_kilobytes": kept_kilobytes(), "ratios": ratios}, indent=1))
        return
    print(f"medians of {given.rounds}, in ms of processor time")
    print("names    lines   shape   first  xhtml2pdf  by hand   shape / xhtml2pdf  shape / by hand")
    for row in rows:
        print(
            "{names:<8}{lines:>6}{shape:>8.0f}{first:>8.0f}{xhtml2pdf:>11.0f}{by hand:>9.0f}"
            "{shape / xhtml2pdf:>20.3f}{shape / by hand:>17.2f}".format_map(row),
            flush=True,
        )
    for name, ratio in others.items():
        print(f"{name:<24} 5 lines / xhtml2pdf {ratio:.3f}")
    print(f"a kept shape takes {kept_kilobytes():.0f} kB")


if __name__ == "__main__":
    main()
