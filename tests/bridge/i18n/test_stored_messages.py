"""What the worker stored in English reaches the reader in their own language, its values untouched."""

import string

import pytest
from babel.messages.pofile import read_po

from bridge.dashboard.labels import planned_document_label
from bridge.i18n import stored_messages
from bridge.i18n.extract import BRIDGE_FOLDER, I18N_FOLDER, messages_from_elsewhere
from bridge.i18n.stored_messages import in_language
from tests.support.bridge_app import BridgeApp
from worker.i18n import LANGUAGES, extract

TRANSLATED = [language for language in LANGUAGES if language != "en"]


def catalog(language: str) -> dict[str, str]:
    with (I18N_FOLDER / "locale" / language / "LC_MESSAGES" / "facturelay.po").open("rb") as lines:
        return {str(m.id): str(m.string) for m in read_po(lines, locale=language) if m.id and isinstance(m.id, str)}


def sentences() -> set[str]:
    said = {m.id for m in extract.extract_messages(BRIDGE_FOLDER, I18N_FOLDER) if m.id and isinstance(m.id, str)}
    return said | messages_from_elsewhere()


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text.replace("{{", "").replace("}}", "")) if name}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalog_of_the_pages_has_every_sentence_and_no_other(language: str) -> None:
    known = catalog(language)

    assert {message for message in known if known[message]} == sentences()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_of_the_pages_keeps_the_placeholders(language: str) -> None:
    for message, translated in catalog(language).items():
        assert placeholders(translated) == placeholders(message), message


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_stored_sentence_finds_its_translation(language: str) -> None:
    known = catalog(language)
    for message in extract.stored_messages():
        values = {name: f"«{name}»" for name in placeholders(message)}
        stored, wanted = message, known[message]
        for name, value in values.items():
            stored, wanted = stored.replace(f"{{{name}}}", value), wanted.replace(f"{{{name}}}", value)
        assert in_language(stored, language) == wanted


def test_a_sentence_within_a_sentence_is_retold_too() -> None:
    stored = "The order is in the trash. It was tried for a day; try it again when the cause is gone (facturelay order retry)."

    assert "The order" not in in_language(stored, "nl")
    assert "tried" not in in_language(stored, "nl")


def test_an_order_status_within_a_sentence_is_retold_too() -> None:
    stored = "The order is not paid yet; its status is “on-hold”."

    assert in_language(stored, "nl") == "De bestelling is nog niet betaald; haar status is “in de wacht”."


@pytest.mark.parametrize(
    ("language", "said"), [("nl", "creditnota €\N{NO-BREAK SPACE}12,40"), ("de", "Gutschrift 12,40\N{NO-BREAK SPACE}€")]
)
def test_a_document_that_a_look_ahead_foresees_is_said_in_the_readers_words(
    app: BridgeApp, language: str, said: str
) -> None:
    with app.client.application.test_request_context(headers={"Accept-Language": language}):
        assert planned_document_label("credit note 12.40 EUR") == said


def test_what_no_catalog_knows_stays_as_it_was_stored() -> None:
    assert in_language("Something nobody ever wrote.", "nl") == "Something nobody ever wrote."
    assert in_language("The order is in the trash.", "en") == "The order is in the trash."


def test_a_value_that_looks_like_a_placeholder_is_not_filled() -> None:
    assert "{number}" in in_language("It exists: {number}.", "nl")


def test_patterns_are_few_and_read_once() -> None:
    assert stored_messages.patterns("nl") is stored_messages.patterns("nl")
