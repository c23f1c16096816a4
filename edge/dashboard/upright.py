"""Upright lines through all rows of the timeline: marks, events of the run, now, and the time that
is looked at."""

from __future__ import annotations

from edge.dashboard.charts import EVENTS_PX, INK, NAME, Options
from edge.dashboard.history import History
from edge.dashboard.run_time import Event
from edge.types import STREAMS

LINES_SHOWN = 200
"""Of the newest marks in sight."""


def upright(history: History, whole: bool, at_s: float | None, ended: bool) -> list[Options]:
    """Series for the rows of `charts.timeline`: dashed for each mark, dotted for each event, thin
    for now, which a run that has ended does not have, and bold at `at_s`."""
    begin_s, end_s = history.span(whole)
    marks = [mark for mark in history.marks if begin_s <= mark.t_s <= end_s][-LINES_SHOWN:]
    # What happened after the last step stands at its line.
    events = [event for event in history.happened if begin_s <= event.t_s]
    lines: list[Options] = [{"name": m.text, "xAxis": round(m.t_s, 2)} for m in marks]
    lines += [
        {"name": event.name, "xAxis": _seen_s(event, history), "lineStyle": {"type": "dotted"}}
        for event in events
    ]
    if not ended:
        thin = {"type": "solid", "width": 1, "opacity": 0.6}
        lines.append({"name": "now", "xAxis": round(history.now_s, 2), "lineStyle": thin})
    if at_s is not None:
        lines.append({"xAxis": round(at_s, 2), "lineStyle": {"type": "solid", "width": 3}})
    return [
        *(_lines(row, begin_s, end_s, lines) for row in range(1 + len(STREAMS))),
        _names(history, begin_s, end_s, events, ended),
    ]


def _lines(row: int, begin_s: float, end_s: float, lines: list[Options]) -> Options:
    return {
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


def _names(
    history: History, begin_s: float, end_s: float, events: list[Event], ended: bool
) -> Options:
    """Below the band: "now", and each event in a word or two where there is room for it."""
    low = history.number["low"] if history.number is not None else 0
    long_s = 0.25 * (end_s - begin_s)  # a name on a phone
    now_s = history.now_s
    # To the left of its line what would reach beyond the axis, or over the word "now".
    left_s = end_s - long_s if ended else min(end_s, now_s) - long_s
    named = [(e.name.replace("_", " "), _seen_s(e, history)) for e in reversed(events)]
    return {
        "name": "events",
        "type": "scatter",
        "xAxisIndex": 0,
        "yAxisIndex": 0,
        "silent": True,
        "clip": False,
        "symbolSize": 0,
        "data": [
            *(_name(name, t_s, low, t_s > left_s) for name, t_s in named),
            *([] if ended else [_name("now", round(now_s, 2), low, now_s > end_s - long_s)]),
        ],
        "itemStyle": {"opacity": 1},  # the label has it, too
        "label": NAME,
        "labelLayout": {"hideOverlap": True, "dy": EVENTS_PX / 2 + 1},
    }


def _name(name: str, t_s: float, low: float, left: bool) -> Options:
    label = {"position": "left" if left else "right"}
    return {"name": name, "value": [t_s, low], "label": label}


def _seen_s(event: Event, history: History) -> float:
    return round(min(event.t_s, history.now_s), 2)
