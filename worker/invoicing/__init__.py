"""Use cases: from an order to numbered documents."""
