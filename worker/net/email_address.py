"""Mail addresses: as typed into settings, and within sentences."""

import re
from email.utils import getaddresses

from worker.errors import InvalidValue
from worker.message import Message, Value

EMAIL_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


# A group (`Shop: an@gist.example;`) and a comment within a comment: nobody means them, each program reads them otherwise, and the library
# goes into itself for each.
MISREAD = re.compile(r":|\([^)]*\(")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def check_addresses(text: str, *, several: bool) -> str:
    """*text* when every address in it is one, like `De Gist <winkel@gist.example>`. Raises ValueError with a message."""
    if MISREAD.search(QUOTED.sub("", text)):
        raise InvalidValue("“{address}” is not a mail address.", address=text)
    found = [address for _, address in getaddresses([text]) if address or text.strip()]
    wrong = next((address for address in found if not EMAIL_ADDRESS.fullmatch(address)), None)
    if wrong is not None or not text.strip().isprintable() or (len(found) > 1 and not several):
        raise InvalidValue("“{address}” is not a mail address.", address=text if wrong is None else wrong or text)
    return text.strip()


def check_address(text: str) -> str:
    """*text* when it is an address and nothing else. Raises ValueError with a message."""
    if text.strip() and not EMAIL_ADDRESS.fullmatch(text.strip()):
        raise InvalidValue("“{address}” is not a mail address.", address=text)
    return check_addresses(text, several=False)


def without_addresses(message: Message) -> Message:
    """*message* with … for each mail address that it names."""
    return Message(message.key, **{name: _without(value) for name, value in message.values.items()})


def _without(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(map(without_addresses, value))
    if isinstance(value, Message):
        return without_addresses(value)
    return EMAIL_ADDRESS.sub("…", value) if isinstance(value, str) else value
