"""The corpora that a stream of the live bundle may be trained with: their files and readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.corpora import fer, keypoints, lines, more_lines, muxspace, ravdess, voices
from train.corpora.clips import Clips
from train.corpora.faces import Faces
from train.corpora.lines import Lines

FILES: dict[str, dict[str, Path]] = {
    "text": {"goemotions": lines.GOEMOTIONS, "meld": lines.MELD, **more_lines.FILES},
    "audio": {
        "ravdess": ravdess.MANIFEST,
        **{name: voices.file_of(Path(), name) for name in voices.VOICES},
    },
    "vision": {"fer": fer.FILE, "muxspace": muxspace.FILE},
}
"""The file of each corpus in the data folder, by stream."""
TITLES = {
    "goemotions": "GoEmotions",
    "meld": "MELD",
    "dair_emotion": "dair-ai emotion",
    "isear": "ISEAR",
    "dailydialog": "DailyDialog",
    "ravdess": "RAVDESS",
    "emovo": "EMOVO",
    "nemo": "nEMO",
    "ased": "ASED",
    "urdu": "URDU",
    "fer": "FER+",
    "muxspace": "muxspace",
}
"""Names in a report, and in the field `data` of a bundle's provenance."""
TERMS = {
    "goemotions": ("comments (Demszky et al. 2020)", "Apache-2.0"),
    "meld": (
        "transcripts of a TV series (Poria et al. 2019)",
        "GPL-3 repository; transcripts of a TV series",
    ),
    "dair_emotion": ("tweets (Saravia et al. 2018)", "education and research only"),
    "isear": ("told memories (Scherer and Wallbott 1994)", "not stated; research"),
    "dailydialog": (
        "dialogues chosen by RECCON (Li et al. 2017; Poria et al. 2021)",
        "CC BY-NC-SA 4.0",
    ),
    "ravdess": ("acted English speech (Livingstone and Russo 2018)", "CC BY-NC-SA 4.0"),
    "emovo": ("acted Italian speech (Costantini et al. 2014)", "not stated; research"),
    "nemo": ("acted Polish speech (Christop 2024)", "CC BY-NC-SA 4.0"),
    "ased": ("acted Amharic speech (Retta et al. 2022)", "no licence stated; cite the paper"),
    "urdu": ("Urdu talk shows (Latif et al. 2018)", "research only; cut from broadcasts"),
    "fer": (
        "FER2013 pictures, votes of microsoft/FERPlus",
        "labels MIT; pictures for research",
    ),
    "muxspace": (
        "news photographs and film frames (muxspace/facial_expressions)",
        "repository Apache-2.0; pictures for research",
    ),
}
"""What a corpus is, with its source, and its terms."""
FIRST: dict[str, tuple[str, ...]] = {
    "text": ("goemotions", "meld"),
    "audio": ("ravdess",),
    "vision": ("fer",),
}
"""The corpora of a run that names none."""


def read_lines(data: Path, names: tuple[str, ...]) -> Lines:
    """The lines of several corpora. Raises: DataError, for a missing or damaged file."""
    own = {"goemotions": lines.goemotions, "meld": lines.meld}
    parts = {
        name: own[name](data) if name in own else more_lines.load(data, name) for name in names
    }
    left_out = _summed({name: part.left_out for name, part in parts.items()})
    return replace(lines.joined(list(parts.values())), left_out=left_out)


def read_clips(data: Path, names: tuple[str, ...], cache: Path) -> Clips:
    """The clips of several corpora. Raises: DataError, for a missing or damaged file."""
    parts = {
        name: ravdess.load_cached(data, cache)
        if name == "ravdess"
        else voices.load_cached(data, name, cache)
        for name in names
    }
    return Clips(
        names=[one for part in parts.values() for one in part.names],
        sounds=[sound for part in parts.values() for sound in part.sounds],
        labels=np.concatenate([part.labels for part in parts.values()]),
        persons=np.concatenate([part.persons for part in parts.values()]),
        splits=np.concatenate([part.splits for part in parts.values()]),
        left_out=_summed({name: part.left_out for name, part in parts.items()}),
    )


def read_faces(
    data: Path, names: tuple[str, ...], cache: Path
) -> tuple[Faces, NDArray[np.float32]]:
    """The faces of several corpora and their key points (n, 4, 2), NaN where the live detector
    finds no face. Raises: DataError, for a missing or damaged file."""
    parts = {name: fer.load(data) if name == "fer" else muxspace.load(data) for name in names}
    points = [keypoints.find_cached(one.names, one.pictures, cache) for one in parts.values()]
    for one, found in zip(parts.values(), points, strict=True):
        one.left_out["no face found"] = int(np.isnan(found[:, 0, 0]).sum())
    faces = Faces(
        names=[one for part in parts.values() for one in part.names],
        pictures=[picture for part in parts.values() for picture in part.pictures],
        votes=np.concatenate([part.votes for part in parts.values()]),
        labels=np.concatenate([part.labels for part in parts.values()]),
        persons=np.concatenate([part.persons for part in parts.values()]),
        splits=np.concatenate([part.splits for part in parts.values()]),
        left_out=_summed({name: part.left_out for name, part in parts.items()}),
    )
    return faces, np.concatenate(points)


def _summed(left_out: Mapping[str, dict[str, int]]) -> dict[str, int]:
    """Reasons with their corpus, where there are several corpora."""
    if len(left_out) == 1:
        return dict(next(iter(left_out.values())))
    return {
        f"{corpus}: {reason}": count
        for corpus, reasons in left_out.items()
        for reason, count in reasons.items()
        if count
    }
