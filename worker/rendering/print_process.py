"""Printing is done in a process beside this one (`print_child`), so that time and memory have a limit, whatever is printed.

That process is kept, for it takes half a second to load fonts and templates; what passes a limit ends it, and the next takes
its place. It also keeps PDF libraries and the operator's templates away from everything that this process knows.

The two speak in frames: eight bytes of length, and the content. What is asked is pickled, for we trust ourselves; the answer
is JSON and, where it says how many follow, bytes.
"""

import atexit
import json
import logging
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import IO, Any, cast

from worker.domain.document import Draft
from worker.errors import Rejected, Unavailable
from worker.message import NO_MESSAGE, Message, plain_message, read_message
from worker.rendering.brand import Brand
from worker.rendering.limits import OUT_OF_MEMORY
from worker.rendering.way import Way

log = logging.getLogger(__name__)

CPU_S = 15  # an invoice of 1,000 lines takes one second
# By the clock, for where processor time is not counted or the machine does many things at once; less than a job may take.
PATIENCE = 3
START_TIMEOUT_S = 60.0
MEGABYTES = 256  # an invoice of 1,000 lines takes thirty
FRAME_LENGTH = struct.Struct(">Q")
LARGEST_PAGE = 8_000_000  # characters; an invoice of 1,000 lines has 400,000
LARGEST_ANSWER = 100_000_000
# How a process ends that a picture or a page broke, rather than somebody's hand.
_BROKEN = (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL)


@dataclass(frozen=True)
class Page:
    """What is to be printed. Without a *number* it is a draft; *plain*: as lines of text, for what no layout can hold."""

    draft: Draft
    brand: Brand
    number: str = ""
    issued_on: date | None = None
    created_at: datetime | None = None
    plain: bool = False


# Of a PDF of the owner's that goes along with mails.
WRONG_PDF = "attachment_wrong"
BROKEN_PDF = Message("This PDF is broken: no page of it can be read. Save it as PDF once more, and choose it again.")


@dataclass(frozen=True)
class Printed:
    """*missing*: the letters that no font has, which stand as question marks. *why* it is not as the shop wants; empty where it is."""

    pdf: bytes
    way: Way
    missing: str = ""
    why: Message = NO_MESSAGE


