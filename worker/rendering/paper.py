"""A document as HTML: what each part of the page says. Knows nothing of PDF."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, cached_property
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from worker.domain import texts
from worker.domain.consumer_prices import states_prices_paid
from worker.domain.document import Category, Draft, Line, VatLine
from worker.domain.money import ZERO, total_of
from worker.domain.party import Seller
from worker.i18n import Translator, title
from worker.i18n.address import address_lines
from worker.i18n.formats import (
    format_enterprise_number,
    format_iban,
    format_reference,
    format_vat_number,
    prepaid_by,
    web_address,
)
from worker.i18n.placeholders import placeholder_values
from worker.rendering import qr
from worker.rendering.brand import Brand
from worker.rendering.letters import direction, printable, with_script_fonts, without_pictures

# Where no VAT is due by the seller's own status or the nature of the sale, none may show in any way.
_WITHOUT_VAT = (Category.EXEMPT, Category.OUTSIDE_SCOPE)
_WITH_RATE = (Category.STANDARD, Category.ZERO_RATED)
_FOUR_DECIMALS = Decimal("0.0001")
_SHORT = 18  # so many letters of a second language fit the narrowest column, and stay on one line
_MORE_FOR_SECOND = 11


@dataclass(frozen=True)
class DocumentView:
    """A draft with the number and date it is printed with; a preview has a word for a number and no date.

    *repeat_head* repeats the head of the lines above the last one, which stays with the totals: for when it begins a page.
    """

    draft: Draft
    number: str
    issued_on: date | None
    translator: Translator
    brand: Brand
    repeat_head: bool = False

    @property
    def title(self) -> str:
        return title(self.draft.kind, self.translator)

    @property
    def label_share(self) -> int:
        """How wide the labels of facts are, in percent: wider where they stand in two languages."""
        return self.brand.label_share + (_MORE_FOR_SECOND if self.draft.second_language else 0)

    @property
    def both_titles(self) -> Markup:
        return _beside(tuple(title(self.draft.kind, one) for one in self.translators))

    @property
    def translators(self) -> tuple[Translator, ...]:
        """Of the document's language, and of its second one where it has one."""
        second = self.draft.second_language
        return (self.translator, Translator(second)) if second else (self.translator,)

    def both(self, message: str, **values: object) -> Markup:
        """*message* in the document's language and, smaller beside it, in its second one where that says it otherwise."""
        return _beside(tuple(one.gettext(message, **values) for one in self.translators))

    @property
    def shows_vat(self) -> bool:
        return self.draft.vat != 0 or any(line.category not in _WITHOUT_VAT for line in self.draft.lines)

    @property
    def shows_rates(self) -> bool:
        """Whether any line has a rate to stand in a column of its own."""
        return self.shows_vat and any(self.rate_of(line) for line in self.draft.lines)

    @cached_property
    def shows_prices_paid(self) -> bool:
        """Whether each line says what was paid for it with VAT; together they are the total."""
        return self.shows_vat and states_prices_paid(self.draft)

    def unit_price(self, line: Line) -> Decimal:
        """What one cost as the line states it, with or without VAT."""
        if not self.shows_prices_paid or line.gross is None:
            return self.net_price(line)
        return _to_four_decimals(line.gross / (line.quantity or 1))

    def net_price(self, line: Line) -> Decimal:
        return _to_four_decimals(line.unit_price)

    def rate_of(self, part: Line | VatLine) -> str:
        """The rate of a line or a row of the VAT table; nothing where the sentence stands instead of it.

        A margin or an exemption is not “0 %”, nor is what the customer owes the VAT of (art. 5 §1 8° and 9° RD no. 1).
        """
        return self.translator.percent(part.rate) if part.category in _WITH_RATE else ""

    @cached_property
    def marks(self) -> dict[str, str]:
        """Where several sentences say why there is no VAT, a number for each, so that every line names its own."""
        of_lines = {line.mention for line in self.draft.lines if line.category is not Category.STANDARD}
        said = [one.key for one in self.draft.mentions if one.key in of_lines]
        return {key: f"({number})" for number, key in enumerate(said, 1)} if len(said) > 1 else {}

    def marks_of(self, row: VatLine) -> str:
        """The marks of all lines that *row* of the VAT table adds up."""
        added = {line.mention for line in self.draft.lines if (line.category, line.rate) == (row.category, row.rate)}
        return " ".join(mark for key, mark in self.marks.items() if key in added)

    @property
    def home_country(self) -> str:
        """The country that needs no name where goods go: the seller's, as long as the buyer is there too."""
        home = self.draft.seller.address.country
        return home if self.draft.buyer.address.country in ("", home) else ""

    @property
    def last_line(self) -> Line | None:
        """The line that stays with the totals, which may not be alone on a page; None where it might not fit there."""
        *others, last = self.draft.lines or (None,)
        if last is None or not others:
            return None
        rows = len(last.description.splitlines()) + sum(len(detail.splitlines()) or 1 for detail in last.details)
        letters = len(last.description) + len(last.sku) + sum(map(len, last.details))
        return last if rows < 12 and letters < 600 else None

    @property
    def lines_net(self) -> Decimal:
        return total_of(line.net for line in self.draft.lines)

    @property
    def supplied_on(self) -> date | None:
        """The date of supply, where it is another than the date of issue (art. 5 RD 1)."""
        return self.draft.supplied_on if self.draft.supplied_on != self.issued_on else None

    @property
    def intro(self) -> str:
        return self._caption(self.draft.captions.intro)

    @property
    def closing(self) -> str:
        return self._caption(self.draft.captions.closing)

    @property
    def terms(self) -> str:
        return self._caption(self.draft.captions.terms)

    def _caption(self, text: str) -> str:
        shop = self.draft.captions.shop
        known = placeholder_values(
            self.draft, number=self.number, issued_on=self.issued_on, shop=shop, translator=self.translator
        )
        return texts.fill(text, known).strip()

    @cached_property
    def qr_uri(self) -> str:
        text = qr.payload(self.draft)
        return f"data:image/png;base64,{base64.b64encode(qr.png(text)).decode()}" if text else ""


