"""Python's own mails, made and written without what the library does anew for each header and each line."""

import secrets
from collections.abc import Iterator
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy, default
from functools import lru_cache
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
    return b"".join(_written(message, _WRITTEN[wide]))


def _written(part: "MIMEPart[Any, Any]", policy: _Policy) -> Iterator[bytes]:
    """As the library writes it, which reads the head of what has parts anew for their boundary, and each line of a PDF, a thousand."""
    has_parts = part.is_multipart()
    boundary = part.get_boundary() if has_parts else None
    for name, value in part.raw_items():
        if has_parts and boundary is None and name == "Content-Type":
            boundary = f"=={secrets.token_hex(16)}=="  # nobody can know it beforehand
            yield f'{name}: {value};\r\n boundary="{boundary}"\r\n'.encode()
        else:
            yield policy.fold_binary(name, value)
    yield b"\r\n"
    if not has_parts:
        lines = part._payload.replace("\r\n", "\n").replace("\r", "\n")  # type: ignore[attr-defined]  # noqa: SLF001  # as encoded
        yield lines.replace("\n", "\r\n").encode("ascii", "surrogateescape")
        return
    for inner in part.iter_parts():
        yield f"--{boundary}\r\n".encode()
        yield from _written(inner, policy)
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()
