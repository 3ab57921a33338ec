"""Forms: what was typed stays in its field, with the message of what is wrong beside it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from typing import TypeVar

from bridge.i18n.translate import _, translate_message
from worker.domain.days import read_day
from worker.errors import InvalidValue
from worker.message import Message

T = TypeVar("T")
WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")


def parse_whole_number(text: str) -> int | None:
    """A whole number that every database takes; None for anything else (`isdigit` is true of ² and of other scripts)."""
    return int(text) if WHOLE_NUMBER.fullmatch(text) else None


def parse_day(text: str) -> date | None:
    """The day that was typed (see `read_day`); None for anything else."""
    try:
        return read_day(text)
    except InvalidValue:
        return None


@dataclass
class Form:
    """*values* is what the fields show, as text; *errors* a message by field name."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    is_typed: bool = False  # and not what is stored, which is shown as the reader would type it

    @classmethod
    def from_request(cls, sent: Mapping[str, str]) -> "Form":
        """What a request brought. Only the ends are stripped; passwords are read straight from the request."""
        return cls({name: value.strip() for name, value in sent.items()}, is_typed=True)

    def text(self, name: str, *, needed: str = "", longest: int = 300) -> str:
        """What was typed; *needed* is the message for an empty field."""
        value = self.values.get(name, "")
        if not value and needed:
            self.errors[name] = needed
        if len(value) > longest:
            self.errors[name] = _("This is too long: at most {count} characters.", count=longest)
        return value

    def read(self, name: str, reader: Callable[[str], T]) -> T | None:
        """What *reader* makes of what was typed; None after its ValueError, which becomes the message of the field."""
        try:
            return reader(self.values.get(name, ""))
        except InvalidValue as error:
            self.errors[name] = translate_message(error.message)
            return None

    def is_checked(self, name: str) -> bool:
        return bool(self.values.get(name))

    def refuse(self, messages: Mapping[str, Message]) -> None:
        """Say beside each field what is wrong with it; *messages*: by the name of the field."""
        self.errors |= {name: translate_message(message) for name, message in messages.items()}

    @property
    def is_valid(self) -> bool:
        return not self.errors

    @property
    def status(self) -> HTTPStatus:
        """Of the page that shows it."""
        return HTTPStatus.OK if self.is_valid else HTTPStatus.UNPROCESSABLE_ENTITY


def read_mail_address(text: str) -> str:
    """Read a mail address. Raises ValueError with a message for the form."""
    name, at, host = text.strip().lower().rpartition("@")
    if not (at and name and "." in host.strip(".") and len(text) <= 254) or any(c.isspace() for c in text.strip()):
        raise InvalidValue("This is not a mail address; write it like name@example.com.")
    return f"{name}@{host}"
