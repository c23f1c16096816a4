"""Leave one corpus out for text: the encoder is trained on all line corpora but one, balanced by
corpus, and tested on the one that it never saw."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from train.cache import digest
from train.config import EncoderFit
from train.corpora.labels import LABELS
from train.corpora.sampling import balanced_draw
from train.loop import Training, fit
from train.metrics import uar
from train.models.classifier import Classifier

log = logging.getLogger("train")

ABSENT = -12.0
"""Log frequency of a label that a corpus does not have: the network is not taught that a tweet is
never neutral only because nobody could name it so."""
BATCHES = 256


@dataclass(frozen=True)
class Coded:
    """The inputs of one corpus: items (n, ...) of an encoder, labels (n,) and splits (n,)."""

    items: NDArray[Any]
    labels: NDArray[np.int64]
    splits: NDArray[np.str_]

    def rows(self, part: str) -> NDArray[np.int64]:
        """The rows of a split."""
        return np.flatnonzero(self.splits == part)


def log_prior(labels: NDArray[np.int64], class_balance: float) -> NDArray[np.float32]:
    """Log frequency (C,) of each label as `balanced_draw` draws it; `ABSENT` where it is not
    there."""
    sizes = np.bincount(labels, minlength=len(LABELS)).astype(np.float64)
    share = np.where(sizes > 0, sizes ** (1 - class_balance), 0.0)
    share /= share.sum()
    return np.where(share > 0, np.log(np.maximum(share, 1e-9)), ABSENT).astype(np.float32)


def train_without(
    known: Mapping[str, Coded],
    model: Classifier,
    section: EncoderFit,
    folder: Path,
    adjusted: bool,
    seed: int = 1,
    more: Sequence[object] = (),
) -> dict[str, float]:
    """Train on the corpora of `known`, each with an equal share of every epoch.

    The epoch is chosen by the mean UAR over the validation parts of `known`.

    Args:
        adjusted: Whether each corpus' own log frequencies are added to the logits in the loss
            (logit adjustment), so that the logits are those of a uniform prior.
        folder: Keeps the checkpoints; an interrupted training continues there.
        more: What else the weights depend on.

    Returns:
        The metrics of the kept epoch; the model has its weights.
    """
    names = sorted(known)
    rows = {name: known[name].rows("train") for name in names}
    priors = {
        name: log_prior(known[name].labels[rows[name]], section.class_balance) for name in names
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
        for begin in range(0, len(order), section.batch):
            some = order[begin : begin + section.batch]
            if len(some) > 1:
                items = np.stack([known[names[k]].items[row] for k, row in some])
                labels = np.array([known[names[k]].labels[row] for k, row in some])
                yield items, labels, np.stack([priors[names[k]] for k, _ in some])

    def loss(batch: tuple[NDArray[Any], ...]) -> Tensor:
        items, labels, prior = batch
        logits = model(_tensor(items))[1]
        if adjusted:
            logits = logits + torch.from_numpy(prior)
        target = torch.from_numpy(labels)
        return nn.functional.cross_entropy(logits, target, label_smoothing=0.1)

    def validate() -> dict[str, float]:
        found = {}
        for name in names:
            val = known[name].rows("val")
            predicted = logits_of(model, known[name].items[val]).argmax(axis=1)
            found[name] = uar(known[name].labels[val], predicted)
        return {"score": float(np.mean(list(found.values())))} | found

    key = digest("left out", names, section.model_dump(), seed, adjusted, list(more))
    return fit(
        Training("text", model, batches, loss, validate, "score"), section, seed, folder, key
    )


def logits_of(model: Classifier, items: NDArray[Any]) -> NDArray[np.float32]:
    """Logits (n, C) of items (n, ...), without dropout."""
    model.eval()
    parts = []
    with torch.inference_mode():
        for some in np.array_split(items, max(1, len(items) // BATCHES)):
            parts.append(model(_tensor(some))[1].numpy())
    return np.concatenate(parts)


def _tensor(items: NDArray[Any]) -> Tensor:
    """Items (n, ...) as windows of one item (n, 1, ...); ids of 16 bits as 32."""
    whole = items.astype(np.int32) if items.dtype.kind in "ui" else items.astype(np.float32)
    return torch.from_numpy(whole[:, None])
