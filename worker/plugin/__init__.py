"""The shop's plugin from the worker's side: its signed route, and keeping both sides in step."""
