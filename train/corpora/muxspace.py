"""Faces of news photographs and films (muxspace/facial_expressions): grey, 96x96, one annotator a
face. Split by person.

The pictures show hair and chin, and those of FER+ do not. The live face detector finds the face in
both, and the crop that the encoder sees is aligned by its key points, so both look alike to it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.corpora.faces import Faces
from train.corpora.folder import read_columns
from train.corpora.labels import LABELS, index_of
from train.corpora.splits import split_persons

FILE = Path("faces_muxspace/faces_muxspace.parquet")
SIDE_PX = 96
SAME = {label: label for label in LABELS}


def load(data: Path) -> Faces:
    """Read and check the whole file (9 thousand rows in about 1 s).

    Raises:
        DataError: The file or a column is missing, a label is unknown, or a row is no picture.
    """
    path = data / FILE
    rows = read_columns(path, ["id", "image", "label", "person"])
    names, labels, persons = [], [], []
    pictures: list[NDArray[np.uint8]] = []
    nameless = 0
    for name, packed, label, person in zip(
        rows["id"], rows["image"], rows["label"], rows["person"], strict=True
    ):
        if label is None:
            nameless += 1
            continue
        picture = (
            cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_GRAYSCALE)
            if isinstance(packed, bytes) and packed
            else None
        )
        if picture is None or picture.shape != (SIDE_PX, SIDE_PX):
            raise DataError(f"{path}: row {name} is not a picture of {SIDE_PX}x{SIDE_PX} pixels.")
        if not person:
            raise DataError(f"{path}: row {name} has no person, so it cannot be split.")
        names.append(str(name))
        pictures.append(np.asarray(picture, np.uint8))
        labels.append(index_of(str(label), SAME, str(path)))
        persons.append(f"muxspace/{person}")
    return Faces(
        names=names,
        pictures=pictures,
        votes=np.eye(len(LABELS), dtype=np.float32)[np.array(labels, np.int64)],
        labels=np.array(labels, np.int64),
        persons=np.array(persons),
        splits=split_persons(persons),
        left_out={"no label among the seven": nameless},
    )
