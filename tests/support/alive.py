"""How many of what is made are held at once: whatever goes through a whole shop holds a few."""

import weakref
from types import ModuleType
from typing import Any

import pytest


def most_alive(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> list[int]:
    """Watch what the function or class *name* of *module* makes; for each one, how many were there when it was made."""
    make, alive, held = getattr(module, name), set[int](), list[int]()

    def watched(*given: Any, **more: Any) -> Any:
        made = make(*given, **more)
        number = len(held)
        alive.add(number)
        held.append(len(alive))
        weakref.finalize(made, alive.discard, number)
        return made

    monkeypatch.setattr(module, name, watched)
    return held
