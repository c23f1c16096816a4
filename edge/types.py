"""What flows through the runtime, from a capture to a verdict.

Times are integer nanoseconds on one monotonic clock (`edge.clock`) and always mean *capture*: when
the light fell, when the sound was in the air. All types are frozen: any thread may read them.
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
"""The order of streams wherever they are stacked."""

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
"""Bool (7, 3): which streams each mask uses; not to be written to."""
MASK_BITS.flags.writeable = False

MASK_ROWS = {frozenset(mask): row for row, mask in enumerate(MASKS)}
"""The row of a set of streams in `MASKS`."""

ALL_STREAMS = MASK_ROWS[frozenset(STREAMS)]
"""The row of the mask that uses every stream."""


def masks_of(streams: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Those of `MASKS` that need no other stream, in their order."""
    have = set(streams)
    return tuple(mask for mask in MASKS if have.issuperset(mask))


Float = NDArray[np.float32]
Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. `bgr` is uint8, shape (height, width, 3), and is never written to."""

    t_ns: int
    bgr: NDArray[np.uint8]
    index: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """PCM without a hole in it. `samples` is mono float32 in -1..1, shape (n,).

    `t_ns` is the capture time of the first sample, `first_sample` its index since the stream began,
    lost samples counted; so `first_sample` jumps exactly where sound was lost. `gap` says why
    ("overflow", "restart", ...) on the chunk after a hole and is None otherwise.
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
"""What a script does at a capture time, told in each verdict: the demo's alone."""


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; `confidence` in 0..1 as the ASR engine claims it."""

    text: str
    start_ns: int
    end_ns: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """All words known so far of utterance number `index`: a later one with this index replaces it.

    `final` means that the engine will not revise it. `heard_ns` is the capture time up to which the
    engine has listened.
    """

    index: int
    words: tuple[Word, ...]
    final: bool
    heard_ns: int


@dataclass(frozen=True, slots=True)
class Observation:
    """What a front end makes of a packet: a network's input and the signals measured beside it.

    `tensor` has the shape of the stream's encoder input without the batch axis, or is None where
    there is nothing to encode (no face in the picture). `quality` has one physical value for each
    name in the front end's `QUALITY`, float32, shape (Q,).
    """

    t_ns: int
    tensor: NDArray[np.float32] | NDArray[np.int32] | None
    quality: Float
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """An observation after its encoder: `embedding` float32, shape (D,), and its pooling `logit`.

    `work_ns` is the time that front end and encoder took.
    """

    t_ns: int
    quality: Float
    embedding: Float | None
    logit: float
    work_ns: int
    detail: dict[str, object] = field(default_factory=dict)