class OverLimit(Exception):
    """The process passed its limit, and is gone. *reason* is the end of a sentence."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


class PrintProcess:
    """Prints one page at a time. Its process starts when it is first needed and ends with ours."""

    def __init__(self, *, cpu_s: int = CPU_S, megabytes: int = MEGABYTES) -> None:
        self.cpu_s, self.megabytes = cpu_s, megabytes
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False

    def print(self, page: Page) -> Printed:
        """Raises Rejected where it cannot be printed, with the template's file and line if that fails; Unavailable: try again."""
        try:
            answer, pdf = self._ask("print", page)
        except OverLimit as error:
            raise _refusal(page, {"reason": plain_message(error.reason)}) from error
        if "reason" in answer:
            raise _refusal(page, answer)
        return Printed(pdf, Way(answer["way"]), str(answer["missing"]))

    def small_picture(self, picture: bytes) -> bytes:
        """*picture* as it is printed: decoded whole, made no larger than needed, and written anew. Raises Rejected."""
        try:
            answer, small = self._ask("small_picture", picture)
        except OverLimit as error:
            raise Rejected("The logo cannot be used: {reason}.", reason=error.reason, code="logo_wrong") from error
        if "reason" in answer:
            reason = _reason_of(answer)
            if not answer.get("is_whole"):
                reason = Message("The logo cannot be used: {reason}.", reason=reason)
            raise Rejected(reason, code="logo_wrong")
        return small

    def refuse_owners_pdf(self, content: bytes) -> None:
        """Raises Rejected for a PDF that cannot go along with mails."""
        try:
            answer, _ = self._ask("refuse_owners_pdf", content)
        except OverLimit as error:
            raise Rejected(BROKEN_PDF, code=WRONG_PDF) from error
        if "reason" in answer:
            reason = _reason_of(answer) if answer.get("is_whole") else BROKEN_PDF
            raise Rejected(reason, code=WRONG_PDF)

    def start(self) -> None:
        """Have the process ready before the first page is waited for. Raises OSError."""
        with self._one_at_a_time:
            self._ready()

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, operation: str, argument: object) -> tuple[dict[str, Any], bytes]:
        """Raises OverLimit or Unavailable."""
        request = pickle.dumps((operation, argument, self.cpu_s))
        with self._one_at_a_time:
            try:
                answer, content = self._answer(request)
            except OSError as error:
                log.warning("the process that prints ended: %s", error)
                self._replace()
                raise Unavailable("Nothing could be printed just now.", code="printer_unavailable") from error
            except BaseException:
                self._replace()  # over a limit, or a job's time was up: the answer on its way is not the next page's
                raise
            if answer.get("over"):
                self._replace()  # what is left of its memory may not be enough for the next page
            return answer, content

    def _answer(self, request: bytes) -> tuple[dict[str, Any], bytes]:
        process = self._ready()
        deadline = time.monotonic() + PATIENCE * self.cpu_s
        try:
            _write_frame(cast("IO[bytes]", process.stdin), request)
            return _read_answer(process, deadline)
        except TimeoutError as error:
            raise OverLimit(self._too_slow()) from error
        except OSError as error:
            ended = _exit_code(process)
            if ended == -signal.SIGXCPU:
                raise OverLimit(self._too_slow()) from error
            if ended == OUT_OF_MEMORY:
                raise OverLimit(Message("it needs more memory than it may have")) from error
            if ended in _BROKEN:
                raise OverLimit(Message("the printer broke down over it")) from error
            raise

    def _too_slow(self) -> Message:
        return Message("it takes too long (more than {seconds} s)", seconds=self.cpu_s)

    def _replace(self) -> None:
        """End the process, and have the next one get ready meanwhile."""
        self.close()
        self._begin()

    def _begin(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "worker.rendering.print_child", str(self.megabytes)]
        # A session of its own: Ctrl-C is for us, and this process ends when its input does. Our secrets are not for it.
        known = {name: value for name, value in os.environ.items() if not name.startswith("FACTURELAY_")}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, env=known
        )
        self._is_ready = False
        return self._process

    def _ready(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is None or process.poll() is not None:
            self.close()
            process = self._begin()
        if not self._is_ready:
            try:
                _read_answer(process, time.monotonic() + START_TIMEOUT_S)
            except TimeoutError as error:
                raise ChildProcessError("it did not start in time") from error
            self._is_ready = True
        return process


@cache
def print_process() -> PrintProcess:
    """The process that prints for this one."""
    made = PrintProcess()
    atexit.register(made.close)
    return made


def template_error(what: Message) -> Rejected:
    return Rejected(
        "A template of this server does not work: {what}. Nothing is issued with it until whoever runs Facturelay has "
        "mended it.",
        what=what,
        code="template_failed",
    )


def _refusal(page: Page, answer: Mapping[str, Any]) -> Rejected:
    """Why *page* cannot be printed; where a template of the operator's makes it, that is to be mended."""
    reason = _reason_of(answer)
    if page.plain or page.brand.templates is None:
        if not answer.get("is_whole"):
            reason = Message("This document cannot be printed: {reason}.", reason=reason)
        return Rejected(reason, code="cannot_print")
    file, line = answer.get("file") or f"{page.draft.kind}.html", answer.get("line")
    if line:
        return template_error(Message("{file}, line {line}: {reason}", file=file, line=line, reason=reason))
    return template_error(Message("{file}: {reason}", file=file, reason=reason))


def _reason_of(answer: Mapping[str, Any]) -> str | Message:
    """A message of ours, or the text of what another program raised."""
    return read_message(answer["reason"]) if isinstance(answer["reason"], Mapping) else str(answer["reason"])


def _exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """How *process*, which closed its end, ended; None where it did not."""
    try:
        return process.wait(5)
    except subprocess.TimeoutExpired:
        return None


def _read_answer(process: subprocess.Popen[bytes], deadline: float) -> tuple[dict[str, Any], bytes]:
    """What *process* says next. Raises TimeoutError, or OSError when it ended."""
    out = cast("IO[bytes]", process.stdout)
    answer: dict[str, Any] = json.loads(_read_frame(out, deadline))
    return answer, _read_frame(out, deadline)


def _read_frame(out: IO[bytes], deadline: float) -> bytes:
    (length,) = FRAME_LENGTH.unpack(_read_exactly(out, FRAME_LENGTH.size, deadline))
    if length > LARGEST_ANSWER:
        raise OSError("an answer of an impossible length")
    return _read_exactly(out, length, deadline)


def _read_exactly(stream: IO[bytes], size: int, deadline: float) -> bytes:
    found = bytearray()
    while len(found) < size:
        ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(stream.fileno(), min(size - len(found), 1 << 20))
        if not part:
            raise OSError("it ended without an answer")
        found += part
    return bytes(found)


def _write_frame(stream: IO[bytes], content: bytes) -> None:
    stream.write(FRAME_LENGTH.pack(len(content)) + content)
    stream.flush()
