"""Tables and their cells as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge.bench.statistics import PERCENTILES, Row


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. Each of `rows` has as many cells as `head`."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def cells(row: Row | None) -> list[str]:
    """The percentiles, or "-" for each."""
    return [number(row[p]) if row else "-" for p in PERCENTILES]


def listed(values: Row) -> str:
    """Names and values on one line."""
    return ", ".join(
        f"{name} {number(value) if isinstance(value, float) else value}"
        for name, value in values.items()
    )


def number(value: float | None) -> str:
    """Three digits; "-" without a value."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def yes(value: bool | None) -> str:
    """yes, no, or "-" when it is not known."""
    return "-" if value is None else "yes" if value else "no"
