"""The seven labels, and their names in each corpus. An unknown name is an error."""

from __future__ import annotations

from edge.errors import DataError

LABELS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")

FER_VOTES = {
    "vote_neutral": "neutral",
    "vote_happiness": "happy",
    "vote_sadness": "sad",
    "vote_anger": "angry",
    "vote_fear": "fear",
    "vote_disgust": "disgust",
    "vote_surprise": "surprise",
}
FER_LEFT_OUT = ("vote_contempt", "vote_unknown", "vote_NF")

RAVDESS = {
    "neutral": "neutral",
    "calm": "neutral",
    "happy": "happy",
    "sad": "sad",
    "angry": "angry",
    "fearful": "fear",
    "disgust": "disgust",
    "surprised": "surprise",
}

EKMAN = {
    "neutral": "neutral",
    "joy": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fear": "fear",
    "disgust": "disgust",
    "surprise": "surprise",
}


def index_of(name: str, names: dict[str, str], where: str) -> int:
    """Index into `LABELS` for a corpus' label name.

    Raises:
        DataError: The corpus has a label that is not in `names`.
    """
    if name not in names:
        raise DataError(
            f"{where} has the label '{name}'; expected is one of {', '.join(sorted(names))}."
        )
    return LABELS.index(names[name])
