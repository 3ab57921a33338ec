"""What customers read, in their language. English is the source; Dutch, French and German live in `locale/`."""

from worker.words.catalogs import LANGUAGES, Words
from worker.words.facts import facts
from worker.words.terms import file_stem, title

__all__ = ["LANGUAGES", "Words", "facts", "file_stem", "title"]
