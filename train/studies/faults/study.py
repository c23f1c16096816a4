"""Conditions of the study: fault families x severities x streams, and pairs of faults."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.networks import Fused
from edge.faults import CLEAN
from edge.recognition.window import StreamWindow
from edge.types import NS_PER_S, STREAMS, Float
from train.corpora.labels import LABELS
from train.loop import generator
from train.studies.faults.policies import Seen, Windows
from train.studies.faults.simulate import LIE, Simulator, families
from train.studies.faults.timeline import Timeline, Track

log = logging.getLogger("train")

SEVERITIES = (0.3, 0.6, 0.8, 1.0)
PAIR_SEVERITY = 0.8
PAIRS = 8
"""Number of pairs of families for each pair of streams."""


@dataclass(frozen=True)
class Cell:
    """One condition: the faults of the streams and their severities."""

    faults: tuple[tuple[str, str, float], ...]
    """(stream, family, severity) of each corrupted stream; none is the clean condition."""

    @property
    def name(self) -> str:
        """Name in the report: vision.dark@0.8 + audio.noise@0.8."""
        if self.changes:
            return "the emotion changes"
        return " + ".join(f"{s}.{f}@{v:g}" for s, f, v in self.faults) or CLEAN

    @property
    def severity(self) -> float:
        """Lowest severity of the cell's faults; 0 without a fault."""
        return min((v for _, _, v in self.faults), default=0.0)

    @property
    def lies(self) -> bool:
        """Whether a stream is another person's, with nothing wrong in its signal."""
        return any(fault == LIE for _, fault, _ in self.faults)

    @property
    def changes(self) -> bool:
        """Whether all streams are the other person's: then it is the emotion that changes."""
        return all(fault == LIE for _, fault, _ in self.faults) and len(self.faults) == len(STREAMS)


def cells(seed: int) -> list[Cell]:
    """Clean, every family of every stream at every severity, some pairs, another person's stream,
    and a change of emotion, which is all three."""
    out = [Cell(()), *single(SEVERITIES)]
    rng = generator(seed, "faults", "pairs")
    for one, two in combinations(STREAMS, 2):
        both = [(a, b) for a in families(one) for b in families(two)]
        for k in sorted(rng.permutation(len(both))[:PAIRS]):
            a, b = both[int(k)]
            out.append(Cell(((one, a, PAIR_SEVERITY), (two, b, PAIR_SEVERITY))))
    return [*out, *changed()]


def single(severities: Iterable[float]) -> list[Cell]:
    """Every family of every stream at these severities."""
    return [Cell(((s, f, v),)) for s in STREAMS for f in families(s) for v in severities]


def changed() -> list[Cell]:
    """Another person's text, voice or face, and the change of emotion."""
    lies = tuple((stream, LIE, 1.0) for stream in STREAMS)
    return [*(Cell((lie,)) for lie in lies), Cell(lies)]


