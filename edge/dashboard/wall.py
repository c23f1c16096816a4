"""Clock time on the page: what a clock on the wall of the run's machine showed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

SET_S = 2.0
"""A clock that differs by more was set meanwhile; a verdict is late by less."""


class WallClock:
    """Of a live run. A file has a time line of its own and no clock time."""

    def __init__(self) -> None:
        self.zero_s: float | None = None
        """Local time at 0 of the page's axis, in seconds since 1970; None: of a file."""

    def add(self, now_s: float, line: Mapping[str, Any]) -> None:
        """A verdict's JSON object, which is at `now_s` on the page's axis."""
        if line["media_s"] is not None:
            return
        moment = datetime.fromisoformat(line["wall_time"].replace("Z", "+00:00")).astimezone()
        offset = moment.utcoffset()
        assert offset is not None  # `astimezone` gives one
        zero_s = moment.timestamp() + offset.total_seconds() - now_s
        # Kept while it is about right, so that the axis does not tremble.
        if self.zero_s is None or abs(zero_s - self.zero_s) > SET_S:
            self.zero_s = zero_s

    def when(self, t_s: float) -> str:
        """A time of the page's axis for people: "12:03:07 (61.5 s)", of a file "61.5 s"."""
        since = f"{t_s:.1f} s"
        if self.zero_s is None:
            return since
        second = math.floor(self.zero_s + t_s) % 86400
        return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} ({since})"
