"""The two prints: of an issued document, and of a draft that has no number yet."""

from dataclasses import replace
from datetime import datetime

from worker.domain.document import Document, Draft
from worker.errors import FacturelayError
from worker.i18n import Words
from worker.rendering import own, press
from worker.rendering.brand import Brand
from worker.rendering.fonts import FAMILY
from worker.rendering.paper import Paper, to_html

PLAIN = Brand()


def render_pdf(document: Document, *, brand: Brand = PLAIN) -> bytes:
    """Print *document*. Equal documents give equal bytes. Raises Rejected where the operator's templates do not work."""
    words = Words(document.draft.language)
    paper = Paper(document.draft, document.number, document.issued_on, words, brand)
    return printed(paper, document.issued_at)


def preview_pdf(draft: Draft, *, brand: Brand = PLAIN) -> bytes:
    """Print *draft* as it would be issued, with a word in the place of its number and without a date."""
    words = Words(draft.language)
    return printed(Paper(draft, words.gettext("(draft)"), None, words, brand))


def printed(paper: Paper, created_at: datetime | None = None) -> bytes:
    """The PDF of *paper*, filled and laid out."""
    folder = paper.brand.templates
    again = replace(paper, head_again=True)
    if folder is None:
        return press.to_pdf(to_html(paper), created_at=created_at, again=lambda: to_html(again))
    fill = own.room(folder).fill
    try:
        return press.to_pdf(fill(paper), created_at=created_at, folder=folder, again=lambda: fill(again))
    except FacturelayError:
        raise
    except Exception as error:
        raise own.failed(f"{own.file_of(paper)}: the page it makes cannot be printed ({error})") from error


def preload() -> None:
    """Print one page, so that fonts are read and templates compiled before the first document is waited for."""
    style = f'@page {{ size: a4; margin: 1cm }} html {{ font-family: "{FAMILY}" }}'
    press.to_pdf(f"<html><head><style>{style}</style></head><body>0</body></html>")
