"""`cdat-train strangers --left-out audio`: the speech encoder, trained on all speech corpora but
one and tested on that one, which is of another language."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from train import checkpoint
from train.cache import cached, digest
from train.config import EncoderFit
from train.corpora.items import Corpora
from train.corpora.labels import LABELS
from train.corpora.voices import NEVER_SCORED
from train.models.classifier import Classifier
from train.models.speech import SpeechEncoder
from train.studies.strangers.left_out import Coded, logits_of, train_without
from train.studies.strangers.measure import answered
from train.studies.strangers.sources import SOURCES, Source, open_source

log = logging.getLogger("train")

EMBEDDING = 64
SEGMENTS = 6
"""Segments of a clip that are kept, evenly spaced; all are tested."""
DRAWN = 2
"""Segments of one training window."""
TILT = 0.7
"""Deviation of a random microphone's response in log energy (3 dB), at eight frequencies."""
FIT: dict[str, Any] = {
    "epochs": 5,
    "samples": 2000,
    "batch": 32,
    "learning_rate": 0.002,
    "weight_decay": 0.05,
    "class_balance": 1.0,
}


def coded(source: Source, corpora: Corpora) -> Coded:
    """Evenly spaced segments of every clip, (n, 6, 1, 100, 64) in half precision, made once."""

    def make() -> dict[str, NDArray[Any]]:
        windows = []
        for window in source.windows(np.arange(len(source))):
            places = np.linspace(0, len(window) - 1, SEGMENTS).round().astype(int)
            windows.append(window[places].astype(np.float16))
        return {"segments": np.stack(windows)}

    key = digest("left-out-segments", 1, SEGMENTS, *source.facts)
    stored = cached(corpora.cache, f"segments-{source.name}", key, make)
    return Coded(stored["segments"], source.labels, source.splits)


def vary(window: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
    """Some of the segments, through another microphone and vocal tract, with a band missing."""
    some = window[rng.choice(len(window), DRAWN, replace=False)].astype(np.float32)
    mels = some.shape[-1]
    knots = rng.normal(0, TILT, 8)
    some = np.roll(some, int(rng.integers(-2, 3)), axis=-1)
    some += np.interp(np.arange(mels), np.linspace(0, mels - 1, 8), knots)
    low = int(rng.integers(0, mels - 12))
    some[..., low : low + int(rng.integers(0, 12))] = some.mean()
    return np.asarray(some, np.float32)


def left_out_voices(
    corpora: Corpora, out: Path, part: str = "test", seed: int = 1
) -> dict[str, Any]:
    """For every foreign corpus left out: accuracy and UAR on one of its parts, which no epoch was
    chosen on. Written to `out`/left_out.json after each training."""
    scored = SOURCES["audio"]
    sources = {n: open_source(n, corpora) for n in (*scored, *sorted(NEVER_SCORED))}
    known = {name: coded(source, corpora) for name, source in sources.items()}
    found: dict[str, Any] = {"uniform prior": {}}
    for name in scored[1:]:
        source = sources[name]
        torch.manual_seed(seed)
        model = Classifier(SpeechEncoder(embedding=EMBEDDING), EMBEDDING, len(LABELS))
        others = {one: table for one, table in known.items() if one != name}
        facts = [sources[one].facts for one in others]
        train_without(
            others,
            model,
            EncoderFit(**FIT),
            out / "left_out" / name,
            adjusted=True,
            vary=vary,
            unscored=NEVER_SCORED,
            seed=seed,
            more=facts,
        )
        rows = source.rows(part)
        logits = logits_of(model, known[name].items[rows])
        found["uniform prior"][name] = answered(source.labels[rows], logits, source.persons[rows])
        log.info("without %s: %s", name, found["uniform prior"][name])
        checkpoint.write_json(out / "left_out.json", found)
    return found
