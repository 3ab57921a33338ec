"""PDFs of an issued document, and of a draft that has no number yet. All printing is done by `print_process`."""

import logging
from dataclasses import replace

from worker.domain.document import Document, Draft
from worker.errors import Rejected
from worker.message import NO_MESSAGE
from worker.rendering.brand import Brand
from worker.rendering.print_process import Page, Printed, print_process

log = logging.getLogger(__name__)

PLAIN = Brand()


def render_pdf(document: Document, *, brand: Brand = PLAIN) -> bytes:
    """Print *document*. Equal documents give equal bytes. Raises Rejected where it cannot be, as when a template does not work."""
    return print_process().print(_page_of(document, brand)).pdf


def preview_pdf(draft: Draft, *, brand: Brand = PLAIN) -> Printed:
    """Print *draft* as it would be issued, with a word in the place of its number and without a date."""
    return print_process().print(Page(draft, brand))


def finished_pdf(document: Document, *, brand: Brand = PLAIN) -> Printed:
    """Print *document*, which has its number, in whatever way it can be: as *brand* wants, else in our layout without a picture, else
    as lines of text.
    """
    page, why = _page_of(document, brand), NO_MESSAGE
    ours = replace(brand, logo=b"", templates=None)
    for way in dict.fromkeys((page, replace(page, brand=ours))):
        try:
            return replace(print_process().print(way), why=why)
        except Rejected as error:
            log.warning("%s: %s", document.number, error)
            why = why or error.message
    return replace(print_process().print(replace(page, brand=ours, plain=True)), why=why)


def preload() -> None:
    """Have the printer ready before the first document is waited for."""
    print_process().start()


def _page_of(document: Document, brand: Brand) -> Page:
    return Page(document.draft, brand, document.number, document.issued_on, document.issued_at)
