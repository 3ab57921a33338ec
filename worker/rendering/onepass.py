"""xhtml2pdf without the second layout that `<pdf:pagecount>` costs.

Static frames (footer, watermark) are drawn as form XObjects, which a page can refer to before they exist: they are
filled when the document is saved and the number of pages is known.

Private names used: `PmlPageTemplate._paintStaticFrame` and `pisaStaticList`, `Canvas._doctemplate`, `KeepTogether._content`,
`Table._cellvalues`.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from reportlab.lib.colors import Color
from reportlab.platypus.flowables import KeepTogether
from xhtml2pdf.builders.printmarks import MarkedCanvas
from xhtml2pdf.config.resources import ResourceAccessPolicy
from xhtml2pdf.default import DEFAULT_PAGE_NAME
from xhtml2pdf.document import pisaStory
from xhtml2pdf.xhtml2pdf_reportlab import PmlBaseDoc, PmlPageTemplate, PmlTable

from worker.rendering.story import paragraphs

# Every rule of a stylesheet is held against every element. The library's own has sixty, for headings, lists and forms
# that our pages do not have; these are what it says of the tags below.
TAGS = frozenset({
    "html", "head", "meta", "title", "style", "body", "div", "p", "strong", "span", "a", "img", "br",
    "table", "thead", "tbody", "tr", "th", "td", "pdf:pagenumber", "pdf:pagecount", "pdf:spacer",
})  # fmt: skip
DEFAULT_CSS = """
html { color: #000000; font-weight: normal; margin: 0; padding: 0; border: 1px none; display: inline;
       width: auto; height: auto; white-space: normal; font-family: Helvetica; font-size: 10px; line-height: 150% }
strong { font-weight: bold }
a { text-decoration: underline; color: blue }
p { margin: 1em 0 }
body, div, p, table, th, tr, td { display: block }
tr, th, td { vertical-align: middle; width: auto }
th { text-align: center; font-weight: bold }
"""


_TOTAL = re.compile("<pdf:?pagecount", re.IGNORECASE)


class NeedsTwoPasses(Exception):
    """This page says something of which the place or the value is only known after laying it out."""


@dataclass(frozen=True)
class _PendingFrame:
    """A static frame that a page refers to and that is still to be drawn."""

    name: str
    template: Any
    frame: Any
    renumber: Any


class _Template(PmlPageTemplate):  # type: ignore[misc]
    def _paintStaticFrame(self, frame: Any, canvas: Any, renumber: Any) -> None:  # noqa: N802
        name = f"static{len(canvas.pending_frames)}"
        canvas.pending_frames.append(_PendingFrame(name, self, frame, renumber))
        canvas.doForm(name)

    def paint(self, frame: Any, canvas: Any, renumber: Any) -> None:
        super()._paintStaticFrame(frame, canvas, renumber)


class _Canvas(MarkedCanvas):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setCreator("Facturelay")
        self.pending_frames: list[_PendingFrame] = []
        self.document: Any = None
        self.colours: Mapping[Color, Color] = {}
        self._enforceColorSpace = self.meant

    def meant(self, colour: Any) -> Any:
        """Asked by reportlab for each colour it is told, also of texts."""
        return self.colours.get(colour, colour) if type(colour) is Color else colour

    def save(self) -> None:
        self._doctemplate = self.document  # reportlab drops it before saving; numbering reads the page total from it
        for owed in self.pending_frames:
            self.beginForm(owed.name, 0, 0, *owed.template.pagesize)
            owed.template.paint(owed.frame, self, owed.renumber)
            self.endForm()
        del self._doctemplate
        super().save()


class Document(PmlBaseDoc):  # type: ignore[misc]
    colours: Mapping[Color, Color] = {}
    last_line: Any = None  # the table that stays together with the totals
    page_of_lines = 0
    separates_last_line = False

    def beforeDocument(self) -> None:  # noqa: N802
        super().beforeDocument()
        self.canv.document = self
        self.canv.colours = self.colours

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802
        if flowable is self.last_line:
            self.separates_last_line = self.page > self.page_of_lines
        elif isinstance(flowable, PmlTable):
            self.page_of_lines = self.page


@dataclass(frozen=True)
class Pages:
    """What xhtml2pdf makes of HTML before it is laid out: *template* has the frames that stand on each page.

    *colours*: in which others some of its colours are drawn.
    """

    story: list[Any]
    template: Any
    size: tuple[float, float]
    title: str
    author: str
    subject: str
    language: str | None
    positioned: tuple[Any, ...]
    colours: Mapping[Color, Color] = field(default_factory=dict)

    def lay_out(self) -> Document:
        """What `xhtml2pdf.document` does with a story, for pages with one @page rule and no backgrounds."""
        document = Document(
            io.BytesIO(),
            pagesize=self.size,
            author=self.author,
            subject=self.subject,
            title=self.title,
            showBoundary=0,
            allowSplitting=1,
            lang=self.language,
        )
        document.addPageTemplates([self.template])
        document.pisaPositioned = list(self.positioned)
        document.last_line = _last_line(self.story)
        document.colours = self.colours
        document.build(self.story, canvasmaker=_Canvas)
        return document


def read(html: str, policy: ResourceAccessPolicy, path: str) -> Pages:
    """What xhtml2pdf makes of *html*, taken to lie at *path*. Raises `NeedsTwoPasses` for what laying out once cannot do."""
    ours = TAGS.issuperset(re.findall(r"<([a-z][a-z0-9:]*)", html))
    context = pisaStory(html, path=path, resource_policy=policy, default_css=DEFAULT_CSS if ours else None)
    template = context.templateList.get(DEFAULT_PAGE_NAME)
    _check(context, template)
    _check_totals(html, template)
    template.__class__ = _Template
    return Pages(
        story=[part for part in context.story if part is not context.indexing_story],
        template=template,
        size=context.pageSize,
        title=context.meta["title"].strip(),
        author=context.meta["author"].strip(),
        subject=context.meta["subject"].strip(),
        language=context.lang_tag or None,
        positioned=tuple(context.positioned),
    )


def _last_line(story: list[Any]) -> Any:
    """The table with the last line: the first of the block that stays together after the lines, with as many columns."""
    for lines, mail_group in pairwise(story):
        if isinstance(lines, PmlTable) and isinstance(mail_group, KeepTogether):
            first = mail_group._content[0]  # noqa: SLF001 - it has no public name
            if isinstance(first, PmlTable) and len(first._cellvalues[0]) == len(lines._cellvalues[0]):  # noqa: SLF001
                return first
    return None


def _check(context: Any, body: Any) -> None:
    if body is None or len(context.templateList) > 1:
        raise NeedsTwoPasses("more than one kind of page")
    if context.tocs or context.pageCanvasBackground is not None or body.pisaBackground is not None:
        raise NeedsTwoPasses("a table of contents or a background")
    for frame in body.pisaStaticList:
        if getattr(frame, "pisaPages", "all") != "all":
            raise NeedsTwoPasses("a frame for the last page")
        if any(getattr(frag, "link", None) for part in paragraphs(frame.pisaStaticStory) for frag in part.frags):
            raise NeedsTwoPasses("a link in a static frame, which a form cannot carry")


def _check_totals(html: str, template: Any) -> None:
    """Static frames are drawn when the total is known. Whatever box one stands in, elsewhere it is not."""
    in_frames = sum(
        bool(frag.pageCount)
        for frame in template.pisaStaticList
        for paragraph in paragraphs(frame.pisaStaticStory)
        for frag in paragraph.frags
    )
    if len(_TOTAL.findall(html)) != in_frames:
        raise NeedsTwoPasses("the page total inside the text")
