"""Capture time of samples: compares the sample count with the clock at every callback."""

from __future__ import annotations

from collections import deque

import numpy as np

from edge.types import NS_PER_MS, NS_PER_S

WINDOW = 500
"""Callbacks considered: 10 s of 20 ms. At 200 ppm the device drifts by 2 ms in that time."""
RECENT = 50
"""Callbacks that must all be late before sound counts as lost: 1 s, longer than any stall of
this program from which the device's buffer has not caught up yet."""
SLIP_NS = 100 * NS_PER_MS
SLEW_NS = NS_PER_MS
"""Largest change of the estimate a callback: 5 % of a block, so that times never go backwards."""


class SampleTime:
    """Capture time by sample position. One thread.

    A block cannot arrive before it was captured. So the earliest arrival in the window is an upper
    bound for the time of sample 0, independent of scheduling delays of the others. The delay that
    the driver reports is subtracted if it is plausible. It is not always: PulseAudio's ALSA plug-in
    reports 160-190 ms in the first second of a stream that has 15 ms (measured on a null sink).

    Args:
        rate_hz: The device's sample rate.
        max_latency_ns: The longest plausible delay: the duration of the device's buffer.
    """

    def __init__(self, rate_hz: int, max_latency_ns: int) -> None:
        self._rate_hz, self._max_latency_ns = rate_hz, max_latency_ns
        self._bounds: deque[int] = deque(maxlen=WINDOW)
        self._claims: deque[int] = deque(maxlen=WINDOW)
        self._origin_ns: int | None = None

    def observe(self, first: int, count: int, now_ns: int, delay_ns: int | None) -> None:
        """Record that a block of `count` samples from position `first` arrived at `now_ns`."""
        self._bounds.append(now_ns - self._ns(first + count))
        if delay_ns is not None:
            self._claims.append(now_ns - delay_ns - self._ns(first))
        target_ns = self._target_ns()
        if self._origin_ns is None:
            self._origin_ns = target_ns
        step_ns = target_ns - self._origin_ns
        self._origin_ns += max(-SLEW_NS, min(SLEW_NS, step_ns))

    def time_of(self, position: float) -> int:
        """Capture time of the sample at `position`. Needs at least one observation."""
        if self._origin_ns is None:
            raise ValueError("no block has been observed yet")
        return self._origin_ns + self._ns(position)

    def late_ns(self, end: int, now_ns: int) -> int:
        """How much later a block that ends at `end` arrived than the earliest of the others."""
        return now_ns - self._ns(end) - min(self._bounds) if self._bounds else 0

    def slipped_ns(self) -> int:
        """Sound that was lost without a report: all blocks of the last second are late."""
        if len(self._bounds) < 2 * RECENT:
            return 0
        bounds = list(self._bounds)
        slip_ns = min(bounds[-RECENT:]) - min(bounds[:-RECENT])
        return slip_ns if slip_ns > SLIP_NS else 0

    def restart(self) -> None:
        """Discard the observations: samples were lost and positions have changed."""
        self._bounds.clear()
        self._claims.clear()
        self._origin_ns = None

    def _target_ns(self) -> int:
        bound_ns = min(self._bounds)
        if not self._claims:
            return bound_ns
        latency_ns = bound_ns - int(np.median(self._claims))
        return bound_ns - latency_ns if 0 < latency_ns <= self._max_latency_ns else bound_ns

    def _ns(self, samples: float) -> int:
        return int(samples * NS_PER_S / self._rate_hz)
