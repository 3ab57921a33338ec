"""What the holder of a document's link sees."""
