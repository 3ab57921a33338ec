"""Text of the shop as a person reads it: no markup, entities read once, nothing that neither database nor document may hold."""

import html
import re

# Of longer text the rest is not even looked at; what is left is cut in sight (`domain.text_limits`).
LONGEST_NAME = 20_000
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HIDDEN = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# Only what HTML knows: "Kabel <3 m>" and "Adapter <USB-C>" are names, not markup. Of these, some break a line and so a word.
_BREAK = re.compile(
    r"</?(?:br|center|div|h[1-6]|hr|li|ol|p|pre|table|tbody|td|th|tr|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|bdi|code|del|em|font|i|img|ins|kbd|label|mark|q|s|script|small|span|strike|strong|style|sub|sup"
    r"|svg|tt|u|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
# Neither a database nor an XML file may hold these, and a checkout form lets them in.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """A name as a person reads it: no markup, entities read once, one space between words.

    Product names are the shop's own HTML: the shop page shows “Bold & x” for “<b>Bold</b> &amp; x”, and so must the
    document. Tags go before entities, so that a name about HTML (“&lt;b&gt;”) keeps its text.
    """
    without_tags = _TAG.sub("", _BREAK.sub(" ", _HIDDEN.sub(" ", text[:LONGEST_NAME])))
    name = " ".join(clean(unescape(without_tags)).split())
    return f"{name}…" if name and len(text) > LONGEST_NAME else name


def unescape(text: str) -> str:
    """Read entities once, and only complete ones: “R&D” and “&copy” without its semicolon are what somebody typed."""
    return clean(_ENTITY.sub(lambda entity: html.unescape(entity[0]), text))


def clean(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
