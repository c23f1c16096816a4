"""TAILOR's file of CMU-MOSEI (`train_valid_test.pt`): six emotions, any number a sample."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge.errors import DataError, first_line
from edge.types import Float
from train.cache import Arrays
from train.corpora.copies.converted import converted
from train.corpora.copies.samples import SPLITS, Samples
from train.corpora.copies.steps import valid_first, without_minus_infinity

LABELS = ("happy", "sad", "anger", "surprise", "disgust", "fear")
FIRST_LABEL = 4
"""Tokens below are padding, begin, end and unknown."""
FIELDS = {"text": "src-text", "audio": "src-audio", "vision": "src-visual"}


def read_torch(path: Path) -> Any:
    """The tensors and plain containers of a file that torch wrote.

    Raises:
        DataError: The file is damaged, or has an object of another class, which is not made.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        why = f"an object of the class {named[1]}" if named else "more than tensors"
        raise DataError(
            f"{path} contains {why}, which is not data: it was not opened, because such a file can"
            " run programs."
        ) from None
    except Exception as error:  # a damaged file raises errors of almost any type
        raise DataError(f"{path} cannot be read by torch ({first_line(error)}).") from None


def is_tailor(path: Path) -> bool:
    """Whether a file is named as torch's."""
    return path.suffix in (".pt", ".pth")


def read_tailor(path: Path, target: str = "emotions") -> Samples:
    """Read a file with its own splits. It has no ids, so each sample is a group.

    Raises:
        DataError: The target is not `emotions`, a field is missing, a label is unknown, or as
            `read_torch`.
    """
    if target != "emotions":
        raise DataError(f"The option target is '{target}': TAILOR's file has only 'emotions'.")
    raw = converted([path], "tailor", lambda: _arrays(path))
    streams, lengths = {}, {}
    for name in FIELDS:
        x = without_minus_infinity(raw[name]) if name == "audio" else raw[name]
        streams[name], lengths[name] = valid_first(x)
    return Samples(
        str(path),
        "tailor",
        "labels",
        LABELS,
        streams,
        lengths,
        raw["split"],
        raw["labels"],
        raw["id"],
        raw["id"],
    )


def _arrays(path: Path) -> Arrays:
    tree = read_torch(path)
    if not isinstance(tree, dict) or not isinstance(tree.get("train"), dict):
        raise DataError(f"{path} is not TAILOR's file: it has no split 'train'.")
    found: dict[str, list[NDArray[Any]]] = {}
    for theirs, ours in SPLITS.items():
        split = tree.get(theirs)
        if not isinstance(split, dict):
            raise DataError(f"{path}: the split '{theirs}' is missing or empty.")
        if missing := [field for field in (*FIELDS.values(), "tgt") if field not in split]:
            raise DataError(f"{path}: {theirs} has no field '{missing[0]}'.")
        labels = _labels(split["tgt"], f"{path}: {theirs}: tgt")
        one: Arrays = {
            "labels": labels,
            "split": np.full(len(labels), ours),
            "id": np.array([f"{theirs}/{row}" for row in range(len(labels))]),
        }
        for name, field in FIELDS.items():
            one[name] = _stream(split[field], len(labels), f"{path}: {theirs}: {field}")
        for name, values in one.items():
            found.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def _stream(given: Any, count: int, where: str) -> Float:
    try:
        if isinstance(given, (list, tuple)):
            given = torch.stack([torch.as_tensor(one) for one in given])
        x = np.asarray(torch.as_tensor(given).float().numpy(), np.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{where} is not an array ({first_line(error)}).") from None
    if x.ndim != 3 or len(x) != count:
        raise DataError(
            f"{where} has the shape {list(x.shape)}: it must be ({count} samples, steps, features),"
            " as many as labels."
        )
    return x


def _labels(given: Any, where: str) -> Float:
    """Tokens (begin, labels, end, padding) of each sample as 0 and 1, (N, 6)."""
    out = np.zeros((len(given), len(LABELS)), np.float32)
    for row, tokens in enumerate(given):
        named = [token for token in torch.as_tensor(tokens).reshape(-1).tolist() if token != 0]
        for token in named[1:-1]:
            if token not in range(FIRST_LABEL, FIRST_LABEL + len(LABELS)):
                raise DataError(
                    f"{where}: the label {token} of row {row} is unknown: labels are {FIRST_LABEL}"
                    f" to {FIRST_LABEL + len(LABELS) - 1} for {', '.join(LABELS)}."
                )
            out[row, int(token) - FIRST_LABEL] = 1
    return out
