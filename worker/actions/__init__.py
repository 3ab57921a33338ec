"""Actions: what a person decides and rows alone can do, at once. Pages, API and commands all come here."""
