"""The plugin's folder, which is the zip: what can be said without WordPress."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from PIL import Image

from tests.services.wordpress import PHP_TESTS, PLUGIN, REPOSITORY

STRAIGHT = re.compile("['\"]")
SOURCES = sorted(PLUGIN.rglob("*.php"))


def header(name: str) -> str:
    """A line of the plugin's header."""
    found = re.search(rf"^ \* {name}: +(.+)$", (PLUGIN / "facturelay.php").read_text(), re.MULTILINE)
    assert found, f"facturelay.php has no “{name}”"
    return found[1]


def readme(name: str) -> str:
    """A line of the readme's header."""
    found = re.search(rf"^{name}: +(.+)$", (PLUGIN / "readme.txt").read_text(), re.MULTILINE)
    assert found, f"readme.txt has no “{name}”"
    return found[1]


def test_plugin_readme_and_server_carry_one_version() -> None:
    server = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]

    assert (header("Version"), readme("Stable tag")) == (server, server)


@pytest.mark.parametrize("name", ["Requires at least", "Requires PHP", "License"])
def test_readme_promises_what_the_header_demands(name: str) -> None:
    assert readme(name) == header(name)


def test_readme_tells_of_this_version() -> None:
    assert f"= {readme('Stable tag')} =" in (PLUGIN / "readme.txt").read_text().split("== Changelog ==")[1]


def test_readme_fits_the_directory() -> None:
    """The directory cuts the short description at 150 characters and ignores tags after the fifth."""
    text = (PLUGIN / "readme.txt").read_text()
    short = text.split("\n\n")[1]

    assert (text.startswith("=== Facturelay ===\n"), len(short) <= 150, "\n" not in short) == (True, True, True)
    assert len(readme("Tags").split(",")) <= 5


def test_each_screenshot_of_the_readme_is_beside_the_zip_and_small() -> None:
    """The directory shows them from its own assets folder, so they are not in the zip."""
    told = (PLUGIN / "readme.txt").read_text().split("== Screenshots ==")[1].split("== ")[0]
    numbers = re.findall(r"^(\d+)\. ", told, re.MULTILINE)
    pictures = sorted((PLUGIN.parent / "assets").glob("screenshot-*"))

    assert [picture.name for picture in pictures] == [f"screenshot-{number}.png" for number in numbers]
    assert [picture.name for picture in pictures if picture.stat().st_size > 150_000] == []


def size_of(picture: Path) -> str:
    with Image.open(picture) as opened:
        return f"{opened.width}x{opened.height}"


def test_icon_and_banner_beside_the_zip_have_the_directorys_sizes_and_are_our_mark() -> None:
    """As `docs/pictures/directory.py` draws them. The directory takes the SVG where it can, and wants a PNG beside it."""
    assets = PLUGIN.parent / "assets"
    drawn = [path for path in assets.glob("*.png") if not path.stem.startswith("screenshot")]

    assert {path.stem: path.stem.rpartition("-")[0] + "-" + size_of(path) for path in drawn} == {
        name: name for name in ("icon-128x128", "icon-256x256", "banner-772x250", "banner-1544x500")
    }
    assert (assets / "icon.svg").read_text() == (REPOSITORY / "bridge/static/icon.svg").read_text().strip() + "\n"


def test_licence_is_in_the_zip() -> None:
    assert "GNU GENERAL PUBLIC LICENSE\n                       Version 2" in (PLUGIN / "LICENSE").read_text()


def test_quotes_are_read_alike_by_every_php() -> None:
    """What these functions do without flags changed with PHP 8.1: before, an apostrophe in an amount or name stayed encoded."""
    decoding = re.compile(r"\b(html_entity_decode|htmlspecialchars|htmlspecialchars_decode|htmlentities)\(.*")
    calls = [found[0] for source in SOURCES for found in decoding.finditer(source.read_text())]

    assert calls
    assert [call for call in calls if "ENT_QUOTES" not in call] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_no_file_does_anything_when_called_by_its_own_address(source: Path) -> None:
    text = source.read_text()
    guard = "WP_UNINSTALL_PLUGIN" if source.name == "uninstall.php" else "ABSPATH"

    assert (text.count("declare(strict_types=1);"), text.count(f"defined( '{guard}' ) || exit;")) == (1, 1)


