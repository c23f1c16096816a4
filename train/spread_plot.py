"""Results with their spread as one image: a row for each thing compared, a point for a series."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.bench.plot import blank
from edge.errors import SinkError

log = logging.getLogger("train")


@dataclass(frozen=True)
class Spread:
    """A value and the two ends of its spread, such as an interval or a deviation to each side."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, told: Mapping[str, float]) -> Spread:
        """Of a mean and a deviation, as `train.statistics.mean_sd` gives them."""
        mean, sd = told["mean"], told["sd"]
        return cls(mean, mean - sd, mean + sd)


Panel = Mapping[str, Mapping[str, Spread]]
"""By series, such as a variant, then by row, such as a model; every series has the same rows."""


def draw_spreads(panels: Mapping[str, Panel], title: str, path: Path) -> Path | None:
    """Write a PNG with a panel for each measure, by name.

    Returns:
        `path`; None where there is nothing to draw, or matplotlib (the extra `bench`) is missing,
        which a line of the log says.
    """
    rows = max((len(points) for panel in panels.values() for points in panel.values()), default=0)
    if not rows:
        return None
    most = max(len(panel) for panel in panels.values())
    try:
        figure = blank(1.5 + 4.5 * len(panels), 1.5 + rows * (0.15 + 0.18 * most))
    except SinkError as error:
        log.info("no plot: %s", error)
        return None
    all_axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (measure, panel) in zip(all_axes, panels.items(), strict=True):
        for place, (series, points) in enumerate(panel.items()):
            height = 0.8 / len(panel)
            at = [row + (place + 0.5) * height - 0.4 for row in range(len(points))]
            found, color = points.values(), f"C{place}"
            axes.hlines(at, [p.low for p in found], [p.high for p in found], color=color)
            axes.plot([p.value for p in found], at, "o", color=color, label=series)
            axes.set_yticks(range(len(points)), list(points))
        axes.set_xlabel(measure)
        axes.grid(axis="x", alpha=0.3)
    all_axes[0].invert_yaxis()
    figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(title, size=10)
    figure.savefig(path, dpi=110)
    return path
