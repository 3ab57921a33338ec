"""Keep the catalogs in step with the code: `make words`, after changing a sentence.

New sentences come into every catalog with an empty translation (a test names them), those nobody says any more leave.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from worker.i18n.catalogs import LANGUAGES

# The folder that is read, and the folder that holds `babel.cfg` (which files, seen from there) and `locale/`.
WORKER = (Path(__file__).parent.parent, Path(__file__).parent)
# What stands here is never stored: commands, the demo, pages of documents and words of mails, migrations.
NOT_STORED = {"cli", "demo", "rendering", "i18n"}
BEGINS, WORD = re.compile(r"[A-Z“{]"), re.compile(r"[A-Za-z]{2,}")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
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


def extract_messages(root: Path, folder: Path) -> Catalog:
    """Every sentence that code and templates under *root* say."""
    with (folder / "babel.cfg").open(encoding="utf-8") as lines:
        methods, options = parse_mapping_cfg(lines)  # type: ignore[no-untyped-call]  # Babel publishes no types for it
    found = Catalog()
    for _, _, message, _, _ in extract_from_dir(root, methods, options, keywords=KEYWORDS):
        found.add(message)
    return found


def stored_messages(root: Path = WORKER[0]) -> set[str]:
    """What the worker says in English and stores, with a {placeholder} for each value: reasons, findings, outcomes.

    Whatever reads like a sentence counts: words, a full stop, and no place in a docstring.
    """
    found: set[str] = set()
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] in NOT_STORED:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        pieces = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        whole = (node for node in ast.walk(tree) if id(node) not in pieces)
        found |= {text for node in whole if (text := as_pattern(node)) and is_message(text)}
        found |= {text for node in ast.walk(tree) for text in error_messages(node)}
        found -= {ast.get_docstring(node, clean=False) or "" for node in ast.walk(tree) if isinstance(node, DOCUMENTED)}
    return found


def error_messages(node: ast.AST) -> list[str]:
    """What a ValueError says: a page shows it beside a field, without a full stop."""
    is_one = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ValueError"
    return [text for part in node.args if (text := as_pattern(part)) and BEGINS.match(text)] if is_one else []  # type: ignore[attr-defined]


def as_pattern(node: ast.AST) -> str:
    """A string as it stands, an f-string with a name for each value; anything else is empty."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts, names = [], Counter[str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        elif isinstance(part, ast.FormattedValue):
            name = re.sub(r"\W+", "_", ast.unparse(part.value).rpartition(".")[2]).strip("_").lower()[:20] or "value"
            names[name] += 1
            parts.append("{" + (name if names[name] == 1 else f"{name}_{names[name]}") + "}")
    return "".join(parts)


def is_message(text: str) -> bool:
    words = re.sub(r"\{\w+\}", " ", text)
    return bool(BEGINS.match(text)) and text.endswith((".", "?")) and len(WORD.findall(words)) >= 2 and "\n" not in text


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
        header = HEADER.format(language=language, plural=catalog.plural_forms)
        path.write_bytes(header.encode() + _as_po(catalog))


def _as_po(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_po(out, catalog, width=120, no_location=True, omit_header=True, sort_output=True)
    return out.getvalue().strip() + b"\n"


if __name__ == "__main__":
    update_catalogs(*WORKER)
