"""How many recordings an adaptation has replayed, and how many it may still replay."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Is told the replays done, and the most that there may be together."""


class Replays:
    """A counter. The most is not known before: what a step replays depends on the steps before."""

    def __init__(self, tell: Progress = lambda done, most: None) -> None:
        self._tell, self._done, self._most = tell, 0, 0

    def expect(self, count: int) -> None:
        """So many may still come."""
        self._most = self._done + count
        self._tell(self._done, self._most)

    def one(self, _: int = 0) -> None:
        """A recording was replayed."""
        self._done += 1
        self._tell(self._done, max(self._done, self._most))
