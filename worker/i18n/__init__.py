"""What customers read, in their language. English is the source; Dutch, French and German live in `locale/`."""

from worker.i18n.catalogs import LANGUAGES, Words
from worker.i18n.placeholders import facts
from worker.i18n.titles import file_stem, title

__all__ = ["LANGUAGES", "Words", "facts", "file_stem", "title"]
