"""`facturelay templates`: a folder to begin with, and every example tried."""

from pathlib import Path

import pytest

from tests.cli.conftest import Facturelay
from worker.domain.document import Kind
from worker.rendering import LAYOUTS
from worker.rendering.samples import samples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A template for each kind, quickly printed."""
    made = tmp_path / "own"
    made.mkdir()
    for kind in Kind:
        (made / f"{kind}.html").write_text("<p>{{ document.title }} {{ document.number }}</p>")
    return made


def test_each_example_is_printed_and_can_be_stored(folder: Path, tmp_path: Path, facturelay: Facturelay) -> None:
    answer = facturelay("templates", "check", str(folder), "--out", str(tmp_path / "pdf"), "--json")

    count = len(samples()) * len(LAYOUTS)
    assert (answer.code, answer.json) == (0, {"folder": str(folder), "printed": count, "failed": {}})
    assert len(list((tmp_path / "pdf").glob("*.pdf"))) == count


def test_a_template_that_fails_is_told_once_with_the_documents_it_stops(folder: Path, facturelay: Facturelay) -> None:
    (folder / "letter").mkdir()
    (folder / "letter" / "credit_note.html").write_text("{{ nothing }}")

    answer = facturelay("templates", "check", str(folder))

    assert answer.code == 1
    printed = len(samples()) * len(LAYOUTS) - 4
    assert f"✓ Example documents printed: {printed} of {printed + 4}.\n✗ credit_note-nl (letter), " in answer.out
    assert answer.err.startswith("Printing")  # it takes a while: how far it is
    assert answer.out.count("letter/credit_note.html, line 1: 'nothing' is undefined") == 1


def test_without_a_folder_there_is_nothing_to_try(tmp_path: Path, facturelay: Facturelay) -> None:
    assert "[templates_missing]" in facturelay("templates", "check").err
    assert "[templates_missing]" in facturelay("templates", "check", str(tmp_path / "gone")).err


def test_ours_are_a_beginning_and_what_is_there_stays(tmp_path: Path, facturelay: Facturelay) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "common.css").write_text("mine")

    answer = facturelay("templates", "copy", str(tmp_path / "own"), "--json")

    assert answer.code == 0
    assert "common.css" not in answer.json
    assert {f"{kind}.html" for kind in Kind} | {"base.html", "macros.html", "letter.css"} <= set(answer.json)
    assert (tmp_path / "own" / "common.css").read_text() == "mine"
