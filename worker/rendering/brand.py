"""The branding of a shop's documents: layout, colour, logo."""

import base64
import io
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from worker.errors import InvalidValue

ACCENT = "#0f766e"
LOGO_MM = (62, 21)  # the most it may take, width and height
MOST_DOTS = 1200
MOST_MEGAPIXELS = 25  # more than any camera's picture that somebody would take for a logo; in memory 100 MB
# The share of a facts table that its labels take; each layout has a template and a stylesheet of its name.
LAYOUTS = {"ledger": 29, "letter": 36}
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Brand:
    """One colour (#rrggbb), for the title word and the rules, a logo as PNG or JPEG bytes, and one of the layouts.

    *templates* is not the owner's but the operator's: a folder whose templates stand in for ours.
    """

    accent: str = ACCENT
    logo: bytes = b""
    layout: str = "ledger"
    templates: Path | None = None

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.accent):
            raise InvalidValue(
                "“{text}” is not a colour; write it as # and six hex digits, like {example}.",
                text=self.accent,
                example=ACCENT,
            )
        if self.layout not in LAYOUTS:
            raise InvalidValue(
                "“{layout}” is not a layout; choose one of {layouts}.", layout=self.layout, layouts=", ".join(LAYOUTS)
            )
        if self.logo:
            _size(self.logo)  # what is no picture is refused here, not while an invoice is printed

    @property
    def label_share(self) -> int:
        """How wide the labels of facts are, in percent."""
        return LAYOUTS[self.layout]

    @property
    def logo_size(self) -> tuple[float, float]:
        """Width and height in mm: as large as its place allows, in its own proportions."""
        width, height = _size(self.logo)
        scale = min(LOGO_MM[0] / width, LOGO_MM[1] / height)
        return round(width * scale, 2), round(height * scale, 2)

    @property
    def logo_uri(self) -> str:
        """The logo as a data: address, so that rendering opens no file."""
        picture = _for_print(self.logo)
        kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
        return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def _size(picture: bytes) -> tuple[int, int]:
    """Width and height as the picture's head says; nothing is decoded. Raises InvalidValue."""
    with _opened(picture) as opened:
        return opened.size


@contextmanager
def _opened(picture: bytes) -> Iterator[Image.Image]:
    """*picture* with its head read. Raises InvalidValue, also where decoding it later goes wrong."""
    try:
        with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG")) as opened:
            width, height = opened.size
            if width * height > MOST_MEGAPIXELS * 1_000_000:
                raise InvalidValue(
                    "The logo is {width} × {height} pixels large; make it smaller, at most {most} million pixels in "
                    "all.",
                    width=width,
                    height=height,
                    most=MOST_MEGAPIXELS,
                )
            yield opened
    except InvalidValue:
        raise
    # A picture may break in any of the decoders: struct.error, zlib.error, SyntaxError of a broken PNG.
    except (
        OSError,
        ValueError,
        SyntaxError,
        ArithmeticError,
        LookupError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        raise InvalidValue("The logo is not a PNG or JPEG picture that can be read.") from error


def small_picture(picture: bytes) -> bytes:
    """*picture* decoded whole and written anew, at most 62 mm at 500 dots an inch. Raises InvalidValue. Call under limits.

    What was beside the picture in the file, like where it was taken, is left behind.
    """
    out = io.BytesIO()
    with _opened(picture) as opened:
        kind, shown = opened.format, opened
        if opened.mode not in ("L", "LA", "RGB", "RGBA"):
            shown = opened.convert("RGBA" if kind == "PNG" else "RGB")
        shown.thumbnail((MOST_DOTS, MOST_DOTS))  # first: of a JPEG this size, it decodes only so many dots
        shown = ImageOps.exif_transpose(shown)
        shown.info = {}
        shown.save(out, kind, quality=92)
    return out.getvalue()


@lru_cache(maxsize=16)
def _for_print(picture: bytes) -> bytes:
    """A picture of another size than it is stored in now is scaled down: it would be in every mail."""
    return picture if max(_size(picture)) <= MOST_DOTS else small_picture(picture)
