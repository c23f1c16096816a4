"""The three aligned corpora of the data folder: MOSI, RAVDESS face + sound, MELD text + sound."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float
from train.corpora.corpus import Corpus, Part, check, part
from train.corpora.features import gathered, scaled, surroundings
from train.corpora.splits import TEST_ACTORS

REACH = 4
"""Default number of neighbouring utterances on each side of a sample of MOSI or MELD."""
RAVDESS_LABELS = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
)
MELD_LABELS = ("neutral", "joy", "sadness", "anger", "surprise", "fear", "disgust")
TEST_PERCENT = 25
"""Share of MELD's dialogues in test, chosen by a stable hash; the file defines no split."""


def mosi(data: Path, reach: int = REACH) -> Corpus:
    """CMU-MOSI by utterance, binary sentiment; the context is the video."""
    path = data / "mosi_utterance" / "mosi_utterance.npz"
    wanted = ("text", "audio", "video", "label", "split", "video_id", "segment")
    raw = _arrays(path, wanted)
    train = raw["split"] == 0
    streams = {
        "text": scaled(raw["text"], train, f"{path}: text"),
        "audio": scaled(raw["audio"], train, f"{path}: audio"),
        "vision": scaled(raw["video"], train, f"{path}: video"),
    }
    videos = raw["video_id"].astype(np.str_)
    ids = np.array([f"{v}/{s}" for v, s in zip(videos, raw["segment"], strict=True)])
    targets = _classes(raw["label"], 2, path)
    whole = _in_context(streams, targets, videos, raw["segment"], ids, reach)
    parts = {"train": whole.take(train), "test": whole.take(~train)}
    return check(Corpus("mosi_utterance", "classes", ("negative", "positive"), parts), str(path))


def ravdess(data: Path) -> Corpus:
    """RAVDESS clips, with sound and face features summarised over each clip; eight emotions. The
    test actors are the same as for the live bundle."""
    path = data / "ravdess_av" / "features.npz"
    raw = _arrays(path, ("id", "audio", "video", "emotion", "actor"))
    test = np.isin(raw["actor"], sorted(TEST_ACTORS))
    streams = {
        # Clips without voice have no pitch.
        "audio": scaled(raw["audio"], ~test, f"{path}: audio", missing=True)[:, None],
        "vision": scaled(raw["video"], ~test, f"{path}: video")[:, None],
    }
    actors = np.array([f"actor {a}" for a in raw["actor"]])
    targets = _labels(raw["emotion"], RAVDESS_LABELS, path)
    whole = part(streams, targets, actors, raw["id"].astype(np.str_))
    parts = {"train": whole.take(~test), "test": whole.take(test)}
    return check(Corpus("ravdess_av", "classes", RAVDESS_LABELS, parts), str(path))


def meld(data: Path, reach: int = REACH) -> Corpus:
    """MELD lines, text and sound embeddings, seven emotions; the context is the dialogue."""
    path = data / "meld_text_audio" / "features.npz"
    wanted = ("text_roberta", "audio_wav2vec2", "emotion", "dialogue", "utterance")
    raw = _arrays(path, wanted)
    test = np.array(
        [zlib.crc32(f"meld/{d}".encode()) % 100 < TEST_PERCENT for d in raw["dialogue"]]
    )
    streams = {
        "text": scaled(raw["text_roberta"], ~test, f"{path}: text_roberta"),
        "audio": scaled(raw["audio_wav2vec2"], ~test, f"{path}: audio_wav2vec2"),
    }
    dialogues = np.array([f"dialogue {d}" for d in raw["dialogue"]])
    ids = np.array([f"{d}/{u}" for d, u in zip(raw["dialogue"], raw["utterance"], strict=True)])
    targets = _labels(raw["emotion"], MELD_LABELS, path)
    whole = _in_context(streams, targets, dialogues, raw["utterance"], ids, reach)
    parts = {"train": whole.take(~test), "test": whole.take(test)}
    return check(Corpus("meld_text_audio", "classes", MELD_LABELS, parts), str(path))


def _in_context(
    streams: dict[str, Float],
    targets: NDArray[np.int64],
    groups: NDArray[np.str_],
    order: NDArray[np.int64],
    ids: NDArray[np.str_],
    reach: int,
) -> Part:
    rows, lengths, focus = surroundings(groups, order, reach)
    return part(
        {name: gathered(x, rows) for name, x in streams.items()},
        targets,
        groups,
        ids,
        lengths={name: lengths for name in streams},
        focus=focus,
    )


def _arrays(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Read arrays of an .npz file, without pickle.

    Raises:
        DataError: The file is missing, is not an .npz file, or lacks an array.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in names if name not in file.files]
            if missing:
                raise DataError(f"{path} has no array '{missing[0]}'.")
            arrays = {name: file[name] for name in names}
    except FileNotFoundError:
        raise DataError(f"{path} is missing: set CDAT_DATA to the data folder.") from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read as .npz ({error}).") from None
    lengths = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"{path}: the arrays have unequal lengths ({told}): they must be as many.")
    return arrays


def _labels(names: NDArray[np.str_], labels: tuple[str, ...], path: Path) -> NDArray[np.int64]:
    unknown = sorted(set(names.tolist()) - set(labels))
    if unknown:
        raise DataError(f"{path}: emotion: '{unknown[0]}' is not one of {', '.join(labels)}.")
    return np.array([labels.index(str(name)) for name in names], np.int64)


def _classes(raw: NDArray[Any], count: int, path: Path) -> NDArray[np.int64]:
    """Numbers of classes. Raises: DataError, for what is no whole number of 0 to `count` - 1."""
    values = np.asarray(raw, np.float64)
    wrong = ~(np.isfinite(values) & (values == np.round(values)) & (values >= 0) & (values < count))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{path}: label is {values[row]:g} in row {row}: it must be a whole number of 0 to"
            f" {count - 1}."
        )
    return values.astype(np.int64)
