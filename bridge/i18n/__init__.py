"""The pages in the reader’s language."""
