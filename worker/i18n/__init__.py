"""What customers read, in their language. English is the source; Dutch, French and German live in `locale/`."""

from worker.i18n.catalogs import LANGUAGES, Translator
from worker.i18n.placeholders import placeholder_values
from worker.i18n.titles import file_stem, title

__all__ = ["LANGUAGES", "Translator", "file_stem", "placeholder_values", "title"]
