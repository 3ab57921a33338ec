"""The branding of a shop's documents: layout, colour, logo."""

import base64
import io
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from worker.errors import InvalidValue

ACCENT = "#0f766e"
LOGO_MM = (62, 21)  # the most it may take, width and height
MOST_DOTS = 1200
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
                "“{text}” is not a colour; write it as # and six hex digits, like {example}",
                text=self.accent,
                example=ACCENT,
            )
        if self.layout not in LAYOUTS:
            raise InvalidValue(
                "“{layout}” is not a layout; choose one of {layouts}.", layout=self.layout, layouts=", ".join(LAYOUTS)
            )
        if self.logo:
            _size(self.logo)  # a picture that cannot be read is refused here, not while an invoice is printed

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
    try:
        with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG")) as opened:
            return opened.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise InvalidValue("The logo is not a PNG or JPEG picture that can be read.") from error


@lru_cache(maxsize=16)
def _for_print(picture: bytes) -> bytes:
    """Scale a large picture down to 62 mm at 500 dots an inch: it would be in every mail."""
    if max(_size(picture)) <= MOST_DOTS:
        return picture
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG")) as opened:
        opened.thumbnail((MOST_DOTS, MOST_DOTS))
        opened.save(out, opened.format)
    return out.getvalue()
