"""Lines of text with emotions: GoEmotions (comments) and MELD (dialogues of a TV series)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.corpora.folder import read_columns
from train.corpora.labels import EKMAN, LABELS, index_of
from train.corpora.splits import SplitName, train_or_held_out

GOEMOTIONS = Path("text/goemotions.parquet")
MELD = Path("text/meld.parquet")
OFFICIAL: dict[str, SplitName] = {"train": "train", "dev": "val", "test": "test"}


@dataclass(frozen=True)
class Lines:
    """Lines of text. A group (a MELD dialogue or a GoEmotions comment) is in one split only."""

    texts: list[str]
    labels: NDArray[np.int64]
    """The emotion of a line; -1 if it has several."""
    every: NDArray[np.bool_]
    """bool (n, 7): all emotions of a line."""
    corpus: NDArray[np.str_]
    """"goemotions" or "meld"."""
    splits: NDArray[np.str_]
    groups: list[str]
    left_out: dict[str, int]


def _part(split: object, group: str, path: Path) -> SplitName:
    if split not in OFFICIAL:
        raise DataError(f"{path} has the split '{split}', not one of {', '.join(OFFICIAL)}.")
    part = OFFICIAL[str(split)]
    return train_or_held_out(group) if part == "train" else part


def load(data: Path) -> Lines:
    """Read both corpora with their own splits; comments without an emotion are left out."""
    texts: list[str] = []
    labels: list[int] = []
    splits: list[SplitName] = []
    groups: list[str] = []
    none = 0
    every: list[NDArray[np.bool_]] = []
    path = data / GOEMOTIONS
    rows = read_columns(path, ["text", "ekman", "id", "split"])
    for text, ekman, name, split in zip(
        rows["text"], rows["ekman"], rows["id"], rows["split"], strict=True
    ):
        if not isinstance(ekman, list) or not ekman:
            none += 1
            continue
        named = sorted({index_of(str(one), EKMAN, str(path)) for one in ekman})
        group = f"goemotions/{name}"
        texts.append(str(text))
        labels.append(named[0] if len(named) == 1 else -1)
        every.append(np.isin(np.arange(len(LABELS)), named))
        splits.append(_part(split, group, path))
        groups.append(group)
    path = data / MELD
    rows = read_columns(path, ["Utterance", "Emotion", "Dialogue_ID", "split"])
    for text, emotion, dialogue, split in zip(
        rows["Utterance"], rows["Emotion"], rows["Dialogue_ID"], rows["split"], strict=True
    ):
        # Each split of MELD numbers its dialogues from 0.
        group = f"meld/{split}/{dialogue}"
        texts.append(str(text))
        labels.append(index_of(str(emotion), EKMAN, str(path)))
        every.append(np.arange(len(LABELS)) == labels[-1])
        splits.append(_part(split, group, path))
        groups.append(group)
    return Lines(
        texts=texts,
        labels=np.array(labels),
        every=np.array(every),
        corpus=np.array([group.split("/")[0] for group in groups]),
        splits=np.array(splits),
        groups=groups,
        left_out={"no emotion": none},
    )
