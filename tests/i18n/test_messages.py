"""Messages: kept as key and values, and said in four languages; what stands in the values is data and stays what it is."""

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine, insert, select

from bridge.i18n.extract import BRIDGE_FOLDER, I18N_FOLDER, all_message_keys
from tests.i18n.test_catalogs import placeholders
from tests.support.factories import a_line, an_order, drafted
from tests.support.spoken import both, entries
from worker.domain.order_changes import TOTAL
from worker.domain.place_of_supply import Supply, Zone
from worker.domain.treatment import Case
from worker.domain.treatment_table import TREATMENTS, filled
from worker.einvoice import sentences
from worker.einvoice.sentences import OTHER, SENTENCES
from worker.i18n import LANGUAGES, Translator, extract
from worker.i18n.translate import translate
from worker.message import (
    NO_MESSAGE,
    Message,
    Money,
    Percent,
    Value,
    dump_message,
    load_message,
    plain_message,
    quoted,
    read_message,
)
from worker.store.database.column_types import MessageText

BRUSSELS = ZoneInfo("Europe/Brussels")
# What errors take beside the values of their message.
OPTIONS_OF_ERRORS = {"code", "retry_after_s"}
# The messages of tables, whose values are of the case at hand.
OF_CASES = [one for row in TREATMENTS for one in (row.problem, row.flag, row.flag_if_confirmed) if one]
OF_ORDERS = list(SENTENCES)
GIVEN_LATER = {one.key for one in (*OF_CASES, *OF_ORDERS, OTHER, TOTAL)}
# Data that looks like a word of ours, like a sentence, or like a place to fill.
LOOKALIKES = (
    "invoice", "business", "paid", "on-hold", "Nothing is due.", "It exists: F1.", "{code}", "{}", "{0}", "{number:05d}",
    "{number.__class__}", "{{x}}", "%s", "<b>x</b>", "; A draft waits: x.", "a\nb", "\\1", "",
)  # fmt: skip
# What each kind of value is in each language.
WRITTEN: tuple[tuple[Value, dict[str, str]], ...] = (
    (1234, dict.fromkeys(LANGUAGES, "1234")),
    (Decimal("1234.50"), {"nl": "1.234,5", "fr": "1 234,5", "de": "1.234,5", "en": "1,234.5"}),
    (Money(Decimal("1234.5"), "EUR"), {"nl": "€ 1.234,50", "fr": "1 234,50 €", "de": "1.234,50 €", "en": "€1,234.50"}),
    (Percent(Decimal("5.50")), {"nl": "5,5%", "fr": "5,5 %", "de": "5,5 %", "en": "5.5%"}),
    (date(2026, 12, 3), {"nl": "3 dec 2026", "fr": "3 déc. 2026", "de": "3. Dez. 2026", "en": "3 Dec 2026"}),
    (
        datetime(2026, 12, 3, 23, 30, tzinfo=UTC),
        {"nl": "4 dec 2026", "fr": "4 déc. 2026", "de": "4. Dez. 2026", "en": "4 Dec 2026"},
    ),
    (
        Message("A draft waits for you."),
        {
            "nl": "Er wacht een concept op je.",
            "fr": "Un brouillon",
            "de": "Ein Entwurf",
            "en": "A draft waits for you.",
        },
    ),
    (
        (Message("A draft waits for you."), Message("Nothing is due.")),
        {
            "nl": "Er moet niets gemaakt worden.",
            "fr": "Rien à établir.",
            "de": "Es ist nichts zu erstellen.",
            "en": "Nothing is due.",
        },
    ),
)

# Words that two languages share.
SHARED = {
    ("fr", "total {before} → {after}"), ("nl", "postcode"), ("nl", "webhooks"), ("fr", "webhooks"),

    ("nl", "Logo"), ("fr", "Logo"), ("de", "Logo"), ("nl", "Postcode"), ("de", "Name"), ("nl", "PDF"), ("fr", "PDF"), ("de", "PDF"), ("nl", "Mail"), ("nl", "Mails"), ("nl", "Website"), ("de", "Website"), ("fr", "CSA"), ("fr", "point"),
}  # fmt: skip


def has_words(key: str) -> bool:
    """Whether anything in *key* could differ by language: values and signs do not."""
    blank = Message(key, **dict.fromkeys(placeholders(key), ""))
    return any(sign.isalpha() for sign in str(blank))


def plain_spaces(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def said(message: Message, language: str) -> str:
    return translate(message, Translator(language), zone=BRUSSELS)


def message_calls() -> tuple[ast.Call, ...]:
    return extract.message_calls(extract.WORKER[0], BRIDGE_FOLDER)


def calls_with_key() -> Iterator[tuple[str, ast.Call]]:
    for call in message_calls():
        if isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value), call


def test_a_key_is_written_where_the_message_is_made() -> None:
    """Pieced together or chosen in the call, no catalog would have it."""
    for call in message_calls():
        (first,) = call.args
        assert isinstance(first, ast.Constant | ast.Name | ast.Attribute | ast.Subscript | ast.Call), ast.unparse(call)
        assert not ast.unparse(first).startswith("str("), ast.unparse(call)


def test_a_message_is_given_the_values_that_its_key_names() -> None:
    for key, call in calls_with_key():
        names = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
        if len(names) < len(call.keywords):  # others come in a mapping
            continue
        options = OPTIONS_OF_ERRORS if ast.unparse(call.func) != "Message" else set()
        assert names - options - placeholders(key) == set(), key
        assert key in GIVEN_LATER or placeholders(key) <= names, key


