"""Lines of text with emotions: GoEmotions (comments) and MELD (dialogues of a TV series)."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Of each line, such as "goemotions"."""
    splits: NDArray[np.str_]
    groups: list[str]
    left_out: dict[str, int]


def _part(split: object, group: str, path: Path) -> SplitName:
    if split not in OFFICIAL:
        raise DataError(f"{path} has the split '{split}', not one of {', '.join(OFFICIAL)}.")
    part = OFFICIAL[str(split)]
    return train_or_held_out(group) if part == "train" else part


def joined(parts: Sequence[Lines]) -> Lines:
    """The lines of several corpora, one after the other."""
    return Lines(
        texts=[text for part in parts for text in part.texts],
        labels=np.concatenate([part.labels for part in parts]),
        every=np.concatenate([part.every for part in parts]),
        corpus=np.concatenate([part.corpus for part in parts]),
        splits=np.concatenate([part.splits for part in parts]),
        groups=[group for part in parts for group in part.groups],
        left_out={reason: n for part in parts for reason, n in part.left_out.items()},
    )


def goemotions(data: Path) -> Lines:
    """GoEmotions; each comment is its own group."""
    path = data / GOEMOTIONS
    rows = read_columns(path, ["text", "ekman", "id", "split"])
    texts, groups = [], []
    named: list[list[int]] = []
    splits: list[SplitName] = []
    none = 0
    for text, ekman, name, split in zip(
        rows["text"], rows["ekman"], rows["id"], rows["split"], strict=True
    ):
        if not isinstance(ekman, list) or not ekman:
            none += 1
            continue
        group = f"goemotions/{name}"
        named.append(sorted({index_of(str(one), EKMAN, str(path)) for one in ekman}))
        texts.append(str(text))
        splits.append(_part(split, group, path))
        groups.append(group)
    return _lines("goemotions", texts, named, splits, groups, {"no emotion": none})


def meld(data: Path) -> Lines:
    """MELD; a group is a dialogue."""
    path = data / MELD
    rows = read_columns(path, ["Utterance", "Emotion", "Dialogue_ID", "split"])
    texts, groups = [], []
    named: list[list[int]] = []
    splits: list[SplitName] = []
    for text, emotion, dialogue, split in zip(
        rows["Utterance"], rows["Emotion"], rows["Dialogue_ID"], rows["split"], strict=True
    ):
        # Each split of MELD numbers its dialogues from 0.
        group = f"meld/{split}/{dialogue}"
        named.append([index_of(str(emotion), EKMAN, str(path))])
        texts.append(str(text))
        splits.append(_part(split, group, path))
        groups.append(group)
    return _lines("meld", texts, named, splits, groups, {})


def _lines(
    corpus: str,
    texts: list[str],
    named: list[list[int]],
    splits: list[SplitName],
    groups: list[str],
    left_out: dict[str, int],
) -> Lines:
    """Args: named: the emotions of each line, one or more."""
    return Lines(
        texts=texts,
        labels=np.array([one[0] if len(one) == 1 else -1 for one in named], np.int64),
        every=np.array([np.isin(np.arange(len(LABELS)), one) for one in named]),
        corpus=np.full(len(texts), corpus),
        splits=np.array(splits),
        groups=groups,
        left_out=left_out,
    )
