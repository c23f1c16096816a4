"""The bench's results as one image: p50 and p99 of each engine, a part for each graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.bench.plot import blank


def plot(results: dict[str, Any], path: Path) -> None:
    """Write a PNG of the rows of batch 1 (of the first batch, without one).

    Raises:
        SinkError: matplotlib is missing.
    """
    rows = results["rows"]
    batch = min((row["batch"] for row in rows), default=1)
    graphs = list(dict.fromkeys(row["graph"] for row in rows))
    figure = blank(11, 2 + 2.4 * len(graphs))
    for axes, graph in zip(
        figure.subplots(len(graphs), 1, squeeze=False)[:, 0], graphs, strict=True
    ):
        shown = [row for row in rows if row["graph"] == graph and row["batch"] == batch]
        names = [f"{r['device']}, {r['precision']}, {r['threads']} thr." for r in shown]
        places = range(len(shown))
        axes.barh(places, [r["p99_us"] for r in shown], 0.8, label="p99", color="#c9d7e8")
        axes.barh(places, [r["p50_us"] for r in shown], 0.5, label="p50", color="#2f6fab")
        axes.set_yticks(places, names, size=8)
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set(title=graph, xlabel="microseconds a pass")
    figure.axes[0].legend()
    figure.suptitle(f"{results['machine'].get('gpu') or results['machine']['cpu']}", size=10)
    figure.savefig(path, dpi=110)
