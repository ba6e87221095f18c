"""Messages for people: the thing, what is wrong with it, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return "KIND 'name' is unknown; did you mean 'nearest'?", or the list of choices."""
    choices = sorted(known)
    near = get_close_matches(name, choices, n=1)
    if near:
        return f"{kind} {name!r} is unknown; did you mean {near[0]!r}?"
    listed = ", ".join(choices) if choices else "none"
    return f"{kind} {name!r} is unknown; there is: {listed}"
