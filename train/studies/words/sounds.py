"""Speech to recognise, by condition and by speaker."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.errors import DataError
from edge.types import Float
from train.corpora import ravdess, voices
from train.corpora.folder import read_columns
from train.corpora.sound import decode

log = logging.getLogger("train")

SOUNDS = frozenset({".flac", ".wav", ".opus", ".ogg", ".mp3", ".mpg", ".mp4", ".mkv", ".webm"})


ITALIAN, POLISH = "acted Italian", "acted Polish"
OTHER_LANGUAGES = (ITALIAN, POLISH)
"""Nothing is chosen by them: the recogniser and the packaged bundle are made for English."""


@dataclass(frozen=True)
class Sound:
    """One file: `samples` float32 in -1..1, shape (n,), 16 kHz. Speakers are split in halves."""

    condition: str
    speaker: str
    samples: Float


def of_folder(folder: Path) -> Iterator[Sound]:
    """The sounds of a folder, each a speaker for itself.

    Raises:
        DataError: It has fewer than two sounds, or one cannot be decoded.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix in SOUNDS)
    if len(paths) < 2:
        raise DataError(
            f"{folder} has {len(paths)} of the two sounds that are needed (.flac, .wav, .opus,"
            " .mp4, ...): name their folder."
        )
    for path in paths:
        yield Sound("all", path.stem, decode(path, str(path)))


def of_corpora(data: Path, clips: int, seed: int) -> Iterator[Sound]:
    """Read speech and commands, RAVDESS, and EMOVO and nEMO in other languages; what is not in
    `data` is left out, and logged.

    Args:
        clips: Of each speaker of the last three, drawn with `seed`.

    Raises:
        DataError: Nothing is there, or a sound cannot be decoded.
    """
    rng = np.random.default_rng(seed)
    sources: dict[str, Callable[[], Iterator[Sound]]] = {
        "asr_wavs": lambda: _files(data / "asr_wavs", "read English"),
        "av_clips": lambda: _files(data / "av_clips", "commands in English"),
        "ravdess_audio": lambda: _ravdess(data, clips, rng),
        "emovo": lambda: _voices(data, "emovo", ITALIAN, clips, rng),
        "nemo": lambda: _voices(data, "nemo", POLISH, clips, rng),
    }
    if not any((data / name).is_dir() for name in sources):
        raise DataError(f"{data} has none of {', '.join(sources)}: set CDAT_DATA to their folder.")
    for name, sounds in sources.items():
        if (data / name).is_dir():
            yield from sounds()
        else:
            log.warning("%s is not in %s and is left out.", name, data)


def _files(folder: Path, condition: str) -> Iterator[Sound]:
    for path in sorted(path for path in folder.glob("*") if path.suffix in SOUNDS):
        # "sb_spk1_snt2" is sentence 2 of speaker 1.
        yield Sound(condition, path.stem.partition("_snt")[0], decode(path, str(path)))


def _ravdess(data: Path, clips: int, rng: np.random.Generator) -> Iterator[Sound]:
    rows = ravdess.listed(data)
    for actor in np.unique(rows.actors):
        for at in rng.permutation(np.flatnonzero(rows.actors == actor))[:clips]:
            yield Sound("acted English", f"ravdess/{actor}", ravdess.decode(rows.paths[at]))


def _voices(
    data: Path, corpus: str, condition: str, clips: int, rng: np.random.Generator
) -> Iterator[Sound]:
    path = voices.file_of(data, corpus)
    rows = read_columns(path, ["speaker", "opus"])
    speakers = np.array([str(speaker) for speaker in rows["speaker"]])
    for speaker in np.unique(speakers):
        for at in rng.permutation(np.flatnonzero(speakers == speaker))[:clips]:
            sound = rows["opus"][at]
            if not isinstance(sound, bytes):
                raise DataError(f"{path}: row {at} has no sound in the column opus.")
            yield Sound(condition, f"{corpus}/{speaker}", decode(sound, f"{path}: row {at}"))
