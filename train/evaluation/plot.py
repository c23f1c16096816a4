"""An evaluation as one image: confusion, calibration, reliability by stream, risk and coverage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.bench.plot import blank
from train.calibration import draw_diagram


def plot(report: dict[str, Any], path: Path) -> None:
    """Write a PNG. Raises: SinkError, as `edge.bench.plot.blank`."""
    figure = blank(11, 8)
    axes = figure.subplots(2, 2)
    scored = {
        name: group["scores"]
        for name, group in report["verdicts"].items()
        if group["scores"] is not None
    }
    if report["task"] != "multiclass":
        _figures(axes[0, 0], scored)
        _by_label(axes[0, 1], scored)
        _reliability(axes[1, 0], report["verdicts"])
        axes[1, 1].set_axis_off()
    else:
        _one_label(axes, report, scored)
    figure.suptitle(f"{report['bundle']['name']} on {report['corpus']}", size=10)
    figure.savefig(path, dpi=110)


def _one_label(axes: Any, report: dict[str, Any], scored: dict[str, Any]) -> None:
    _confusion(axes[0, 0], report["labels"], scored)
    bins = {name: found["calibration"] for name, found in scored.items()}
    draw_diagram(axes[0, 1], bins, "share right")
    _reliability(axes[1, 0], report["verdicts"])
    _risk(axes[1, 1], scored)


def _figures(axes: Any, scored: dict[str, Any]) -> None:
    """The main figure of each stream alone, and of the fused answer there."""
    if not scored:
        axes.set_axis_off()
        return
    name, found = next(iter(scored.items()))
    main = next(iter(found["figures"]))
    for at, one in enumerate(found["single"].values()):
        both = ("alone", one["alone"][main]), ("fused", one["fused_there"][main])
        for place, (label, value) in enumerate(both):
            x = at + 0.4 * place - 0.2
            axes.bar(x, value or 0.0, 0.36, color=f"C{place}", label=None if at else label)
    axes.set_xticks(range(len(found["single"])), list(found["single"]))
    axes.set(title=f"{name}: {main} of each stream")
    axes.legend()


def _by_label(axes: Any, scored: dict[str, Any]) -> None:
    if not any("labels" in found for found in scored.values()):
        axes.set_axis_off()
        return
    for name, found in scored.items():
        each = found["labels"]
        axes.plot(list(each), [one["f1"] for one in each.values()], "o", label=name)
    axes.tick_params(axis="x", rotation=30)
    axes.set(title="F1 of each label", ylim=(0, 1))
    axes.legend()


def _confusion(axes: Any, labels: list[str], scored: dict[str, Any]) -> None:
    if not scored:
        axes.set_axis_off()
        return
    name, found = next(iter(scored.items()))
    rows = [(label, row) for label, row in zip(labels, found["confusion"], strict=True) if sum(row)]
    shares = [[count / sum(row) for count in row] for _, row in rows]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for y, row in enumerate(shares):
        for x, share in enumerate(row):
            axes.text(
                x, y, f"{100 * share:.0f}", ha="center", va="center", size=8, color=_ink(share)
            )
    axes.set_xticks(range(len(labels) + 1), [*labels, "no stream"], size=8, rotation=30)
    axes.set_yticks(range(len(rows)), [label for label, _ in rows], size=8)
    axes.set(title=f"{name}: answers in % of each true label")


def _reliability(axes: Any, verdicts: dict[str, Any]) -> None:
    width = 0.8 / len(verdicts)
    for place, (name, group) in enumerate(verdicts.items()):
        streams = group["behaviour"]["streams"]
        for at, one in enumerate(streams.values()):
            x = at + (place + 0.5) * width - 0.4
            color = f"C{place}"
            label = name if at == 0 else None
            axes.bar(x, one["reliability_mean"] or 0.0, 0.9 * width, color=color, label=label)
            if one["reliability_quartiles"] is not None:
                low, _, high = one["reliability_quartiles"]
                axes.plot([x, x], [low, high], color="black")
        axes.set_xticks(range(len(streams)), list(streams))
    axes.set(title="reliability by stream: mean and quartiles", ylim=(0, 1))
    axes.legend(loc="lower right")


def _ink(share: float) -> str:
    return "white" if share > 0.5 else "black"


def _risk(axes: Any, scored: dict[str, Any]) -> None:
    for name, found in scored.items():
        axes.plot(*zip(*found["risk_coverage"], strict=True), label=name)
    axes.set(title="risk and coverage", xlabel="share of the surest verdicts", ylabel="share wrong")
    axes.set_ylim(bottom=0)
    if scored:
        axes.legend()
