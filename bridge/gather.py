"""Keep the catalogs of the pages in step with the code: part of `make words`. What the worker stores is retold by them too."""

from pathlib import Path

from worker.domain.wording import PLACEHOLDERS
from worker.words.gather import gather, stored_sentences

HOME = Path(__file__).parent


def said_elsewhere() -> set[str]:
    """What pages show that is not said by them: the worker's sentences, the log of who did what, what placeholders stand for."""
    acts = stored_sentences(HOME / "auth") | stored_sentences(HOME / "dashboard")
    return stored_sentences() | acts | set(PLACEHOLDERS.values())


if __name__ == "__main__":
    gather(HOME, HOME, more=said_elsewhere())
