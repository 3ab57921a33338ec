"""Values of messages come as what they are: who formats an amount, a day or a rate before, formats it for nobody in particular."""

import ast
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from bridge.i18n.extract import BRIDGE_FOLDER
from tests.i18n.test_messages import OPTIONS_OF_ERRORS
from worker.i18n import extract
from worker.i18n.catalogs import Translator
from worker.message import Message

ROOMS = (extract.WORKER[0], BRIDGE_FOLDER)
# What makes text of a value: Python's own ways, Babel's by way of `Translator`, and those of the pages.
FORMATTERS = {
    "str", "repr", "format", "format_map", "isoformat", "strftime", "gettext", "translate", "translate_message", "written", "in_english",
    *(name for name in dir(Translator) if not name.startswith("_") and name not in ("colon", "country", "currency", "language", "lookup")),
    "format_amount", "format_date", "format_datetime", "format_datetime_exact", "format_currency", "format_decimal", "format_percent",
}  # fmt: skip
# Where text is right, by the function that makes it: it is text by nature, or somebody else's.
TEXTS = {
    "example_number": "a number as printed, which is the point",
    "format_number": "a number as printed",
    "describe_value": "what the shop sent, as it sent it",
    "_reason": "what a mail server said",
    "_reason_of": "what a printer's child said",
    "reason_of": "what VIES or an access point said",
}
TEXTS_IN_PLACE = {
    "f'{shop.reference_digits:03d}'": "three digits that a reference begins with, 007 among them",
    "str(told.get('field') or answer.status)": "a name of Mollie's",
    "str(task.argument.get('to', ''))": "a mail address out of JSON",
    "str(task.argument['what'])": "a word out of JSON",
    "str(column)": "a column of any kind, for who runs the database",
    "str(error)": "what another program said",
    "str(said)": "what an access point said, kept beside its message",
}
DEEPEST = 4


@cache
def trees() -> tuple[tuple[Path, str, ast.Module], ...]:
    files = [(path, path.relative_to(room).parts[0]) for room in ROOMS for path in sorted(room.rglob("*.py"))]
    return tuple((path, top, ast.parse(path.read_text(encoding="utf-8"))) for path, top in files)


@cache
def makers() -> frozenset[str]:
    return frozenset(extract.MESSAGE_MAKERS | extract.error_names([tree for _, _, tree in trees()]))


@cache
def functions() -> dict[str, list[tuple[Path, ast.FunctionDef]]]:
    """Every function of a module that may return text, by its name."""
    found: dict[str, list[tuple[Path, ast.FunctionDef]]] = {}
    for path, _, tree in trees():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.returns is not None and "str" in ast.unparse(node.returns):
                found.setdefault(node.name, []).append((path, node))
    return found


def called_in(path: Path, name: str) -> list[ast.FunctionDef]:
    """What *name* means in a file: its own function, or one of that name in another; a private one is its own."""
    named = functions().get(name, [])
    own = [function for defined, function in named if defined == path]
    return own or [function for _, function in named if not name.startswith("_")]


def formatted(value: ast.expr, around: ast.AST | None, path: Path, deep: int = 0) -> Iterator[str]:
    """What makes text of something in *value*: in place, by a name given within *around*, or in a function that is called."""
    if deep > DEEPEST or ast.unparse(value) in TEXTS_IN_PLACE:
        return
    if makes_text(value):
        yield ast.unparse(value)
        return
    for one in within(value):
        yield from formatted(one, around, path, deep + 1)
    match value:
        case ast.Name(id=name) if around is not None:
            # What it is made of is not followed further: a name may be given anew.
            yield from (part for given in given_to(name, around) for part in formatted(given, None, path, deep + 1))
        case ast.Call(func=ast.Name(id=name)) if name not in TEXTS:
            for function in called_in(path, name):
                yield from (
                    f"{name}(): {part}"
                    for one in returned(function)
                    for part in formatted(one, function, path, deep + 1)
                )


def makes_text(value: ast.expr) -> bool:
    match value:
        case ast.JoinedStr(values=parts):
            return any(isinstance(part, ast.FormattedValue) and part.format_spec is not None for part in parts)
        case ast.Call(func=ast.Attribute(attr="date"), args=[]):  # of an instant, not of a translator
            return False
        case ast.Call(func=called):
            return name_of(called) in FORMATTERS
    return False


def within(value: ast.expr) -> list[ast.expr]:
    """The expressions that *value* is put together of."""
    match value:
        case ast.JoinedStr(values=parts):
            return [part.value for part in parts if isinstance(part, ast.FormattedValue)]
        case ast.Call(func=called) if name_of(called) in makers() | {"Money", "Percent"}:
            return []
        case ast.Call(func=ast.Attribute(value=of), args=args):
            return [of, *args]
        case ast.GeneratorExp(elt=one) | ast.ListComp(elt=one):
            return [one]
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            return [one, other]
        case ast.BoolOp(values=several) | ast.Tuple(elts=several):
            return several
    return []


def given_to(name: str, around: ast.AST) -> list[ast.expr]:
    """All that *name* is given within a function."""
    nodes = list(ast.walk(around))
    named = [node.value for node in nodes if isinstance(node, ast.NamedExpr) and node.target.id == name]
    plain = [node for node in nodes if isinstance(node, ast.Assign)]
    return named + [node.value for node in plain if name in map(ast.unparse, node.targets)]


def returned(function: ast.FunctionDef) -> list[ast.expr]:
    return [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]


def name_of(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")


def values_of_messages(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.keyword, ast.AST]]:
    """Every value of every message and error of ours, with the innermost function that it is made in."""
    nodes: list[tuple[ast.AST, ast.AST]] = [(tree, tree)]
    while nodes:
        node, around = nodes.pop()
        around = node if isinstance(node, ast.FunctionDef) else around
        nodes += [(child, around) for child in ast.iter_child_nodes(node)]
        if isinstance(node, ast.Call) and name_of(node.func) in makers():
            yield from ((node, keyword, around) for keyword in node.keywords if keyword.arg not in OPTIONS_OF_ERRORS)


def wrong_values(path: Path, tree: ast.Module) -> list[str]:
    return [
        f"{path.name}:{call.lineno} {keyword.arg}={part}"
        for call, keyword, around in values_of_messages(tree)
        for part in formatted(keyword.value, around, path)
    ]


def test_no_value_of_a_message_is_text_made_of_an_amount_a_day_or_a_count() -> None:
    assert [
        line for path, top, tree in trees() if top not in extract.FOR_TERMINALS for line in wrong_values(path, tree)
    ] == []


@pytest.mark.parametrize(
    "given",
    [
        "str(total)", "f'{total:.2f}'", "f'{total:,} EUR'", "day.isoformat()", "f'{day:%d-%m-%Y}'", "day.strftime('%d')",
        "translator.amount(total, 'EUR')", "'{:.2f}'.format(total)", "', '.join(str(one) for one in days)", "'' if paid else str(total)",
        "format_amount(total)", "repr(day)", "translator.date(day)",
    ],
)  # fmt: skip
def test_text_made_of_a_value_is_found(given: str) -> None:
    """Wherever it is made: in the call, by a name before it, and as the value of an error."""
    made = {
        f"Message('{{total}} is due.', total={given})",
        f"def f(day):\n    said = {given}\n    return Message('{{total}} is due.', total=said)",
        f"def f(day):\n    raise Rejected('{{total}} is due.', total={given}, code='due')",
    }
    assert [source for source in made if not wrong_values(Path("made.py"), ast.parse(source))] == []


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        Message("{at}", at=datetime(2026, 11, 29, 10))  # noqa: DTZ001  # the fault that is meant