class Identities:
    """The identities of a study: `per_class` trios of a face, a voice and a line for each label."""

    def __init__(self, simulator: Simulator, split: str, per_class: int, seed: int) -> None:
        self._simulator, self._seed, self.split = simulator, seed, split
        rng = generator(seed, "faults", split)
        self.label = np.repeat(np.arange(len(LABELS)), per_class)
        self.items = np.stack([self._draw(s, per_class, rng) for s in STREAMS], axis=1)
        """(R, 3): corpus items."""
        self.other_label = self._other(self.label)
        """(R,), of the identity whose stream is a lie."""
        self._tracks: dict[tuple[str, str, float], list[Track]] = {}

    @property
    def timeline(self) -> Timeline:
        """When the faults of their runs last."""
        return self._simulator.timeline

    def _draw(self, stream: str, per_class: int, rng: np.random.Generator) -> NDArray[np.int64]:
        usable = self._simulator.corpora.usable(stream, self.split)
        labels = self._simulator.corpora.labels(stream)[usable]
        picked = []
        for label in range(len(LABELS)):
            pool = usable[labels == label]
            picked.append(rng.permutation(np.resize(pool, max(per_class, len(pool))))[:per_class])
        return np.concatenate(picked)

    def tracks(self, stream: str, fault: str = CLEAN, severity: float = 0.0) -> list[Track]:
        """Tracks of all identities for one stream and one fault; simulated once and cached."""
        key = (stream, fault, severity)
        if key not in self._tracks:
            column = STREAMS.index(stream)
            others = self._other(self.items[:, column])
            self._tracks[key] = [
                self._simulator.simulate(
                    stream,
                    int(item),
                    int(other),
                    fault,
                    severity,
                    generator(self._seed, "faults", self.split, stream, run),
                )
                for run, (item, other) in enumerate(zip(self.items[:, column], others, strict=True))
            ]
        return self._tracks[key]

    def _other(self, of_each: NDArray[np.int64]) -> NDArray[np.int64]:
        """That of an identity of another label: the same one in all streams."""
        return np.roll(of_each, len(of_each) // len(LABELS))


Fuse = Callable[[Float, Float], tuple[Float, Float, Float]]
"""embeddings (n, 3, D) and signals (n, Q) to probabilities (n, 7, C), confidences and
reliabilities."""
FuseWindows = Callable[[Mapping[str, StreamWindow], frozenset[str]], Fused]
"""Windows by stream, and those that are used, to the network's outputs for this one step."""
Score = Callable[[Float, Float], dict[str, Float]]


def see(
    identities: Identities,
    cell: Cell,
    typical: dict[str, Any],
    fuse: Fuse,
    score: Score,
    fuse_windows: FuseWindows | None = None,
) -> Seen:
    """Outputs of the fusion network and the learned baselines for a cell.

    Args:
        typical: by stream, the signals used if none were measured, as in the runtime.
        fuse_windows: for policies that leave out a part of a window.

    The labels of a cell that `changes` are those during the change.
    """
    corrupted = {s: (f, v) for s, f, v in cell.faults}
    tracks = [identities.tracks(s, *corrupted.get(s, (CLEAN, 0.0))) for s in STREAMS]
    embeddings = np.stack([np.stack([t.embedding for t in some]) for some in tracks], axis=2)
    usable = np.stack([np.stack([t.usable for t in some]) for some in tracks], axis=2)
    measured = []
    for stream, some in zip(STREAMS, tracks, strict=True):
        quality = np.stack([t.quality for t in some])
        measured.append(np.where(np.isnan(quality), np.float32(typical[stream]), quality))
    quality = np.concatenate(measured, axis=2).astype(np.float32)
    runs, steps = usable.shape[:2]
    flat = (
        embeddings.reshape(runs * steps, *embeddings.shape[2:]),
        quality.reshape(runs * steps, -1),
    )
    probabilities, confidence, reliability = fuse(*flat)
    ends_ns = [round(end_s * NS_PER_S) for end_s in identities.timeline.ends_s]

    def back(values: Float) -> Float:
        return values.reshape(runs, steps, *values.shape[1:])

    return Seen(
        probabilities=back(probabilities),
        confidence=back(confidence),
        reliability=back(reliability),
        usable=usable,
        scores={name: back(values) for name, values in score(*flat).items()},
        label=identities.other_label if cell.changes else identities.label,
        windows=None if fuse_windows is None else Windows(tracks, ends_ns, fuse_windows),
    )


def join(seen: list[Seen]) -> Seen:
    """The runs of several cells as one, for parameters that are fitted on all of them."""
    first = seen[0]
    return replace(
        first,
        windows=None,
        **{
            field: np.concatenate([getattr(one, field) for one in seen])
            for field in ("probabilities", "confidence", "reliability", "usable", "label")
        },
        scores={name: np.concatenate([one.scores[name] for one in seen]) for name in first.scores},
    )
