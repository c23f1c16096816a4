"""The bench's results as one image: the times of each engine, and its throughput by batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.bench.plot import blank
from export.bench.metric import holds

Row = dict[str, Any]


def plot(results: dict[str, Any], path: Path) -> None:
    """Write a PNG, a line of axes for each graph: p50 and p99 of the smallest batch that was
    measured, and with several batches beside it the throughput against the batch.

    Raises:
        SinkError: matplotlib is missing.
    """
    rows = results["rows"]
    batches = sorted({row["batch"] for row in rows})
    graphs = list(dict.fromkeys(row["graph"] for row in rows))
    figure = blank(17 if len(batches) > 1 else 11, 2 + 2.4 * len(graphs))
    # With no row at all the image says only which machine it was.
    parts = figure.subplots(max(len(graphs), 1), 2 if len(batches) > 1 else 1, squeeze=False)
    for axes, graph in zip(parts, graphs, strict=False):
        there = [row for row in rows if row["graph"] == graph]
        _times(axes[0], graph, [row for row in there if row["batch"] == batches[0]])
        if len(batches) > 1:
            _throughput(axes[1], graph, there, batches)
    for axes in parts[0] if graphs else ():
        axes.legend(fontsize=8)
    figure.suptitle(f"{results['machine'].get('gpu') or results['machine']['cpu']}", size=10)
    figure.savefig(path, dpi=110)


def _times(axes: Any, graph: str, shown: list[Row]) -> None:
    places = range(len(shown))
    axes.barh(places, [row["p99_us"] for row in shown], 0.8, label="p99", color="#c9d7e8")
    axes.barh(places, [row["p50_us"] for row in shown], 0.5, label="p50", color="#2f6fab")
    axes.set_yticks(places, [_name(row) for row in shown], size=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    batch = "".join(f", batch {row['batch']}" for row in shown[:1])
    axes.set(title=f"{graph}{batch}", xlabel="microseconds a pass")


def _throughput(axes: Any, graph: str, there: list[Row], batches: list[int]) -> None:
    """One line for each engine; a graph that takes no batch has one point."""
    for name in dict.fromkeys(_name(row) for row in there):
        line = sorted((r["batch"], r["items_per_s"]) for r in there if _name(r) == name)
        axes.plot(*zip(*line, strict=True), "o-", label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.set_xticks([], minor=True)
    axes.set_xlim(batches[0] / 1.2, batches[-1] * 1.2)
    axes.set(title=graph, xlabel="items a pass", ylabel="items a second")


def _name(row: Row) -> str:
    return f"{row['device']}, {holds(row)}, {row['threads']} thr."
