"""IEMOCAP's own folder: labels of `EmoEvaluation`, words of `transcriptions`, sound of
`sentences/wav`.

There are no features in it, so simple ones are made here: hashed words, and the mean and deviation
of the live front end's log-mel over each second. Faces are not read.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer

from edge.errors import DataError
from edge.frontends.speech import SpeechFrontEnd, SpeechParams, segments
from edge.types import Float
from train.cache import Arrays
from train.corpora.copies.converted import converted
from train.corpora.copies.evaluations import Turn, read_evaluations
from train.corpora.copies.samples import Samples
from train.corpora.features import gathered
from train.corpora.ravdess import decode
from train.task import Task

WORD_FEATURES = 512
SOUND_STEPS, HOPS = 40, 5
"""Most steps of a clip, and hops of the front end (0.1 s) between two steps."""
SAID = re.compile(r"^(?P<id>Ses\S+) \[[\d.]+-[\d.]+\]: ?(?P<words>.*)$")
FOUR = {"angry": 0, "happy": 1, "excited": 1, "sad": 2, "neutral": 3}
SIX = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
TARGETS: dict[str, tuple[str, ...]] = {
    "four": ("angry", "happy or excited", "sad", "neutral"),
    "six": SIX,
    "dimensions": ("valence", "activation", "dominance"),
}


def is_iemocap_folder(path: Path) -> bool:
    """Whether a folder is IEMOCAP's own."""
    return next(path.glob("Session*/dialog/EmoEvaluation"), None) is not None


def read_iemocap_folder(path: Path, target: str = "four", session: int = 5) -> Samples:
    """Read the folder. Both speakers of `session` are tested on; the group is the dialogue.

    Args:
        target: `four` classes (5,531 utterances), `six` classes (7,433), or `dimensions`, as a
            regression.

    Raises:
        DataError: An option, a label or a sound file is wrong, or there are neither words nor
            sounds.
    """
    if target not in TARGETS:
        raise DataError(f"The option target is '{target}': it must be {', '.join(TARGETS)}.")
    classes = FOUR if target == "four" else {name: k for k, name in enumerate(SIX)}
    turns = read_evaluations(path)
    if target != "dimensions":
        turns = [turn for turn in turns if turn.emotion in classes]
    if session not in {turn.session for turn in turns}:
        raise DataError(f"{path} has no labelled utterance in Session{session}: give another one.")
    task: Task = "regression" if target == "dimensions" else "classes"
    targets: NDArray[np.int64] | Float
    if task == "regression":
        targets = np.array([[t.valence, t.activation, t.dominance] for t in turns], np.float32)
    else:
        targets = np.array([classes[turn.emotion] for turn in turns], np.int64)
    streams, lengths = _streams(path, turns)
    return Samples(
        str(path),
        "iemocap_folder",
        task,
        TARGETS[target],
        streams,
        lengths,
        np.array(["test" if turn.session == session else "train" for turn in turns]),
        targets,
        np.array([turn.dialogue for turn in turns]),
        np.array([turn.id for turn in turns]),
    )


def _streams(
    path: Path, turns: list[Turn]
) -> tuple[dict[str, Float], dict[str, NDArray[np.int64]]]:
    streams: dict[str, Float] = {}
    lengths: dict[str, NDArray[np.int64]] = {}
    if transcripts := transcripts_of(path):
        words = words_of(transcripts)
        said = [words.get(turn.id, "") for turn in turns]
        hashed = HashingVectorizer(n_features=WORD_FEATURES, ngram_range=(1, 2)).transform(said)
        streams["text"] = np.asarray(hashed.toarray(), np.float32)[:, None]
        lengths["text"] = np.array([int(bool(one)) for one in said], np.int64)
    sounds = {turn.id: sound_of(path, turn) for turn in turns}
    there = {name: file for name, file in sounds.items() if file.is_file()}
    if there:
        raw = converted(there.values(), "iemocap-sound", lambda: _sounds(there))
        row = {str(name): k for k, name in enumerate(raw["id"])}
        rows = np.array([row.get(turn.id, -1) for turn in turns])
        streams["audio"] = gathered(raw["sound"], rows)
        lengths["audio"] = np.where(rows < 0, 0, raw["lengths"][rows])
    if not streams:
        raise DataError(f"{path} has neither transcriptions nor sentences/wav: copy one of them.")
    return streams, lengths


def sound_of(path: Path, turn: Turn) -> Path:
    """The file of an utterance's sound."""
    return path / f"Session{turn.session}/sentences/wav/{turn.dialogue}/{turn.id}.wav"


def transcripts_of(path: Path) -> list[Path]:
    """The files with the words of all dialogues."""
    return sorted(path.glob("Session*/dialog/transcriptions/*.txt"))


def words_of(transcripts: list[Path]) -> dict[str, str]:
    """What is said, by the id of the utterance."""
    found = {}
    for path in transcripts:
        for line in path.read_text("utf-8", errors="replace").splitlines():
            if (match := SAID.match(line.strip())) is not None:
                found[match["id"]] = match["words"].strip()
    return found


def _sounds(files: dict[str, Path]) -> Arrays:
    params = SpeechParams()
    front_end = SpeechFrontEnd(params)
    least = params.window + params.shift * (params.segment_frames + params.hop_frames)
    sound = np.zeros((len(files), SOUND_STEPS, 2 * params.mels), np.float32)
    lengths = np.zeros(len(files), np.int64)
    for row, path in enumerate(files.values()):
        samples = decode(path)
        if len(samples) < least:
            samples = np.pad(samples, (0, least - len(samples)))
        mels = segments(samples, params, front_end)[0][::HOPS, 0][:SOUND_STEPS]
        sound[row, : len(mels)] = np.concatenate([mels.mean(axis=1), mels.std(axis=1)], axis=1)
        lengths[row] = len(mels)
    return {"sound": sound, "lengths": lengths, "id": np.array(list(files))}
