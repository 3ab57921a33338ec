"""The process in which the operator's templates are filled: `python -m worker.rendering.operator_templates.child FOLDER MEGABYTES`.

It reads requests and answers them until its input ends. What a template gets wrong is part of the answer; what takes too
long is ended from outside (`process`).
"""

import json
import os
import resource
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

from jinja2 import TemplateNotFound, TemplateSyntaxError

from worker.domain.document import Draft
from worker.i18n import Translator
from worker.message import Message, plain_message
from worker.rendering.brand import Brand
from worker.rendering.letters import with_script_fonts
from worker.rendering.operator_templates.process import FRAME_LENGTH, LARGEST_PAGE, write_frame
from worker.rendering.paper import DocumentView, template_context, template_for
from worker.store.database import json_codec


class PageTooLarge(Exception):
    """The page is too large: the template never ends."""


def main() -> None:
    """Answer requests until there are none."""
    folder, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    limit_memory(megabytes * 1_000_000)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is not an answer
    write_frame(answers, {"ready": True})
    while True:
        head = sys.stdin.buffer.read(FRAME_LENGTH.size)
        if len(head) < FRAME_LENGTH.size:
            return
        (length,) = FRAME_LENGTH.unpack(head)
        answer = answer_request(json.loads(sys.stdin.buffer.read(length)), folder)
        write_frame(answers, answer)


def answer_request(request: dict[str, Any], folder: Path) -> dict[str, object]:
    """The page, or what is wrong: file, line (0: none) and reason (a plain message, or another program's text)."""
    try:
        return {"page": fill_template(view_from_request(request), folder)}
    except MemoryError:
        return {"file": "", "line": 0, "reason": plain_message(Message("it needs more memory than it may have"))}
    except PageTooLarge:
        reason = Message("its page has more than {most} characters", most=f"{LARGEST_PAGE:,}")
        return {"file": "", "line": 0, "reason": plain_message(reason)}
    except TemplateNotFound as error:
        return {"file": str(error.name), "line": 0, "reason": plain_message(Message("there is no such template"))}
    except TemplateSyntaxError as error:
        return {"file": error.name or "", "line": error.lineno, "reason": error.message or ""}
    except Exception as error:  # noqa: BLE001 - a template can raise anything, and whoever wrote it must read it
        file, line = error_location(error.__traceback__, folder)
        return {"file": file, "line": line, "reason": str(error)[:300].rstrip(".") or type(error).__name__}


def view_from_request(request: dict[str, Any]) -> DocumentView:
    draft = json_codec.load(Draft, request["draft"])
    issued_on = date.fromisoformat(request["issued_on"]) if request["issued_on"] else None
    brand = Brand(request["accent"], bytes.fromhex(request["logo"]), request["layout"])
    return DocumentView(draft, request["number"], issued_on, Translator(draft.language), brand, request["repeat_head"])


def fill_template(view: DocumentView, folder: Path) -> str:
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


def limit_memory(allowance: int) -> None:
    """Let this process grow by *allowance* bytes and no further. Where the system does not count so (macOS), time limits it."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        now = int(statm.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + allowance, now + allowance))


if __name__ == "__main__":
    main()
