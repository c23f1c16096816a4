"""The figures of a run on recordings, for the model card: one label, several, or a number."""

from __future__ import annotations

from collections.abc import Mapping

from export.bundle import card_parts
from train.run_report import (
    MaskFigure,
    RecordedLabelsTest,
    RecordedNumberTest,
    RecordedReport,
    RecordedWindowsTest,
)
from train.tables import percent, table


def answers_of(report: RecordedReport) -> str:
    """One sentence about the answers."""
    if report.number is not None:
        one = report.number
        unit = f" {one.unit}" if one.unit else ""
        return f"Answer: the number *{one.name}*, {one.low:g} to {one.high:g}{unit}."
    many = "Labels, any number of which may hold: " if report.task == "labels" else "Labels: "
    return many + ", ".join(report.labels) + "."


def recorded_figures(report: RecordedReport) -> list[str]:
    """The tables and sentences, by the kind of answer."""
    clean, faulted = report.test.clean, report.test.faulted
    if isinstance(clean, RecordedWindowsTest) and isinstance(faulted, RecordedWindowsTest):
        return _classes(clean, faulted, report.labels)
    if isinstance(clean, RecordedLabelsTest) and isinstance(faulted, RecordedLabelsTest):
        return _labels(clean, faulted, report.thresholds or [])
    assert isinstance(clean, RecordedNumberTest) and isinstance(faulted, RecordedNumberTest)
    return _number(clean, faulted)


def _classes(
    clean: RecordedWindowsTest, faulted: RecordedWindowsTest, labels: list[str]
) -> list[str]:
    rows = [
        [
            name,
            str(one.n),
            str(one.persons),
            percent(one.accuracy),
            card_parts.range_of(one.accuracy_interval),
            percent(one.uar),
            card_parts.range_of(one.uar_interval),
        ]
        for name, one in (("clean", clean), ("faulted", faulted))
    ]
    return [
        table(["", "windows", "persons", "accuracy", "95 %", "UAR", "95 %"], rows),
        table(
            ["mask (where all its streams are present)", "windows", "accuracy, clean"],
            [[mask, str(one.n), percent(one.accuracy)] for mask, one in clean.by_mask.items()],
        ),
        card_parts.confusion("all present", clean.confusion, labels),
        f"Expected calibration error, clean / faulted: {clean.ece:.3f} / {faulted.ece:.3f}."
        " Separating correct from wrong predictions, faulted (AUROC): confidence"
        f" {faulted.confidence_auroc_wrong_or_right:.3f}, maximum probability"
        f" {faulted.max_probability_auroc_wrong_or_right:.3f}.",
    ]


def _labels(
    clean: RecordedLabelsTest, faulted: RecordedLabelsTest, thresholds: list[float]
) -> list[str]:
    rows = [
        [
            name,
            str(one.n),
            str(one.persons),
            percent(one.micro_f1),
            card_parts.range_of(one.micro_f1_interval),
            percent(one.macro_f1),
            card_parts.range_of(one.macro_f1_interval),
            percent(one.all_right),
        ]
        for name, one in (("clean", clean), ("faulted", faulted))
    ]
    head = ["", "windows", "persons", "micro-F1", "95 %", "macro-F1", "95 %", "all labels right"]
    by_label = [
        [name, percent(clean.share[name]), f"{limit:.3f}", percent(f1), percent(faulted.f1[name])]
        for (name, f1), limit in zip(clean.f1.items(), thresholds, strict=True)
    ]
    shown = {mask: percent(one.figure) for mask, one in clean.by_mask.items()}
    return [
        table(head, rows),
        table(["label", "true in, %", "threshold", "F1, clean", "F1, faulted"], by_label),
        _masks("micro-F1, clean", shown, clean.by_mask),
        "The confidence estimates the mean probability of the true labels; its mean error, clean /"
        f" faulted: {clean.confidence_error:.3f} / {faulted.confidence_error:.3f}.",
    ]


def _number(clean: RecordedNumberTest, faulted: RecordedNumberTest) -> list[str]:
    rows = [
        [
            name,
            str(one.n),
            str(one.persons),
            f"{one.ccc:.3f}",
            "{:.3f} to {:.3f}".format(*one.ccc_interval),
            f"{one.mae:.4g}",
            "{:.4g} to {:.4g}".format(*one.mae_interval),
            f"{one.mae_of_the_mean:.4g}",
        ]
        for name, one in (("clean", clean), ("faulted", faulted))
    ]
    head = ["", "windows", "persons", "CCC", "95 %", "mean absolute error", "95 %", "of the mean"]
    shown = {mask: f"{one.figure:.4g}" for mask, one in clean.by_mask.items()}
    return [
        table(head, rows),
        "*Of the mean*: the error of always answering with the mean of the training.",
        _masks("mean absolute error, clean", shown, clean.by_mask),
        "The confidence estimates exp(-|error| / standard deviation of the training's numbers); its"
        f" mean error, clean / faulted: {clean.confidence_error:.3f} /"
        f" {faulted.confidence_error:.3f}.",
    ]


def _masks(name: str, shown: Mapping[str, str], by_mask: Mapping[str, MaskFigure]) -> str:
    return table(
        ["mask (where all its streams are present)", "windows", name],
        [[mask, str(one.n), shown[mask]] for mask, one in by_mask.items()],
    )
