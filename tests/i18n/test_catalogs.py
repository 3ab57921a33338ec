"""The words of four languages: complete, with the same placeholders, and each language's way to write figures."""

import re
import string
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import worker
from bridge.i18n.extract import DEMO_FOLDER, I18N_FOLDER, all_message_keys
from tests.support.spoken import both, catalog_of
from worker.domain.document import Kind
from worker.i18n import LANGUAGES, Translator, extract, title, titled_file_stem
from worker.i18n.translate import translate
from worker.message import Message

ROOT = Path(worker.__file__).parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]
# The folder with the catalogs of the worker (documents, mails, all messages), that of the pages, and that of the demo.
WORKER, PAGES, DEMO = extract.WORKER[1], I18N_FOLDER, DEMO_FOLDER / "i18n"


def catalog(folder: Path, language: str) -> Catalog:
    with (folder / "locale" / language / "LC_MESSAGES" / "facturelay.po").open("rb") as lines:
        return read_po(lines, locale=language)


@cache
def sentences(folder: Path) -> frozenset[str]:
    """What the code and the templates say."""
    said = frozenset(str(message.id) for message in catalog_of(folder) if message.id)
    return said | all_message_keys() if folder == WORKER else said


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("folder", [WORKER, PAGES, DEMO], ids=["worker", "pages", "demo"])
def test_a_catalog_has_every_sentence_and_no_other(folder: Path, language: str) -> None:
    found = catalog(folder, language)
    translated = {str(message.id) for message in found if message.id and message.string}

    assert translated == sentences(folder)
    assert not [message.id for message in found if message.id and message.fuzzy]


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("folder", [WORKER, PAGES, DEMO], ids=["worker", "pages", "demo"])
def test_a_translation_keeps_the_placeholders(folder: Path, language: str) -> None:
    for message in catalog(folder, language):
        if message.id:
            assert placeholders(str(message.string)) == placeholders(str(message.id)), message.id


def in_language(language: str) -> list[Path]:
    """All catalogs of *language*, those of the plugin too."""
    own = [folder / "locale" / language / "LC_MESSAGES/facturelay.po" for folder in (WORKER, PAGES, DEMO)]
    return [*own, *sorted((ROOT.parent / "wp-plugin/facturelay/languages").glob(f"facturelay-{language}_*.po"))]


def catalog_name(path: Path) -> str:
    return (
        path.stem
        if "wp-plugin" in path.parts
        else path.relative_to(ROOT.parent).parts[0 if "demo" not in path.parts else 1]
    )


def spoken_in(path: Path) -> list[str]:
    with path.open("rb") as lines:
        return [text for message in read_po(lines) if message.id for text in both(message.string)]


@pytest.mark.parametrize("path", [*in_language("fr"), *in_language("nl")], ids=catalog_name)
def test_french_and_dutch_have_one_apostrophe(path: Path) -> None:
    """That of print, ’, which `make catalogs` sets: in one sentence “n'ont” stood beside “n’ont”."""
    assert [text for text in spoken_in(path) if "'" in text] == []


def test_english_has_that_apostrophe_too_where_it_is_read_and_data_stay_as_they_are() -> None:
    english = Translator("en")
    assert english.gettext("{name}'s order", name="D'Hondt") == "D'Hondt’s order"
    assert english.ngettext("one shop's order", "{count} shops' orders", 2) == "2 shops’ orders"
    assert (
        translate(Message("The shop's address is {address}.", address="'t Hof"), english)
        == "The shop’s address is 't Hof."
    )
    assert [text for text in in_data("en") if "'" in text] == []


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_guides_and_documents_have_that_apostrophe_too(language: str) -> None:
    guide = re.sub(r"`[^`]*`", "", (ROOT.parent / f"docs/owner.{language}.md").read_text(encoding="utf-8"))
    assert [text for text in [*guide.splitlines(), *in_data(language)] if "'" in text] == []


def in_data(language: str) -> Iterator[str]:
    for path in sorted((ROOT / "domain/data").glob("*.toml")):
        yield from in_tables(tomllib.loads(path.read_text(encoding="utf-8")), language)


def in_tables(table: object, language: str) -> Iterator[str]:
    """Whatever tables of data hold under *language*."""
    if isinstance(table, list):
        for value in table:
            yield from in_tables(value, language)
    if isinstance(table, dict):
        for key, value in table.items():
            yield from [value] if key == language and isinstance(value, str) else in_tables(value, language)


