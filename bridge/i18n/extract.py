"""Keep the catalogs of the pages in step with the code: part of `make words`. What the worker stores is retold by them too."""

from pathlib import Path

from worker.domain.texts import PLACEHOLDERS
from worker.i18n.extract import stored_messages, update_catalogs

I18N_FOLDER = Path(__file__).parent
BRIDGE_FOLDER = I18N_FOLDER.parent


def messages_from_elsewhere() -> set[str]:
    """What pages show that is not said by them: the worker's sentences, the log of who did what, what placeholders stand for."""
    page_messages = stored_messages(BRIDGE_FOLDER / "accounts") | stored_messages(BRIDGE_FOLDER / "dashboard")
    return stored_messages() | page_messages | set(PLACEHOLDERS.values())


if __name__ == "__main__":
    update_catalogs(BRIDGE_FOLDER, I18N_FOLDER, more=messages_from_elsewhere())
