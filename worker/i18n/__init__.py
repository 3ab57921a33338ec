"""What customers read, in their language. English is the source; Dutch, French and German live in `locale/`."""

from worker.i18n.catalogs import LANGUAGES, Translator, preload
from worker.i18n.placeholders import placeholder_values
from worker.i18n.titles import title, titled_file_stem

__all__ = ["LANGUAGES", "Translator", "placeholder_values", "preload", "title", "titled_file_stem"]
