"""FER+ faces: 48x48 grey pictures with the votes of ten annotators."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.corpora.faces import Faces
from train.corpora.folder import read_columns
from train.corpora.labels import FER_LEFT_OUT, FER_VOTES, LABELS
from train.corpora.splits import SplitName, train_or_held_out

FILE = Path("fer/fer2013_ferplus.parquet")
SIDE_PX = 48
# FER+ names no subjects, so its own three splits are used.
OFFICIAL: dict[str, SplitName] = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}


def majority(votes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.int64]:
    """Label with the most votes; -1 for a tie, or if it is not one of the seven.

    Args:
        votes: shape (n, 7), counts for the seven labels.
        others: shape (n, k), counts for contempt, unknown and "no face".
    """
    label = np.argmax(votes, axis=1)
    most = votes.max(axis=1)
    tied = (votes == most[:, None]).sum(axis=1) > 1
    unclear = tied | (most <= others.max(axis=1)) | (most == 0)
    return np.where(unclear, -1, label)


def load(data: Path) -> Faces:
    """All faces of FER+ with a clear majority among the seven labels; the whole file is read and
    checked (36 thousand rows in about 2 s)."""
    path = data / FILE
    columns = ["name", "split", "webp", *FER_VOTES, *FER_LEFT_OUT]
    rows = read_columns(path, columns)
    order = [next(k for k, v in FER_VOTES.items() if v == label) for label in LABELS]
    votes = np.array([rows[k] for k in order], np.float32).T
    others = np.array([rows[k] for k in FER_LEFT_OUT], np.float32).T
    labels = majority(votes, others)
    keep = np.flatnonzero(labels >= 0)
    pictures: list[NDArray[np.uint8]] = []
    names, splits = [], []
    for row in keep:
        name, split = str(rows["name"][row]), str(rows["split"][row])
        if split not in OFFICIAL:
            raise DataError(f"{path} has the split '{split}', not one of {', '.join(OFFICIAL)}.")
        packed = rows["webp"][row]
        picture = (
            cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_GRAYSCALE)
            if isinstance(packed, bytes) and packed
            else None
        )
        if picture is None or picture.shape != (SIDE_PX, SIDE_PX):
            raise DataError(f"{path}: row {name} is not a picture of {SIDE_PX}x{SIDE_PX} pixels.")
        pictures.append(np.asarray(picture, np.uint8))
        names.append(name)
        part = OFFICIAL[split]
        splits.append(train_or_held_out(name) if part == "train" else part)
    kept = votes[keep]
    return Faces(
        names=names,
        pictures=pictures,
        votes=kept / kept.sum(axis=1, keepdims=True),
        labels=labels[keep],
        persons=np.array([f"fer/{name}" for name in names]),
        splits=np.array(splits),
        left_out={"tie, contempt, unknown or no face by vote": int((labels < 0).sum())},
    )