def test_every_word_between_tags_can_be_translated() -> None:
    """“PDF” too: Dutch writes it small."""
    words = re.compile(r">\s*[A-Za-z][^<>'%]*</")

    assert [(source.name, *found) for source in SOURCES if (found := words.findall(source.read_text()))] == []


def test_each_class_is_where_the_autoloader_looks() -> None:
    for source in sorted((PLUGIN / "src").rglob("[A-Z]*.php")):
        text, place = source.read_text(), source.relative_to(PLUGIN / "src")
        namespace = "\\".join(["Facturelay", *place.parts[:-1]])
        assert f"\nnamespace {namespace};\n" in text, source
        assert re.search(rf"^(final class|abstract class|interface|trait) {place.stem}\b", text, re.MULTILINE), source


def test_each_feature_is_in_the_table_of_contents() -> None:
    contents = (PLUGIN / "src" / "Plugin.php").read_text()
    features = [path.stem for path in (PLUGIN / "src").rglob("*.php") if "implements Feature" in path.read_text()]

    assert features
    assert [name for name in features if not re.search(rf"new (\w+\\)*{name}\(", contents)] == []


@pytest.mark.wordpress
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_file_uses_no_words_that_came_after_php_74(source: Path) -> None:
    assert php("newer-than-7.4.php", source) == ""


@pytest.mark.wordpress
def test_newer_words_are_found(tmp_path: Path) -> None:
    """The check above proves nothing if it sees nothing."""
    newer = tmp_path / "newer.php"
    newer.write_text(
        "<?php\n"
        "final class A { public function __construct( private int $a ) {} }\n"
        "function b( int|string $b ): static { return $b?->c; }\n"
        "d( name: match ( $e ) { default => throw new F() } );\n"
        "try { g(); } catch ( H ) {} function i( mixed $j ): void {}\n"
    )

    assert php("newer-than-7.4.php", newer).splitlines() == [
        "line 2: promoted property",
        "line 3: union type",
        "line 3: type static",
        "line 3: ?->",
        "line 4: named argument",
        "line 4: match",
        "line 4: throw as an expression",
        "line 5: catch without a variable (H)",
        "line 5: type mixed",
    ]


@pytest.mark.wordpress
def test_every_sentence_is_in_the_translators_template(tmp_path: Path) -> None:
    template = PLUGIN / "languages" / "facturelay.pot"
    fresh = tmp_path / "fresh.pot"

    make = shutil.which("make") or "make"
    subprocess.run([make, "--silent", "pot", f"POT={fresh}"], cwd=REPOSITORY, check=True)

    assert template.read_text() == fresh.read_text(), "make pot writes it anew"


def php(script: str, *arguments: Path) -> str:
    """What one of our checking scripts prints."""
    return subprocess.run(["php", PHP_TESTS / script, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("locale", ["nl_BE", "nl_NL", "fr_BE", "fr_FR", "de_DE"])
def test_every_sentence_is_translated_and_what_wordpress_reads_says_the_same(locale: str) -> None:
    languages = PLUGIN / "languages"
    with (languages / "facturelay.pot").open("rb") as template:
        wanted = set(sentences(read_po(template)))
    with (languages / f"facturelay-{locale}.po").open("rb") as text:
        translated = sentences(read_po(text))
    with (languages / f"facturelay-{locale}.mo").open("rb") as compiled:
        read = sentences(read_mo(compiled))

    assert set(translated) == wanted
    assert [message for message, said in translated.items() if not all(said)] == []
    assert read == translated
    assert [text for said in translated.values() for text in said if STRAIGHT.search(text)] == []


def test_english_has_the_apostrophe_and_the_quotes_of_print() -> None:
    """As our pages have, in every language."""
    with (PLUGIN / "languages/facturelay.pot").open("rb") as template:
        told = [*sentences(read_po(template)), *(PLUGIN / "readme.txt").read_text().splitlines()]
    assert [text for text in told if STRAIGHT.search(text)] == []


def sentences(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """What each sentence is in the other language: one text, or one for each number."""
    found = {}
    for message in catalog:
        first = message.id if isinstance(message.id, str) else message.id[0]
        said = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if first:
            found[first] = said
    return found
