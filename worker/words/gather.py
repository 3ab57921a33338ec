"""Keep the catalogs in step with the code: `python -m worker.words.gather`, after changing a sentence.

New sentences come into every catalog with an empty translation (a test names them), those nobody says any more leave.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from worker.words.catalogs import LANGUAGES

WORKER = Path(__file__).parent.parent
LOCALE = Path(__file__).parent / "locale"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
# No dates and no names of people: a file changes when a sentence does.
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def template() -> Catalog:
    """Every sentence that code and templates say."""
    with Path(__file__).with_name("babel.cfg").open(encoding="utf-8") as lines:
        methods, options = parse_mapping_cfg(lines)  # type: ignore[no-untyped-call]  # Babel publishes no types for it
    found = Catalog()
    for _, _, message, _, _ in extract_from_dir(WORKER, methods, options, keywords=KEYWORDS):
        found.add(message)
    return found


def main() -> None:
    """Write the template and bring each catalog up to date."""
    sentences = template()
    (LOCALE / "facturelay.pot").write_bytes(_written(sentences))
    for language in LANGUAGES:
        path = LOCALE / language / "LC_MESSAGES" / "facturelay.po"
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
    main()
