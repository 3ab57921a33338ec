"""What a request may say, in its address or its body: one table that reads it, refuses it and describes it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any, TypeVar

from bridge.errors import Refused
from worker.domain.attention import Harm
from worker.domain.channel import ChannelKind
from worker.domain.document import BY_HAND, Kind
from worker.domain.reminder import ReminderKind
from worker.domain.webhook import LONGEST_URL, WebhookEventKind
from worker.errors import InvalidValue
from worker.json_type import Json
from worker.message import Message

# Eighteen digits: no database refuses them.
LARGEST_ID = 10**18 - 1
DEFAULT_PAGE = 50
MOST_ON_A_PAGE = 200
LONGEST_SENTENCE = 300
WAYS_OF_MANY = ("issue", "discard", "mail", "retry", "dismiss", "fetch", "retry_order", "make", "ignore")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# PostgreSQL takes no NUL, and no order number or name has any of the others.
PLAIN = re.compile(r"[^\x00-\x1f\x7f]+")

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class RequestField:
    """*read* makes a value of what came, or raises ValueError with a message. *schema* is JSON Schema, as OpenAPI 3.1 has it."""

    name: str
    schema: Json
    description: str
    read: Callable[[Any], object]
    required: bool = False


class FieldError(Refused):
    """What is wrong with one field, in a sentence."""

    def __init__(self, name: str, message: str | Message) -> None:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        super().__init__(status, "field_wrong", f"{name}: {message}")
        self.fields = {"field": name}


def read_fields(fields: Sequence[RequestField], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of *fields*. Raises FieldError for one that is unknown, missing or wrong: a misspelt filter must not find everything."""
    known = {field.name: field for field in fields}
    for name in given:
        if name not in known:
            if not known:
                raise FieldError(name, Message("“{name}” is not known here; there is nothing.", name=name[:60]))
            message = Message("“{name}” is not known here; there is {names}.", name=name[:60], names=", ".join(known))
            raise FieldError(name, message)
    for field in fields:
        if field.required and field.name not in given:
            raise FieldError(field.name, Message("“{name}” is missing.", name=field.name))
    found = {}
    for name, value in given.items():
        try:
            found[name] = known[name].read(value)
        except InvalidValue as error:
            raise FieldError(name, error.message) from error
    return found


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if re.fullmatch("[0-9]{1,18}", text) and least <= int(text) <= most:
            return int(text)
        raise InvalidValue("Write a whole number from {least} to {most}.", least=least, most=most)

    return read


def text(most: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if isinstance(value, str) and len(value) <= most and PLAIN.fullmatch(value):
            return value
        raise InvalidValue("Write 1 to {most} characters, without control characters.", most=most)

    return read


def one_of(*names: Name) -> Callable[[object], Name]:
    def read(value: object) -> Name:
        for name in names:
            if name == value:
                return name
        raise InvalidValue("Write one of {kinds}.", kinds=", ".join(names))

    return read


def day(value: object) -> date:
    try:
        if isinstance(value, str) and DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InvalidValue("Write a date like 2026-11-23.")


def instant(value: str) -> datetime:
    try:
        if INSTANT.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidValue("Write an instant with its zone, like 2026-11-23T09:30:00Z (a + in an address is written %2B).")


def url_text(value: object) -> str:
    """Only its type; whether it may be called depends on the settings."""
    if isinstance(value, str):
        return value
    raise InvalidValue("Write an address like https://books.example.com/hook.")


def events(value: object) -> tuple[WebhookEventKind, ...]:
    if (
        isinstance(value, list)
        and value
        and all(isinstance(one, str) and one in list(WebhookEventKind) for one in value)
    ):
        return tuple(event for event in WebhookEventKind if event in value)
    raise InvalidValue("Write a list with one or more of {events}.", events=", ".join(WebhookEventKind))


def ids(value: object) -> tuple[int, ...]:
    if (
        isinstance(value, list)
        and 1 <= len(value) <= MOST_ON_A_PAGE
        # As in JSON, where 17.0 is a whole number; in Python true is one too.
        and all(type(one) in (int, float) and one == one // 1 and 1 <= one <= LARGEST_ID for one in value)
    ):
        return tuple(map(int, value))
    raise InvalidValue("Write a list with 1 to {most} ids.", most=MOST_ON_A_PAGE)


def boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidValue("Write true or false.")


ID: Json = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
ID_LIST: Json = {"type": "array", "minItems": 1, "maxItems": MOST_ON_A_PAGE, "items": ID}
TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 60, "pattern": r"^[^\u0000-\u001f\u007f]+$"}
A_DAY: Json = {"type": "string", "format": "date"}
AN_INSTANT: Json = {"type": "string", "format": "date-time"}

AFTER = RequestField(
    "after",
    {"type": "integer", "minimum": 0, "maximum": LARGEST_ID, "default": 0},
    "The key of the last one of the page before; follow `next` instead of making it up.",
    whole_number(0, LARGEST_ID),
)
LIMIT = RequestField(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MOST_ON_A_PAGE, "default": DEFAULT_PAGE},
    "How many at most.",
    whole_number(1, MOST_ON_A_PAGE),
)
KIND = RequestField("kind", {"type": "string", "enum": list(map(str, Kind))}, "Only this kind.", one_of(*Kind))
NUMBER = RequestField("number", TEXT, "Only the document with this number.", text(60))
ORDER_ID = RequestField("order_id", ID, "Only this order, by its id in WooCommerce.", whole_number(1, LARGEST_ID))
ORDER_NUMBER = RequestField("order_number", TEXT, "Only the order with the number that people know it by.", text(60))
STATUS = RequestField("status", TEXT, "Only orders with this status in WooCommerce, such as `processing`.", text(60))
ISSUED_FROM = RequestField("issued_from", A_DAY, "Dated on this day or later.", day)
ISSUED_TO = RequestField("issued_to", A_DAY, "Dated on this day or earlier.", day)
UPDATED_SINCE = RequestField("updated_since", AN_INSTANT, "Only what has changed since then.", instant)

