"""What is known of the task's metric in a row of reduced precision, and from where."""

from __future__ import annotations

from typing import Any

_COMPILED = "`cdat-export compile --engine {} --precision {}` measures it"


def holds(row: dict[str, Any]) -> str:
    """The row's precision; marked where the plan holds the fp32 graph in its place."""
    precision = str(row["precision"])
    other = row["kept"] is not None and row["kept"] != precision
    return f"{precision} (the plan holds {row['kept']})" if other else precision


def known(row: dict[str, Any]) -> str | None:
    """One sentence for a row of fp16 or int8; None in fp32, which is the metric's reference."""
    if row["precision"] == "fp32":
        return None
    subject = f"{row['graph']} {row['engine']} {row['precision']}, batch {row['batch']}"
    return f"{subject}: {_known(row)}"


def _known(row: dict[str, Any]) -> str:
    if row["kept"] is not None and row["kept"] != row["precision"]:
        why = row["why"] or "the plan's file does not say why."
        return f"the plan holds the {row['kept']} graph. From `cdat-export compile`: {why}"
    if row["metric"]:
        return f"from `cdat-export compile`, in the plan's file: {row['metric']}"
    if row["engine"].startswith("eager"):
        return "no figure: the metric gate judges plans, and eager torch has none."
    how = _COMPILED.format(row["engine"], row["precision"])
    if row["kept"] is not None:
        return f"no figure: the plan was compiled without the metric gate; {how} without --no-gate."
    if row["batch"] > 1:
        return "no figure: this bench built the plan, and the metric gate judges one item a pass."
    return f"no figure: this bench built the plan; {how}."
