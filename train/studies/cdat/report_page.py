"""The report of a run on an aligned corpus as Markdown."""

from __future__ import annotations

from train.run_report import AlignedReport, SplitFigures
from train.tables import table

NAMES = {
    "macro_f1": "macro-F1",
    "balanced_accuracy": "UAR",
    "accuracy": "accuracy",
    "nll": "cross-entropy",
    "micro_f1": "micro-F1",
    "jaccard": "Jaccard",
    "ccc": "CCC",
    "mae": "MAE",
    "correlation": "correlation",
    "acc_7": "Acc-7",
    "acc_2_has0": "Acc-2, with zero",
    "f1_has0": "weighted F1, with zero",
    "acc_2_non0": "Acc-2, without zero",
    "f1_non0": "weighted F1, without zero",
}
STAGE_NAMES = {
    "base": "base",
    "trained_on": "trained on, without transfer",
    "cdat": "CDaT",
}


def page(report: AlignedReport) -> str:
    """README.md: what was measured, and its tables."""
    first = next(iter(report.stages.values()))
    test, figures = first.splits["test"], list(first.splits["test"].figures)
    parts = [
        f"# {report.name}",
        f"{report.corpus}, fusion model {report.model}, lambda {report.lambda_:g}, seed"
        f" {report.seed}, one run. Epochs were chosen on validation."
        f" Test has {test.n} samples in {test.groups} groups (videos, actors, dialogues), which"
        " are resampled for the 95 % intervals."
        + (" With so few, an interval is too narrow." if test.groups < 10 else ""),
        "## Test",
        table(
            ("stage", *(NAMES[one] for one in figures)),
            [
                (STAGE_NAMES[name], *_cells(one.splits["test"], figures))
                for name, one in report.stages.items()
            ],
        ),
    ]
    if tuned := [(n, s.with_thresholds) for n, s in report.stages.items() if s.with_thresholds]:
        parts += [
            "With a threshold for each label, chosen on validation, in place of one half:",
            table(
                ("stage", *(NAMES[one] for one in figures)),
                [(STAGE_NAMES[name], *_cells(one, figures)) for name, one in tuned],
            ),
        ]
    if report.gains:
        parts += ["## What the transfer gave", _gains(report)]
    parts += ["## Each stream alone, test", _alone(report, figures)]
    parts += ["## Training and validation", _splits(report, figures)]
    parts += _details(report)
    if report.confidence:
        parts += ["## Confidence of the base, test", _confidence(report)]
    parts.append("![Curves](curves.png) ![Calibration](calibration.png) ![Figures](figures.png)")
    return "\n\n".join(parts) + "\n"


def _gains(report: AlignedReport) -> str:
    rows = []
    for one in report.gains:
        bounds = (
            "-" if one.interval is None else f"{one.interval[0]:+.3f} to {one.interval[1]:+.3f}"
        )
        gain = "-" if one.gain is None else f"{one.gain:+.3f} ({bounds})"
        kl = [report.stages[name].divergence for name in (one.over, one.stage)]
        rows.append(
            (
                f"{STAGE_NAMES[one.stage]} over {STAGE_NAMES[one.over]}",
                f"{NAMES[one.figure]} {gain}",
                f"{100 * one.changed:.1f}",
                " to ".join("-" if each is None else f"{each:.4f}" for each in kl),
            )
        )
    return table(("", "gain", "changed answers, %", "KL between streams, nat"), rows)


def _alone(report: AlignedReport, figures: list[str]) -> str:
    return table(
        ("stage", "stream", "samples", *(NAMES[one] for one in figures)),
        [
            (STAGE_NAMES[name], stream, str(one.n), *_cells(one, figures))
            for name, stage in report.stages.items()
            for stream, one in stage.alone.items()
        ],
    )


def _splits(report: AlignedReport, figures: list[str]) -> str:
    return table(
        ("stage", "split", "samples", *(NAMES[one] for one in figures)),
        [
            (
                STAGE_NAMES[name],
                split,
                str(stage.splits[split].n),
                *_cells(stage.splits[split], figures),
            )
            for name, stage in report.stages.items()
            for split in ("train", "val")
        ],
    )


def _details(report: AlignedReport) -> list[str]:
    """The last stage's confusion, or its figures by label."""
    name, stage = list(report.stages.items())[-1]
    if stage.confusion is not None:
        rows = zip(report.labels, stage.confusion, strict=True)
        return [
            f"## Confusion of {STAGE_NAMES[name]}, test",
            "A row for each true label.",
            table(("", *report.labels), [(label, *map(str, row)) for label, row in rows]),
        ]
    if not stage.by_label:
        return []
    heads = list(next(iter(stage.by_label.values())))
    return [
        f"## By label, {STAGE_NAMES[name]}, test",
        table(
            ("label", *(NAMES.get(one, {"f1": "F1"}.get(one, one)) for one in heads)),
            [(label, *(_d(one[h]) for h in heads)) for label, one in stage.by_label.items()],
        ),
    ]


def _confidence(report: AlignedReport) -> str:
    heads = list(next(iter(report.confidence.values())))
    names = {
        "deviation": "deviation over samples",
        "correlation": "correlation with the true class probability",
        "auroc": "AUROC, right or wrong",
    }
    return table(
        ("score", *(names[one] for one in heads)),
        [(score, *(_d(one[h]) for h in heads)) for score, one in report.confidence.items()],
    )


def _cells(one: SplitFigures, figures: list[str]) -> list[str]:
    cells = []
    for name in figures:
        cell = _d(one.figures[name])
        if name in one.intervals:
            low, high = one.intervals[name]
            cell += f" ({low:.3f} to {high:.3f})"
        cells.append(cell)
    return cells


def _d(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
