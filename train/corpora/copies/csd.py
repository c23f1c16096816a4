"""CMU-MOSI and CMU-MOSEI as a folder of .csd files, aligned to words.

A sample is a labelled segment of a video. Its steps are the segment's words; sound and face are
averaged over each word.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import STREAMS, Float
from train.cache import Arrays
from train.corpora.copies.converted import converted
from train.corpora.copies.folds import read_folds, split_by_hash
from train.corpora.copies.samples import Samples
from train.corpora.copies.sentiment import sentiment_targets
from train.corpora.copies.sequences import Sequence, Track, root_of
from train.corpora.copies.steps import without_minus_infinity
from train.task import Task

STEPS = 50
"""Words of a segment that are used, the first ones; as in the field's aligned files."""
PAUSE = "sp"
EMOTIONS = ("happy", "sad", "anger", "surprise", "disgust", "fear")
"""Columns 1 to 6 of "All Labels" of MOSEI, from 0 to 3; an emotion is present above 0."""
ROLES = {
    "labels": ("label",),
    "text": ("glove", "wordvector", "word vector", "bert"),
    "audio": ("covarep", "opensmile"),
    "vision": ("facet", "openface"),
    "words": ("words",),
}
"""What a sequence is, by a part of its file's or root's name; the first role that fits."""


def is_csd_folder(path: Path) -> bool:
    """Whether a folder directly contains .csd files."""
    return path.is_dir() and next(path.glob("*.csd"), None) is not None


def read_csd(path: Path, target: str = "regression", steps: int = STEPS, **files: str) -> Samples:
    """Read a folder. The SDK's file of folds is used where it lies beside; without it the split is
    a stable hash of the video's name.

    Args:
        target: one of `sentiment.TARGETS`, or `emotions` for MOSEI.
        steps: most words of a segment.
        files: the file of a stream, where the folder has several: `vision="X.csd"`.

    Raises:
        DataError: A sequence is missing, occurs twice or is damaged, or labels are wrong.
    """
    if not isinstance(steps, int) or steps < 1:
        raise DataError(f"The option steps is {steps!r}: it must be a number of words, at least 1.")
    chosen = _roles(path, files)
    raw = converted(chosen.values(), "csd", lambda: _arrays(chosen, path, steps), steps)
    task, labels, targets, keep = _targets(raw["labels"], target, str(chosen["labels"]))
    groups = raw["video"][keep]
    folds = next(iter(sorted(path.glob("*folds*.py"))), None)
    if folds is None:
        splits = np.array([split_by_hash(str(video)) for video in groups], np.str_)
    else:
        known = read_folds(folds)
        inside = np.isin(groups, list(known))  # the SDK's folds leave some videos out
        groups, targets = groups[inside], targets[inside]
        keep[keep] = inside
        splits = np.array([known[str(video)] for video in groups], np.str_)
    return Samples(
        str(path),
        "csd",
        task,
        labels,
        {name: raw[name][keep] for name in STREAMS if name in raw},
        {name: raw[f"{name}_lengths"][keep] for name in STREAMS if name in raw},
        splits,
        targets,
        groups,
        raw["id"][keep],
    )


def _roles(folder: Path, given: dict[str, str]) -> dict[str, Path]:
    if unknown := sorted(set(given) - set(ROLES)):
        raise DataError(f"The format 'csd' has no option '{unknown[0]}': remove it.")
    chosen = {role: folder / str(name) for role, name in given.items()}
    for role, path in chosen.items():
        if not path.is_file():
            raise DataError(f"{path} is missing: correct the option {role}.")
    for path in sorted(folder.glob("*.csd")):
        names = f"{path.stem} {root_of(path)}".lower()
        fitting = [r for r, parts in ROLES.items() if any(p in names for p in parts)]
        if not fitting or (role := fitting[0]) in given:
            continue
        if role in chosen:
            raise DataError(
                f"{folder} has two files for {role} ({chosen[role].name}, {path.name}): choose one"
                f" with options.{role}."
            )
        chosen[role] = path
    for role in ("labels", "text"):
        if role not in chosen:
            raise DataError(
                f"{folder} has no .csd file of {role}: put it there, or name it in options.{role}."
            )
    return chosen


