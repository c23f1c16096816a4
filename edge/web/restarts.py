"""When a server's process that has ended is started again."""

from __future__ import annotations

import time

IN_A_ROW = 5
"""So often in a row it is started again."""
FIRST_PAUSE_S = 0.5
"""Before the first start in a row; doubled for each one more."""
PROVEN_S = 60.0
"""A process that has lived this long was not part of a row."""


class Restarts:
    """Counts the ends in a row. One thread."""

    def __init__(self) -> None:
        self.ends = 0
        self._begun_s = time.monotonic()

    def begin(self) -> None:
        """A process was started."""
        self._begun_s = time.monotonic()

    def end(self) -> float | None:
        """It has ended. Returns the pause in seconds before the next one; None: give it up."""
        lived_s = time.monotonic() - self._begun_s
        self.ends = 1 if lived_s > PROVEN_S else self.ends + 1
        return None if self.ends > IN_A_ROW else FIRST_PAUSE_S * 2 ** (self.ends - 1)