def to_html(view: DocumentView) -> str:
    """Fill our template of the document's kind."""
    return with_script_fonts(template_for(view).render(template_context(view)))


def template_for(view: DocumentView, folder: Path | None = None) -> Template:
    """The template of a document's kind, one for its layout before one for all: from *folder*, else ours."""
    kind, layout = view.draft.kind, view.brand.layout
    return environment(folder).select_template([f"{layout}/{kind}.html", f"{kind}.html"])


def template_context(view: DocumentView) -> dict[str, object]:
    """What a template sees."""
    said = {"_": view.translator.gettext, "both": view.both}
    return {"document": view, "draft": view.draft, "translator": view.translator, **said}


@cache
def environment(folder: Path | None = None) -> ImmutableSandboxedEnvironment:
    """Where templates come from and what they may use. One in *folder* replaces ours, which is facturelay/… there."""
    found = ImmutableSandboxedEnvironment(
        loader=_loader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    found.filters |= {
        "address": address_lines,
        "company": company_lines,
        "direction": direction,
        "enterprise_number": format_enterprise_number,
        "iban": format_iban,
        "reference": format_reference,
        "prepaid": prepaid_by,
        "unbroken": unbroken,
        "vat_number": format_vat_number,
        "web_address": web_address,
        "without_pictures": without_pictures,
    }
    return found


def _loader(folder: Path | None) -> BaseLoader:
    ours = PackageLoader("worker.rendering")
    return ours if folder is None else ChoiceLoader([_OperatorFirst(folder, ours), PrefixLoader({"facturelay": ours})])


class _OperatorFirst(BaseLoader):
    """A file of the operator's where there is one, else ours; one that appears later is noticed."""

    def __init__(self, folder: Path, ours: BaseLoader) -> None:
        self.folder, self.overrides, self.ours = folder, FileSystemLoader(folder), ours

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        try:
            return self.overrides.get_source(environment, template)
        except TemplateNotFound:
            source, file, _ = self.ours.get_source(environment, template)
            return source, file, lambda: not (self.folder / template).exists()


def _to_four_decimals(price: Decimal) -> Decimal:
    """Nobody reads more of a price; a calculation with the exact one is the e-invoice's."""
    return price.quantize(_FOUR_DECIMALS, ROUND_HALF_UP).normalize() + ZERO


def _beside(said: tuple[str, ...]) -> Markup:
    """The same in two languages, the second smaller; once where both say it alike."""
    first, *others = dict.fromkeys(map(printable, said))
    second = Markup(' <span class="second">/\N{NO-BREAK SPACE}{}</span>')
    together = (unbroken(one) if len(one) <= _SHORT else one for one in others)
    return Markup("{}").format(first) + Markup("").join(map(second.format, together))


def unbroken(text: str) -> str:
    """*text* that stays on one line, like a date within a sentence."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def company_lines(seller: Seller, translator: Translator) -> tuple[str, ...]:
    """VAT number, enterprise number and register: what Code of Companies art. 2:20 requires on every document."""
    digits = "".join(c for c in seller.vat_number if c.isdigit())
    number = "" if seller.enterprise_number == digits and not seller.register else seller.enterprise_number
    lines = (
        translator.gettext("VAT {number}", number=format_vat_number(seller.vat_number)) if seller.vat_number else "",
        translator.gettext("Company no. {number}", number=format_enterprise_number(number)) if number else "",
        seller.register,
    )
    return tuple(fact for fact in lines if fact)