@pytest.mark.parametrize("path", in_language("fr"), ids=catalog_name)
def test_french_signs_stand_behind_a_space_that_does_not_break(path: Path) -> None:
    """`make catalogs` sets it. A line that began with “:” or “»” was the doing of an ordinary space; there were three kinds of them."""
    other = re.compile(r"[ \u00a0](?:[;?!%]|:(?=\s|$))(?!\w)|«[^\u202f]|[^\u202f]»")
    assert [text for text in spoken_in(path) if other.search(text)] == []


# What people, shops and companies are called; what begins with a figure, and codes and addresses, need no elision.
CALLED = {"name", "names", "shop", "seller", "site", "username", "who", "role", "document", "provider", "email", "email_254"}  # fmt: skip


@pytest.mark.parametrize("path", in_language("fr"), ids=catalog_name)
def test_french_puts_no_name_after_a_word_that_it_would_cut_short(path: Path) -> None:
    """“La clé de {name}” is “la clé de Anne”, which ought to be “d’Anne”: the sentence is turned so that it needs none."""
    cut = re.compile(r"\b(?:de|que|jusque|lorsque|puisque|quoique) \{(\w+)\}", re.IGNORECASE)
    assert [text for text in spoken_in(path) if CALLED & set(cut.findall(text))] == []


@pytest.mark.parametrize("path", in_language("de"), ids=catalog_name)
def test_german_quotes_begin_below(path: Path) -> None:
    assert [text for text in spoken_in(path) if text.count("„") != text.count("“") or "”" in text] == []


@pytest.mark.parametrize("folder", [WORKER, PAGES, DEMO], ids=["worker", "pages", "demo"])
def test_the_template_catalog_is_up_to_date(folder: Path) -> None:
    with (folder / "locale" / "facturelay.pot").open("rb") as lines:
        assert {str(message.id) for message in read_po(lines) if message.id} == sentences(folder)


@pytest.mark.parametrize(
    ("language", "amount", "number", "rate", "day"),
    [
        ("nl", "€ 1.234,50", "8,264463", "5,5%", "2 november 2026"),
        ("fr-BE", "1 234,50 €", "8,264463", "5,5 %", "2 novembre 2026"),
        ("de_DE", "1.234,50 €", "8,264463", "5,5 %", "2. November 2026"),
        ("en", "€1,234.50", "8.264463", "5.5%", "2 November 2026"),
        ("pt", "€1,234.50", "8.264463", "5.5%", "2 November 2026"),
    ],
)
def test_figures_and_dates_are_written_as_the_language_writes_them(
    language: str, amount: str, number: str, rate: str, day: str
) -> None:
    words = Translator(language)

    written = [
        words.amount(Decimal("1234.5"), "EUR"),
        words.number(Decimal("8.264463")),
        words.percent(Decimal("5.50")),
        words.date(date(2026, 11, 2)),
    ]

    assert [text.replace("\u202f", " ").replace("\u00a0", " ") for text in written] == [amount, number, rate, day]


@pytest.mark.parametrize(
    ("language", "day", "short"),
    [
        ("nl", "1 december 2026", "1 dec 2026"),
        ("fr", "1er décembre 2026", "1er déc. 2026"),
        ("de", "1. Dezember 2026", "1. Dez. 2026"),
        ("en", "1 December 2026", "1 Dec 2026"),
    ],
)
def test_the_first_day_of_a_month_is_written_as_the_language_writes_it(language: str, day: str, short: str) -> None:
    words, at = Translator(language), datetime(2026, 12, 1, 9, 5, 7, tzinfo=UTC)

    assert (words.date(at.date()), words.short_date(at.date())) == (day, short)
    assert words.short_datetime(at, today=date(2027, 1, 2)) == short
    assert words.exact_datetime(at) == f"{short} 09:05:07"


def test_an_amount_is_never_rounded() -> None:
    words = Translator("en")

    assert words.amount(Decimal("1200.00"), "JPY") == "JP¥1,200"
    assert words.amount(Decimal("1200.50"), "JPY") == "JP¥1,200.50"
    assert words.amount(Decimal("1.234"), "KWD") == "KWD\u00a01.234"
    assert words.amount(Decimal("-0.015"), "EUR") == "−€0.015"


