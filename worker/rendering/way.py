"""How a page was printed, and why not more quickly."""

from enum import StrEnum


class Way(StrEnum):
    """The quickest first. All of them show the same."""

    SHAPE = "shape"  # filled into what was made for another page of its shape
    ONCE = "once"  # made anew, and laid out once
    PLAIN = "plain"  # by xhtml2pdf as it is written
    TEXT = "text"  # as lines of text, for what no layout can hold


class Unusual(Exception):
    """The page is not surely made the way copies of the parts of its shape would be."""
