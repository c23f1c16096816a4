"""Leave one corpus out: an encoder is trained on all corpora of its stream but one, balanced by
corpus, and tested on the one that it never saw."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from train.cache import digest
from train.config import EncoderFit
from train.corpora.labels import LABELS
from train.corpora.sampling import ABSENT, balanced_draw, log_prior
from train.loop import Training, fit
from train.losses import soft_cross_entropy
from train.metrics import uar
from train.models.classifier import Classifier

log = logging.getLogger("train")

SMOOTHING = 0.1
BATCH = 256
Vary = Callable[[NDArray[Any], np.random.Generator], NDArray[Any]]


@dataclass(frozen=True)
class Coded:
    """The inputs of one corpus: windows (n, k, ...) of an encoder's items, labels (n,) and splits
    (n,)."""

    items: NDArray[Any]
    labels: NDArray[np.int64]
    splits: NDArray[np.str_]

    def rows(self, part: str) -> NDArray[np.int64]:
        """The rows of a split."""
        return np.flatnonzero(self.splits == part)


def target_of(labels: NDArray[np.int64], prior: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distributions (n, C) for labels (n,): `SMOOTHING` of each is spread over the labels that its
    corpus has, by `prior` (n, C). A share for an absent one would have to make up for its prior,
    and so teach that label everywhere."""
    there = prior > ABSENT
    target = SMOOTHING * there / there.sum(axis=1, keepdims=True)
    target[np.arange(len(labels)), labels] += 1 - SMOOTHING
    return np.asarray(target, np.float32)


def train_without(
    known: Mapping[str, Coded],
    model: Classifier,
    section: EncoderFit,
    folder: Path,
    adjusted: bool,
    vary: Vary | None = None,
    unscored: frozenset[str] = frozenset(),
    seed: int = 1,
    more: Sequence[object] = (),
) -> dict[str, float]:
    """Train on the corpora of `known`, each with an equal share of every epoch.

    The epoch is chosen by the mean UAR over the validation parts of `known`.

    Args:
        adjusted: Whether each corpus' own log frequencies are added to the logits in the loss
            (logit adjustment), so that the logits are those of a uniform prior.
        vary: Varies a training window (k, ...).
        unscored: Corpora whose validation part does not count.
        folder: Keeps the checkpoints; an interrupted training continues there.
        more: What else the weights depend on.

    Returns:
        The metrics of the kept epoch; the model has its weights.
    """
    names = sorted(known)
    rows = {name: known[name].rows("train") for name in names}
    lengths = {name: _lengths(known[name].items) for name in names}
    priors = {
        name: log_prior(known[name].labels[rows[name]], len(LABELS), section.class_balance)
        for name in names
    }

    def batches(rng: np.random.Generator) -> Iterator[tuple[NDArray[Any], ...]]:
        each = section.samples // len(names)
        parts = [
            (k, name, rows[name][balanced_draw(labels, each, section.class_balance, rng)])
            for k, name in enumerate(names)
            for labels in [known[name].labels[rows[name]]]
        ]
        order = np.concatenate([np.stack([np.full(len(r), k), r], 1) for k, _, r in parts])
        rng.shuffle(order)
        order = _by_length(order, [lengths[name] for name in names], section.batch)
        for begin in range(0, len(order), section.batch):
            some = order[begin : begin + section.batch]
            if len(some) > 1:
                drawn = [known[names[k]].items[row] for k, row in some]
                items = np.stack([vary(one, rng) for one in drawn] if vary else drawn)
                labels = np.array([known[names[k]].labels[row] for k, row in some])
                own = np.stack([priors[names[k]] for k, _ in some])
                yield items, target_of(labels, own if adjusted else own * 0), own

    def loss(batch: tuple[NDArray[Any], ...]) -> Tensor:
        items, target, prior = batch
        logits = model(_tensor(items))[1]
        if adjusted:
            logits = logits + torch.from_numpy(prior)
        return soft_cross_entropy(logits, torch.from_numpy(target))

    def validate() -> dict[str, float]:
        found = {}
        for name in [one for one in names if one not in unscored]:
            val = known[name].rows("val")
            predicted = logits_of(model, known[name].items[val]).argmax(axis=1)
            found[name] = uar(known[name].labels[val], predicted)
        return {"score": float(np.mean(list(found.values())))} | found

    key = digest("left out", names, section.model_dump(), seed, adjusted, list(more))
    return fit(
        Training("left out", model, batches, loss, validate, "score"), section, seed, folder, key
    )


def logits_of(model: Classifier, items: NDArray[Any]) -> NDArray[np.float32]:
    """Logits (n, C) of windows (n, k, ...), without dropout."""
    model.eval()
    parts = []
    with torch.inference_mode():
        for some in np.array_split(items, max(1, len(items) // BATCH)):
            parts.append(model(_tensor(some))[1].numpy())
    return np.concatenate(parts)


def _lengths(items: NDArray[Any]) -> NDArray[np.int64]:
    """The number of words of each line, (n,); 0 for items that are not ids."""
    if items.dtype.kind not in "ui":
        return np.zeros(len(items), np.int64)
    return np.asarray((items[:, 0, :, 0] > 0).sum(axis=1), np.int64)


def _by_length(
    order: NDArray[np.int64], lengths: Sequence[NDArray[np.int64]], batch: int
) -> NDArray[np.int64]:
    """Rows (corpus, row) with lines of like length in a batch, within runs of sixteen batches."""
    out = []
    for begin in range(0, len(order), 16 * batch):
        some = order[begin : begin + 16 * batch]
        out.append(some[np.argsort([lengths[k][row] for k, row in some], kind="stable")])
    return np.concatenate(out)


def _tensor(items: NDArray[Any]) -> Tensor:
    """Halves as singles; ids of 16 bits as 32, cut to the longest line, which halves the time."""
    if items.dtype.kind not in "ui":
        return torch.from_numpy(items.astype(np.float32))
    longest = max(1, int(_lengths(items).max(initial=1)))
    return torch.from_numpy(items[:, :, :longest].astype(np.int32))
