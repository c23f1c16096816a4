"""Where the time of a step goes: the parts of its latency, which add up to the total."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape
from typing import Any

import numpy as np

from edge.dashboard.charts import COLOUR, FAINT, INK, UNSURE, Options
from edge.dashboard.history import History

PARTS = {
    "wait": ("from the window's end until the step begins", UNSURE),
    "text": ("new words are encoded, and the window is read", COLOUR["text"]),
    "fusion": ("embeddings are pooled, and the fusion network answers", COLOUR["audio"]),
    "gate": ("streams are chosen, and the verdict is put together", COLOUR["vision"]),
}
"""Of the total: what is done in each, and its colour."""
APART = {
    "vision": "the newest picture: face found, encoded",
    "audio": "the newest second of sound: encoded",
}
LATENCY_PX = 96


def latencies(history: History) -> Options:
    """A bar of the typical step of the newest `SHOWN_LATENCIES_LIMIT`, and the networks' share."""
    typical_ms = typical(history)
    rows = ["total", "of it in networks"]
    return {
        "animation": False,
        "textStyle": {"color": INK, "fontFamily": "inherit"},
        "grid": {"left": 112, "right": 60, "top": 4, "bottom": 24},
        "xAxis": {
            "type": "value",
            "min": 0,
            "axisLabel": {"color": INK, "hideOverlap": True, "formatter": "{value} ms"},
            "splitLine": {"lineStyle": {"color": FAINT}},
        },
        "yAxis": {
            "type": "category",
            "data": rows,
            "inverse": True,
            "axisLabel": {"color": INK},
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": FAINT}},
        },
        "series": [
            *(_bar(name, [typical_ms.get(name, 0.0), None], PARTS[name][1]) for name in PARTS),
            _written(typical_ms.get("total", 0.0)),
            _bar("engine", [None, typical_ms.get("engine", 0.0)], INK),
        ],
    }


def explained(history: History) -> str:
    """The same as a table with one plain line a part, and what runs beside the step."""
    typical_ms = typical(history)
    row = partial(_row, history, typical_ms)
    rows = [
        row(name, what, f'<span class=swatch style="background:{colour}"></span>')
        for name, (what, colour) in PARTS.items()
    ]
    rows.append(row("total", "the sum: from the window's end to the verdict"))
    if typical_ms.get("engine"):
        share = typical_ms["engine"] / max(typical_ms.get("total", 0.0), 1e-6)
        what = f"in networks: {share:.0%} of the total, a part of text and fusion"
        rows.append(row("engine", what))
    rows += [
        row(name, f"in a thread of its own, in no sum: {what}")
        for name, what in APART.items()
        if name in typical_ms
    ]
    head = "<th scope=col>part</th><th scope=col>what is done</th>"
    head += "".join(f"<th scope=col class=n>{name}</th>" for name in ("typical, ms", "p95, ms"))
    return (
        '<table class=facts aria-label="Parts of the latency"><thead><tr>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def typical(history: History) -> dict[str, float]:
    """Milliseconds by stage: means over the half of the steps whose total is in the middle.

    Medians of the parts do not add up, and one step that the machine kept waiting for a second is
    most of the mean of all.
    """
    steps = {stage: np.array(ms) for stage, ms in history.latency_ms.items()}
    if "total" not in steps:
        return {}
    order = np.argsort(steps["total"], kind="stable")
    middle = order[len(order) // 4 : len(order) - len(order) // 4]
    return {stage: float(ms[middle].mean()) for stage, ms in steps.items()}


def _row(
    history: History, typical_ms: Mapping[str, float], name: str, what: str, swatch: str = ""
) -> str:
    p95_ms = np.percentile(history.latency_ms.get(name, [0.0]), 95)
    kind = " class=is-label" if name == "total" else ""
    return (
        f"<tr{kind}><th scope=row>{swatch}{name}</th><td>{escape(what)}</td>"
        f"<td class=n>{typical_ms.get(name, 0.0):.2f}</td><td class=n>{p95_ms:.2f}</td></tr>"
    )


def _bar(name: str, values: list[float | None], colour: str) -> Options:
    return {
        "name": name,
        "type": "bar",
        "stack": "step",
        "silent": True,
        "barWidth": 22,
        "data": [None if value is None else round(value, 3) for value in values],
        "itemStyle": {"color": colour},
    }


def _written(total_ms: float) -> dict[str, Any]:
    """The total's number at the end of its bar, which the parts have drawn."""
    shown = {"show": True, "position": "right", "color": INK, "formatter": f"{total_ms:.2f} ms"}
    return {**_bar("total", [0.0, None], "transparent"), "label": shown}
