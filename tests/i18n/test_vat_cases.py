"""The accountant's page says what the table in code does, in four languages, and its files in `docs/` are of today's table."""

import ast
import re
from pathlib import Path

import pytest

import worker
from worker.domain.document import Category
from worker.domain.document_cases import DOCUMENT_CASES
from worker.domain.mentions import legal_texts
from worker.domain.treatment_table import TREATMENTS
from worker.domain.vat_cases import cases_by_hand, consumer_cases, vat_cases, whole_document_cases
from worker.i18n import LANGUAGES, Translator
from worker.i18n.law import law_reference
from worker.i18n.translate import translate
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


# Between figures, as in “10°quater”, it is a number.
WORD = re.compile(r"(?<![°\d])\b[A-Za-z]{4,}\b")


@pytest.mark.parametrize("language", ["nl", "de"])
def test_no_word_of_an_article_stays_in_english(language: str) -> None:
    cases = (*vat_cases(), *cases_by_hand(), *consumer_cases(), *whole_document_cases())
    articles = {one.article for one in cases} | {one.article for one in legal_texts().values()}
    assert len(articles) > 30
    kept = {
        one: left
        for one in articles
        if (left := set(WORD.findall(one)) & set(WORD.findall(law_reference(one, Translator(language)))))
    }
    assert kept == {}


# Of how a document reads, or of an order's place among others: nothing that an accountant decides.
NOT_OF_VAT = {
    "nameless_line", "text_cut", "peppol_address_wrong", "vat_number_unread", "belongs_to_order", "refund_replaced",
    "to_give_back",  # money that came twice
    "status_missed",  # the moment of a rule
    "late_but_invoiced", "costs_more", "rest_charged",  # money that did not come
}  # fmt: skip


def codes_that_code_can_raise() -> set[str]:
    """The first argument of every `Problem(…)` in the domain, where it is a text or the name of one."""
    codes = set()
    for path in sorted((Path(worker.__file__).parent / "domain").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        named = dict(re.findall(r'\b([A-Z_]+) = "([a-z_]+)"', source))
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        for call in calls:
            if isinstance(call.func, ast.Name) and call.func.id == "Problem" and call.args:
                match call.args[0]:
                    case ast.Constant(value=str(code)):
                        codes.add(code)
                    case ast.Name(id=name) if name in named:
                        codes.add(named[name])
    return codes


def test_every_case_that_holds_a_document_back_or_is_told_of_stands_on_the_accountants_page() -> None:
    told = {row.reason for row in TREATMENTS} | {code for one in DOCUMENT_CASES for code in one.codes}
    assert len(codes_that_code_can_raise()) > 25
    assert codes_that_code_can_raise() - told == NOT_OF_VAT


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_of_each_of_them_what_happens(language: str) -> None:
    translator = Translator(language)
    for one in whole_document_cases():
        assert one.waits is not one.noted
        assert translate(one.case, translator).replace("|", "\\|") in page(language)
