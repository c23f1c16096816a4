"""Lines of text with one emotion: GoEmotions (written) and MELD (spoken on television)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.data.folder import read_columns
from train.data.labels import EKMAN, index_of
from train.data.splits import Split, train_or_held

GOEMOTIONS = Path("text/goemotions.parquet")
MELD = Path("text/meld.parquet")
OFFICIAL: dict[str, Split] = {"train": "train", "dev": "val", "test": "test"}


@dataclass(frozen=True)
class Lines:
    """`groups` names what must not be torn apart: a MELD dialogue, a GoEmotions comment."""

    texts: list[str]
    labels: NDArray[np.int64]
    splits: NDArray[np.str_]
    groups: list[str]
    left_out: dict[str, int]


def _part(split: object, group: str, path: Path) -> Split:
    if split not in OFFICIAL:
        raise DataError(f"{path} has the split '{split}', not one of {', '.join(OFFICIAL)}.")
    part = OFFICIAL[str(split)]
    return train_or_held(group) if part == "train" else part


def load(data: Path) -> Lines:
    """Both corpora with their own splits; comments with several emotions are left out."""
    texts: list[str] = []
    labels: list[int] = []
    splits: list[Split] = []
    groups: list[str] = []
    several = 0
    path = data / GOEMOTIONS
    rows = read_columns(path, ["text", "ekman", "id", "split"])
    for text, ekman, name, split in zip(
        rows["text"], rows["ekman"], rows["id"], rows["split"], strict=True
    ):
        if not isinstance(ekman, list) or len(ekman) != 1:
            several += 1
            continue
        group = f"goemotions/{name}"
        texts.append(str(text))
        labels.append(index_of(str(ekman[0]), EKMAN, str(path)))
        splits.append(_part(split, group, path))
        groups.append(group)
    path = data / MELD
    rows = read_columns(path, ["Utterance", "Emotion", "Dialogue_ID", "split"])
    for text, emotion, dialogue, split in zip(
        rows["Utterance"], rows["Emotion"], rows["Dialogue_ID"], rows["split"], strict=True
    ):
        # Dialogue numbers start again in each of MELD's parts.
        group = f"meld/{split}/{dialogue}"
        texts.append(str(text))
        labels.append(index_of(str(emotion), EKMAN, str(path)))
        splits.append(_part(split, group, path))
        groups.append(group)
    return Lines(
        texts=texts,
        labels=np.array(labels),
        splits=np.array(splits),
        groups=groups,
        left_out={"several emotions or none": several},
    )
