"""The data types of the runtime, from a capture to a verdict.

Times are integer nanoseconds on one monotonic clock (`edge.clock`). They always mean the *capture*
of light or sound. All types are frozen, so any thread may read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

STREAMS = ("text", "audio", "vision")
"""The order of streams in all arrays."""

MASKS = (
    ("text",),
    ("audio",),
    ("vision",),
    ("text", "audio"),
    ("text", "vision"),
    ("audio", "vision"),
    ("text", "audio", "vision"),
)
"""The seven non-empty sets of streams, in the order of the fusion graph's rows."""

MASK_BITS = np.array([[stream in mask for stream in STREAMS] for mask in MASKS])
"""Bool (7, 3): the streams that each mask uses. Read-only."""
MASK_BITS.flags.writeable = False

MASK_ROWS = {frozenset(mask): row for row, mask in enumerate(MASKS)}
"""The row of a set of streams in `MASKS`."""

ALL_STREAMS = MASK_ROWS[frozenset(STREAMS)]
"""The row of the mask with all streams."""


def masks_of(streams: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The masks of `MASKS` that use only `streams`, in the same order."""
    have = set(streams)
    return tuple(mask for mask in MASKS if have.issuperset(mask))


Float = NDArray[np.float32]
Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `bgr` is uint8, shape (height, width, 3), and must not be written to."""

    t_ns: int
    bgr: NDArray[np.uint8]
    index: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """PCM without a gap. `samples` is mono float32 in -1..1, shape (n,).

    `t_ns` is the capture time of the first sample. `first_sample` is its index since the stream
    began, including lost samples, so it jumps exactly where sound was lost. `gap` is the cause
    ("overflow", "restart", ...) on the first chunk after a gap, and None otherwise.
    """

    t_ns: int
    samples: Float
    rate_hz: int
    first_sample: int
    gap: str | None = None

    @property
    def end_ns(self) -> int:
        """Capture time just after the last sample."""
        return self.t_ns + len(self.samples) * NS_PER_S // self.rate_hz


Packet = Frame | Chunk

PhaseAt = Callable[[int], dict[str, Any] | None]
"""Maps a capture time to the phase of a script, for the verdict. Only the demo has one."""


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. `confidence` in 0..1 is what the ASR engine claims.

    A word that is not `final` may still be revised; its confidence is that of `edge.asr.stability`.
    """

    text: str
    start_ns: int
    end_ns: int
    confidence: float
    final: bool = True


@dataclass(frozen=True, slots=True)
class Utterance:
    """All words of utterance number `index` so far. A later one with this index replaces it.

    `final` means that the engine will not revise it. `heard_ns` is the capture time up to which the
    engine has processed the sound.
    """

    index: int
    words: tuple[Word, ...]
    final: bool
    heard_ns: int


@dataclass(frozen=True, slots=True)
class Observation:
    """A front end's output for a packet: a network's input and the measured signals.

    `tensor` has the shape of the stream's encoder input without the batch axis. It is None if there
    is nothing to encode (no face in the frame). `quality` has one physical value for each name in
    the front end's `QUALITY`, float32, shape (Q,).
    """

    t_ns: int
    tensor: NDArray[np.float32] | NDArray[np.int32] | None
    quality: Float
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """An observation after its encoder: `embedding` float32, shape (D,), and its pooling `logit`.

    `work_ns` is the time that the front end and the encoder took.
    """

    t_ns: int
    quality: Float
    embedding: Float | None
    logit: float
    work_ns: int
    detail: dict[str, object] = field(default_factory=dict)
