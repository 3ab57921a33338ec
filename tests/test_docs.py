"""What the security pages name is there: no test and no file is promised that does not exist."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("SECURITY.md", "docs/threat-model.md", "docs/asvs.md")
PATH = re.compile(r"`((?:tests|worker|bridge|docs)/[\w./-]+\.(?:py|php|md))(?:::(\w+))?`")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_test_that_is_named_exists(page: str) -> None:
    named = PATH.findall((ROOT / page).read_text(encoding="utf-8"))
    missing = [
        (path, test)
        for path, test in named
        if not (ROOT / path).is_file() or (test and f"def {test}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]

    assert page == "SECURITY.md" or len(named) > 20
    assert missing == []


def requirements() -> list[tuple[list[str], str, str]]:
    """The rows: ids, whether it is held, the test or reason."""
    rows = re.findall(
        r"^\| ([\d., ]+) \| [^|]+ \| (yes|partly|no|–) \| ([^|]+) \|$",
        (ROOT / "docs/asvs.md").read_text(),
        re.MULTILINE,
    )
    return [(ids.split(", "), held, reason) for ids, held, reason in rows]


def test_every_line_of_the_checklist_has_a_test_or_a_reason_and_none_stands_twice() -> None:
    ids = [one for found, _, _ in requirements() for one in found]

    assert len(ids) == len(set(ids)) > 200
    assert all(reason.strip() for _, _, reason in requirements())
    # No row is lost because it is written another way.
    table_rows = [line for line in (ROOT / "docs/asvs.md").read_text().splitlines() if re.match(r"\| \d", line)]
    assert len(table_rows) == len(requirements())


READ = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the forges make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", READ, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = [
        f"{path}#{anchor}"
        for path, anchor in LINK.findall(text)
        if not (target := (page.parent / path) if path else page).exists()
        or (anchor and target.suffix == ".md" and anchor not in anchors(target))
    ]

    assert broken == []


def test_every_page_is_found_from_the_list_of_what_there_is_to_read() -> None:
    listed = {path for path, _ in LINK.findall((ROOT / "docs/README.md").read_text(encoding="utf-8"))}

    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} <= listed


GUIDE = {"en": "docs/owner.md", **{language: f"docs/owner.{language}.md" for language in ("nl", "fr", "de")}}


def shape_of(language: str) -> list[str]:
    """Headings, points, pictures and links of the owner's guide in the order in which they stand, without its words."""
    text = (
        (ROOT / GUIDE[language]).read_text(encoding="utf-8").partition("\n\n")[2].partition("\n\n")[2]
    )  # below its languages
    found = re.findall(r"^(#+ |\d\. |- )|\]\(([^)]+)\)", text, re.MULTILINE)
    return [mark or re.sub(r"\.(?:nl|fr|de)(?=\.png)", "", link) for mark, link in found]


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_the_owners_guide_says_the_same_in_every_language(language: str) -> None:
    assert shape_of(language) == shape_of("en")
    assert len(shape_of("en")) > 25


@pytest.mark.parametrize("language", GUIDE)
def test_each_guide_leads_to_those_in_the_other_languages(language: str) -> None:
    line = (ROOT / GUIDE[language]).read_text(encoding="utf-8").split("\n\n")[1]

    assert {f"docs/{path}" for path, _ in LINK.findall(line)} == set(GUIDE.values()) - {GUIDE[language]}


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_a_guide_shows_the_dashboard_in_its_language(language: str) -> None:
    shown = [path for path, _ in LINK.findall((ROOT / GUIDE[language]).read_text(encoding="utf-8"))]

    of_dashboard = {f"pictures/{name}.{language}.png" for name in ("overview", "order", "rules", "open")}
    assert of_dashboard <= set(shown)


def test_pictures_are_small_and_each_is_shown_somewhere() -> None:
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs/pictures").glob("*.png")}
    shown = {Path(path).name for page in READ for path, _ in LINK.findall(page.read_text(encoding="utf-8"))}

    assert {name for name, size in pictures.items() if size > 150 * 1024} == set()
    assert set(pictures) <= shown
    assert "story.png" in pictures


def test_the_readme_is_read_in_one_screen_and_keeps_its_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert len(text.split()) < 600
    assert re.findall(r"^make \w+ ", text, re.MULTILINE) == ["make demo ", "make test "]


@pytest.mark.parametrize("package", ["worker", "bridge"])
def test_the_floors_are_those_that_are_checked(package: str) -> None:
    """ARCHITECTURE.md's tables of rooms against the contracts of the imports."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (contract["layers"] for contract in contracts if contract.get("containers") == [package])
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition(f"| floor | room of `{package}/` |")[2]
    shown = [
        re.findall(r"`(\w+)`", rooms)
        for rooms in re.findall(r"^\| \d+ \| ([^|]+) \|", table.split("\n\n")[0], re.MULTILINE)
    ]

    assert shown == [layer.split(" | ") for layer in layers]


def test_the_changelog_of_each_version_can_be_read_in_one_sitting() -> None:
    # It had grown to 786 lines of what was mended before anybody had it, and nobody found in them what the product does.
    versions = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1:]

    assert versions
    assert [version.splitlines()[0] for version in versions if len(version.splitlines()) > 150] == []
