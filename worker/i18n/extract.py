"""Keep the catalogs in step with the code: part of `make catalogs`, after changing a message.

New sentences come into every catalog with an empty translation (a test names them), those nobody says any more leave. What was typed
with the signs of a keyboard gets those of print (docs/glossary.md).
"""

import ast
import re
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from worker.i18n.catalogs import LANGUAGES

# The folder that is read, and the folder that holds `babel.cfg` (which files, seen from there) and `locale/`.
WORKER = (Path(__file__).parent.parent, Path(__file__).parent)
# What makes a message of a key and values, apart from every error of ours: the key is their first argument.
MESSAGE_MAKERS = {"Message", "FacturelayError", "InvalidValue"}
# What they say is read in a terminal, in English.
FOR_TERMINALS = {"cli", "demo", "processes", "settings.py"}
KEYWORDS = {
    "_": None,
    "both": None,
    "gettext": None,
    "in_catalog": None,
    "ngettext": (1, 2),
    "_n": (1, 2),
    "plural": (1, 2),
}
# No dates and no names of people: a file changes when a sentence does.
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def extract_messages(root: Path, folder: Path) -> Catalog:
    """Every sentence that code and templates under *root* say."""
    with (folder / "babel.cfg").open(encoding="utf-8") as lines:
        methods, options = parse_mapping_cfg(lines)  # type: ignore[no-untyped-call]  # Babel publishes no types for it
    found = Catalog()
    for _, _, message, _, _ in extract_from_dir(root, methods, options, keywords=KEYWORDS):
        found.add(message)
    return found


def message_keys(*roots: Path) -> set[str]:
    """The key of every message that code under *roots* can make."""
    first = (call.args[0] for call in message_calls(*roots) if call.args)
    return {arg.value for arg in first if isinstance(arg, ast.Constant) and isinstance(arg.value, str) and arg.value}


@cache
def message_calls(*roots: Path) -> tuple[ast.Call, ...]:
    """Every call that makes a message, or an error with one."""
    files = [(path, path.relative_to(root).parts[0]) for root in roots for path in sorted(root.rglob("*.py"))]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path, top in files if top not in FOR_TERMINALS]
    makers = MESSAGE_MAKERS | error_names(trees)
    return tuple(
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers
    )


def error_names(trees: Iterable[ast.Module]) -> set[str]:
    """The classes of modules that derive from `FacturelayError`: a list by hand forgets the next one."""
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    names = {"FacturelayError"}
    while more := {one.name for one in classes if names & {ast.unparse(base) for base in one.bases}} - names:
        names |= more
    return names


def update_catalogs(root: Path, folder: Path, *, more: Iterable[str] = ()) -> None:
    """Write the template and bring each catalog up to date. *more* are sentences that stand elsewhere."""
    messages, locale = extract_messages(root, folder), folder / "locale"
    for message in more:
        messages.add(message)
    (locale / "facturelay.pot").write_bytes(_as_po(messages))
    for language in LANGUAGES:
        path = locale / language / "LC_MESSAGES" / "facturelay.po"
        if not path.exists():  # English is what the code says
            continue
        with path.open("rb") as lines:
            catalog = read_po(lines, locale=language)
        catalog.update(messages, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        for entry in catalog:
            entry.string = as_printed(entry.string or "", language)
        header = HEADER.format(language=language, plural=catalog.plural_forms)
        path.write_bytes(header.encode() + _as_po(catalog))


def as_printed(said: str | list[str] | tuple[str, ...], language: str) -> str | tuple[str, ...]:
    """*said* with the apostrophe of French and Dutch, and French signs behind a narrow space that does not break."""
    if isinstance(said, list | tuple):
        return tuple(str(as_printed(one, language)) for one in said)
    if language in ("fr", "nl"):
        said = said.replace("'", "’")
    if language == "fr":
        said = re.sub(r"[ \u00a0](?=(?:[;?!%»]|:(?=\s|$))(?!\w))|(?<=«)[ \u00a0]", "\u202f", said)
    return said


def _as_po(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_po(out, catalog, width=120, no_location=True, omit_header=True, sort_output=True)
    return out.getvalue().strip() + b"\n"
