"""ECharts options of the timeline's time axis: clock time, or the seconds of a file."""

from __future__ import annotations

import math
from typing import Any

from edge.dashboard.wall import WallClock

STEPS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400)
TICKS = 7
MINUTES = "t => Math.floor(t / 60) + ':' + String(Math.round(t % 60)).padStart(2, '0')"
"""Minutes and seconds since the first step, as JavaScript."""
CLOCK = "t => new Date({zero_ms} + Math.round(t * 1000)).toISOString().slice(11, {end})"
"""Hours, minutes and, to 19, seconds: local time, which the zero contains."""


def time_axis(begin_s: float, end_s: float, wall: WallClock, shown: bool) -> dict[str, Any]:
    """The axis of one row; `shown`: with its times."""
    every_s = next((s for s in STEPS_S if (end_s - begin_s) / s <= TICKS), STEPS_S[-1])
    label: dict[str, Any] = {"show": shown, "hideOverlap": True}
    if wall.zero_s is not None:
        end = 19 if every_s < 60 else 16
        zero_ms = round(wall.zero_s * 1000)
        label |= {
            ":formatter": CLOCK.format(zero_ms=zero_ms, end=end),
            "showMinLabel": True,
            "showMaxLabel": True,
        }
        label["customValues"] = _round_times(begin_s, end_s, wall.zero_s, every_s)
    else:
        label |= {"showMinLabel": begin_s == 0, "showMaxLabel": False}
        label |= {":formatter": MINUTES} if end_s > 120 else {"formatter": "{value} s"}
    return {
        "type": "value",
        "min": begin_s,
        "max": end_s,
        "interval": every_s,
        "axisLabel": label,
        "axisTick": {"show": False},
        "splitLine": {"show": False},
    }


def _round_times(begin_s: float, end_s: float, zero_s: float, every_s: int) -> list[float]:
    """The times of the axis at which the clock shows a multiple of `every_s`, without those at its
    end, which would be cut on a phone."""
    first = math.ceil((zero_s + begin_s) / every_s)
    last = math.floor((zero_s + end_s - 0.05 * (end_s - begin_s)) / every_s)
    return [round(n * every_s - zero_s, 3) for n in range(first, last + 1)]
