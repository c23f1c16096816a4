"""ECharts options of the latencies."""

from __future__ import annotations

import numpy as np

from edge.dashboard.charts import COLOUR, FAINT, INK, Options
from edge.dashboard.history import History

STAGES = ("vision", "audio", "wait", "text", "fusion", "gate", "engine", "total")
LATENCY_PX = 250


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
