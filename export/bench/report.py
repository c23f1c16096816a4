"""The bench's results as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from export.bench.facts import head
from export.bench.metric import holds, known

HEAD = (
    "graph | engine | precision | threads | batch | size MiB | build s | load ms | p50 us | p95 us"
    " | p99 us | max us | items/s | mJ a pass | worst difference"
)


def write_report(results: dict[str, Any], out: Path | None) -> str:
    """The tables; also written to `out`/bench.md."""
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
    text = "\n".join(lines) + "\n"
    if out is not None:
        (out / "bench.md").write_text(text, encoding="utf-8")
    return text


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
