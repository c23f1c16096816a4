"""What people read: names, paths and URLs stand there as they are."""

from __future__ import annotations

from rich.console import Console


def screen(stderr: bool) -> Console:
    """A console that takes `[fe80::1]` or `:cat:` in a name for what it is, not for markup."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)