def test_what_a_table_of_messages_leaves_open_is_given_for_the_case_at_hand() -> None:
    case = Case(zone=Zone.DOMESTIC, supply=Supply.GOODS, rate=Decimal(21))
    given = [filled(one, case) for one in OF_CASES]
    given += [sentences.problem(one, ["BR-06"], drafted(an_order(a_line()))).message for one in OF_ORDERS]
    assert [one.key for one in given if one.values.keys() != placeholders(one.key)] == []


def test_what_is_refused_is_a_sentence_or_ends_in_one() -> None:
    """It stands on pages alone, or before another sentence; a command that is copied ends where it ends."""
    refused = {key for key, call in calls_with_key() if ast.unparse(call.func) != "Message"}
    assert {key for key in refused if not key.endswith((".", "?", "{message}", "{reason}", "{remedy}", "{error}"))} == {
        "FACTURELAY_SECRET_KEY is not set; make one with: openssl rand -hex 32"
    }


@pytest.mark.parametrize(("language", "names"), [("nl", "“A”, “B”"), ("fr", "« A », « B »"), ("de", "„A“, „B“")])
def test_names_stand_between_the_marks_of_the_reader(language: str, names: str) -> None:
    assert plain_spaces(said(quoted(("A", "B")), language)) == names


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_says_its_values_as_they_are_and_nothing_else_in_english(language: str) -> None:
    words = Translator(language)
    for key in all_message_keys():
        sentence = words.lookup(key)
        assert language == "en" or sentence != key or not has_words(key) or (language, key) in SHARED, key
        for data in LOOKALIKES:
            expected = sentence
            for name in placeholders(key):
                expected = expected.replace(f"{{{name}}}", f"\0{name}\0")
            for name in placeholders(key):
                expected = expected.replace(f"\0{name}\0", data)
            assert said(Message(key, **dict.fromkeys(placeholders(key), data)), language) == expected, key
        for value, written in WRITTEN:
            found = said(Message(key, **dict.fromkeys(placeholders(key), value)), language)
            assert not placeholders(key) or written[language] in plain_spaces(found), key
            assert language == "en" or "A draft waits" not in found, key


def test_no_page_finds_a_message_by_its_words() -> None:
    for path in I18N_FOLDER.rglob("*.py"):
        imported = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert "re" not in imported, path


def test_a_message_within_a_message_is_said_in_the_same_language() -> None:
    outer = Message(
        "{message} It was tried for a day; try it again when the cause is gone.",
        message=Message("The order is in the bin."),
    )

    assert said(outer, "nl").startswith("De bestelling ligt in de prullenbak. ")
    assert "tried" not in said(outer, "nl")


def test_english_is_the_key_filled() -> None:
    message = Message("{number} was issued: {total}.", number="F1", total=Money(Decimal("22.20"), "EUR"))

    assert str(message) == "F1 was issued: 22.20 EUR."
    assert said(message, "en") == "F1 was issued: €22.20."
    assert not NO_MESSAGE
    assert said(NO_MESSAGE, "nl") == ""


NAMES = st.from_regex(r"[a-z][a-z_0-9]{0,9}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False)
PLAIN_VALUES = st.one_of(
    TEXTS,
    st.integers(),
    NUMBERS,
    st.builds(Money, NUMBERS, TEXTS),
    st.builds(Percent, NUMBERS),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
)


def messages_of(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Message]:
    return st.builds(lambda key, given: Message(key, **given), TEXTS, st.dictionaries(NAMES, values, max_size=4))


MESSAGES = st.recursive(
    messages_of(PLAIN_VALUES),
    lambda inner: messages_of(st.one_of(PLAIN_VALUES, inner, st.lists(inner, max_size=3).map(tuple))),
    max_leaves=6,
)


@given(MESSAGES)
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    assert read_message(json.loads(json.dumps(plain_message(message)))) == message
    assert load_message(dump_message(message)) == (message or NO_MESSAGE)


SCRATCH = Table("scratch", MetaData(), Column("id", Integer, primary_key=True), Column("message", MessageText))


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    made = create_engine(empty_database_url)
    SCRATCH.create(made)
    yield made
    made.dispose()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(message=MESSAGES)
def test_a_message_comes_out_of_the_database_as_it_went_in(engine: Engine, message: Message) -> None:
    with engine.connect() as connection:  # nothing is kept
        connection.execute(insert(SCRATCH).values(id=1, message=message))
        assert connection.execute(select(SCRATCH.c.message)).scalar_one() == (message or NO_MESSAGE)


def test_no_value_of_a_message_is_a_sentence_in_english() -> None:
    """What is put together here, instead of a message in a message, would stand in English on everybody's page."""
    written = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
    named = {"Message", "Rejected", "Unavailable", "Refused", "InvalidValue", "NotNeeded"}
    found = []
    for path in (path for room in (BRIDGE_FOLDER, extract.WORKER[0]) for path in room.rglob("*.py")):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            if getattr(call.func, "id", getattr(call.func, "attr", "")) in named:
                values = [keyword.value for keyword in call.keywords if keyword.arg not in OPTIONS_OF_ERRORS]
                texts = [part for value in values for part in literals(value) if written.search(part)]
                found += [f"{path}:{call.lineno} {text}" for text in texts]
    assert found == []


def literals(value: ast.expr) -> list[str]:
    """The texts that stand in the source of *value* itself: a constant, or what is between the values of an f-string."""
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def test_what_is_counted_has_the_sign_of_multiplication_and_no_letter() -> None:
    """As on documents and their pages, in each language: *2 × Koffiemok*."""
    said = [str(key) for key in all_message_keys()] + [
        text
        for language in ("nl", "fr", "de")
        for one in entries(extract.WORKER[1], language)
        for text in both(one.string)
    ]
    assert [text for text in said if re.search(r"\} x\b", text)] == []
