"""The metric gate: an engine in reduced precision is accepted if the task's figure on real items
stays within the manifest's `metric_loss` of the figure of a reference engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.engines import Engine
from edge.errors import DataError, EngineError
from edge.types import Float
from export.proof.metric_figure import Figure, GateResult, judged
from export.proof.passes import Engines, labels_by_mask, pooled
from export.proof.real_slice import RealSlice
from train.metrics import interval

COMPOSED = "composed"
"""The figure over windows composed by class, under all masks of two streams or more."""
WINDOWS = 1000
ROUNDS = 400
"""Of the bootstrap."""


@dataclass(frozen=True)
class _Labels:
    """Labels by figure: (n, 1) of a stream alone, (n, M) of composed windows."""

    found: dict[str, NDArray[np.int64]]
    true: dict[str, NDArray[np.int64]]
    groups: dict[str, NDArray[np.int64]]


class MetricGate:
    """Compares candidates with one reference; the reference passes over the items once.

    One thread, with the engines open.
    """

    def __init__(self, bundle: Bundle, reference: Engines, items: RealSlice) -> None:
        """`reference`: an FP32 engine for each graph; `items`: see `export.proof.real_slice`.

        Raises:
            DataError: There are so few items that one is more than `metric_loss`.
        """
        self._bundle, self._reference, self._items = bundle, dict(reference), items
        limit = bundle.manifest.metric_loss
        for stream in bundle.manifest.names:
            count = len(items[stream]) if stream in items else 0
            if count * limit < 1:
                raise DataError(
                    f"{count} real items of {stream} cannot show a loss of {limit}, the manifest's"
                    f" metric_loss: {int(np.ceil(1 / limit))} or more are needed."
                )

    def check(self, candidate: Mapping[str, Engine]) -> GateResult:
        """Judge every figure that the engines in `candidate` change.

        Args:
            candidate: Engines by graph; a graph that is missing runs with the reference's engine.

        Raises:
            EngineError: Nothing would be compared, an engine failed, an output is not finite, or
                the reference finds one label in everything.
        """
        replaced = {g for g, one in candidate.items() if one is not self._reference.get(g)}
        if not replaced or not replaced <= set(self._reference):
            raise EngineError(
                f"The metric gate compares engines of {', '.join(self._reference)} with the"
                f" reference's, and was given {', '.join(sorted(replaced)) or 'no other engine'}."
            )
        names = self._bundle.manifest.names
        concerned = names if "fusion" in replaced else [s for s in names if s in replaced]
        wanted = [*concerned, *([COMPOSED] if len(names) > 1 else [])]
        engines = {**self._reference, **candidate}
        embeddings = {
            s: pooled(self._bundle, s, engines[s], self._items[s].windows)
            if s in replaced
            else self._embeddings[s]
            for s in names
        }
        found = self._labels(engines["fusion"], embeddings, wanted)
        figures = tuple(self._figure(name, found) for name in wanted)
        return judged(figures, self._bundle.manifest.metric_loss)

    @cached_property
    def _embeddings(self) -> dict[str, Float]:
        return {
            s: pooled(self._bundle, s, self._reference[s], self._items[s].windows)
            for s in self._bundle.manifest.names
        }

    @cached_property
    def _expected(self) -> _Labels:
        names = [*self._bundle.manifest.names, COMPOSED]
        return self._labels(self._reference["fusion"], self._embeddings, names)

    @cached_property
    def _composed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows (n, S) of the items, and labels (n,): of a label that every stream has."""
        rng = np.random.default_rng(0)
        truth = [self._items[s].labels for s in self._bundle.manifest.names]
        common = sorted(set.intersection(*(set(labels.tolist()) for labels in truth)))
        if len(common) < 2:
            raise DataError("The real items of the streams have no two labels in common.")
        labels = rng.choice(np.array(common, np.int64), WINDOWS)
        rows = np.stack(
            [[rng.choice(np.flatnonzero(t == label)) for label in labels] for t in truth], axis=1
        )
        return rows, labels

    def _labels(self, fusion: Engine, embeddings: dict[str, Float], wanted: list[str]) -> _Labels:
        manifest = self._bundle.manifest
        out = _Labels({}, {}, {})
        for place, stream in enumerate(manifest.names):
            if stream not in wanted:
                continue
            items = self._items[stream]
            shape = (len(items), len(manifest.names), manifest.fusion.embedding_size)
            alone = np.zeros(shape, np.float32)
            alone[:, place] = embeddings[stream]
            row = manifest.fusion.masks.index((stream,))
            out.found[stream] = labels_by_mask(self._bundle, fusion, alone)[:, [row]]
            out.true[stream], out.groups[stream] = items.labels, items.groups
        several = [k for k, mask in enumerate(manifest.fusion.masks) if len(mask) > 1]
        if COMPOSED in wanted and several:
            rows, labels = self._composed
            together = np.stack(
                [embeddings[s][rows[:, k]] for k, s in enumerate(manifest.names)], axis=1
            )
            out.found[COMPOSED] = labels_by_mask(self._bundle, fusion, together)[:, several]
            out.true[COMPOSED], out.groups[COMPOSED] = labels, np.arange(len(labels))
        return out

    def _figure(self, name: str, found: _Labels) -> Figure:
        before, after, truth = self._expected.found[name], found.found[name], found.true[name]
        if len(np.unique(before)) < 2:
            raise EngineError(
                f"The reference finds one label in all items of {name}, so equal figures show"
                " nothing: train the bundle's networks again."
            )
        truth = truth[:, None]
        right_before, right_after = (before == truth).mean(axis=1), (after == truth).mean(axis=1)
        lost = right_before - right_after
        return Figure(
            name=name,
            items=len(lost),
            reference=float(right_before.mean()),
            candidate=float(right_after.mean()),
            equal=float((before == after).mean()),
            interval=interval(
                lambda rows: float(lost[rows].mean()), found.groups[name], rounds=ROUNDS
            ),
        )
