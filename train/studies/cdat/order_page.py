"""The page of `cdat-train masks --order`."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

from train.stages.cdat_config import ConfidenceKind
from train.studies.cdat.order_statistics import AGAINST, CLEAR
from train.tables import percent, plus_minus, table

KINDS: tuple[str, ...] = get_args(ConfidenceKind)


def page(result: dict[str, Any]) -> str:
    """The Markdown: where the truth has an order, who finds it, the kind chosen on validation."""
    seeds = len(result["seeds"])
    head = (
        f"{result['corpus']}, {result['model']}, {100 * result['labelled_share']:g} % of the"
        f" labels, {seeds} seeds. `same_order` knows nothing of a sample; `probe` reads the"
        " targets of the part itself."
    )
    return "\n\n".join([head, _truth(result), _scores(result), _gains(result), verdict(result)])


def verdict(result: dict[str, Any]) -> str:
    """The kind with the best order on validation, and what it has on test; not the control."""
    val, test = (result["parts"][part]["scores"] for part in ("val", "test"))
    best = max(
        (kind for kind in KINDS if kind != "in_sample"),
        key=lambda kind: float(val[kind]["auc"]["mean"] or 0.0),
    )
    own, gain = test[best]["auc"], test[best]["auc_over_tcp"]
    text = f"On validation {best} has the best order (AUC {_plain(val[best]['auc'])}); on test"
    text += f" {_value(own)}"
    return f"{text}.\n" if best == "tcp" else f"{text}, over tcp {_signed(gain)}.\n"


def _truth(result: dict[str, Any]) -> str:
    rows = [
        [
            name,
            _span(part["samples"]),
            _span(part["groups"]),
            f"{part['gap']['mean']:.3f}",
            percent(part["clear"]["mean"]),
        ]
        for name, part in result["parts"].items()
    ]
    head = ["part", "samples", "groups", "gap of the true confidences", f"gap above {CLEAR}, %"]
    return table(head, rows)


def _scores(result: dict[str, Any]) -> str:
    parts = result["parts"]
    rows = []
    for score, test in parts["test"]["scores"].items():
        seen = [_plain(parts[part]["scores"][score]["auc"]) for part in ("fit", "held_out", "val")]
        agrees = [_share(test[name]) for name in ("agrees", "agrees_clear")]
        level = _value(test["correlation"]) if "correlation" in test else "-"
        areas = [_value(test[name]) for name in ("auc", "auc_clear")]
        rows.append([score, *seen, *areas, *agrees, level])
    head = ["score", "AUC: fit", "held_out", "val", "test (95 %)", "test, clear pairs (95 %)"]
    more = ["agrees on test, %", "clear pairs, %", "correlation on test (95 %)"]
    return table([*head, *more], rows)


def _gains(result: dict[str, Any]) -> str:
    rows = [
        [
            score,
            *(
                "-" if score == base else _signed(one[f"{name}_over_{base}"])
                for base, name in product(AGAINST, ("auc", "auc_clear"))
            ),
        ]
        for score, one in result["parts"]["test"]["scores"].items()
        if score != "tcp"
    ]
    head = [f"over {base}, {which}" for base, which in product(AGAINST, ("all", "clear pairs"))]
    return table(["AUC on test (95 %)", *head], rows)


def _value(one: dict[str, Any]) -> str:
    if one["mean"] is None:
        return "-"
    low, high = one["interval"]
    return f"{one['mean']:.3f} ({low:.3f} to {high:.3f})"


def _signed(one: dict[str, Any]) -> str:
    if one["mean"] is None:
        return "-"
    low, high = one["interval"]
    return f"{one['mean']:+.3f} ({low:+.3f} to {high:+.3f})"


def _share(one: dict[str, Any]) -> str:
    return "-" if one["mean"] is None else percent(one["mean"])


def _plain(one: dict[str, Any]) -> str:
    return "-" if one["mean"] is None else plus_minus(one, 1)


def _span(values: list[int]) -> str:
    return str(values[0]) if min(values) == max(values) else f"{min(values)}-{max(values)}"
