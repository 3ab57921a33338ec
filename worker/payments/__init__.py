"""Use cases: what came in for an invoice, as the bank tells of it."""
