"""Keep the catalogs in step with the code: `make catalogs`. Pages have their own, and so has the demo; messages of both programs, documents and mails
stand in the worker's.
"""

from functools import cache
from pathlib import Path

from worker.i18n.extract import WORKER, message_keys, update_catalogs

I18N_FOLDER = Path(__file__).parent
BRIDGE_FOLDER = I18N_FOLDER.parent
DEMO_FOLDER = WORKER[0] / "demo"


@cache
def all_message_keys() -> frozenset[str]:
    """The key of every message that a page, a mail or the API can show."""
    return frozenset(message_keys(WORKER[0], BRIDGE_FOLDER))


if __name__ == "__main__":
    update_catalogs(*WORKER, more=all_message_keys())
    update_catalogs(BRIDGE_FOLDER, I18N_FOLDER)
    update_catalogs(DEMO_FOLDER, DEMO_FOLDER / "i18n")
