"""The results as files: JSON, a Markdown page, an image."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from edge.bench.cells import number, table, yes
from edge.bench.plot import blank, plot
from edge.bench.sections import SECTIONS, live_section
from edge.bench.statistics import Row
from edge.errors import SinkError


def prepare(folder: Path) -> None:
    """Make `folder` if needed, and see that results and plot can be written there: before minutes
    of measuring, not after them.

    Raises:
        SinkError: They cannot, or matplotlib is missing.
    """
    blank(1, 1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SinkError(f"--out {folder} cannot be written: {error.strerror}.") from None


def write(results: Row, folder: Path) -> None:
    """Write `results.json`, `README.md` and `results.png` to `folder`, which exists.

    Raises:
        SinkError: The folder cannot be written.
    """
    try:
        text = json.dumps(results, indent=1, allow_nan=False) + "\n"
        (folder / "results.json").write_text(text, "utf-8")
        (folder / "README.md").write_text(markdown(results), "utf-8")
        if "live" in results:
            plot(results, folder / "results.png")
    except OSError as error:
        raise SinkError(f"--out {folder} cannot be written: {error.strerror}.") from None


def markdown(results: Row) -> str:
    """The results as Markdown. docs/benchmarks/README.md explains each value."""
    machine = results["machine"]
    parts = [
        "# cdat-edge bench\n",
        f"`{results['command']}`\n" if "command" in results else "",
        f"{machine['cpu']}, {machine['cores_usable'] or machine['cores']} of {machine['cores']}"
        f" cores, {machine['memory_gib']} GiB; {machine['os']}; Python {machine['python']};"
        f" cdat-edge {machine['cdat-edge']}; "
        + ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
        + f".\n\nLoad: {results['load']}.\n",
    ]
    if results.get("targets"):
        parts.append("## Targets\n")
        rows = [
            [target["what"], number(target["value"]), target["target"], yes(target["met"])]
            for target in results["targets"]
        ]
        parts.append(table(["", "measured", "target", "met"], rows))
    if "live" in results:
        parts.append(live_section("Live", results["live"]))
    if "live_busy" in results:
        parts.append(live_section("Live with busy processes", results["live_busy"]))
    for section, (title, render) in SECTIONS.items():
        if section in results:
            parts.append(f"## {title}\n")
            parts.append(render(results[section]))
    if "live" in results and len(results["live"]["label_age_series"]):
        parts.append("![The results as an image](results.png)\n")
    return "\n".join(part for part in parts if part)
