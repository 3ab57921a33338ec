"""The shop's plugin as the worker meets it: its signed route, and nothing else of WordPress."""
