"""The main figure of each stage, fused and of each stream alone, as one image."""

from __future__ import annotations

from pathlib import Path

from edge.bench.plot import blank
from train.run_report import AlignedReport
from train.studies.cdat.report_page import NAMES, STAGE_NAMES

PLOT_NAME = "figures.png"


def plot(report: AlignedReport, folder: Path) -> None:
    """Write `folder`/figures.png. Raises: SinkError: matplotlib is missing."""
    figure = blank(9, 4.5)
    axes = figure.subplots()
    width = 0.8 / len(report.stages)
    for place, (name, stage) in enumerate(report.stages.items()):
        bars = {"fused": stage.splits["test"], **stage.alone}
        main = next(iter(stage.splits["test"].figures))
        at = [k + (place + 0.5) * width - 0.4 for k in range(len(bars))]
        values = [one.figures[main] or 0.0 for one in bars.values()]
        axes.bar(at, values, 0.9 * width, label=STAGE_NAMES[name])
        if main in stage.splits["test"].intervals:
            axes.plot([at[0]] * 2, stage.splits["test"].intervals[main], color="black")
        axes.set_xticks(range(len(bars)), list(bars))
        axes.set(title=f"{report.corpus}, test", ylabel=NAMES[main])
    figure.legend(loc="outside lower center", ncols=len(report.stages))
    figure.savefig(folder / PLOT_NAME, dpi=110)
