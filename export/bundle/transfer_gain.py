"""What CDaT's transfer changed, for the model card of a bundle of recordings."""

from __future__ import annotations

from export.bundle import card_parts
from train.run_report import GainOnWindows, RecordedReport
from train.tables import percent, table

HEAD = [
    *("clean windows, and faulted", "windows", "right before, %", "95 %"),
    *("after, %", "95 %", "gain, points (95 %)", "changed answers, %"),
]


def gain_of_transfer(report: RecordedReport) -> list[str]:
    """A heading, a table and a sentence; nothing without a transfer."""
    found = report.transfer
    if found is None:
        return []
    told = (
        "The same windows, answered by the fusion model before the transfer and after it: right is"
        " the class, all labels (at one half), or a number within a standard deviation. An interval"
        " that holds 0 shows no gain. The model after was also trained for longer."
    )
    if found.kl_before_nat is not None and found.kl_after_nat is not None:
        told += (
            " Mean KL between two streams in the transfer's kernel:"
            f" {found.kl_before_nat:.4f} nat before, {found.kl_after_nat:.4f} after."
        )
    rows = [[name, *_cells(one)] for name, one in found.windows.items()]
    return ["## What the transfer changed", table(HEAD, rows), told]


def _cells(one: GainOnWindows) -> list[str]:
    low, high = one.gain_interval
    return [
        str(one.n),
        percent(one.before),
        card_parts.range_of(one.before_interval),
        percent(one.after),
        card_parts.range_of(one.after_interval),
        f"{100 * one.gain:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})",
        percent(one.changed),
    ]