@pytest.mark.parametrize("language", LANGUAGES)
def test_people_read_a_minus_sign_and_no_hyphen(language: str) -> None:
    words, less = Translator(language), Decimal("-1234.5")

    written = [words.amount(less, "EUR"), words.number(less), words.quantity(less), words.percent(less)]

    assert all(text.startswith("\N{MINUS SIGN}") and "-" not in text for text in written), written


def test_amounts_in_a_column_have_the_decimals_of_their_currency() -> None:
    words = Translator("en")

    written = [words.number(Decimal("1500.00"), c) for c in ("EUR", "JPY", "KWD")] + [
        words.number(Decimal("1500.5"), "JPY")
    ]
    assert written == ["1,500.00", "1,500", "1,500.000", "1,500.50"]


def test_a_quantity_has_no_more_decimals_than_it_needs() -> None:
    assert [Translator("nl").quantity(Decimal(q)) for q in ("2.000", "0.125", "1E+3")] == ["2", "0,125", "1.000"]


def test_one_and_many_are_told_apart() -> None:
    words = Translator("en")

    assert [words.ngettext("{count} day", "{count} days", n) for n in (1, 1000)] == ["1 day", "1,000 days"]


def test_a_value_with_braces_is_not_filled_again() -> None:
    assert Translator("nl").gettext("VAT {number}", number="{number.__class__}") == "BTW {number.__class__}"


@pytest.mark.parametrize(
    ("kind", "language", "stem"),
    [
        (Kind.INVOICE, "nl", "factuur-F2026-00017"),
        (Kind.CREDIT_NOTE, "fr", "note-de-credit-F2026-00017"),
        (Kind.ORDER_CONFIRMATION, "de", "auftragsbestaetigung-F2026-00017"),
        (Kind.DELIVERY_NOTE, "en", "delivery-note-F2026-00017"),
    ],
)
def test_a_file_is_named_in_the_language_of_its_document(kind: Kind, language: str, stem: str) -> None:
    assert titled_file_stem(kind, "F2026-00017", Translator(language)) == stem


def test_a_number_with_slashes_makes_no_folder() -> None:
    assert titled_file_stem(Kind.INVOICE, "../F/2026 17", Translator("nl")) == "factuur-F-2026-17"


def test_each_kind_has_a_name_and_a_template_in_each_language() -> None:
    for kind in Kind:
        assert (ROOT / "rendering" / "templates" / f"{kind}.html").exists()
        assert len({title(kind, Translator(language)) for language in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize("folder", [WORKER, PAGES, DEMO], ids=["worker", "pages", "demo"])
def test_dutch_says_je_to_whoever_reads_it(folder: Path) -> None:
    """Only the label that invoices between businesses have always had is formal."""
    formal = [
        message.id
        for message in catalog(folder, "nl")
        if message.id and re.search(r"\b(u|uw)\b", str(message.string), re.IGNORECASE)
    ]
    assert set(formal) <= {"Your reference"}


@pytest.mark.parametrize("path", in_language("de"), ids=catalog_name)
def test_german_says_sie_to_whoever_reads_it(path: Path) -> None:
    """The newest sentences said “deine Bank” and “Lies die Dateien ein” among a thousand that say “Sie”."""
    said_so = re.compile(
        r"\b[Dd](?:u|ir|ich|eine?[mnrs]?)\b|(?:^|[.:;!?] )(?:Gib|Lies|Nimm|Sieh|Wähle?|Klicke?|Drücke?|Prüfe?|Öffne|Schreibe?)\b"
    )
    assert [text for text in spoken_in(path) if said_so.search(text)] == []


def test_messages_speak_of_facturelay_by_its_name() -> None:
    """“The shop does not let us read its orders”: who is that? A shop's own mails say “we”; they are no messages."""
    ours = re.compile(r"\b(?:we|us|our)\b(?!})", re.IGNORECASE)
    assert [said for said in all_message_keys() if ours.search(said)] == []


def test_what_was_saved_is_named() -> None:
    """“Saved.” alone leaves open what it was."""
    bare = re.compile(r"Saved\b(?!:)")
    assert [said for said in sentences(PAGES) if bare.match(said)] == []
