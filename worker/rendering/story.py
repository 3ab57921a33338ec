"""Search what xhtml2pdf made of a page."""

from collections.abc import Iterator
from typing import Any

from xhtml2pdf.xhtml2pdf_reportlab import PmlParagraph


def paragraphs(part: Any) -> Iterator[Any]:
    """Every paragraph in a flowable or a list of them."""
    if isinstance(part, PmlParagraph):
        yield part
        return
    for inner in _inside(part):
        yield from paragraphs(inner)


def _inside(part: Any) -> Any:
    if isinstance(part, list | tuple):
        return part
    for name in ("_cellvalues", "_content", "contents", "flowables", "story"):
        inner = getattr(part, name, None)
        if isinstance(inner, list | tuple):
            return inner
    return ()
