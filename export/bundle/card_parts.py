"""What the model cards of every kind of run share."""

from __future__ import annotations

from train.fusion_config import FusedConfig
from train.run_report import RunReport, StreamTest
from train.tables import percent, table

INTENDED = """\
To show live which of a camera, a microphone and a transcript gives a reliable signal, with a rough
label of the expression; for development; as a baseline.

Not for decisions about people: not for hiring, policing, education, health or insurance, nor where
emotion recognition is prohibited (as at work and in schools in the European Union). A label here is
how others would name an acted or posted expression, not what a person feels. The terms of RAVDESS,
and of other corpora where they say so below, exclude commercial use."""


def transfer_of(config: FusedConfig) -> str:
    """A sentence: the fusion model, and whether CDaT's transfer trained it."""
    fused, section = f"Fusion model: {config.fusion.model.kind}", config.transfer
    if section is None:
        return f"{fused}, without CDaT's transfer between the streams."
    when = "from the first epoch" if section.when == "start" else "as the third stage"
    return f"{fused}, with CDaT's transfer between the streams {when} (lambda {section.lambda_:g})."


def range_of(bounds: tuple[float, float]) -> str:
    """An interval in %."""
    return f"{100 * bounds[0]:.1f}-{100 * bounds[1]:.1f}"


SINGLE = ("n", "accuracy", "95 %", "UAR", "95 %", "macro-F1", "resampled")


def single_row(stream: str, test: StreamTest) -> list[str]:
    """Cells of one stream's test metrics; shares in %."""
    return [
        stream,
        str(test.n),
        percent(test.accuracy),
        range_of(test.accuracy_interval),
        percent(test.uar),
        range_of(test.uar_interval),
        percent(test.macro_f1),
        test.resampled,
    ]


def confusion(stream: str, counts: list[list[int]], labels: list[str]) -> str:
    """Confusion matrix as a table; a row for each true label."""
    head = [f"{stream}: true \\ predicted", *labels]
    return table(head, [[name, *map(str, row)] for name, row in zip(labels, counts, strict=True)])


def reliability_table(report: RunReport) -> str:
    """Table of reliability on validation, by stream and fault."""
    rows = []
    for stream, seen in report.gate_seen_on_validation.items():
        drop = f"{report.gate.reliability[stream].drop:.3f}"
        rows.append([stream, "(none: false drops)", "", percent(seen.clean_below_drop), drop])
        for fault, area in seen.auroc_by_fault.items():
            below = percent(seen.below_drop_by_fault[fault])
            rows.append([stream, fault, f"{area:.3f}", below, ""])
    return table(["stream", "fault", "AUROC", "% below drop", "drop"], rows)
