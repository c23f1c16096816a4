"""Answers of another expression network, as a teacher beside the annotators' votes: face-api's, for
each face of FER+ and of muxspace.

It is no truth: it agrees with FER+'s majority in 64.5 % of its test part. But it learned from other
pictures, so it tells what one set of annotators does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.corpora.faces import Faces
from train.corpora.folder import read_columns
from train.corpora.labels import LABELS

FILE = Path("teachers/face_api.parquet")
NAMES = {"fer": "fer", "faces_muxspace": "muxspace"}
"""The teacher's name of a corpus, and ours."""


def taught(data: Path, faces: Faces, share: float) -> NDArray[np.float32]:
    """The votes of faces (n, 7), mixed with the teacher's probabilities.

    Args:
        share: Weight of the teacher, in 0..1.

    Raises:
        DataError: The file is missing or damaged, or does not know a face.
    """
    if share == 0:
        return faces.votes
    path = data / FILE
    rows = read_columns(path, ["corpus", "id", *LABELS])
    answers = np.array([rows[label] for label in LABELS], np.float32).T
    if not ((answers >= 0) & (answers <= 1)).all():
        raise DataError(f"{path} has a probability that is not a number of 0 to 1.")
    row_of = {
        (NAMES.get(str(corpus), str(corpus)), str(name)): row
        for row, (corpus, name) in enumerate(zip(rows["corpus"], rows["id"], strict=True))
    }
    places = []
    for corpus, name in zip(faces.corpus, faces.names, strict=True):
        if (str(corpus), name) not in row_of:
            raise DataError(f"{path} has no row for the face {name} of {corpus}.")
        places.append(row_of[str(corpus), name])
    known = np.maximum(answers[places], 1e-6)
    known /= known.sum(axis=1, keepdims=True)
    return np.asarray((1 - share) * faces.votes + share * known, np.float32)
