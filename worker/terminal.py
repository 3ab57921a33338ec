"""Text that a terminal shows and does not obey: what strangers write may stand in it, as a buyer's name or the answer of a mail server."""

import logging
import re
from contextlib import suppress
from datetime import datetime

# Some of them move, recolour, or put something into the clipboard. Tabs and line ends are text, but in the log.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SHOWN = "\ufffd"


def inert(text: str) -> str:
    """*text* with a sign in place of each."""
    return CONTROLS.sub(SHOWN, text)


def at_utc(at: datetime) -> str:
    """A moment where it is not one of a shop, which has a zone."""
    return f"{at:%d-%m-%Y %H:%M} UTC"


class InertLines(logging.Filter):
    """Write each line of the log so, and as one: nobody whose words are in it writes another. What went wrong is told below it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = record.exc_text and inert(record.exc_text)
        with suppress(Exception):  # its values do not fit: the handler says so, and whoever logged it goes on
            record.msg, record.args = inert(" ".join(record.getMessage().splitlines())), ()
        return True
