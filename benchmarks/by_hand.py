"""An invoice as a careful programmer draws it with reportlab alone: the floor beside which `pdf.py` measures.

It says what ours says of an unpaid sale to a Belgian: seller, buyer, lines, VAT, totals, code for banking apps, page x of y.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from worker.domain import texts
from worker.domain.document import Document, Draft, Line
from worker.i18n import Translator, title
from worker.i18n.address import address_lines
from worker.i18n.formats import format_iban, format_reference, format_vat_number
from worker.i18n.placeholders import placeholder_values
from worker.rendering import qr
from worker.rendering.paper import company_lines

REGULAR, STRONG = "FiraSans", "FiraSans-Strong"
DARK, GREY, TEAL, RULE, PALE = map(HexColor, ("#1a1f1e", "#5f6b68", "#0f766e", "#d5dbd9", "#eef2f1"))
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9, leading=12.4, textColor=DARK)
SMALL = ParagraphStyle("small", BODY, fontSize=7.5, leading=10.5, textColor=GREY)
TITLE = ParagraphStyle("title", BODY, fontName=STRONG, fontSize=16, leading=18.4, textColor=TEAL)
HEADING = ParagraphStyle("heading", BODY, fontName=STRONG, fontSize=10, leading=14)
WIDTH = 172 * mm
ALL, LEFT_COLUMN, HEAD = ((0, 0), (-1, -1)), ((0, 0), (0, -1)), ((0, 0), (-1, 0))
Command = tuple[Any, ...]
FLUSH: Command = ("LEFTPADDING", *ALL, 0)
TOP: Command = ("VALIGN", *ALL, "TOP")


def by_hand(document: Document) -> bytes:
    draft, translator = document.draft, Translator(document.draft.language)
    out = io.BytesIO()
    made = BaseDocTemplate(
        out, pagesize=A4, title=f"{title(draft.kind, translator)} {document.number}", author=draft.seller.name
    )
    frame = Frame(19 * mm, 36 * mm, WIDTH, 246 * mm, 0, 0, 0, 0)
    made.addPageTemplates([PageTemplate("page", [frame])])
    known = placeholder_values(
        draft, number=document.number, issued_on=document.issued_on, shop=draft.captions.shop, translator=translator
    )
    intro, closing = (texts.fill(text, known).strip() for text in (draft.captions.intro, draft.captions.closing))
    story = [
        sender(draft, translator), Spacer(1, 9 * mm), opening(document, translator), Spacer(1, 4 * mm),
        Paragraph(escape(intro), BODY), Spacer(1, 6 * mm), lines(draft, translator),
        KeepTogether([Spacer(1, 4 * mm), totals(draft, translator)]),
        KeepTogether([Spacer(1, 6 * mm), payment(draft, translator)]),
        Spacer(1, 5 * mm), Paragraph(escape(closing), BODY),
    ]  # fmt: skip
    foot = footer(document, translator)
    made.build(story, canvasmaker=lambda *args, **more: NumberedCanvas(*args, foot=foot, **more))
    return out.getvalue()


class NumberedCanvas(Canvas):  # type: ignore[misc]
    """Page x of y: the pages are kept, and their footers drawn at the end."""

    def __init__(self, *args: Any, foot: Callable[[Canvas, int, int], None], **more: Any) -> None:
        super().__init__(*args, **more)
        self.kept: list[dict[str, Any]] = []
        self.foot = foot

    def showPage(self) -> None:  # noqa: N802
        self.kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        total = len(self.kept)
        for number, page in enumerate(self.kept, 1):
            self.__dict__.update(page)
            self.foot(self, number, total)
            super().showPage()
        super().save()


def footer(document: Document, translator: Translator) -> Callable[[Canvas, int, int], None]:
    seller = document.draft.seller
    left = [f"{seller.name} {seller.legal_form}", *address_lines(seller.address, translator, "BE")]
    middle = [*company_lines(seller, translator), f"{format_iban(seller.iban)} · {seller.bic}"]
    right = f"{title(document.draft.kind, translator)} {document.number}"

    def draw(canvas: Canvas, number: int, total: int) -> None:
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.4)
        canvas.line(19 * mm, 31 * mm, 191 * mm, 31 * mm)
        canvas.setFont(REGULAR, 7)
        canvas.setFillColor(GREY)
        for x, column in ((19 * mm, left), (81 * mm, middle)):
            for row, text in enumerate(column):
                canvas.drawString(x, 31 * mm - 12 - 10 * row, text)
        for row, text in enumerate((right, f"pagina {number} van {total}")):
            canvas.drawRightString(191 * mm, 31 * mm - 12 - 10 * row, text)

    return draw


def table(rows: Sequence[Sequence[Any]], widths: Iterable[float], *style: Command, **more: Any) -> Table:
    return Table(rows, colWidths=[width * mm for width in widths], style=[FLUSH, *style], **more)


def breaks(rows: Iterable[str]) -> str:
    return "<br/>".join(map(escape, rows))


def strong(text: str, size: float = 9) -> str:
    return f"<font name={STRONG} size={size}>{escape(text)}</font>"


def sender(draft: Draft, translator: Translator) -> Flowable:
    seller = draft.seller
    address = address_lines(seller.address, translator, "BE")
    reached = (format_vat_number(seller.vat_number), seller.email, seller.phone, seller.website)
    texts = breaks([f"{seller.name} {seller.legal_form}", *address, *reached])
    row = [Paragraph(strong(seller.name, 15), BODY), Paragraph(texts, SMALL)]
    return table([row], (91, 81), ("LINEBELOW", *ALL, 0.9, TEAL), TOP)


def opening(document: Document, translator: Translator) -> Flowable:
    draft, day = document.draft, translator.date
    buyer = draft.buyer
    facts = [
        ["Nummer", document.number],
        ["Datum", day(document.issued_on)],
        ["Bestelling", f"{draft.order_number} van {day(draft.ordered_on)}"],
    ]
    left = [Paragraph(title(draft.kind, translator), TITLE), Spacer(1, 4), fact_table(facts, (28, 60), 8)]
    right = Paragraph(f"{strong(buyer.name)}<br/>{breaks(address_lines(buyer.address, translator, 'BE'))}", BODY)
    return table([[left, right]], (91, 81), TOP)


def fact_table(facts: Sequence[Sequence[str]], widths: tuple[float, float], label_size: float) -> Table:
    labels = (("FONT", *LEFT_COLUMN, REGULAR, label_size), ("TEXTCOLOR", *LEFT_COLUMN, GREY))
    tight = (("TOPPADDING", *ALL, 1), ("BOTTOMPADDING", *ALL, 1))
    return table(facts, widths, *labels, ("FONT", (1, 0), (1, -1), REGULAR, 9), *tight)


def lines(draft: Draft, translator: Translator) -> Flowable:
    head = ["Omschrijving", "Aantal", "Eenheidsprijs excl. btw (€)", "Btw", "Bedrag excl. btw (€)"]
    return table(
        [head, *(line_row(line, draft, translator) for line in draft.lines)],
        [share * 172 for share in (0.5, 0.1, 0.16, 0.08, 0.16)],
        ("FONT", *HEAD, REGULAR, 7.5),
        ("TEXTCOLOR", *HEAD, GREY),
        ("FONT", (1, 1), (-1, -1), REGULAR, 9),
        ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ("LINEBELOW", *ALL, 0.4, RULE),
        ("RIGHTPADDING", *ALL, 0),
        TOP,
        repeatRows=1,
    )


def line_row(line: Line, draft: Draft, translator: Translator) -> list[Any]:
    small = '<font size=7.5 color="#5f6b68">{}</font>'
    text = escape(line.description) + (" " + small.format(escape(line.sku)) if line.sku else "")
    text += "".join("<br/>" + small.format(escape(detail)) for detail in line.details)
    price, net = (translator.number(amount, draft.currency) for amount in (line.unit_price, line.net))
    return [Paragraph(text, BODY), translator.quantity(line.quantity), price, translator.percent(line.rate), net]


def totals(draft: Draft, translator: Translator) -> Flowable:
    def amount(value: Any) -> str:
        return translator.amount(value, "EUR")

    rates = [[translator.percent(row.rate), amount(row.base), amount(row.vat)] for row in draft.vat_lines]
    right: Command = ("ALIGN", (1, 0), (-1, -1), "RIGHT")
    vat = table(
        [["Btw-tarief", "Maatstaf", "Btw"], *rates],
        (22, 29, 26),
        ("FONT", *ALL, REGULAR, 8),
        right,
        ("LINEBELOW", *HEAD, 0.4, RULE),
    )
    sums = table(
        [
            ["Totaal excl. btw", amount(draft.net)],
            ["Btw", amount(draft.vat)],
            ["Totaal incl. btw", amount(draft.total)],
        ],
        (47, 34),
        ("FONT", (0, 0), (-1, -2), REGULAR, 9),
        ("FONT", (0, -1), (-1, -1), STRONG, 11.5),
        ("BACKGROUND", (0, -1), (-1, -1), PALE),
        right,
    )
    return table([[vat, "", sums]], (77, 14, 81), TOP, ("RIGHTPADDING", *ALL, 0))


def payment(draft: Draft, translator: Translator) -> Flowable:
    asked = draft.payment
    # The documents that are measured are unpaid.
    assert asked is not None  # noqa: S101
    assert asked.due_on is not None  # noqa: S101
    code = Image(io.BytesIO(qr.png(qr.payload(draft) or "")), 27 * mm, 27 * mm)
    facts = [
        ["Vervaldag", translator.date(asked.due_on)],
        ["Rekening", format_iban(asked.iban)],
        ["BIC", asked.bic],
        ["Op naam van", asked.beneficiary],
        ["Mededeling", format_reference(asked.reference)],
    ]
    heading = Paragraph(f"Te betalen: {translator.amount(draft.to_pay, 'EUR')}", HEADING)
    hint = Paragraph("Scan de code met je bankapp: bedrag en mededeling zijn dan ingevuld.", SMALL)
    row = [code, [heading, fact_table(facts, (30, 100), 7.5), hint]]
    return table([row], (33, 139), TOP, ("LINEABOVE", *HEAD, 0.4, RULE))
