"""What one step judges: the windows and words that end with it, and what they were taken from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.recognition.availability import Link
from edge.recognition.tap import StepInput
from edge.recognition.window import StreamWindow
from edge.types import Reading, Word


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The input of one step.

    Attributes:
        step: The step's other inputs, as the tap gets them.
        links: What each stream is connected to; "off" for one that the bundle lacks.
        windows: A window for each of the three streams.
        words: The words of the look-back.
        recent: The readings of `edge.recognition.speaking`'s look-back, by stream.
        heard_ns: Capture time up to which sound was transcribed.
        earlier: The windows up to `edge.recognition.earlier`'s `until_ns`.
    """

    step: StepInput
    links: Mapping[str, Link]
    windows: Mapping[str, StreamWindow]
    words: tuple[Word, ...]
    recent: Mapping[str, Sequence[Reading]]
    heard_ns: int | None = None
    earlier: Mapping[str, StreamWindow] = field(default_factory=dict)
