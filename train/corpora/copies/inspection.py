"""What a file or folder of a data set contains, what is wrong with it, and which config fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge.errors import DataError
from edge.types import STREAMS
from train.corpora.copies.faults import _named, _splits, faults_of
from train.corpora.copies.formats import FORMATS, SETS, found_in, read_as
from train.corpora.copies.samples import Samples, same_number
from train.corpora.corpus import Corpus
from train.corpora.open import LOCAL

CONFIGS = {
    "mosi": "configs/train/cdat_cmu_mosi.yaml",
    "mosei": "configs/train/cdat_mosei.yaml",
    "iemocap": "configs/train/cdat_iemocap.yaml",
    "recola": "configs/train/cdat_recola.yaml",
    "mosi_utterance": "configs/train/cdat_mosi.yaml",
    "ravdess_av": "configs/train/cdat_ravdess.yaml",
    "meld_text_audio": "configs/train/cdat_meld.yaml",
}
MOSI_AUDIO, MOSEI_AUDIO = 5, 74
"""Sound features of the field's files of MOSI and MOSEI, by which they are told apart."""


@dataclass
class Inspection:
    """Everything that `cdat-train inspect` reports. Shapes are (samples, steps, features)."""

    path: str
    format: str
    says: str
    corpora: list[str] = field(default_factory=list)
    """Names of `SETS`; several where the file does not say which one it is."""
    configs: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    """The command that trains with each of `configs`; of IEMOCAP's own folder also the one that
    makes it ready for `extract`."""
    task: str = ""
    shapes: dict[str, list[int]] = field(default_factory=dict)
    splits: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    labels: dict[str, dict[str, int]] = field(default_factory=dict)
    """By label, then by split: number of samples; empty for regression."""
    ranges: dict[str, list[float]] = field(default_factory=dict)
    """Of regression, by target: smallest and largest."""
    without: dict[str, int] = field(default_factory=dict)
    """By stream: samples that lack it."""
    faults: list[str] = field(default_factory=list)


def inspect(path: Path, **options: object) -> Inspection:
    """Read a data set as training would, and find all faults.

    Args:
        options: options of the format's reader, such as `target`.

    Raises:
        DataError: The path is not a known data set, or is an unsafe pickle.
    """
    folder = path.parent if path.is_file() else path
    if folder.resolve().name in LOCAL:
        return _of_data_folder(folder.resolve())
    where, name = found_in(path)
    found = Inspection(str(where), name, FORMATS[name].says)
    found.corpora = [corpus for corpus, formats in SETS.items() if name in formats]
    try:
        samples = read_as(name, where, options)
        same_number(samples)
    except DataError as error:
        found.faults.append(str(error))
    else:
        found.corpora = _corpora(samples, found.corpora)
        _describe(found, samples)
        found.faults += faults_of(samples)
    _name_configs(found, f"--data {where.resolve().parent} --set options.path={where.name}")
    if name == "iemocap_folder":  # its features are not the live ones; of its clips they are
        found.commands.append(f"cdat-train iemocap {where} --out CLIPS")
    return found


def _of_data_folder(folder: Path) -> Inspection:
    """Of a corpus that is prepared for this project, as docs/cdat.md uses it."""
    name = folder.name
    found = Inspection(str(folder), name, f"the corpus {name} of the data folder", [name])
    try:
        corpus = LOCAL[name](folder.parent)
    except DataError as error:
        found.faults.append(str(error))
    else:
        samples = _samples_of(corpus, str(folder))
        _describe(found, samples)
        found.faults += faults_of(samples)
    _name_configs(found, f"--data {folder.parent}")
    return found


def _samples_of(corpus: Corpus, where: str) -> Samples:
    parts = corpus.parts
    there = {
        name: np.concatenate([part.present[:, STREAMS.index(name)] for part in parts.values()])
        for name in corpus.streams
    }
    return Samples(
        where,
        corpus.name,
        corpus.task,
        corpus.labels,
        {name: np.concatenate([p.streams[name] for p in parts.values()]) for name in there},
        {
            name: np.concatenate([p.lengths[name] for p in parts.values()]) * rows
            for name, rows in there.items()
        },
        np.concatenate([np.full(len(part), split) for split, part in parts.items()]),
        np.concatenate([part.targets for part in parts.values()]),
        np.concatenate([part.groups for part in parts.values()]),
        np.concatenate([part.ids for part in parts.values()]),
    )


def _name_configs(found: Inspection, options: str) -> None:
    found.configs = [CONFIGS[corpus] for corpus in found.corpora]
    found.commands = [f"cdat-train all {config} {options}" for config in found.configs]


def _corpora(samples: Samples, possible: list[str]) -> list[str]:
    if len(possible) == 1:
        return possible
    if samples.labels == ("neutral", "happy", "sad", "angry"):
        return ["iemocap"]
    possible = [corpus for corpus in possible if corpus != "iemocap"]
    sound = samples.streams["audio"].shape[2] if "audio" in samples.streams else 0
    path = Path(samples.where)
    names = " ".join([*path.parts[-2:], *(f.name for f in path.glob("*.csd"))]).lower()
    if "mosei" in names or (sound == MOSEI_AUDIO and "mosi" not in names):
        return ["mosei"]
    return ["mosi"] if "mosi" in names or sound == MOSI_AUDIO else possible


def _describe(found: Inspection, samples: Samples) -> None:
    found.task = samples.task
    found.shapes = {name: list(x.shape) for name, x in samples.streams.items()}
    found.splits = {split: int(rows.sum()) for split, rows in _splits(samples)}
    found.groups = len(np.unique(samples.groups))
    found.without = {
        name: int((lengths == 0).sum())
        for name, lengths in samples.lengths.items()
        if (lengths == 0).any()
    }
    if samples.task == "regression":
        for place, label in enumerate(samples.labels):
            values = samples.targets[:, place]
            found.ranges[label] = [float(values.min()), float(values.max())]
        return
    for place, label in enumerate(samples.labels):
        named = _named(samples, place)
        found.labels[label] = {split: int(named[rows].sum()) for split, rows in _splits(samples)}
