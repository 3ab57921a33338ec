"""PDFs of an issued document, and of a draft that has no number yet."""

from dataclasses import replace
from datetime import datetime

from worker.domain.document import Document, Draft
from worker.errors import FacturelayError
from worker.i18n import Translator
from worker.message import Message
from worker.rendering import press
from worker.rendering.brand import Brand
from worker.rendering.fonts import FAMILY
from worker.rendering.operator_templates import process
from worker.rendering.paper import DocumentView, to_html

PLAIN = Brand()


def render_pdf(document: Document, *, brand: Brand = PLAIN) -> bytes:
    """Print *document*. Equal documents give equal bytes. Raises Rejected where the operator's templates do not work."""
    translator = Translator(document.draft.language)
    view = DocumentView(document.draft, document.number, document.issued_on, translator, brand)
    return print_pdf(view, document.issued_at)


def preview_pdf(draft: Draft, *, brand: Brand = PLAIN) -> bytes:
    """Print *draft* as it would be issued, with a word in the place of its number and without a date."""
    translator = Translator(draft.language)
    return print_pdf(DocumentView(draft, translator.gettext("(draft)"), None, translator, brand))


def print_pdf(view: DocumentView, created_at: datetime | None = None) -> bytes:
    """Fill the template for *view* and lay it out."""
    folder = view.brand.templates
    repeated = replace(view, repeat_head=True)
    if folder is None:
        return press.to_pdf(to_html(view), created_at=created_at, repeat_head=lambda: to_html(repeated))
    fill = process.template_process(folder).fill
    try:
        return press.to_pdf(fill(view), created_at=created_at, folder=folder, repeat_head=lambda: fill(repeated))
    except FacturelayError:
        raise
    except Exception as error:
        raise process.template_error(
            Message(
                "{template}: the page it makes cannot be printed ({error})",
                template=process.template_name(view),
                error=error,
            )
        ) from error


def preload() -> None:
    """Print one page, so that fonts are read and templates compiled before the first document is waited for."""
    style = f'@page {{ size: a4; margin: 1cm }} html {{ font-family: "{FAMILY}" }}'
    press.to_pdf(f"<html><head><style>{style}</style></head><body>0</body></html>")
