"""Python's own mails, made and written without what the library does anew for each header and each line."""

import secrets
from email.generator import BytesGenerator
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import EmailPolicy, default
from functools import lru_cache
from io import BytesIO
from typing import Any

# In the mails of one shop.
_SAME = ("From", "Reply-To", "Auto-Submitted")


class _HeaderClasses(HeaderRegistry):
    """Makes the class of each kind of header once, and reads once what is the same in each mail: what parts say of themselves, and from whom
    it is; the library does both anew for each header of each mail.
    """

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[type, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        kind = self.registry.get(name.lower(), self.default_class)
        if kind not in self._made:
            self._made[kind] = super().__getitem__(name)
        return self._made[kind]

    def __call__(self, name: str, value: Any) -> BaseHeader:
        is_same = type(value) is str and (name in _SAME or name.startswith("Content-"))
        return self._read_once(name, value) if is_same else super().__call__(name, value)

    @lru_cache(maxsize=100)  # noqa: B019  # there is one of these
    def _read_once(self, name: str, value: str) -> BaseHeader:
        return super().__call__(name, value)


class _Generator(BytesGenerator):
    def _write_lines(self, lines: str) -> None:
        """As the library's, in one piece: a PDF has a thousand lines."""
        plain = lines.replace("\r\n", "\n").replace("\r", "\n")
        self.write(plain.replace("\n", self._NL))  # type: ignore[attr-defined]  # the library's, known to no stub

    @classmethod
    def _make_boundary(cls, _text: object = None) -> str:
        """One that nobody can know beforehand; the library looks for it in all of the mail besides."""
        return f"=={secrets.token_hex(8)}=="  # short enough for what names it to be one line


class _Policy(EmailPolicy):
    def fold_binary(self, name: str, value: str) -> bytes:
        """As the library's, which takes apart what fits on a line as well. *value* was decoded: it may hold line ends, or code, again."""
        line = f"{name}: {value}{self.linesep}"
        is_plain = line.isascii() and value.isprintable() and "=?" not in value
        return line.encode() if value and is_plain and len(line) <= _LONGEST_LINE else super().fold_binary(name, value)


_LONGEST_LINE = 70
_WRITTEN = {wide: _Policy(linesep="\r\n", utf8=wide) for wide in (False, True)}
_POLICY: "EmailPolicy[EmailMessage]" = default.clone(header_factory=_HeaderClasses())


def new_mail() -> EmailMessage:
    """An empty mail."""
    return EmailMessage(_POLICY)


def as_bytes(message: EmailMessage, *, wide: bool) -> bytes:
    """*message* as a mail server takes it; *wide* with addresses in all letters (SMTPUTF8)."""
    written = BytesIO()
    _Generator(written, mangle_from_=False, policy=_WRITTEN[wide]).flatten(message)
    return written.getvalue()
