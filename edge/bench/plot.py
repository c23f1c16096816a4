"""The results as one image: stages, CPU by thread, the label's age over time, window length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.bench.statistics import Row
from edge.errors import DOCTOR, SinkError


def blank(width: float, height: float) -> Any:
    """An empty figure, sizes in inches, that is drawn without a screen.

    Raises:
        SinkError: matplotlib is missing; it is installed with the extra `bench`.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SinkError(
            f"The plot needs matplotlib, which cannot be imported ({error}):"
            f" run `pip install 'cdat-edge[bench]'`, or leave out --out; {DOCTOR}."
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plot(results: Row, path: Path) -> None:
    """Write a PNG. Raises: SinkError, as `blank`."""
    figure = blank(11, 7.5)
    axes = figure.subplots(2, 2)
    _stages(axes[0, 0], results["live"])
    _cpu(axes[0, 1], results["live"])
    _ages(axes[1, 0], results)
    _durations(axes[1, 1], results.get("durations", []))
    figure.suptitle(f"cdat-edge bench: {results['load']}; {results['machine']['cpu']}", size=10)
    figure.savefig(path, dpi=110)


def _stages(axes: Any, live: Row) -> None:
    stages = {name: row for name, row in live["stages_ms"].items() if row is not None}
    for shift, key in ((-0.27, "p50"), (0, "p95"), (0.27, "p99")):
        heights = [max(row[key], 1e-3) for row in stages.values()]
        axes.bar([at + shift for at in range(len(stages))], heights, 0.27, label=key)
    axes.set_xticks(range(len(stages)), list(stages), size=8)
    axes.set_yscale("log")
    axes.set(title="latency by stage", ylabel="ms")
    axes.legend()


def _cpu(axes: Any, live: Row) -> None:
    cpu = live["cpu_ms_per_s"]
    axes.barh(list(cpu)[::-1], list(cpu.values())[::-1])
    axes.set(title=f"CPU by thread, {sum(cpu.values()):.0f} in total", xlabel="ms a second")


def _ages(axes: Any, results: Row) -> None:
    lines = {"live": results["live"]}
    for row in results.get("against_sequential", ()):
        for name in ("live", "sequential"):
            lines[f"{name}, {row['busy']} busy"] = row[name]
    if len(lines) > 1:
        del lines["live"]  # it is the same as "live, 0 busy", measured twice
    for label, row in lines.items():
        points = row["label_age_series"]
        axes.plot([t for t, _ in points], [ms for _, ms in points], label=label)
    axes.set_yscale("log")
    axes.set(title="age of the label", xlabel="s", ylabel="ms")
    axes.legend()


def _durations(axes: Any, rows: list[Row]) -> None:
    rows = [row for row in rows if row["step_cpu_ms"] is not None]
    if not rows:
        axes.set_axis_off()
        return
    axes.plot(
        [row["duration_s"] for row in rows], [row["step_cpu_ms"]["p50"] for row in rows], "o-"
    )
    axes.set(title="CPU of the step thread, a step", xlabel="window, s", ylabel="ms at p50")
    axes.set_ylim(bottom=0)
