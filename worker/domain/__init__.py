"""The trade itself: orders, documents, VAT, numbers. Standard library (and stdnum) only; no clock, no I/O, no shop system."""
