"""What CDaT's transfer changed, in the report of a run on recordings."""

from __future__ import annotations

from edge.bundle.document import Strict
from train.run_report.report import Pair


class GainOnWindows(Strict):
    """The shares of right answers of the model before and after, on the same test windows.

    Right is the class; all labels at one half; a number within a standard deviation of the
    training's. Persons are resampled for the intervals; that of the gain is paired by window.
    """

    n: int
    before: float
    before_interval: Pair
    after: float
    after_interval: Pair
    gain: float
    gain_interval: Pair
    changed: float
    """Share of windows with another answer, right or wrong."""

    def in_a_line(self) -> str:
        """For the log."""
        low, high = self.gain_interval
        return (
            f"right {self.before:.3f} before, {self.after:.3f} after (also trained for longer):"
            f" {100 * self.gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}),"
            f" {100 * self.changed:.1f} % changed"
        )


class TransferGain(Strict):
    """The base against the model that the transfer left."""

    windows: dict[str, GainOnWindows]
    """"clean" and "faulted", with all streams that are present; and "STREAM alone", clean."""
    kl_before_nat: float | None
    """Mean KL between the rows of two streams in the kernel of the transfer; None where no two
    streams are present together."""
    kl_after_nat: float | None
