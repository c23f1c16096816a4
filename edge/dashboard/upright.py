"""Upright lines through all rows of the timeline: the marks, and the time that is looked at."""

from __future__ import annotations

from edge.dashboard.charts import INK, Options
from edge.dashboard.history import History
from edge.types import STREAMS

MARKS_SHOWN = 200
"""The newest of those in sight."""


def upright(history: History, whole: bool, at_s: float | None) -> list[Options]:
    """A series for each row of `charts.timeline`: dashed for each mark, bold at `at_s`."""
    begin_s, end_s = history.span(whole)
    inside = [mark for mark in history.marks if begin_s <= mark.t_s <= end_s][-MARKS_SHOWN:]
    lines: list[Options] = [{"name": m.text, "xAxis": round(m.t_s, 2)} for m in inside]
    if at_s is not None:
        lines.append({"xAxis": round(at_s, 2), "lineStyle": {"type": "solid", "width": 3}})
    return [
        {
            "name": "marks",
            "type": "line",
            "xAxisIndex": row,
            "yAxisIndex": row,
            "silent": True,
            "showSymbol": False,
            "z": 5,
            "data": [[begin_s, 0], [end_s, 0]],  # marks belong to a line, which is not seen
            "lineStyle": {"opacity": 0},
            "markLine": {
                "silent": True,
                "symbol": "none",
                "animation": False,
                "label": {"show": False},
                "lineStyle": {"color": INK, "type": "dashed", "width": 1.5, "opacity": 1},
                "data": lines,
            },
        }
        for row in range(1 + len(STREAMS))
    ]
