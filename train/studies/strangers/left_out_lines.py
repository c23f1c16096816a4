"""`cdat-train strangers --left-out text`: the text encoder, trained on all line corpora but one and
tested on that one."""

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
from train.models.classifier import Classifier
from train.models.text import TextEncoder
from train.studies.strangers.left_out import Coded, logits_of, train_without
from train.studies.strangers.measure import answered
from train.studies.strangers.sources import SOURCES, Source, open_source

log = logging.getLogger("train")

EMBEDDING = 64
VARIANTS: dict[str, dict[str, Any]] = {
    "uniform prior": {"adjusted": True, "class_balance": 0.3},
    "balanced by corpus": {"adjusted": False, "class_balance": 0.3},
}
FIT: dict[str, Any] = {
    "epochs": 3,
    "samples": 24_000,
    "batch": 128,
    "learning_rate": 0.004,
    "weight_decay": 0.1,
}


def coded(source: Source, corpora: Corpora) -> Coded:
    """The ids of every line of a corpus, made once."""

    def make() -> dict[str, NDArray[Any]]:
        tables = [window[0] for window in source.windows(np.arange(len(source)))]
        return {"ids": np.stack(tables).astype(np.uint16)}

    key = digest("left-out-ids", 1, *source.facts)
    ids = cached(corpora.cache, f"ids-{source.name}", key, make)["ids"]
    return Coded(ids[:, None], source.labels, source.splits)


def left_out_lines(
    corpora: Corpora, out: Path, part: str = "test", seed: int = 1
) -> dict[str, Any]:
    """For every variant and every corpus left out: accuracy and UAR on one of its parts, which no
    epoch was chosen on. Written to `out`/left_out.json after each training."""
    sources = {name: open_source(name, corpora) for name in SOURCES["text"]}
    known = {name: coded(source, corpora) for name, source in sources.items()}
    buckets = corpora.params.text.buckets
    found: dict[str, Any] = {}
    for variant, options in VARIANTS.items():
        for name, source in reversed(sources.items()):
            torch.manual_seed(seed)
            model = Classifier(TextEncoder(buckets, embedding=EMBEDDING), EMBEDDING, len(LABELS))
            others = {one: table for one, table in known.items() if one != name}
            section = EncoderFit(**FIT, class_balance=options["class_balance"])
            folder = out / "left_out" / variant.replace(" ", "_") / name
            facts = [sources[one].facts for one in others]
            train_without(
                others, model, section, folder, options["adjusted"], seed=seed, more=facts
            )
            rows = source.rows(part)
            logits = logits_of(model, known[name].items[rows])
            scored = answered(source.labels[rows], logits, source.persons[rows])
            found.setdefault(variant, {})[name] = scored
            log.info("%s without %s: %s", variant, name, scored)
            checkpoint.write_json(out / "left_out.json", found)
    return found
