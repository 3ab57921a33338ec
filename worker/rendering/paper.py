"""A document as HTML: what each part of the page says. Knows nothing of PDF."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
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

from worker.domain import texts
from worker.domain.document import Category, Draft, Line
from worker.domain.money import total_of
from worker.domain.party import Address, Seller
from worker.i18n import Words, title
from worker.i18n.formats import asks_payment, enterprise_number, iban, structured_communication, vat_number, web_address
from worker.i18n.placeholders import facts
from worker.rendering import qr
from worker.rendering.brand import Brand
from worker.rendering.letters import direction, in_their_fonts, printable

# Where no VAT is due by the seller's own status or the nature of the sale, none may show in any way.
_WITHOUT_VAT = (Category.EXEMPT, Category.OUTSIDE_SCOPE)
_CITY_FIRST = ("US", "CA", "AU")


@dataclass(frozen=True)
class Paper:
    """A draft with the number and date it is printed with; a preview has a word for a number and no date.

    *head_again* repeats the head of the lines above the last one, which stays with the totals: for when it begins a page.
    """

    draft: Draft
    number: str
    issued_on: date | None
    words: Words
    brand: Brand
    head_again: bool = False

    @property
    def title(self) -> str:
        return title(self.draft.kind, self.words)

    @property
    def shows_vat(self) -> bool:
        return self.draft.vat != 0 or any(line.category not in _WITHOUT_VAT for line in self.draft.lines)

    @property
    def asks_payment(self) -> bool:
        return asks_payment(self.draft)

    @property
    def last_line(self) -> Line | None:
        """The line that stays with the totals, which may not stand alone on a page; None where it might not fit there."""
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
        known = facts(self.draft, number=self.number, issued_on=self.issued_on, shop=shop, words=self.words)
        return texts.fill(text, known).strip()

    @property
    def qr_uri(self) -> str:
        text = qr.payload(self.draft)
        return f"data:image/png;base64,{base64.b64encode(qr.png(text)).decode()}" if text else ""


def to_html(paper: Paper) -> str:
    """Fill our template of the document's kind."""
    return in_their_fonts(template_for(paper).render(shown(paper)))


def template_for(paper: Paper, own: Path | None = None) -> Template:
    """The template of a document's kind, one for its layout before one for all: from the folder *own*, else ours."""
    kind, layout = paper.draft.kind, paper.brand.layout
    return environment(own).select_template([f"{layout}/{kind}.html", f"{kind}.html"])


def shown(paper: Paper) -> dict[str, object]:
    """What a template sees."""
    return {"paper": paper, "draft": paper.draft, "words": paper.words, "_": paper.words.gettext}


@cache
def environment(own: Path | None = None) -> ImmutableSandboxedEnvironment:
    """Where templates come from and what they may use. One in *own* stands in for ours, which is facturelay/… there."""
    found = ImmutableSandboxedEnvironment(
        loader=_loader(own),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    found.filters |= {
        "address": address_lines,
        "company": company_facts,
        "direction": direction,
        "enterprise_number": enterprise_number,
        "iban": iban,
        "ogm": structured_communication,
        "unbroken": unbroken,
        "vat_number": vat_number,
        "web_address": web_address,
    }
    return found


def _loader(own: Path | None) -> BaseLoader:
    ours = PackageLoader("worker.rendering")
    return ours if own is None else ChoiceLoader([_OwnFirst(own, ours), PrefixLoader({"facturelay": ours})])


class _OwnFirst(BaseLoader):
    """A file of the operator's where there is one, else ours; one that appears later is noticed."""

    def __init__(self, folder: Path, ours: BaseLoader) -> None:
        self.folder, self.own, self.ours = folder, FileSystemLoader(folder), ours

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        try:
            return self.own.get_source(environment, template)
        except TemplateNotFound:
            source, file, _ = self.ours.get_source(environment, template)
            return source, file, lambda: not (self.folder / template).exists()


def unbroken(text: str) -> str:
    """*text* that stays on one line, like a date in the middle of a sentence."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def address_lines(address: Address, words: Words, home: str) -> tuple[str, ...]:
    """An address as on an envelope; the country only where it is not *home*."""
    if address.country in _CITY_FIRST:
        place = f"{address.city} {address.state} {address.postcode}"
    elif address.country in ("GB", "IE"):
        place = f"{address.city} {address.postcode}"
    else:
        place = f"{address.postcode} {address.city}"
    country = words.country(address.country).upper() if address.country not in ("", home) else ""
    rows = (address.street, address.street_2, place, country)
    return tuple(row for row in (" ".join(row.split()) for row in rows) if row)


def company_facts(seller: Seller, words: Words) -> tuple[str, ...]:
    """VAT number, enterprise number and register: what Code of Companies art. 2:20 wants on every document."""
    digits = "".join(c for c in seller.vat_number if c.isdigit())
    number = "" if seller.enterprise_number == digits and not seller.register else seller.enterprise_number
    facts = (
        words.gettext("VAT {number}", number=vat_number(seller.vat_number)) if seller.vat_number else "",
        words.gettext("Company no. {number}", number=enterprise_number(number)) if number else "",
        seller.register,
    )
    return tuple(fact for fact in facts if fact)
