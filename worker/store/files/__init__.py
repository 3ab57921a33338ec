"""Bytes beside the database: the archive of documents, and files that expire."""
