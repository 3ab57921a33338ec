"""The operator's templates are filled in a process beside this one (`child`), so that time and memory have a limit.

The two speak in frames: eight bytes of length, and JSON.
"""

import atexit
import json
import logging
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, cast

from worker.errors import Rejected, Unavailable
from worker.message import Message, read_message
from worker.rendering.paper import DocumentView
from worker.store.database import json_codec

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0  # an invoice of 1,000 lines takes a twentieth of a second
START_TIMEOUT_S = 60.0  # the process loads fonts and words before its first answer
MEGABYTES = 256
FRAME_LENGTH = struct.Struct(">Q")
LARGEST_PAGE = 8_000_000  # characters; an invoice of 1,000 lines has 400,000


class TemplateProcess:
    """Fills the templates in *folder*, one page at a time. Its process starts with the first page and ends with ours."""

    def __init__(self, folder: Path, *, timeout_s: float = TIMEOUT_S, megabytes: int = MEGABYTES) -> None:
        self.folder, self.timeout_s, self.megabytes = folder, timeout_s, megabytes
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def fill(self, view: DocumentView) -> str:
        """The page. Raises Rejected with file, line and reason where a template fails, Unavailable where its process does."""
        with self._one_at_a_time:
            answer = self._request(view)
        if "page" in answer:
            return str(answer["page"])
        file, reason = answer["file"] or template_name(view), reason_of(answer)
        if answer["line"]:
            raise template_error(
                Message("{file}, line {line}: {reason}", file=file, line=answer["line"], reason=reason)
            )
        raise template_error(Message("{file}: {reason}", file=file, reason=reason))

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _request(self, view: DocumentView) -> dict[str, Any]:
        try:
            process = self._started()
            write_frame(cast("IO[bytes]", process.stdin), request_for(view))
            return read_answer(process, self.timeout_s)
        except TimeoutError as error:
            self.close()
            reason = Message("it is not filled within {seconds} seconds", seconds=f"{self.timeout_s:g}")
            raise template_error(Message("{file}: {reason}", file=template_name(view), reason=reason)) from error
        except OSError as error:
            self.close()
            log.warning("the process that fills templates ended: %s", error)
            raise Unavailable("The templates could not be filled just now.", code="templates_unavailable") from error
        except BaseException:
            self.close()  # a job's time was up: the answer on its way is not the next document's
            raise

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        command = [
            sys.executable,
            "-m",
            "worker.rendering.operator_templates.child",
            str(self.folder),
            str(self.megabytes),
        ]
        # A session of its own: Ctrl-C is for us, and this process ends when its input does.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        try:
            read_answer(self._process, START_TIMEOUT_S)
        except TimeoutError as error:
            raise ChildProcessError("it did not start in time") from error
        return self._process


@cache
def template_process(folder: Path) -> TemplateProcess:
    """The child process for *folder*; one for each of ours."""
    made = TemplateProcess(folder)
    atexit.register(made.close)
    return made


def template_error(what: Message) -> Rejected:
    return Rejected(
        "A template of this server does not work: {what}. Nothing is issued with it until whoever runs the server has "
        "mended it; `facturelay templates check` shows when it works.",
        what=what,
        code="template_failed",
    )


def reason_of(answer: Mapping[str, Any]) -> str | Message:
    """What the process says: a message of ours, or the text of what the template raised."""
    return read_message(answer["reason"]) if isinstance(answer["reason"], Mapping) else str(answer["reason"])


def template_name(view: DocumentView) -> str:
    return f"{view.draft.kind}.html"


def read_answer(process: subprocess.Popen[bytes], timeout_s: float) -> dict[str, Any]:
    """What *process* says next. Raises TimeoutError, or OSError when it ended."""
    out, deadline = cast("IO[bytes]", process.stdout), time.monotonic() + timeout_s
    (length,) = FRAME_LENGTH.unpack(read_exactly(out, FRAME_LENGTH.size, deadline))
    if length > 12 * LARGEST_PAGE:  # JSON writes a character with up to twelve
        raise OSError("an answer of an impossible length")
    answer: dict[str, Any] = json.loads(read_exactly(out, length, deadline))
    return answer


def request_for(view: DocumentView) -> dict[str, object]:
    """The request from which the child builds the same view."""
    return {
        "draft": json_codec.dump(view.draft),
        "number": view.number,
        "issued_on": view.issued_on.isoformat() if view.issued_on else None,
        "accent": view.brand.accent,
        "layout": view.brand.layout,
        "logo": view.brand.logo.hex(),
        "repeat_head": view.repeat_head,
    }


def write_frame(stream: IO[bytes], content: object) -> None:
    body = json.dumps(content).encode()
    stream.write(FRAME_LENGTH.pack(len(body)) + body)
    stream.flush()


def read_exactly(stream: IO[bytes], size: int, deadline: float) -> bytes:
    found = bytearray()
    while len(found) < size:
        ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(stream.fileno(), min(size - len(found), 1 << 16))
        if not part:
            raise OSError("it ended without an answer")
        found += part
    return bytes(found)
