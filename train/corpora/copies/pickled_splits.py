"""The splits of a pickle that holds them by name, as MMSA and MulT write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.errors import DataError
from train.corpora.copies.samples import SPLITS


def splits_of(
    tree: Mapping[str, Any], fields: Sequence[str], path: Path
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The name in the file, ours, and the fields of each split.

    Raises:
        DataError: A split or a field of one is missing.
    """
    for theirs, ours in SPLITS.items():
        split = tree.get(theirs)
        if not isinstance(split, dict):
            raise DataError(f"{path}: the split '{theirs}' is missing or empty.")
        if missing := [field for field in fields if field not in split]:
            raise DataError(f"{path}: {theirs} has no field '{missing[0]}'.")
        yield theirs, ours, split
