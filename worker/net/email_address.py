"""Mail addresses as typed into settings."""

import re
from email.utils import getaddresses

from worker.errors import InvalidValue

EMAIL_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


def check_addresses(text: str, *, several: bool) -> str:
    """*text* when every address in it is one, like `De Gist <winkel@gist.example>`. Raises ValueError with a message."""
    found = [address for _, address in getaddresses([text]) if address or text.strip()]
    wrong = next((address for address in found if not EMAIL_ADDRESS.fullmatch(address)), None)
    if wrong is not None or not text.strip().isprintable() or (len(found) > 1 and not several):
        raise InvalidValue("“{address}” is not a mail address.", address=text if wrong is None else wrong or text)
    return text.strip()