DOCUMENTS = RequestField("documents", ID_LIST, "The invoices, by their `document_id`.", ids, required=True)
PAID_ON = RequestField("paid_on", A_DAY, "The day on which they were paid; today where it is left out.", day)

REMINDER_KIND = RequestField(
    "kind",
    {"type": "string", "enum": list(map(str, ReminderKind))},
    "Which one: the kind of its `next`.",
    one_of(*ReminderKind),
    required=True,
)

URL = RequestField(
    "url",
    {"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": LONGEST_URL},
    "Where to call: a public https address that answers by itself, without a redirect.",
    url_text,
    required=True,
)
EVENTS = RequestField(
    "events",
    {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(map(str, WebhookEventKind))}},
    "What to tell of.",
    events,
    required=True,
)
ACTIVE = RequestField(
    "active", {"type": "boolean"}, "false stops it; true lets it go on, first of all with what waited.", boolean
)

WHAT = RequestField(
    "what",
    {"type": "string", "enum": list(WAYS_OF_MANY)},
    "`issue` or `discard` drafts, `mail` documents, `retry` or `dismiss` failed jobs; of orders: `fetch` them again and make what is due, "
    "try again what failed (`retry_order`), `make` a document of each, or `ignore` that they need somebody.",
    one_of(*WAYS_OF_MANY),
    required=True,
)
IDS = RequestField("ids", ID_LIST, "Of drafts, documents, jobs or orders, as *what* asks.", ids, required=True)
SEND = RequestField(
    "send", {"type": "boolean", "default": False}, "Of `issue` and `make`: mail each to its customer.", boolean
)
MADE_KIND = RequestField(
    "kind",
    {"type": "string", "enum": list(map(str, BY_HAND))},
    "Of `make`, which wants it: what is made.",
    one_of(*map(str, BY_HAND)),
)
REST_PAID = RequestField(
    "rest_paid",
    {"type": "boolean"},
    "Of `issue` and `make`, for an order that was changed after it was paid, of which each is refused with the code `rest_charged` until "
    "you say it: whether the rest was paid too (an upsell), or is asked for by transfer. The others are made as usual.",
    boolean,
)
WHY = RequestField(
    "why",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_SENTENCE, "pattern": TEXT["pattern"]},
    "Of `dismiss`, which wants it: why nothing is to be done.",
    text(LONGEST_SENTENCE),
)

CHANNEL_KIND = RequestField(
    "kind",
    {"type": "string", "enum": list(map(str, ChannelKind))},
    "In which form.",
    one_of(*ChannelKind),
    required=True,
)
FROM_HARM = RequestField(
    "from",
    {"type": "string", "enum": [harm.name.lower() for harm in Harm], "default": "decision"},
    "From which harm on.",
    one_of(*(harm.name.lower() for harm in Harm)),
)
