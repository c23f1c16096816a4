"""Markdown tables, and the format of the numbers in their cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, without a newline at its end."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(share: float) -> str:
    """0.1234 as 12.3."""
    return f"{100 * share:.1f}"


def plus_minus(one: dict[str, float], scale: float = 100.0) -> str:
    """`mean` and `sd` of `train.statistics.mean_sd` as 12.3 ± 0.4, or, at a scale of 1, as
    0.123 ± 0.004."""
    digits = _digits(scale)
    return f"{scale * one['mean']:.{digits}f} ± {scale * one['sd']:.{digits}f}"


def bounds(pair: Sequence[float] | None, scale: float = 100.0, digits: int | None = None) -> str:
    """An interval with signs, -1.0 to +2.0; "-" for none."""
    if pair is None:
        return "-"
    places = _digits(scale) if digits is None else digits
    return f"{scale * pair[0]:+.{places}f} to {scale * pair[1]:+.{places}f}"


def gain(one: dict[str, Any], scale: float = 100.0) -> str:
    """`train.statistics.paired` as +1.0 (-1.0 to +3.0)."""
    mean = f"{scale * one['mean']:+.{_digits(scale)}f}"
    return f"{mean} ({bounds(one['interval'], scale)})"


def gain_and_chances(one: dict[str, Any]) -> str:
    """A gain with its interval and p-values, in %: +1.00 (-1.00 to +3.00; 0.12 / 0.10)."""
    mean = f"{100 * one['mean']:+.2f}"
    if one["interval"] is None:
        return mean
    chances = " / ".join(f"{p:.2f}" for p in (one["t_p"], one["wilcoxon_p"]) if p is not None)
    return f"{mean} ({bounds(one['interval'], digits=2)}; {chances})"


def chances(values: Iterable[float | None]) -> str:
    """p-values as 0.012 / - / 0.031."""
    return " / ".join("-" if p is None else f"{p:.3f}" for p in values)


def _digits(scale: float) -> int:
    return 1 if scale > 1 else 3
