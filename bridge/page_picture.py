"""Pages of stored PDFs as a picture, for where no PDF can be shown: a phone draws none within a page.

Nothing is drawn but what we printed ourselves, read from the archive and proved by its hash. A page takes some 25 ms of processor, a small one
10, so it is drawn in the request, one at a time, and remembered. The answer is kept by nobody else: it shows what the PDF shows (`no-store`, as there).
"""

import io
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from flask import Response, abort, make_response

from bridge.context import context

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfPage


MOST_REMEMBERED = 100  # of some 40 kB, by each process


@dataclass(frozen=True)
class Size:
    """*width* in pixels; of the first *pages*, one below the other. *most* are remembered."""

    width: int
    pages: int
    most: int = MOST_REMEMBERED


# By the name that ends an address. 1,000 pixels are sharp on a phone and legible on a desk; a small one has 7 kB and stands in each row of a list.
SIZES = {"page": Size(1_000, 1), "pages": Size(1_000, 3), "small": Size(240, 1, most=1_000)}
TALLEST = 2_000  # of a page, in pixels; A4 is 1,415 tall where it is 1,000 wide
GAP, GAP_COLOUR = 12, "#d4d4d8"
QUALITY, EFFORT = 80, 0  # more effort takes twice the time and spares a twentieth


class StoredPdf(Protocol):
    """Where the archive has it, and what it is."""

    @property
    def path(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class Pictures:
    """Pictures by hash and size, the last ones asked for. Each is drawn once, however many ask for it at the same moment."""

    def __init__(self) -> None:
        self._remembered: defaultdict[Size, OrderedDict[str, bytes]] = defaultdict(OrderedDict)
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()  # PDFium knows no threads

    def of(self, sha256: str, size: Size, read: Callable[[], bytes]) -> bytes:
        """The picture of the PDF that *read* gives, which is asked only where none is remembered. Raises NotDrawn."""
        found = self._known(sha256, size)
        if found is None:
            content = read()
            with self._one_at_a_time:
                found = self._known(sha256, size) or self._remember(sha256, size, draw(content, size))
        return found

    def _known(self, sha256: str, size: Size) -> bytes | None:
        with self._lock:
            of_size = self._remembered[size]
            if sha256 in of_size:
                of_size.move_to_end(sha256)
            return of_size.get(sha256)

    def _remember(self, sha256: str, size: Size, content: bytes) -> bytes:
        with self._lock:
            of_size = self._remembered[size]
            of_size[sha256] = content
            if len(of_size) > size.most:
                of_size.popitem(last=False)
        return content


class NotDrawn(Exception):
    """These bytes are no PDF that can be drawn."""


_PICTURES = Pictures()


def picture(stored: StoredPdf, size: str) -> Response:
    """The picture of *stored* in a size of SIZES; 404 where it cannot be drawn. Whoever calls has looked whether it may be seen."""
    read = partial(context().archive.get, stored.path, sha256=stored.sha256)
    try:
        content = _PICTURES.of(stored.sha256, SIZES[size], read)
    except NotDrawn:
        abort(HTTPStatus.NOT_FOUND)
    response = make_response(content)
    response.content_type = "image/webp"
    return response


def draw(pdf: bytes, size: Size) -> bytes:
    """WebP of the first pages of *pdf*. Raises NotDrawn. Only for what we printed, one call at a time."""
    # Imported here: most processes draw nothing, and it loads eight megabytes.
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(pdf) as document:
            pages = [picture_of(document[place], size.width) for place in range(min(len(document), size.pages))]
    except pypdfium2.PdfiumError as error:
        raise NotDrawn from error
    content = io.BytesIO()
    below_each_other(pages).save(content, "WEBP", quality=QUALITY, method=EFFORT)
    return content.getvalue()


def picture_of(page: "PdfPage", width: int) -> "Image":
    scale = min(width / page.get_width(), TALLEST / page.get_height())
    shown: Image = page.render(scale=scale).to_pil()
    return shown


def below_each_other(pages: Sequence["Image"]) -> "Image":
    # As above.
    from PIL.Image import new

    height = sum(page.height for page in pages) + GAP * (len(pages) - 1)
    sheet = new("RGB", (max(page.width for page in pages), height), GAP_COLOUR)
    top = 0
    for page in pages:
        sheet.paste(page, (0, top))
        top += page.height + GAP
    return sheet