def _arrays(files: dict[str, Path], folder: Path, steps: int) -> Arrays:
    streams = [name for name in STREAMS if name in files]
    rows: dict[str, list[NDArray[np.float32] | None]] = {name: [] for name in streams}
    labels, videos, ids = [], [], []
    with ExitStack() as stack:
        opened = {
            role: stack.enter_context(Sequence(path, role == "words"))
            for role, path in files.items()
        }
        for video in sorted(opened["labels"].videos):
            tracks = {role: sequence.track(video) for role, sequence in opened.items()}
            segments, spoken = tracks["labels"], tracks["text"]
            if segments is None or spoken is None:
                continue  # a few videos have no transcript
            spoken = _without_pauses(spoken, tracks.get("words"))
            for k, (start_s, end_s) in enumerate(segments.intervals):
                said = spoken.centred_in(start_s, end_s).take(slice(steps))
                if not len(said.features):
                    continue
                rows["text"].append(said.features)
                for name in streams[1:]:
                    track = tracks[name]
                    rows[name].append(None if track is None else track.averaged(said.intervals))
                labels.append(segments.features[k])
                videos.append(video)
                ids.append(f"{video}[{k}]")
    if not labels:
        raise DataError(f"{folder}: no labelled segment has words: the files do not fit together.")
    out: Arrays = {"labels": np.array(labels), "video": np.array(videos), "id": np.array(ids)}
    for name in streams:
        out[name], out[f"{name}_lengths"] = _padded(rows[name], str(files[name]))
    return out


def _without_pauses(vectors: Track, words: Track | None) -> Track:
    """The vectors of words: a pause is "sp" in the file of words, or else a vector of zeros."""
    if words is not None and len(words.features) == len(vectors.features):
        return vectors.take(words.features[:, 0] != PAUSE)
    return vectors.take((vectors.features != 0).any(axis=1))


def _padded(rows: list[NDArray[np.float32] | None], where: str) -> tuple[Float, NDArray[np.int64]]:
    there = [x for x in rows if x is not None]
    sizes = {x.shape[1] for x in there}
    if len(sizes) != 1:
        told = f"{min(sizes)} to {max(sizes)} features" if sizes else "no labelled video"
        raise DataError(f"{where} has {told}: all videos must have as many features.")
    steps = max(len(x) for x in there)
    out = np.zeros((len(rows), steps, sizes.pop()), np.float32)
    for row, x in enumerate(rows):
        if x is not None:
            out[row, : len(x)] = without_minus_infinity(x)
    empty = ~(out != 0).any(axis=(1, 2))
    counts = np.array([0 if x is None else len(x) for x in rows], np.int64)
    return out, np.where(empty, 0, counts)


def _targets(
    labels: NDArray[np.float32], target: str, where: str
) -> tuple[Task, tuple[str, ...], NDArray[np.int64] | Float, NDArray[np.bool_]]:
    if target != "emotions":
        return sentiment_targets(labels[:, 0].astype(np.float64), target, where)
    columns = 1 + len(EMOTIONS)
    if labels.shape[1] != columns:
        raise DataError(
            f"{where} has {labels.shape[1]} columns: emotions need {columns}, sentiment and"
            f" {', '.join(EMOTIONS)}."
        )
    emotions = labels[:, 1:]
    wrong = ~((emotions >= 0) & (emotions <= 3 + 1e-4)).all(axis=1)
    if wrong.any():
        raise DataError(
            f"{where}: an emotion of segment {int(np.argmax(wrong))} is not between 0 and 3: the"
            f" columns must be sentiment, {', '.join(EMOTIONS)}."
        )
    return "labels", EMOTIONS, (emotions > 0).astype(np.float32), np.ones(len(labels), bool)
