"""ECharts options of the timeline and of the latencies. Plain data; the page defines the colours.

Charts are drawn as SVG, so that their text belongs to the page and uses its colours in light and
dark mode.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.dashboard.history import HISTORY_LIMIT_S, History, Point, Span
from edge.types import STREAMS

INK, FAINT = "var(--ink)", "var(--faint)"
COLOUR = {stream: f"var(--{stream})" for stream in STREAMS}
MAX_POINTS = 300
"""Of a line: a phone cannot show more."""
STAGES = ("vision", "audio", "wait", "text", "fusion", "gate", "engine", "total")
WRITTEN_S = 1.5
ROW_PX, GAP_PX, TOP_PX = 78, 26, 20
TIMELINE_PX = TOP_PX + len(STREAMS) * (ROW_PX + GAP_PX) + 14
LATENCY_PX = 250
Options = dict[str, Any]


def timeline(history: History) -> Options:
    """One row a stream: its reliability over the last minute, the spans in which it was not used,
    and the reasons."""
    rows = range(len(STREAMS))
    end_s = max(history.now_s, HISTORY_LIMIT_S)
    return {
        "animation": False,
        "textStyle": {"color": INK, "fontFamily": "inherit"},
        "grid": [
            {"left": 34, "right": 10, "top": TOP_PX + i * (ROW_PX + GAP_PX), "height": ROW_PX}
            for i in rows
        ],
        "title": [
            {
                "text": stream,
                "left": 34,
                "top": TOP_PX + i * (ROW_PX + GAP_PX) - 20,
                "textStyle": {"color": COLOUR[stream], "fontSize": 13},
                "padding": 0,
            }
            for i, stream in enumerate(STREAMS)
        ],
        "xAxis": [_time_axis(i, end_s, last=i == len(STREAMS) - 1) for i in rows],
        "yAxis": [_reliability_axis(i) for i in rows],
        "series": [_reliability(history, stream, i) for i, stream in enumerate(STREAMS)],
    }


def latencies(history: History) -> Options:
    """Median and 95th percentile of each stage over its newest `SHOWN_LATENCIES_LIMIT` steps."""
    stages = [stage for stage in STAGES if history.latency_ms.get(stage)]
    rows = [np.percentile(history.latency_ms[stage], (50, 95)) for stage in stages]
    return {
        "animation": False,
        "textStyle": {"color": INK, "fontFamily": "inherit"},
        "legend": {"right": 0, "top": 0, "textStyle": {"color": INK}, "selectedMode": False},
        "grid": {"left": 52, "right": 48, "top": 24, "bottom": 22},
        "xAxis": {
            "type": "value",
            "min": 0,
            "axisLabel": {"color": INK, "hideOverlap": True},
            "splitLine": {"lineStyle": {"color": FAINT}},
        },
        "yAxis": {
            "type": "category",
            "data": stages,
            "inverse": True,
            "axisLabel": {"color": INK},
            "axisLine": {"lineStyle": {"color": FAINT}},
        },
        "series": [
            _bars("p50", [float(p50) for p50, _ in rows], COLOUR["audio"]),
            _bars("p95", [float(p95) for _, p95 in rows], COLOUR["vision"]),
        ],
    }


def _bars(name: str, values: list[float], colour: str) -> Options:
    return {
        "name": name,
        "type": "bar",
        "silent": True,
        "data": [round(value, 2) for value in values],
        "itemStyle": {"color": colour},
        "label": {"show": True, "position": "right", "color": INK, "fontSize": 10},
    }


def _time_axis(row: int, end_s: float, last: bool) -> Options:
    return {
        "type": "value",
        "gridIndex": row,
        "min": end_s - HISTORY_LIMIT_S,
        "max": end_s,
        "axisLabel": {
            "show": last,
            "color": INK,
            "formatter": "{value} s",
            "showMinLabel": False,
            "showMaxLabel": False,
            "hideOverlap": True,
        },
        "interval": 10,
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {"color": FAINT}},
        "splitLine": {"show": False},
    }


def _reliability_axis(row: int) -> Options:
    return {
        "type": "value",
        "gridIndex": row,
        "min": 0,
        "max": 1,
        "interval": 0.5,
        "axisLabel": {"color": INK, "fontSize": 10},
        "splitLine": {"lineStyle": {"color": FAINT}},
    }


def _reliability(history: History, stream: str, row: int) -> Options:
    points = list(history.points[stream])
    start_s = max(history.now_s, HISTORY_LIMIT_S) - HISTORY_LIMIT_S
    return {
        "name": stream,
        "type": "line",
        "xAxisIndex": row,
        "yAxisIndex": row,
        "silent": True,
        "showSymbol": False,
        "data": [[round(p.t_s, 2), p.reliability] for p in _thinned(points)],
        "lineStyle": {"color": COLOUR[stream], "width": 2},
        "markArea": {
            "silent": True,
            "data": [
                [
                    {
                        "name": _written(span),
                        "xAxis": round(max(span.start_s, start_s), 2),
                        "itemStyle": {"color": "var(--dropped)", "opacity": 0.22},
                        "label": {
                            "color": INK,
                            "position": "insideTopLeft",
                            "fontSize": 12,
                            "distance": 4,
                        },
                    },
                    {"xAxis": round(span.end_s, 2)},
                ]
                for span in history.spans(stream)
            ],
        },
    }


def _written(span: Span) -> str:
    """The reason, if the span is wide enough. The list of events shows the others."""
    wide = span.end_s - span.start_s >= WRITTEN_S
    return (span.reason or span.state).replace("_", " ") if wide else ""


def _thinned(points: list[Point]) -> list[Point]:
    """Every n-th point including the newest, so that a moving line does not flicker."""
    every = -(-len(points) // MAX_POINTS)
    return points[::-1][:: max(every, 1)][::-1]
