"""`facturelay templates …`: the operator's own templates for documents, tried before a document needs them."""

import sys
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

import click

from worker.cli.common import ProgressBar, show
from worker.cli.group import Group
from worker.cli.options import read_settings, with_data, with_json
from worker.errors import Rejected
from worker.message import Message
from worker.rendering import LAYOUTS, Brand, render_pdf
from worker.rendering.samples import samples

FOLDER = click.Path(path_type=Path, file_okay=False, resolve_path=True)


@click.group(cls=Group)
def templates() -> None:
    """Make templates of your own for documents, and try them.

    A file in your folder (FACTURELAY_TEMPLATES) stands in for ours of the same name; invoice.html serves both layouts,
    letter/invoice.html only that one. Ours can be built upon: {% extends "facturelay/invoice.html" %}. A template sees what
    ours see: the paper (number, title, captions), the draft (all that the document says), the words of its language, and _
    to translate. Pictures may lie beside the templates; nothing is fetched from elsewhere.
    """


@templates.command("copy")
@click.argument("folder", type=FOLDER)
@with_json
def copy(folder: Path, *, as_json: bool) -> None:
    """Write our templates into FOLDER to begin with. Files that are there stay as they are.

    Keep only those that you change: the others then improve with each version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with as_file(files("worker.rendering") / "templates") as ours:
        for template in sorted(ours.iterdir()):
            if not (folder / template.name).exists():
                (folder / template.name).write_bytes(template.read_bytes())
                written.append(template.name)
    show(written, as_json=as_json, text=lambda: f"Written to {folder}: {', '.join(written) or 'nothing'}")


@templates.command("check")
@click.argument("folder", type=FOLDER, required=False)
@click.option("--out", type=FOLDER, help="Keep the PDF files here, to look at.")
@with_data
@with_json
def check(folder: Path | None, out: Path | None, data: Path | None, *, as_json: bool) -> None:
    """Print each example document in each layout with the templates in FOLDER (default: FACTURELAY_TEMPLATES)."""
    own = folder or read_settings(data).templates
    if own is None or not own.is_dir():
        missing = (
            Message("{folder} is not a folder.", folder=own)
            if own
            else Message("Name a folder, or set FACTURELAY_TEMPLATES.")
        )
        raise Rejected(missing, code="templates_missing")
    if out:
        out.mkdir(parents=True, exist_ok=True)
    tried: dict[str, str] = {}
    of = len(samples()) * len(LAYOUTS)
    with ProgressBar("Printing", quiet=as_json) as bar:
        for name, reason in outcomes(own, out):
            tried[name] = reason
            bar.update(len(tried), of)
    failed = {name: reason for name, reason in tried.items() if reason}
    show(
        {"folder": str(own), "printed": len(tried) - len(failed), "failed": failed},
        as_json=as_json,
        text=lambda: as_text(tried, failed),
    )
    sys.exit(1 if failed else 0)


def outcomes(own: Path, out: Path | None) -> Iterator[tuple[str, str]]:
    """Each example by name and layout, and why it cannot be printed ("" where it can)."""
    for name, document in samples().items():
        for layout in LAYOUTS:
            try:
                pdf = render_pdf(document, brand=Brand(layout=layout, templates=own))
            except Rejected as error:
                yield f"{name} ({layout})", str(error)
                continue
            if out:
                (out / f"{name}-{layout}.pdf").write_bytes(pdf)
            yield f"{name} ({layout})", ""


def as_text(tried: dict[str, str], failed: dict[str, str]) -> str:
    """Each reason once, with the documents it stops."""
    lines = [f"✓ Example documents printed: {len(tried) - len(failed)} of {len(tried)}."]
    for reason in dict.fromkeys(failed.values()):
        stopped = [name for name, why in failed.items() if why == reason]
        more = f" and {len(stopped) - 3} more" if len(stopped) > 3 else ""
        lines.append(f"✗ {', '.join(stopped[:3])}{more}: {reason}")
    return "\n".join(lines)
