"""Use cases: backup, retention and erasure, hourly statistics."""
