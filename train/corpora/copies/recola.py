"""RECOLA as given out for AVEC 2016: arousal or valence at each moment of a recording.

    features_audio/arousal/train_1.arff ... dev_9.arff    column 0 is not a feature
    features_video_appearance/..., features_video_geometric/...
    ratings_gold_standard/arousal/train_1.arff ...        Instance_name, frameTime, GoldStandard

The same files as .csv are read too. A row is 40 ms.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float
from train.cache import Arrays
from train.corpora.copies.converted import converted
from train.corpora.copies.number_table import read_table
from train.corpora.copies.samples import Samples

FRAME_S = 0.04
DIMENSIONS = ("arousal", "valence")
STREAMS_OF = {
    "audio": ("features_audio",),
    "vision": ("features_video_appearance", "features_video_geometric"),
}
GOLD = "ratings_gold_standard"
SPLITS_OF = {"train": "train", "dev": "test"}
"""The test part has no public labels, so dev is tested on; validation is cut from train by
recording."""
NOT_FEATURES = ("frametime", "frame_time", "instance_name", "name")
RATING = "goldstandard"


def is_recola(path: Path) -> bool:
    """Whether a folder has the ratings of AVEC 2016."""
    return (path / GOLD).is_dir()


def read_recola(
    path: Path,
    target: str = "arousal",
    step_s: float = 0.4,
    context_s: float = 4.0,
    delay_s: float = 2.8,
) -> Samples:
    """Read a folder. A sample is a moment; its sequence is the time before it.

    Args:
        target: arousal or valence.
        step_s: features and ratings are averaged over this time.
        context_s: length of a sample's sequence.
        delay_s: annotators react late: ratings are moved forward by this time.

    Raises:
        DataError: A file is missing or damaged, or features and ratings are not as many.
    """
    if target not in DIMENSIONS:
        raise DataError(f"The option target is '{target}': it must be arousal or valence.")
    block = _multiple("step_s", step_s, FRAME_S, 1)
    context = _multiple("context_s", context_s, step_s, 1)
    delay = _multiple("delay_s", delay_s, step_s, 0)
    files = _files(path, target)
    named = {group: list(tables.values()) for group, tables in files.items()}
    every = [file for tables in named.values() for file in tables]
    raw = converted(every, "recola", lambda: _arrays(files, block), block)
    parts: dict[str, list[NDArray[np.generic]]] = {}
    for recording in files:
        count = len(raw[f"{recording}/gold"]) - delay
        if count < 1:
            raise DataError(f"{path}: {recording} is shorter than the option delay_s.")
        one: Arrays = {
            "targets": raw[f"{recording}/gold"][delay:, None],
            "groups": np.full(count, recording),
            "ids": np.array([f"{recording}/{k * step_s:.1f}" for k in range(count)]),
            "splits": np.full(count, SPLITS_OF[recording.split("_")[0]]),
        }
        for stream in STREAMS_OF:
            if f"{recording}/{stream}" in raw:
                one[stream], one[f"{stream}_lengths"] = _past(
                    raw[f"{recording}/{stream}"][:count], context
                )
        for name, values in one.items():
            parts.setdefault(name, []).append(values)
    whole = {name: np.concatenate(values) for name, values in parts.items()}
    streams = [name for name in STREAMS_OF if name in whole]
    return Samples(
        str(path),
        "recola",
        "regression",
        (target,),
        {name: whole[name] for name in streams},
        {name: whole[f"{name}_lengths"] for name in streams},
        whole["splits"],
        whole["targets"],
        whole["groups"],
        whole["ids"],
    )


def _multiple(option: str, value_s: object, unit_s: float, least: int) -> int:
    if not isinstance(value_s, (int, float)) or not np.isfinite(value_s):
        raise DataError(f"The option {option} is {value_s!r}: it must be a number of seconds.")
    if round(value_s / unit_s) < least:
        raise DataError(f"The option {option} is {value_s!r}: it is too small.")
    return round(value_s / unit_s)


def _files(path: Path, target: str) -> dict[str, dict[str, Path]]:
    """Of each recording, the file of each table; every recording has the same tables."""
    folders = [f for names in STREAMS_OF.values() for f in names if (path / f).is_dir()]
    if not folders:
        raise DataError(f"{path} has no folder of features, such as features_audio.")
    ratings = sorted(
        file
        for suffix in ("arff", "csv")
        for split in SPLITS_OF
        for file in (path / GOLD / target).glob(f"{split}_*.{suffix}")
    )
    for split in SPLITS_OF:
        if not any(file.name.startswith(f"{split}_") for file in ratings):
            raise DataError(f"{path / GOLD / target} has no {split}_1.arff: a split is missing.")
    files: dict[str, dict[str, Path]] = {}
    for rating in ratings:
        tables = {GOLD: rating}
        for folder in folders:
            here = path / folder / target
            found = [f for s in (".arff", ".csv") if (f := here / f"{rating.stem}{s}").is_file()]
            if not found:
                raise DataError(f"{here / rating.name} is missing, although it has ratings.")
            tables[folder] = found[0]
        files[rating.stem] = tables
    return files


def _arrays(files: dict[str, dict[str, Path]], block: int) -> Arrays:
    out: Arrays = {}
    for recording, tables in files.items():
        gold = _ratings(tables[GOLD])
        out[f"{recording}/gold"] = _means(gold[:, None], block)[:, 0]
        for stream, folders in STREAMS_OF.items():
            columns = [_features(tables[f], len(gold)) for f in folders if f in tables]
            if columns:
                out[f"{recording}/{stream}"] = _means(np.hstack(columns), block, stream == "vision")
    for stream in STREAMS_OF:
        sizes = {x.shape[1] for name, x in out.items() if name.endswith(f"/{stream}")}
        if len(sizes) > 1:
            some = next(iter(files.values()))[STREAMS_OF[stream][0]].parent
            raise DataError(f"{some}: recordings have {min(sizes)} to {max(sizes)} features.")
    return out


def _ratings(path: Path) -> NDArray[np.float64]:
    names, values = read_table(path)
    lower = [name.lower() for name in names]
    if RATING not in lower:
        raise DataError(f"{path} has no column GoldStandard.")
    gold = values[:, lower.index(RATING)]
    wrong = ~(np.abs(gold) <= 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"{path}: the rating is {gold[row]:g} in row {row}: it must be in -1 to 1.")
    return gold


def _features(path: Path, rows: int) -> NDArray[np.float64]:
    names, values = read_table(path)
    if len(values) != rows:
        raise DataError(f"{path} has {len(values)} rows, the ratings have {rows}: as many.")
    kept = [k for k, name in enumerate(names) if k > 0 and name.lower() not in NOT_FEATURES]
    if not kept:
        raise DataError(f"{path} has no features beside its first column.")
    return values[:, kept]


def _means(x: NDArray[np.float64], block: int, face: bool = False) -> Float:
    """Means over blocks of rows (n, D); rows of zeros are undetected faces and do not count."""
    starts = np.arange(0, len(x), block)
    there = (x != 0).any(axis=1) if face else np.ones(len(x), bool)
    counts = np.add.reduceat(there.astype(np.float64), starts)
    return np.asarray(np.add.reduceat(x, starts) / np.maximum(counts, 1)[:, None], np.float32)


def _past(x: Float, context: int) -> tuple[Float, NDArray[np.int64]]:
    """For each step of (n, D) the last `context` ones that are not zeros: (n, context, D) and
    lengths (n,)."""
    out = np.zeros((len(x), context, x.shape[1]), np.float32)
    lengths = np.zeros(len(x), np.int64)
    there = (x != 0).any(axis=1)
    for step in range(len(x)):
        first = max(0, step - context + 1)
        near = x[first : step + 1][there[first : step + 1]]
        out[step, : len(near)], lengths[step] = near, len(near)
    return out, lengths
