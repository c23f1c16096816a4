"""The bench's results as files, and as Markdown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge.errors import SinkError
from export.bench.facts import head
from export.bench.metric import holds, known
from export.bench.plot import plot

HEAD = (
    "graph | engine | precision | threads | batch | size MiB | build s | load ms | p50 us | p95 us"
    " | p99 us | max us | items/s | mJ a pass | worst difference"
)


def write_report(results: dict[str, Any], out: Path) -> None:
    """Write `bench.json`, `bench.md` and `bench.png` to `out`, which exists.

    Raises:
        SinkError: It cannot be written, or matplotlib is missing.
    """
    try:
        (out / "bench.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (out / "bench.md").write_text(markdown(results), encoding="utf-8")
        plot(results, out / "bench.png")  # last: one that fails loses nothing of what was measured
    except OSError as error:
        raise SinkError(f"--out {out} cannot be written: {error.strerror}.") from None


def markdown(results: dict[str, Any]) -> str:
    """The tables."""
    machine = results["machine"]
    lines = [
        f"# Engines on {machine.get('gpu') or machine['cpu']}",
        "",
        f"{results['date']}, {machine['os']}, Python {machine['python']}. Bundle:"
        f" {results['bundle']}. Each row is one graph, measured alone, after its warm-up, with its"
        " inputs and outputs in the processor's memory. Eager torch's weights are drawn at random"
        " unless --run was given. Clocks are those after the last pass.",
        "",
        *head(machine, results["energy"]),
        "",
        f"| {HEAD} |",
        "|" + "---|" * len(HEAD.split("|")),
        *(_row(row) for row in results["rows"]),
    ]
    reduced = dict.fromkeys(one for row in results["rows"] if (one := known(row)))
    if reduced:
        lines += ["", "The metric in reduced precision:", "", *(f"- {one}" for one in reduced)]
    if results["not_there"]:
        lines += ["", "What was not there:", "", *(f"- {one}" for one in results["not_there"])]
    return "\n".join(lines) + "\n"


def _row(row: dict[str, Any]) -> str:
    def number(name: str, digits: int) -> str:
        return "-" if row[name] is None else f"{row[name]:.{digits}f}"

    size = "-" if row["bytes"] is None else f"{row['bytes'] / 2**20:.2f}"
    worst = "-" if row["worst"] is None else f"{row['worst']:.1e}"
    cells = [
        row["graph"],
        row["device"] if row["engine"].startswith("eager") else row["engine"],
        holds(row),
        str(row["threads"]),
        str(row["batch"]),
        size,
        number("build_s", 1),
        number("load_ms", 0),
        number("p50_us", 0),
        number("p95_us", 0),
        number("p99_us", 0),
        number("max_us", 0),
        number("items_per_s", 0),
        number("millijoules", 2),
        worst,
    ]
    return "| " + " | ".join(cells) + " |"
