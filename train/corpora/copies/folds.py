"""Splits by video: the folds of the CMU-MultimodalSDK, or a stable hash of the video's name."""

from __future__ import annotations

import ast
import zlib
from pathlib import Path
from typing import Literal

from edge.errors import DataError

Split = Literal["train", "val", "test"]
FOLDS: dict[str, Split] = {
    "standard_train_fold": "train",
    "standard_valid_fold": "val",
    "standard_test_fold": "test",
}
"""The lists in `cmu_mosi_std_folds.py` and `cmu_mosei_std_folds.py` of the SDK."""
TEST_PERCENT, VAL_PERCENT = 20, 10


def read_folds(path: Path) -> dict[str, Split]:
    """The split of each video, from a file of the SDK, which is parsed and not run.

    Raises:
        DataError: A list is missing, or a video is in two.
    """
    try:
        body = ast.parse(path.read_text("utf-8")).body
        lists = {
            target.id: ast.literal_eval(line.value)
            for line in body
            if isinstance(line, ast.Assign)
            for target in line.targets
            if isinstance(target, ast.Name) and target.id in FOLDS
        }
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path} cannot be read as lists of videos ({error}).") from None
    splits: dict[str, Split] = {}
    for name, split in FOLDS.items():
        if not lists.get(name):
            raise DataError(f"{path} has no list {name}.")
        for video in lists[name]:
            if splits.setdefault(str(video), split) != split:
                raise DataError(f"{path}: {video} is in two folds.")
    return splits


def split_by_hash(group: str) -> Split:
    """Split of a group for which its data set names none; the same on every machine."""
    place = zlib.crc32(group.encode()) % 100
    if place < TEST_PERCENT:
        return "test"
    return "val" if place < TEST_PERCENT + VAL_PERCENT else "train"
