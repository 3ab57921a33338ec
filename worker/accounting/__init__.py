"""Reconcile orders with documents, verify that nothing is altered, recover numbers after a restore."""
