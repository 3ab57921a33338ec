"""Keep the catalogs in step with the code: `make words`, after changing a sentence.

New sentences come into every catalog with an empty translation (a test names them), those nobody says any more leave.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from worker.words.catalogs import LANGUAGES

# The folder that is read, and the folder that holds `babel.cfg` (which files, seen from there) and `locale/`.
WORKER = (Path(__file__).parent.parent, Path(__file__).parent)
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "_n": (1, 2)}
# No dates and no names of people: a file changes when a sentence does.
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def template(root: Path, home: Path) -> Catalog:
    """Every sentence that code and templates under *root* say."""
    with (home / "babel.cfg").open(encoding="utf-8") as lines:
        methods, options = parse_mapping_cfg(lines)  # type: ignore[no-untyped-call]  # Babel publishes no types for it
    found = Catalog()
    for _, _, message, _, _ in extract_from_dir(root, methods, options, keywords=KEYWORDS):
        found.add(message)
    return found


def gather(root: Path, home: Path) -> None:
    """Write the template and bring each catalog up to date."""
    sentences, locale = template(root, home), home / "locale"
    (locale / "facturelay.pot").write_bytes(_written(sentences))
    for language in LANGUAGES:
        path = locale / language / "LC_MESSAGES" / "facturelay.po"
        if not path.exists():  # English is what the code says
            continue
        with path.open("rb") as lines:
            catalog = read_po(lines, locale=language)
        catalog.update(sentences, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        header = HEADER.format(language=language, plural=catalog.plural_forms)
        path.write_bytes(header.encode() + _written(catalog))


def _written(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_po(out, catalog, width=120, no_location=True, omit_header=True, sort_output=True)
    return out.getvalue().strip() + b"\n"


if __name__ == "__main__":
    gather(*WORKER)
