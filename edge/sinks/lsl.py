"""Verdicts as a Lab Streaming Layer stream, on the same clock as a laboratory's other streams."""

from __future__ import annotations

import hashlib
import math
import os
import socket
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edge import __version__
from edge.bundle.manifest import Manifest
from edge.errors import DOCTOR, SinkError, first_line
from edge.recognition.verdict import Verdict
from edge.types import NS_PER_S, STREAMS

TYPE = "Emotion"
MAX_BUFFERED_S = 60
"""What liblsl keeps for a consumer that does not read; then it drops the oldest."""
LOOKS = 5
"""Two clocks are read one after the other so many times; the quickest of them counts."""
CONFIGURED = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")
"""Where liblsl looks for the user's configuration, if LSLAPICFG names none."""
QUIET = "[log]\nlevel = -1\n"
"""Warnings and errors: its greetings would tear the live table."""


class LslOutput:
    """One thread writes and closes; liblsl sends on threads of its own.

    Args:
        name: The stream's name.
        manifest: Of the bundle: labels, thresholds or number, and streams.
        step_s: Time between two verdicts.
        now_ns: The run's clock, which verdicts are timed on. None for a file at full speed: its
            first verdict is now.

    Raises:
        SinkError: pylsl is not installed or has no library, or the stream cannot be made.
    """

    def __init__(
        self, name: str, manifest: Manifest, step_s: float, now_ns: Callable[[], int] | None
    ) -> None:
        lsl = _loaded()
        self._clock: Callable[[], float] = lsl.local_clock
        self._outlet: Any = None
        self._names = tuple(name for name in STREAMS if name in manifest.streams)
        self._labels = None if manifest.number is not None else manifest.labels
        channels = _channels(manifest, self._names)
        source = hashlib.sha256(f"{socket.gethostname()}/{name}".encode()).hexdigest()[:16]
        try:
            info = lsl.StreamInfo(
                name, TYPE, len(channels), 1 / step_s, lsl.cf_float32, f"cdat-edge-{source}"
            )
            described = info.desc().append_child("channels")
            for channel in channels:
                entry = described.append_child("channel")
                for key, value in channel.items():
                    entry.append_child_value(key, value)
            info.desc().append_child_value("manufacturer", f"cdat-edge {__version__}")
            info.desc().append_child_value("bundle", manifest.name)
            self._outlet = lsl.StreamOutlet(info, max_buffered=MAX_BUFFERED_S)
        except (RuntimeError, ValueError) as error:
            raise SinkError(f"--lsl {name}: no stream can be made: {first_line(error)}.") from None
        self._offset_s = None if now_ns is None else self._compare(now_ns)

    def write(self, verdict: Verdict) -> None:
        """Push one sample, stamped with the end of the verdict's window."""
        end_s = verdict.span_ns[1] / NS_PER_S
        if self._offset_s is None:
            self._offset_s = self._clock() - end_s
        self._outlet.push_sample(self._sample(verdict), end_s + self._offset_s)

    def close(self) -> None:
        """End the stream. Idempotent."""
        self._outlet = None  # the last reference: liblsl closes it

    def _sample(self, verdict: Verdict) -> list[float]:
        if self._labels is None:
            answer = [_float(verdict.value)]
        else:
            answer = [_float(verdict.scores.get(label)) for label in self._labels]
        reliabilities = [_float(verdict.streams[name].reliability) for name in self._names]
        return [*answer, _float(verdict.confidence), *reliabilities]

    def _compare(self, now_ns: Callable[[], int]) -> float:
        """What to add to seconds on the run's clock for seconds on LSL's."""
        looks = []
        for _ in range(LOOKS):
            before_s = self._clock()
            run_s = now_ns() / NS_PER_S
            after_s = self._clock()
            looks.append((after_s - before_s, (before_s + after_s) / 2 - run_s))
        return min(looks)[1]


def _channels(manifest: Manifest, names: tuple[str, ...]) -> list[dict[str, str]]:
    """Label, type and unit of each channel, as XDF's readers expect them."""
    number = manifest.number
    if number is None:
        found = [{"label": one, "type": "Probability", "unit": "1"} for one in manifest.labels]
        for channel, threshold in zip(found, manifest.thresholds or (), strict=False):
            channel["threshold"] = f"{threshold:g}"
    else:
        found = [{"label": number.name, "type": "Value", "unit": number.unit or "1"}]
    found.append({"label": "confidence", "type": "Confidence", "unit": "1"})
    reliabilities = (f"reliability {name}" for name in names)
    return found + [{"label": one, "type": "Reliability", "unit": "1"} for one in reliabilities]


def _loaded() -> Any:
    if find_spec("pylsl") is None:
        raise SinkError(
            "--lsl needs pylsl: run `pip install 'cdat-edge[outputs-lsl]'`, or leave out --lsl;"
            f" {DOCTOR}."
        )
    try:
        import pylsl
    except (RuntimeError, OSError):
        raise SinkError(
            "--lsl needs liblsl, which pylsl brings for Linux on x86-64 with glibc 2.35 alone:"
            " install it, and name the file in PYLSL_LIB."
        ) from None
    configured = any(Path(place).expanduser().exists() for place in CONFIGURED)
    if not configured and not os.environ.get("LSLAPICFG"):
        pylsl.set_config_content(QUIET)
    return pylsl


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)
