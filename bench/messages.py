"""Messages for people: the thing, what is wrong with it, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return "KIND 'name' is unknown; did you mean 'nearest'?", or the list of choices."""
    choices = sorted(known)
    near = get_close_matches(name, choices, n=5)
    if near:
        # Of names equally close, one with the same letters: two of them were swapped.
        closest = [choice for choice in near if _likeness(name, choice) == _likeness(name, near[0])]
        meant = max(closest, key=lambda choice: sorted(choice) == sorted(name))
        return f"{kind} {name!r} is unknown; did you mean {meant!r}?"
    listed = ", ".join(choices) if choices else "none"
    return f"{kind} {name!r} is unknown; there is: {listed}"


def _likeness(name: str, choice: str) -> float:
    return SequenceMatcher(None, choice, name).ratio()
