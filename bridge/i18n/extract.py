"""Keep the catalogs of the pages in step with the code: part of `make words`. What the worker stores is retold by them too."""

from pathlib import Path

from worker.domain.texts import PLACEHOLDERS
from worker.i18n.extract import gather, stored_sentences

HOME = Path(__file__).parent
PAGES = HOME.parent


def said_elsewhere() -> set[str]:
    """What pages show that is not said by them: the worker's sentences, the log of who did what, what placeholders stand for."""
    acts = stored_sentences(PAGES / "accounts") | stored_sentences(PAGES / "dashboard")
    return stored_sentences() | acts | set(PLACEHOLDERS.values())


if __name__ == "__main__":
    gather(PAGES, HOME, more=said_elsewhere())
