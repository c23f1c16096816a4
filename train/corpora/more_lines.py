"""Lines of other writers: tweets (dair-ai emotion), told memories (ISEAR) and dialogues
(DailyDialog as chosen by RECCON)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.corpora.folder import read_columns
from train.corpora.labels import LABELS, index_of
from train.corpora.lines import Lines
from train.corpora.splits import SplitName, split_persons, train_or_held_out

FILES = {
    "dair_emotion": Path("text/dair_emotion.parquet"),
    "isear": Path("text/isear.parquet"),
    "dailydialog": Path("text/dailydialog_reccon.parquet"),
}
OFFICIAL: dict[str, SplitName] = {
    "train": "train",
    "validation": "val",
    "valid": "val",
    "val": "val",
    "test": "test",
}
SAME = {label: label for label in LABELS}
NO_LABEL = "no label among the seven"
REPEATED = "the same text as another line"
NO_ANSWER = "the person gave no answer"


def load(data: Path, corpus: str) -> Lines:
    """Read a corpus of `FILES`, every line with one label.

    A group is a dialogue; a tweet or a memory, whose writers are not named, is its own group, so a
    text that is there twice is left out. ISEAR has no split of its own and is cut by text.

    Raises:
        DataError: The file or a column is missing, or a label or a split is unknown.
    """
    path = data / FILES[corpus]
    columns = {"isear": [], "dair_emotion": ["split"], "dailydialog": ["split", "dialogue"]}[corpus]
    rows = read_columns(path, ["text", "label", *columns])
    texts, labels, groups, given = [], [], [], []
    left_out = dict.fromkeys((NO_LABEL, REPEATED, NO_ANSWER), 0)
    seen: set[str] = set()
    for row, (text, label) in enumerate(zip(rows["text"], rows["label"], strict=True)):
        line = " ".join(str(text or "").split())
        plain = line.lower()
        if label is None:
            left_out[NO_LABEL] += 1
        elif corpus == "isear" and _unanswered(plain):
            left_out[NO_ANSWER] += 1
        elif corpus != "dailydialog" and plain in seen:
            left_out[REPEATED] += 1
        else:
            seen.add(plain)
            texts.append(line)
            labels.append(index_of(str(label), SAME, str(path)))
            group = rows["dialogue"][row] if "dialogue" in rows else plain
            groups.append(f"{corpus}/{group}")
            given.append(rows["split"][row] if "split" in rows else None)
    splits = _splits(groups, given, path)
    return Lines(
        texts=texts,
        labels=np.array(labels, np.int64),
        every=np.arange(len(LABELS)) == np.array(labels, np.int64)[:, None],
        corpus=np.full(len(texts), corpus),
        splits=splits,
        groups=groups,
        left_out={reason: count for reason, count in left_out.items() if count},
    )


def _splits(groups: Sequence[str], given: Sequence[object], path: Path) -> NDArray[np.str_]:
    if all(split is None for split in given):
        return split_persons(groups)
    parts: list[SplitName] = []
    for group, split in zip(groups, given, strict=True):
        if split not in OFFICIAL:
            raise DataError(f"{path} has the split '{split}', not one of {', '.join(OFFICIAL)}.")
        part = OFFICIAL[str(split)]
        parts.append(train_or_held_out(group) if part == "train" else part)
    return np.array(parts)


def _unanswered(text: str) -> bool:
    """ISEAR's placeholders, such as "[ No response.]"."""
    return text.startswith("[") or text.strip(" .") in {"no response", "none", "not applicable", ""}
