"""What WordPress leaves of the HTML of an order note."""

from html import escape
from html.parser import HTMLParser

_ALLOWED = {
    "a": ("href", "target", "title", "rel", "class", "id"),
    **dict.fromkeys(("b", "strong", "i", "em", "u", "code", "br", "p", "span", "ul", "ol", "li"), ("class", "id")),
}


def sanitize(text: str) -> str:
    """*text* with harmless tags, without the others (their text stays) and without scripts in attributes."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return "".join(reader.parts)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []

    def set_cdata_mode(self, elem: str, **_: bool) -> None:
        """To WordPress the inside of a script or style element is text like any other."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ALLOWED:
            shown = "".join(f' {k}="{escape(v or "")}"' for k, v in attrs if _harmless(tag, k, v or ""))
            self.parts.append(f"<{tag}{shown}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in _ALLOWED and tag != "br":
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(escape(data, quote=False))

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")


def _harmless(tag: str, name: str, value: str) -> bool:
    return (name in _ALLOWED[tag] or name.startswith("data-")) and not value.strip().lower().startswith(
        ("javascript:", "data:", "vbscript:")
    )
