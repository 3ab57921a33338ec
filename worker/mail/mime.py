"""Python's own mails, made and written without what the library does anew for each header and each line."""

import re
from email.generator import BytesGenerator
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy, default
from io import BytesIO

_LINE_END = re.compile(r"\r\n|\r|\n")


class _HeaderClasses(HeaderRegistry):
    """Makes the class of each kind of header once; the library's own makes one for each header of each mail."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[type, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        kind = self.registry.get(name.lower(), self.default_class)
        if kind not in self._made:
            self._made[kind] = super().__getitem__(name)
        return self._made[kind]


class _Generator(BytesGenerator):
    def _write_lines(self, lines: str) -> None:
        """As the library's, in one piece: a PDF has a thousand lines."""
        self.write(_LINE_END.sub(self._NL, lines))  # type: ignore[attr-defined]  # the library's, known to no stub


_POLICY: "EmailPolicy[EmailMessage]" = default.clone(header_factory=_HeaderClasses())


def new_mail() -> EmailMessage:
    """An empty mail."""
    return EmailMessage(_POLICY)


def as_bytes(message: EmailMessage, *, wide: bool) -> bytes:
    """*message* as a mail server takes it; *wide* with addresses in all letters (SMTPUTF8)."""
    written = BytesIO()
    _Generator(written, mangle_from_=False, policy=SMTPUTF8 if wide else SMTP).flatten(message)
    return written.getvalue()
