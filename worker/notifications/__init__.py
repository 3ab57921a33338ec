"""Notify the owner by alert, other software by webhook."""
