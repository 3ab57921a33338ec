"""Text that a terminal shows and does not obey: what strangers write may stand in it, as a buyer's name or the answer of a mail server."""

import logging
import re

# Some of them move, recolour, or put something into the clipboard. Tabs and line ends are text, but in the log.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SHOWN = "\ufffd"


def inert(text: str) -> str:
    """*text* with a sign in place of each."""
    return CONTROLS.sub(SHOWN, text)


class InertLines(logging.Filter):
    """Write each line of the log so, and as one: nobody whose words are in it writes another."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = inert(" ".join(record.getMessage().splitlines())), ()
        return True
