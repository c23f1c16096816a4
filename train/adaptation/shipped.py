"""What a bundle and an adapted one answer on the bundle's shipped validation slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.types import MASK_ROWS, STREAMS, masks_of
from train.adaptation.changes import FLOOR, Changes
from train.stages.shipped_slice import ShippedSlice, read_slice

MOST_LOST = 0.02
"""Accuracy, as a share of 1, that an adaptation may lose in any mask. Of 300 windows it is six; two
networks of equal worth differ by as much."""
LIKELY = 0.05
"""A loss is not kept either, where chance alone would lose as much less often than this."""
FLIPS = 4000


@dataclass(frozen=True)
class Shipped:
    """The slice of a bundle, and the scores that the bundle itself gives for it."""

    slice: ShippedSlice
    scores: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, base: Bundle) -> Shipped | None:
        """None, where the bundle ships no slice. Raises: BundleError, for a wrong one."""
        found = read_slice(base)
        return None if found is None else cls(found, masked_scores(base, found))

    @property
    def checking(self) -> NDArray[np.bool_]:
        """(n,). On the embeddings of the other windows `transfer` is fitted, so that only these
        check it."""
        return self.slice.half

    @property
    def described(self) -> dict[str, Any]:
        """For the report."""
        streams = list(self.slice.streams)
        return {"windows": len(self.slice), "streams": streams, "may_lose": MOST_LOST}

    def seen(self, adapted: Bundle, changes: Changes) -> dict[str, Any]:
        """The figures of the adapted bundle on the slice beside those of the bundle itself, so that
        several steps together lose no more than one may."""
        scores = masked_scores(adapted, self.slice)
        rows = self.checking if changes.transfer is not None else None
        return compared_on(self.slice, self.scores, scores, changes.log_weights, rows)


def too_much_lost(seen: dict[str, Any] | None) -> str:
    """Why an adaptation is not kept; "" for nothing."""
    if seen is None or not seen["too_much"]:
        return ""
    why = f"{100 * seen['lost']:.1f} points less accurate on the shipped slice ({seen['worst']})"
    if seen["lost"] > MOST_LOST:
        return why
    return f"{why}, and chance would lose as much in {100 * seen['chance']:.1f} % of cases"


def unseen(changes: Changes, base: Bundle, shipped: Shipped | None) -> str:
    """The streams whose answers were changed and which the slice lacks; "" for none."""
    if shipped is None:
        return "the bundle ships no validation slice"
    if changes.transfer is None:
        return ""
    changed = [
        n for n, w in zip(base.manifest.names, changes.transfer.weights, strict=True) if w.any()
    ]
    lacking = [name for name in changed if name not in shipped.slice.streams]
    return f"the shipped slice has no {' and no '.join(lacking)}" if lacking else ""


def masked_scores(bundle: Bundle, shipped: ShippedSlice) -> dict[str, NDArray[np.float64]]:
    """The scores (n, C) under each mask of the slice's streams, by name such as "text+audio"; other
    streams are absent, with the bundle's typical signals.

    Raises:
        EngineError: A graph failed.
    """
    networks, manifest = Networks(bundle), bundle.manifest
    own = np.split(shipped.quality, _edges(bundle, shipped.streams), axis=1)
    try:
        found = {}
        for mask in masks_of(shipped.streams):
            signals = []
            for name in manifest.names:
                if name in mask:
                    signals.append(own[shipped.streams.index(name)])
                else:
                    typical = np.array(manifest.streams[name].typical_quality, np.float32)
                    signals.append(np.tile(typical, (len(shipped), 1)))
            quality = np.concatenate(signals, axis=1)
            size = shipped.embeddings.shape[2]
            embeddings = np.zeros((len(shipped), len(STREAMS), size), np.float32)
            for name in mask:
                place = shipped.streams.index(name)
                embeddings[:, STREAMS.index(name)] = shipped.embeddings[:, place]
            row = MASK_ROWS[frozenset(mask)]
            found["+".join(mask)] = np.array(
                [
                    networks.fuse(one, seen).outputs[row]
                    for one, seen in zip(embeddings, quality, strict=True)
                ],
                np.float64,
            )
        return found
    finally:
        networks.close()


def compared_on(
    shipped: ShippedSlice,
    before: dict[str, NDArray[np.float64]],
    after: dict[str, NDArray[np.float64]],
    log_weights: NDArray[np.floating] | None,
    rows: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Accuracy and loss of two bundles on the slice, mask by mask, and the mask that loses most.

    Args:
        before, after: From `masked_scores`.
        log_weights: (C,), what the adaptation claims of the labels' frequencies: the windows are
            weighted by it, in both figures, or a prior that is right would seem wrong on a slice
            with equally frequent labels.
        rows: (n,), the windows that count; None for all.
    """
    weights = np.ones(len(shipped))
    if log_weights is not None:
        weights = np.exp(log_weights)[shipped.label]
    if rows is not None:
        weights = weights * rows
    group = shipped.group
    masks: dict[str, Any] = {}
    for mask, old in before.items():
        figures = [_figures(shipped.label, scores, weights) for scores in (old, after[mask])]
        right = [scores.argmax(axis=1) == shipped.label for scores in (old, after[mask])]
        masks[mask] = {
            "accuracy": [round(accuracy, 4) for accuracy, _ in figures],
            "loss": [round(loss, 4) for _, loss in figures],
            "chance": by_chance(weights * (right[0].astype(float) - right[1]), group),
        }
    lost = {m: round(one["accuracy"][0] - one["accuracy"][1], 4) for m, one in masks.items()}
    refused = {m: lost[m] > MOST_LOST or masks[m]["chance"] < LIKELY for m in masks}
    worst = max(lost, key=lambda mask: (refused[mask], lost[mask]))
    return {
        "windows": int((weights > 0).sum()),
        "masks": masks,
        "worst": worst,
        "lost": lost[worst],
        "chance": masks[worst]["chance"],
        "too_much": refused[worst],
    }


def by_chance(lost: NDArray[np.float64], group: NDArray[np.int64]) -> float:
    """How often chance loses as much: the share of random signs of what the groups lose, with which
    the sum is as great or greater. 1 where nothing was lost.

    Args:
        lost: (n,), each window's part.
        group: (n,), numbers; the windows of one are no independent cases and share a sign.
    """
    parts = np.asarray(np.bincount(group, lost), np.float64)
    lost = parts[parts != 0]
    if lost.sum() <= 0:
        return 1.0
    signs = np.random.default_rng(0).choice((-1.0, 1.0), (FLIPS, len(lost)))
    return round(float(((signs @ lost) >= lost.sum() - 1e-9).mean()), 4)


def _figures(
    label: NDArray[np.int64], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    own = np.clip(scores[np.arange(len(label)), label], FLOOR, 1)
    right = scores.argmax(axis=1) == label
    return (
        float(np.average(right, weights=weights)),
        float(np.average(-np.log(own), weights=weights)),
    )


def _edges(bundle: Bundle, streams: tuple[str, ...]) -> list[int]:
    """Where the signals of one stream end and those of the next begin."""
    widths = [len(bundle.manifest.streams[stream].quality) for stream in streams]
    return [int(edge) for edge in np.cumsum(widths)[:-1]]
