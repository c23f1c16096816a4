"""The gains of CDaT over shuffled weights as a picture."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

log = logging.getLogger("train")


def draw(result: dict[str, Any], path: Path) -> None:
    """A point with its 95 % interval for each regime and measure, one panel a model. Without
    matplotlib (the extra `bench`) nothing is drawn, and a line says so."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        log.info("no plot: matplotlib cannot be imported (%s); it is in the extra `bench`", error)
        return
    panels = {
        kind: [c for c in one["contrasts"] if c["kind"] == "cdat" and "shuffled" in c["gains"]]
        for kind, one in result["models"].items()
    }
    panels = {kind: found for kind, found in panels.items() if found}
    if not panels:
        return
    longest = max(len(found) for found in panels.values())
    figure = Figure(figsize=(6 * len(panels), 1.2 + 0.2 * longest), layout="constrained")
    FigureCanvasAgg(figure)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (kind, found) in zip(all_axes, panels.items(), strict=True):
        gains = [c["gains"]["shuffled"] for c in found]
        names = [f"{c['when']}, {100 * c['labelled_share']:g} %: {c['measure']}" for c in found]
        rows = range(len(found))
        axes.hlines(rows, *zip(*([100 * b for b in g["interval"]] for g in gains), strict=True))
        axes.plot([100 * g["mean"] for g in gains], rows, "o", markersize=4)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.axvline(1, color="grey", linewidth=0.8, linestyle="--")
        axes.set_yticks(rows, names, fontsize=7)
        axes.invert_yaxis()
        axes.set_title(f"{result['corpus']}, {kind}")
        axes.set_xlabel("CDaT over shuffled, points (95 %)")
    figure.savefig(path)
