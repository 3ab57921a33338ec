"""HTML in, PDF bytes out: same bytes for the same page, nothing opened but our own folder and the fonts."""

import gc
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path

from reportlab import rl_config
from xhtml2pdf.config.resources import RenderLimitError, ResourceAccessPolicy, render_budget, use_policy
from xhtml2pdf.document import pisaDocument
from xhtml2pdf.files import cleanFiles
from xhtml2pdf.util import reset_caches

from worker.errors import Rejected
from worker.rendering import fonts, onepass
from worker.rendering.moulds import Moulds, Source, state_of
from worker.rendering.way import Unusual, Way

log = logging.getLogger(__name__)

# reportlab and xhtml2pdf have fonts and caches in module globals; two renders at once draw with each other's fonts.
_ONE_AT_A_TIME = threading.RLock()
TEMPLATES = Path(__file__).parent / "templates"
_MOULDS = Moulds()
_TIMELESS = b"D:20000101000000+00'00'"


def to_pdf(html: str, *, created_at: datetime | None = None, folder: Path = TEMPLATES) -> bytes:
    """The PDF of `printed`."""
    return printed(html, created_at=created_at, folder=folder)[0]


def printed(
    html: str,
    *,
    created_at: datetime | None = None,
    folder: Path = TEMPLATES,
    repeat_head: Callable[[], str] | None = None,
) -> tuple[bytes, Way]:
    """Print *html*, whose pictures may be in *folder*, or what *repeat_head* returns where its last line begins a page.

    The quick ways lay pages out once; a page they cannot do goes the library's own way, and without *repeat_head*.
    """
    way = Way.PLAIN
    with alone(), _without_collector():
        try:
            pdf, way = _quickly(html, folder, repeat_head)
        except RenderLimitError as error:
            raise Rejected(
                "This document is too large to print: {reason}.", reason=error, code="document_too_large"
            ) from error
        except onepass.NeedsTwoPasses:
            pdf = to_pdf_plainly(html, folder)
        except MemoryError:
            raise
        except Exception:
            # The quick way leans on private names of two libraries: whatever breaks there must not stop an invoice.
            log.warning("one-pass rendering failed; rendering the plain way", exc_info=True)
            pdf = to_pdf_plainly(html, folder)
    return set_creation_date(pdf, created_at), way


def preload() -> None:
    """Print one page, so that fonts are read and libraries loaded before the first document is waited for."""
    style = f'@page {{ size: a4; margin: 1cm }} html {{ font-family: "{fonts.FAMILY}" }}'
    to_pdf(f"<html><head><style>{style}</style></head><body>0</body></html>")


def forget_shapes() -> None:
    """As if this process had printed nothing yet."""
    with alone():
        _MOULDS.kept.clear()


def to_pdf_plainly(html: str, folder: Path = TEMPLATES) -> bytes:
    """Print *html* with the library as it is written: the yardstick for the quick way, and its fallback."""
    with alone():
        try:
            pdf: bytes = pisaDocument(html, path=_base_path(folder), dest_bytes=True, resource_policy=_policy(folder))
        except RenderLimitError as error:
            raise Rejected(
                "This document is too large to print: {reason}.", reason=error, code="document_too_large"
            ) from error
    return pdf


def _quickly(html: str, folder: Path, repeat_head: Callable[[], str] | None) -> tuple[bytes, Way]:
    """In one pass. Raises `NeedsTwoPasses` for what that cannot do."""
    policy = _policy(folder)
    is_ours = folder == TEMPLATES
    source = Source(policy, _base_path(folder), "" if is_ours else state_of(folder), is_ours=is_ours)
    with use_policy(policy), render_budget(policy):
        try:
            document, way = _laid_out(html, source)
            if repeat_head is not None and document.separates_last_line:
                document, way = _laid_out(repeat_head(), source)
        finally:
            cleanFiles()
            reset_caches()
    return document.filename.getvalue(), way


def _laid_out(html: str, source: Source) -> tuple[onepass.Document, Way]:
    try:
        return _MOULDS.lay_out(html, source), Way.SHAPE
    except Unusual:
        return onepass.read(html, source.policy, source.path).lay_out(), Way.ONCE


@cache
def _policy(folder: Path) -> ResourceAccessPolicy:
    """No address, and no file but those beside the templates. Logo and code come as data: addresses."""
    return ResourceAccessPolicy.server(folder, allow_remote=False)


def _base_path(folder: Path) -> str:
    """A path from which the names of pictures are taken on."""
    return str(folder / "page.html")


@contextmanager
def alone() -> Iterator[None]:
    """No other page is printed meanwhile, the fonts are there, and the bytes are those of the last time."""
    with _ONE_AT_A_TIME, _reproducible():
        fonts.register()
        yield


@contextmanager
def _reproducible() -> Iterator[None]:
    """Without clock and random parts, so that printing again gives the same SHA-256."""
    before = rl_config.invariant
    rl_config.invariant = 1
    try:
        yield
    finally:
        rl_config.invariant = before


@contextmanager
def _without_collector() -> Iterator[None]:
    """A render makes a hundred thousand objects that live until its end; collecting finds nothing among them."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def set_creation_date(pdf: bytes, created_at: datetime | None) -> bytes:
    """Replace the timeless date of the info dictionary; of the same length, so that no offset in the file moves."""
    if created_at is None:
        return pdf
    return pdf.replace(_TIMELESS, created_at.strftime("D:%Y%m%d%H%M%S+00'00'").encode())
