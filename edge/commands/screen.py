"""Output for people: names, paths and URLs are printed unchanged."""

from __future__ import annotations

from rich.console import Console


def screen(stderr: bool) -> Console:
    """A console that prints `[fe80::1]` or `:cat:` in a name literally, not as markup."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)
