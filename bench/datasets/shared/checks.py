"""Checks of settings that several sources have."""

from __future__ import annotations


def check_settings(size: int, held_out: float = 1, channels: int = 3) -> None:
    """Check the shape of the images, and how many are held out.

    Raises:
        ValueError: One makes no sense; the message names it.
    """
    if size < 1:
        raise ValueError(f"'size' is {size}; it must be at least 1")
    if channels not in (1, 3):
        raise ValueError(f"'channels' is {channels}; it must be 1 (grey) or 3 (colour)")
    if held_out <= 0 or (held_out > 1 and held_out != int(held_out)):
        raise ValueError(f"'held_out' is {held_out}; it must be a share below 1, or a whole number")
