"""xhtml2pdf without the second layout that `<pdf:pagecount>` costs.

Static frames (footer, watermark) are drawn as form XObjects, which a page can refer to before they exist: they are
filled when the document is saved and the number of pages is known.

Private names used: `PmlPageTemplate._paintStaticFrame`, `_page_count` and `pisaStaticList`, `Canvas._doctemplate`.
"""

import io
import logging
import re
from dataclasses import dataclass
from typing import Any

from xhtml2pdf.builders.printmarks import MarkedCanvas
from xhtml2pdf.config.resources import ResourceAccessPolicy
from xhtml2pdf.default import DEFAULT_PAGE_NAME
from xhtml2pdf.document import pisaStory
from xhtml2pdf.xhtml2pdf_reportlab import PmlBaseDoc, PmlPageTemplate

from worker.rendering import rows
from worker.rendering.story import paragraphs

log = logging.getLogger(__name__)

# Every rule of a stylesheet is held against every element. The library's own has sixty, for headings, lists and forms
# that our pages do not have; these are what it says of the tags below.
TAGS = frozenset({
    "html", "head", "meta", "title", "style", "body", "div", "p", "strong", "span", "a", "img", "br",
    "table", "thead", "tbody", "tr", "th", "td", "pdf:pagenumber", "pdf:pagecount", "pdf:spacer",
})  # fmt: skip
DEFAULTS = """
html { color: #000000; font-weight: normal; margin: 0; padding: 0; border: 1px none; display: inline;
       width: auto; height: auto; white-space: normal; font-family: Helvetica; font-size: 10px; line-height: 150% }
strong { font-weight: bold }
a { text-decoration: underline; color: blue }
p { margin: 1em 0 }
body, div, p, table, th, tr, td { display: block }
tr, th, td { vertical-align: middle; width: auto }
th { text-align: center; font-weight: bold }
"""


class NeedsTwoPasses(Exception):
    """This page says something of which the place or the value is only known after laying it out."""


@dataclass(frozen=True)
class _Owed:
    """A static frame that a page refers to and that is still to be drawn."""

    name: str
    template: Any
    frame: Any
    renumber: Any


class _Template(PmlPageTemplate):  # type: ignore[misc]
    def _paintStaticFrame(self, frame: Any, canvas: Any, renumber: Any) -> None:  # noqa: N802
        name = f"static{len(canvas.owed)}"
        canvas.owed.append(_Owed(name, self, frame, renumber))
        canvas.doForm(name)

    def paint(self, frame: Any, canvas: Any, renumber: Any) -> None:
        super()._paintStaticFrame(frame, canvas, renumber)


class _Canvas(MarkedCanvas):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setCreator("Facturelay")
        self.owed: list[_Owed] = []
        self.document: Any = None

    def save(self) -> None:
        self._doctemplate = self.document  # reportlab drops it before saving; numbering reads the page total from it
        for owed in self.owed:
            self.beginForm(owed.name, 0, 0, *owed.template.pagesize)
            owed.template.paint(owed.frame, self, owed.renumber)
            self.endForm()
        del self._doctemplate
        super().save()


class _Document(PmlBaseDoc):  # type: ignore[misc]
    def beforeDocument(self) -> None:  # noqa: N802
        super().beforeDocument()
        self.canv.document = self


def to_pdf(html: str, policy: ResourceAccessPolicy, path: str) -> bytes:
    """Lay *html*, taken to lie at *path*, out once. Raises `NeedsTwoPasses` for what that cannot do."""
    collapsed = rows.collapse(html)
    if collapsed is not None:
        try:
            context = _story(collapsed.page, policy, path)
            rows.expand(context.story, collapsed)
            return build(context)
        except rows.NotExpandable as why:
            log.info("the lines are laid out one by one: %s", why)
    return build(_story(html, policy, path))


def _story(html: str, policy: ResourceAccessPolicy, path: str) -> Any:
    ours = TAGS.issuperset(re.findall(r"<([a-z][a-z0-9:]*)", html))
    return pisaStory(html, path=path, resource_policy=policy, default_css=DEFAULTS if ours else None)


def build(context: Any) -> bytes:
    """What `xhtml2pdf.document` does with a story, for pages with one @page rule and no backgrounds."""
    body = context.templateList.get(DEFAULT_PAGE_NAME)
    _check(context, body)
    body.__class__ = _Template
    out = io.BytesIO()
    document = _Document(
        out,
        pagesize=context.pageSize,
        author=context.meta["author"].strip(),
        subject=context.meta["subject"].strip(),
        title=context.meta["title"].strip(),
        showBoundary=0,
        allowSplitting=1,
        lang=context.lang_tag or None,
    )
    document.addPageTemplates([body])
    document.pisaPositioned = context.positioned
    document.build([part for part in context.story if part is not context.indexing_story], canvasmaker=_Canvas)
    return out.getvalue()


def _check(context: Any, body: Any) -> None:
    if body is None or len(context.templateList) > 1:
        raise NeedsTwoPasses("more than one kind of page")
    if context.tocs or context.pageCanvasBackground is not None or body.pisaBackground is not None:
        raise NeedsTwoPasses("a table of contents or a background")
    if any(frag.pageCount for paragraph in paragraphs(context.story) for frag in paragraph.frags):
        raise NeedsTwoPasses("the page total inside the text")
    for frame in body.pisaStaticList:
        if getattr(frame, "pisaPages", "all") != "all":
            raise NeedsTwoPasses("a frame for the last page")
        if any(getattr(frag, "link", None) for part in paragraphs(frame.pisaStaticStory) for frag in part.frags):
            raise NeedsTwoPasses("a link in a static frame, which a form cannot carry")
