"""The accountant's page as files: `python -m worker.i18n.vat_cases` writes `docs/vat-cases.*.md` from the table in code."""

from collections.abc import Iterable
from pathlib import Path

from worker.domain.vat_cases import (
    CATEGORY_TERMS,
    VatCase,
    cases_by_hand,
    consumer_cases,
    vat_cases,
    whole_document_cases,
)
from worker.i18n.catalogs import LANGUAGES, Translator
from worker.i18n.law import law_reference
from worker.i18n.translate import translate

DOCS = Path(__file__).resolve().parents[2] / "docs"


def page(language: str) -> str:
    """The page in *language*, as Markdown. The sentences are those of a seller in Belgium."""
    translator = Translator(language)
    _ = translator.gettext
    heading, by_hand = _("What Facturelay does in which VAT case"), _("What you may say of one order by hand")
    consumers, whole = _("What you may choose for consumers"), _("What is looked at on the document as a whole")
    parts = [
        f"# {heading}",
        _(
            "Each line of an order is treated for itself; the first case that fits counts. A document that waits is a draft: it "
            "has no number, is not mailed, and says what to correct. The sentences are those of a seller in Belgium."
        ),
        table(vat_cases(), translator),
        f"## {whole}",
        _("Whatever its lines are. Where a draft only asks, whoever issues it has looked."),
        table(whole_document_cases(), translator),
        f"## {by_hand}",
        _("It holds for the lines without VAT of that order, with your name and your reason in its history."),
        table(cases_by_hand(), translator),
        f"## {consumers}",
        _("A full invoice is always right, and what a new shop makes. When in doubt, let your accountant choose."),
        table(consumer_cases(), translator),
    ]
    return "\n\n".join(parts) + "\n"


def table(cases: Iterable[VatCase], translator: Translator) -> str:
    _ = translator.gettext
    head = (
        _("Case"),
        _("What happens"),
        _("VAT category"),
        _("Sentence on the document"),
        _("Article"),
        _("Looked up"),
    )
    rows = [[cell.replace("|", "\\|") for cell in cells_of(one, translator)] for one in cases]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def cells_of(one: VatCase, translator: Translator) -> tuple[str, ...]:
    _ = translator.gettext
    done = done_in(one, translator)
    category = (
        ""
        if one.category is None or one.waits or one.not_made
        else f"{one.category} – {translate(CATEGORY_TERMS[one.category], translator)}"
    )
    if one.legal is None:
        return translate(one.case, translator), done, category, "", law_reference(one.article, translator), ""
    sentence, article = one.legal.text[translator.language], law_reference(one.legal.article, translator)
    return (
        translate(one.case, translator),
        done,
        category,
        sentence,
        article,
        translator.short_date(one.legal.date_read),
    )


def done_in(one: VatCase, translator: Translator) -> str:
    _ = translator.gettext
    if one.not_made:
        return _("no invoice, unless by hand")
    return _("waits as a draft") if one.waits else _("issued, with a notice") if one.noted else _("issued")


def write_pages() -> None:
    for language in LANGUAGES:
        (DOCS / f"vat-cases.{language}.md").write_text(page(language), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
