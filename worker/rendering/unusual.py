"""Why a page is not printed by its shape."""


class Unusual(Exception):
    """The page is not surely made the way copies of the parts of its shape would be."""
