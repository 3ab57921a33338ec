"""The invoicing core and the processes that run it."""
