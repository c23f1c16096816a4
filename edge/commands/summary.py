"""The summary that is printed when a run ends: verdicts, drops by cause, latency by stage."""

from __future__ import annotations

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from edge.runtime.telemetry import Telemetry


def summary(telemetry: Telemetry) -> RenderableType:
    """The summary of a run as a rich renderable."""
    labels = ", ".join(f"{label} {count}" for label, count in telemetry.labels.most_common())
    if telemetry.number is not None:
        low, middle, high = np.quantile(telemetry.values, (0.05, 0.5, 0.95))
        name, unit = telemetry.number.name, telemetry.number.unit
        labels = f"{name} {middle:.4g} ({low:.4g} to {high:.4g}) {unit}".rstrip()
    abstained = f", abstained {telemetry.abstained}" if telemetry.abstained else ""
    parts: list[RenderableType] = [
        Text(f"{telemetry.verdicts} verdicts: {labels or 'none with a label'}{abstained}")
    ]
    drops = ", ".join(f"{what} {count}" for what, count in sorted(telemetry.drops.items()))
    parts.append(Text(f"dropped packets: {drops or 'none'}"))
    percentiles = telemetry.percentiles()
    if percentiles:
        table = Table(title="latency, ms", title_justify="left", box=None, pad_edge=False)
        table.add_column("stage", min_width=8)
        for column in ("p50", "p95", "p99", "max"):
            table.add_column(column, justify="right", min_width=8)
        for stage, row in percentiles.items():
            table.add_row(stage, *(f"{value:.2f}" for value in row))
        parts.append(table)
    return Group(*parts)
