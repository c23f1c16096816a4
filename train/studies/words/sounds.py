"""Speech to recognise, by condition and by speaker."""

from __future__ import annotations

import csv
import logging
import re
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
RAVDESS_SAID = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}
"""By the fifth number of a file's name."""
_NOTE = re.compile(r"\(.*?\)")


@dataclass(frozen=True)
class Sound:
    """One file: `samples` float32 in -1..1, shape (n,), 16 kHz. Speakers are split in halves.
    `said` is what is spoken, or None where that is not known."""

    condition: str
    speaker: str
    samples: Float
    said: str | None = None


def of_folder(folder: Path) -> Iterator[Sound]:
    """The sounds of a folder, each a speaker for itself. What is said in them may be in its
    manifest.csv, with the columns file and transcript.

    Raises:
        DataError: It has fewer than two sounds, or one cannot be decoded.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix in SOUNDS)
    if len(paths) < 2:
        raise DataError(
            f"{folder} has {len(paths)} of the two sounds that are needed (.flac, .wav, .opus,"
            " .mp4, ...): name their folder."
        )
    said = _transcripts(folder)
    for path in paths:
        yield Sound("all", path.stem, decode(path, str(path)), said.get(path.name))


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
    said = _transcripts(folder)
    for path in sorted(path for path in folder.glob("*") if path.suffix in SOUNDS):
        # "sb_spk1_snt2" is sentence 2 of speaker 1.
        speaker = path.stem.partition("_snt")[0]
        yield Sound(condition, speaker, decode(path, str(path)), said.get(path.name))


def _transcripts(folder: Path) -> dict[str, str]:
    """By file name. Notes in brackets, and all of a row that has no column transcript, are left."""
    path = folder / "manifest.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("file") and row.get("transcript")]
    found = {row["file"]: _NOTE.sub("", row["transcript"]).strip() for row in rows}
    return {name: said for name, said in found.items() if said}


def _ravdess(data: Path, clips: int, rng: np.random.Generator) -> Iterator[Sound]:
    rows = ravdess.listed(data)
    for actor in np.unique(rows.actors):
        for at in rng.permutation(np.flatnonzero(rows.actors == actor))[:clips]:
            said = RAVDESS_SAID[rows.names[at].split("-")[4]]
            speech = ravdess.decode(rows.paths[at])
            yield Sound("acted English", f"ravdess/{actor}", speech, said)


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
