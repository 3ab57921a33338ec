"""The two prints: of an issued document, and of a draft that has no number yet."""

from worker.domain.document import Document, Draft
from worker.rendering import press
from worker.rendering.brand import Brand
from worker.rendering.fonts import FAMILY
from worker.rendering.paper import Paper, to_html
from worker.words import Words

PLAIN = Brand()


def render_pdf(document: Document, *, brand: Brand = PLAIN) -> bytes:
    """Print *document*. Equal documents give equal bytes."""
    words = Words(document.draft.language)
    paper = Paper(document.draft, document.number, document.issued_on, words, brand)
    return press.to_pdf(to_html(paper), created_at=document.issued_at)


def preview_pdf(draft: Draft, *, brand: Brand = PLAIN) -> bytes:
    """Print *draft* as it would be issued, with a word in the place of its number and without a date."""
    words = Words(draft.language)
    paper = Paper(draft, words.gettext("(draft)"), None, words, brand)
    return press.to_pdf(to_html(paper))


def preload() -> None:
    """Print one page, so that fonts are read and templates compiled before the first document is waited for."""
    style = f'@page {{ size: a4; margin: 1cm }} html {{ font-family: "{FAMILY}" }}'
    press.to_pdf(f"<html><head><style>{style}</style></head><body>0</body></html>")
