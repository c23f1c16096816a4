"""Multi-label test of the text encoder: macro-F1, with thresholds chosen on dev."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from edge.frontends.text import encode, is_mark
from edge.types import Float
from train.corpora.items import Corpora
from train.metrics import interval, macro_f1_of_labels
from train.models.classifier import Classifier
from train.stages.label_thresholds import label_thresholds


def multi_label(corpora: Corpora, model: Classifier) -> dict[str, Any]:
    """Macro-F1 over the seven labels of GoEmotions' test comments, as written and as spoken
    (without punctuation)."""
    return {how: _measured(corpora, model, how == "written") for how in ("written", "spoken")}


def _measured(corpora: Corpora, model: Classifier, marks: bool) -> dict[str, Any]:
    every = corpora.written[0].every
    items = {part: corpora.written_lines(part, "goemotions") for part in ("val", "test")}
    predictions = {
        part: _probabilities(corpora, model, some, marks) for part, some in items.items()
    }
    limits = label_thresholds(predictions["val"], every[items["val"]])
    named, true = predictions["test"] > limits, every[items["test"]]

    def macro(rows: NDArray[np.int64]) -> float:
        return macro_f1_of_labels(true[rows], named[rows])

    lines = np.arange(len(true))
    return {
        "n": len(true),
        "macro_f1": macro(lines),
        "macro_f1_interval": [round(v, 4) for v in interval(macro, lines, rounds=200)],
        "micro_f1": float(f1_score(true, named, average="micro", zero_division=0)),
        "f1": [round(float(v), 4) for v in f1_score(true, named, average=None, zero_division=0)],
        "thresholds": limits.tolist(),
    }


def _probabilities(
    corpora: Corpora, model: Classifier, items: NDArray[np.int64], marks: bool
) -> Float:
    words = corpora.written[1]
    params = corpora.params.text
    tables = [encode([w for w in words[i] if marks or not is_mark(w)], params) for i in items]
    parts = []
    with torch.inference_mode():
        for some in np.array_split(np.stack(tables), max(1, len(tables) // 256)):
            logits = model(torch.from_numpy(np.array(some[:, None])))[1]
            parts.append(torch.softmax(logits, dim=1).numpy())
    return np.asarray(np.concatenate(parts), np.float32)
