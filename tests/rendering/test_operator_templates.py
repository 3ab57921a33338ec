"""The operator's own templates: what they may do, what they may not, and what is said when they fail."""

import io
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from worker.errors import Rejected, Unavailable
from worker.rendering import LAYOUTS, Brand
from worker.rendering.paper import to_html
from worker.rendering.press import to_pdf
from worker.rendering.print_child import fill_template, view_of
from worker.rendering.print_process import Page, PrintProcess
from worker.rendering.samples import a_logo, samples

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


class Room:
    """A folder of templates, and one process for all tests: it must outlive what each template does to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = PrintProcess(cpu_s=3, megabytes=150)

    def page(self, name: str = "invoice-nl", *, layout: str = "ledger", logo: bytes = b"") -> Page:
        document, brand = samples()[name], Brand(layout=layout, logo=logo, templates=self.folder)
        return Page(document.draft, brand, document.number, document.issued_on, document.issued_at)

    def fill(self, page: Page) -> str:
        return fill_template(view_of(page), self.folder)

    def said(self) -> str:
        """What the process prints."""
        pdf = self.process.print(self.page()).pdf
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).strip()


def ours(page: Page) -> str:
    return to_html(view_of(page))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    made = Room(tmp_path_factory.mktemp("templates"))
    yield made
    made.process.close()


@pytest.fixture(autouse=True)
def _empty(room: Room) -> Iterator[None]:
    yield
    for file in room.folder.rglob("*.*"):
        file.unlink()


def write(room: Room, **templates: str) -> None:
    for name, text in templates.items():
        (room.folder / f"{name}.html").write_text(text, encoding="utf-8")


def pictures(pdf: bytes) -> int:
    return sum(len(page.images) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def refusal(room: Room, **templates: str) -> str:
    """What is said of *templates* that fail, up to the sentence that says what follows."""
    write(room, **templates)
    with pytest.raises(Rejected) as refused:
        room.process.print(room.page())
    assert refused.value.code == "template_failed"
    start, middle, _ = str(refused.value.message).partition(". Nothing is issued with it")
    assert middle
    return start.removeprefix("A template of this server does not work: ")


@pytest.mark.parametrize("name", ["invoice-de", "credit_note-fr", "markup", "right-to-left", "foreign-money"])
def test_an_empty_folder_changes_nothing(room: Room, name: str) -> None:
    for layout in LAYOUTS:
        page = room.page(name, layout=layout, logo=a_logo())
        assert room.fill(page) == ours(page)


def test_a_template_stands_in_for_ours_and_can_build_upon_it(room: Room) -> None:
    write(
        room,
        invoice='{% extends "facturelay/invoice.html" %}{% import "macros.html" as macros with context %}'
        "{% block closing %}Wij zijn {{ draft.seller.name }} & co.{% endblock %}",
    )

    page = room.fill(room.page())

    assert "Wij zijn Brouwerij De Gentse Gist & co." in page
    assert "Te betalen: " not in page
    assert "Btw-tarief" in page
    assert room.fill(room.page("credit_note-nl")) == ours(room.page("credit_note-nl"))


def test_a_template_for_one_layout_leaves_the_other_alone(room: Room) -> None:
    (room.folder / "letter").mkdir(exist_ok=True)
    (room.folder / "letter" / "invoice.html").write_text("<p>{{ document.number }}</p>")

    assert room.fill(room.page(layout="letter")) == "<p>F2026-00017</p>"
    assert room.fill(room.page()) == ours(room.page())


def test_a_changed_template_counts_at_once(room: Room) -> None:
    write(room, invoice="one")
    before = room.said()
    write(room, invoice="another")
    os.utime(room.folder / "invoice.html", (1, 1))  # as an editor on a slow clock would

    assert (before, room.said()) == ("one", "another")


def test_what_customers_typed_is_text_there_too(room: Room) -> None:
    write(room, invoice="{{ draft.customer_note }}")

    assert "&lt;b&gt;pas gras&lt;/b&gt; &amp;amp; &lt;img" in room.fill(room.page("markup"))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            "<p>\n{{ draft.colour }}",
            "invoice.html, line 2: 'worker.domain.document.Draft object' has no attribute 'colour'",
        ),
        ("<p>\n\n{% if %}", "invoice.html, line 3: Expected an expression, got 'end of statement block'"),
        ("{{ nothing }}", "invoice.html, line 1: 'nothing' is undefined"),
        ("{{ 1 / 0 }}", "invoice.html, line 1: division by zero"),
        ('{% include "gone.html" %}', "gone.html: there is no such template"),
        ('{% include "../../../../etc/passwd" %}', "../../../../etc/passwd: there is no such template"),
        ("{{ ''.__class__ }}", "invoice.html, line 1: access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ draft.lines.append(1) }}", "invoice.html, line 1: 'tuple object' has no attribute 'append'"),
        ("{% do [].append(1) %}", "invoice.html, line 1: Encountered unknown tag 'do'."),
        ("{{ [].append(1) }}", "invoice.html, line 1: access to attribute 'append' of 'list' object is unsafe"),
        (
            "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
            "invoice.html: its page has more than 8 million characters",
        ),
        ("{{ draft.order_number * 90000000 }}", "invoice.html: it needs more memory than it may have"),
        (ENDLESS, "invoice.html: it takes too long (more than 3 s)"),
    ],
)
def test_a_template_that_fails_is_named_with_its_line_and_the_reason(room: Room, template: str, said: str) -> None:
    assert refusal(room, invoice=template).removesuffix(".") == said.removesuffix(".")
    write(room, invoice="mended")
    assert room.said() == "mended"


def test_the_line_is_that_of_the_template_in_which_it_goes_wrong(room: Room) -> None:
    said = refusal(
        room,
        macros="{% macro note() %}\n{{ draft.oops }}{% endmacro %}",
        invoice='{% import "macros.html" as macros with context %}{{ macros.note() }}',
    )

    assert said.startswith("macros.html, line 2: ")


def test_a_process_that_is_gone_is_told_from_a_template_that_fails(room: Room) -> None:
    write(room, invoice="fine")
    assert room.said() == "fine"
    process = room.process._process  # noqa: SLF001 - as the system would end it, not as we would
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)  # it takes the request and answers no more
    threading.Timer(0.2, os.kill, (process.pid, signal.SIGKILL)).start()

    with pytest.raises(Unavailable, match="just now"):
        room.process.print(room.page())
    assert room.said() == "fine"


def test_a_picture_beside_the_templates_is_printed_and_none_from_elsewhere(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for folder in (tmp_path, own):
        Image.new("RGB", (40, 40), (200, 0, 0)).save(folder / "badge.png")
    page = (
        "<html><head><style>@page {{ size: a4; margin: 2cm }}</style></head><body><p>x</p><img src='{}'/></body></html>"
    )

    assert pictures(to_pdf(page.format("badge.png"), folder=own)) == 1
    for elsewhere in ("../badge.png", tmp_path / "badge.png"):
        assert pictures(to_pdf(page.format(elsewhere), folder=own)) == 0
    assert pictures(to_pdf(page.format("badge.png"))) == 0
