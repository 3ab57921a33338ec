"""The moulds of the shapes that came last, in this process. Call `lay_out` alone: it is not made for two threads at once."""

import hashlib
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from xhtml2pdf.config.resources import RenderLimitError, ResourceAccessPolicy

from worker.rendering.mould import Mould
from worker.rendering.onepass import Document, NeedsTwoPasses, read
from worker.rendering.page_parts import PageParts, take_apart
from worker.rendering.way import Unusual

log = logging.getLogger(__name__)

MOST = 512
MOST_PARTS = 16_000  # of all moulds together: paragraphs, cells and tables, 2.6 kB each; an invoice has 125
LONGEST = 200_000  # characters of a shape; an invoice has 20,000


@dataclass(frozen=True)
class Source:
    """Where a page comes from: what it may read, and the path it is taken to lie at. *state* changes when any file there does.

    *is_ours* is a page of our own templates, for which our tests compare what its mould gives.
    """

    policy: ResourceAccessPolicy
    path: str
    state: str = ""
    is_ours: bool = True


@dataclass
class Moulds:
    """*kept*, by shape: its mould, or why it has none. The shape that came last is the last."""

    most: int = MOST
    most_parts: int = MOST_PARTS
    kept: OrderedDict[bytes, Mould | Exception] = field(default_factory=OrderedDict)

    def lay_out(self, page: str, source: Source) -> Document:
        """Raises `Unusual`, and `NeedsTwoPasses` where laying out once is not enough."""
        parts = take_apart(page)
        if parts is None or len(parts.shape) > LONGEST:
            raise Unusual("no page of ours")
        key = hashlib.blake2b(f"{source.path}\n{source.state}\n{parts.shape}".encode(), digest_size=16).digest()
        try:
            return self._mould(key, parts, source).fill(parts).lay_out()
        except (MemoryError, RenderLimitError, Unusual, NeedsTwoPasses):
            raise
        except Exception as error:
            # It leans on private names of two libraries: whatever breaks here must not stop an invoice.
            log.warning("a page could not be printed by its shape", exc_info=True)
            unusual = self.kept[key] = Unusual(type(error).__name__)
            raise unusual from error

    def _mould(self, key: bytes, parts: PageParts, source: Source) -> Mould:
        if key not in self.kept:
            self.kept[key] = _new_mould(parts, source)
            while len(self.kept) > 1 and (len(self.kept) > self.most or self._parts() > self.most_parts):
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        found = self.kept[key]
        if isinstance(found, Exception):
            raise found
        return found

    def _parts(self) -> int:
        return sum(mould.parts for mould in self.kept.values() if isinstance(mould, Mould))


def _new_mould(parts: PageParts, source: Source) -> Mould | Exception:
    """The mould of the shape of *parts*, or why it can have none."""
    try:
        mould = Mould(parts, read(parts.with_tokens(), source.policy, source.path))
        if not source.is_ours:
            _prove(mould, parts.examples(), source)
    except (Unusual, NeedsTwoPasses) as why:
        log.info("this shape is not filled: %s", why)
        return why.with_traceback(None)
    return mould


def _prove(mould: Mould, parts: PageParts, source: Source) -> None:
    """Raises `Unusual` where copies of what is in *mould* do not give the very bytes that xhtml2pdf's own parts give."""
    copied, own = mould.fill(parts, exactly=True).lay_out(), read(parts.page, source.policy, source.path).lay_out()
    if copied.filename.getvalue() != own.filename.getvalue():
        raise Unusual("what xhtml2pdf makes of these words is not what it makes of others")


def state_of(folder: Path) -> str:
    """Another text when a file in *folder* was changed; the time at which it was, nobody can set."""
    return ";".join(map(_state_of_file, sorted(folder.rglob("*"))))


def _state_of_file(file: Path) -> str:
    try:
        state = file.stat()
    except OSError:  # a link to nothing, as editors leave while they have a file open; or it was removed just now
        return f"{file}"
    return f"{file} {state.st_size} {state.st_ctime_ns}"
