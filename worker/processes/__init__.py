"""The processes of an installation: start, stop, supervise, check."""
