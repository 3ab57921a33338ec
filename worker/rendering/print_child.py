"""The process in which everything is printed: `python -m worker.rendering.print_child MEGABYTES`.

It reads requests and answers them until its input ends. What a page or a picture gets wrong is part of the answer; what takes
too long or too much ends the process (`limits`), and `print_process` says so.
"""

import gc
import json
import logging
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import IO, Any

from jinja2 import TemplateNotFound, TemplateSyntaxError

from worker.errors import FacturelayError, InvalidValue, Rejected
from worker.i18n import Translator
from worker.message import Message, plain_message
from worker.rendering import letters, owners_pdf, plain_pages, press
from worker.rendering.brand import small_picture
from worker.rendering.letters import with_script_fonts
from worker.rendering.limits import be_as_urgent_as_parent, limit_memory, limit_time
from worker.rendering.paper import DocumentView, template_context, template_for, to_html
from worker.rendering.print_process import FRAME_LENGTH, LARGEST_PAGE, Page
from worker.rendering.way import Way

log = logging.getLogger(__name__)


class PageTooLarge(Exception):
    """The page is too large: its template never ends."""


class Unprintable(Exception):
    """The template was filled, but what it made is no page that can be laid out."""


Answer = tuple[dict[str, object], bytes]


def main() -> None:
    """Answer requests until there are none."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is not an answer
    be_as_urgent_as_parent()
    press.preload()
    gc.freeze()  # what is loaded by now stays for good
    limit_memory(int(sys.argv[1]) * 1_000_000)
    _write(answers, {"ready": True}, b"")
    while True:
        head = sys.stdin.buffer.read(FRAME_LENGTH.size)
        if len(head) < FRAME_LENGTH.size:
            return
        (length,) = FRAME_LENGTH.unpack(head)
        operation, argument, cpu_s = pickle.loads(sys.stdin.buffer.read(length))  # noqa: S301  # from our own parent
        limit_time(cpu_s)
        _write(answers, *answer_request(OPERATIONS[operation], argument))


def answer_request(operation: Callable[[Any], Answer], argument: Any) -> Answer:
    """What *operation* makes, or why it cannot: file and line in the operator's templates (or none), and reason."""
    folder = argument.brand.templates if isinstance(argument, Page) else None
    try:
        return operation(argument)
    except MemoryError:
        return _problem(Message("it needs more memory than it may have")) | {"over": True}, b""
    except PageTooLarge:
        return _problem(
            Message("its page has more than {most} million characters", most=LARGEST_PAGE // 1_000_000)
        ), b""
    except TemplateNotFound as error:
        return _problem(Message("there is no such template"), file=str(error.name)), b""
    except TemplateSyntaxError as error:
        return _problem(error.message or "", file=error.name or "", line=error.lineno), b""
    except Unprintable as error:
        return _problem(Message("the page it makes cannot be printed ({error})", error=error)), b""
    except (Rejected, InvalidValue) as error:
        return _problem(error.message) | {"is_whole": True}, b""
    except Exception as error:
        if folder is None:
            log.exception("a page could not be printed")
        file, line = error_location(error.__traceback__, folder) if folder else ("", 0)
        return _problem(str(error)[:300].rstrip(".") or type(error).__name__, file=file, line=line), b""


def print_page(page: Page) -> Answer:
    """The PDF of *page*, and the letters of it that no font has."""
    with letters.note_missing() as missing:
        pdf, way = _pdf(page, view_of(page))
    return {"missing": "".join(sorted(missing)), "way": way}, pdf


def refuse_owners_pdf(content: bytes) -> Answer:
    owners_pdf.refuse(content)
    return {}, b""


def view_of(page: Page) -> DocumentView:
    draft = replace(page.draft, lines=letters.told_apart(page.draft.lines))
    translator = Translator(draft.language)
    return DocumentView(draft, page.number or translator.gettext("(draft)"), page.issued_on, translator, page.brand)


def _pdf(page: Page, view: DocumentView) -> tuple[bytes, Way]:
    if page.plain:
        return plain_pages.to_pdf(to_html(view), created_at=page.created_at), Way.TEXT
    folder, repeated = page.brand.templates, replace(view, repeat_head=True)
    if folder is None:
        return press.printed(to_html(view), created_at=page.created_at, repeat_head=lambda: to_html(repeated))
    html = fill_template(view, folder)
    try:
        return press.printed(
            html, created_at=page.created_at, folder=folder, repeat_head=lambda: fill_template(repeated, folder)
        )
    except (MemoryError, FacturelayError):
        raise
    except Exception as error:
        raise Unprintable(str(error)) from error


def fill_template(view: DocumentView, folder: Path) -> str:
    """The page that the operator's templates in *folder* make. Raises what they raise, or PageTooLarge."""
    return with_script_fonts("".join(_limit_length(template_for(view, folder).generate(template_context(view)))))


def _limit_length(parts: Iterator[str]) -> Iterator[str]:
    room = LARGEST_PAGE
    for part in parts:
        room -= len(part)
        if room < 0:
            raise PageTooLarge
        yield part


def error_location(trace: TracebackType | None, folder: Path) -> tuple[str, int]:
    """Where in the operator's templates an error began: the innermost place that is one. Jinja puts template lines into traces."""
    found = [(frame.f_code.co_filename, line) for frame, line in walk_tb(trace)]
    in_folder = [
        (str(Path(file).relative_to(folder)), line) for file, line in found if Path(file).is_relative_to(folder)
    ]
    return in_folder[-1] if in_folder else ("", 0)


def _problem(reason: Message | str, *, file: str = "", line: int = 0) -> dict[str, object]:
    said = plain_message(reason) if isinstance(reason, Message) else reason
    return {"file": file, "line": line, "reason": said}


def _write(stream: IO[bytes], answer: dict[str, object], content: bytes) -> None:
    for part in (json.dumps(answer).encode(), content):
        stream.write(FRAME_LENGTH.pack(len(part)) + part)
    stream.flush()


OPERATIONS: dict[str, Callable[[Any], Answer]] = {
    "print": print_page,
    "small_picture": lambda picture: ({}, small_picture(picture)),
    "refuse_owners_pdf": refuse_owners_pdf,
}


if __name__ == "__main__":
    main()
