"""The accountant's page says what the table in code does, in four languages, and its files in `docs/` are of today's table."""

import pytest

from worker.domain.document import Category
from worker.domain.vat_cases import cases_by_hand, vat_cases
from worker.i18n import LANGUAGES
from worker.i18n.vat_cases import DOCS, page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_are_of_the_table_in_code(language: str) -> None:
    assert (DOCS / f"vat-cases.{language}.md").read_text(encoding="utf-8") == page(language), "run make catalogs"


def test_every_case_without_vat_that_is_issued_has_its_sentence_but_what_is_free() -> None:
    silent = [one for one in vat_cases() if one.category is not Category.STANDARD and not one.waits and not one.legal]
    assert [str(one.case) for one in silent] == ["Without VAT, because nothing is asked for it"]


def test_every_sentence_has_an_article_and_a_source() -> None:
    sentences = [one.legal for one in (*vat_cases(), *cases_by_hand()) if one.legal]
    assert all(legal.article and legal.source and legal.date_read for legal in sentences)
