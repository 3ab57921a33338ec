"""Use cases: the order as the shop has it now: fetched, found when it was missed, checked for lost refunds."""
