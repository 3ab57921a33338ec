"""What a person decides and rows alone can do, at once: pages, API and commands all come here."""
