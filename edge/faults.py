"""Artificial faults of a stream, for training, tests and the demo.

Each fault is a pure function `fault(x, severity, rng) -> x`. `x` is not changed. Severity runs from
0 (not noticeable) to 1 (nothing usable left). The same generator state gives the same result.

    vision  uint8 image, BGR (h, w, 3) or grey (h, w), of any size
    audio   mono float32 samples at 16 kHz in -1..1; see `edge.sound_faults`
    text    a sequence of `Word`

Faults of a sequence, not of a packet (a frozen camera, a low frame rate, a face that left, an
unplugged microphone), are made by the owner of the sequence: see `hold_frames` and
`BETWEEN_PACKETS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge import sound_faults
from edge.types import NS_PER_S, Word

Picture = NDArray[np.uint8]
Rng = np.random.Generator

# Vision


def dark(image: Picture, severity: float, rng: Rng) -> Picture:
    """The light goes out: at 1, 2 % is left, and the sensor's amplified noise appears."""
    light = 0.02**severity
    noise = rng.standard_normal(image.shape[:2], np.float32) * np.float32(3.0 * severity)
    noise = noise[..., None] if image.ndim == 3 else noise
    return _pixels(image.astype(np.float32) * np.float32(light) + noise)


def bright(image: Picture, severity: float, rng: Rng) -> Picture:
    """Over-exposure: at 1, ten times the light and a veil over the rest."""
    gain = 10.0**severity
    return _pixels(image.astype(np.float32) * np.float32(gain) + np.float32(60 * severity))


def blur(image: Picture, severity: float, rng: Rng) -> Picture:
    """Out of focus: at 1, a sigma of 6 % of the image's width; a face then has no features."""
    sigma = 0.06 * image.shape[1] * severity**2
    if sigma < 0.3:
        return image.copy()
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def occluded(image: Picture, severity: float, rng: Rng) -> Picture:
    """A hand, a mug, a sheet of paper: one flat shape over `severity` of the image's centre."""
    out = image.copy()
    height, width = image.shape[:2]
    share = np.sqrt(severity)
    box_h, box_w = round(0.9 * share * height), round(0.9 * share * width)
    if not box_h or not box_w:
        return out
    # The centre of the object is near the centre of the image, where the face is.
    y = int(np.clip(rng.normal(0.5, 0.12) * height - box_h / 2, 0, height - box_h))
    x = int(np.clip(rng.normal(0.5, 0.12) * width - box_w / 2, 0, width - box_w))
    colour = rng.integers(10, 200, image.shape[2:] or (1,))
    shade = rng.normal(0, 6, (box_h, box_w, 1)) + colour
    out[y : y + box_h, x : x + box_w] = _pixels(shade if image.ndim == 3 else shade[..., 0])
    return out


def hold_frames(frames: Sequence[Picture], severity: float, rng: Rng) -> list[Picture]:
    """A frozen camera: each frame is replaced by the previous one with probability `severity`."""
    out = list(frames[:1])
    for frame in frames[1:]:
        out.append(out[-1] if rng.random() < severity else frame)
    return out


# Text

# fmt: off
_HEARD_WRONG = (
    "the", "a", "to", "of", "in", "it", "is", "that", "and", "for", "on",
    "you", "he", "was", "with", "as", "his", "they", "at", "be", "this", "from",
    "have", "or", "by", "one", "had", "not", "but", "what", "all", "were", "when",
    "we", "there", "can", "an", "your", "which", "their", "said", "if", "do", "will",
    "each", "about", "how", "up", "out", "them", "then", "she", "many", "some", "so",
    "these", "would", "other", "into", "has", "more", "her", "two", "like", "him", "see",
    "time", "could", "no", "make", "than", "first", "been", "its", "who", "now", "people",
    "my", "made", "over", "did", "down", "only", "way", "find", "use", "may", "water",
    "long", "little", "very", "after", "words", "called", "just", "where", "most", "know",
)
# fmt: on
"""Common words, as a recogniser outputs them for sound that it does not understand."""


def missing(words: Sequence[Word], severity: float, rng: Rng) -> list[Word]:
    """Words are missed, each with probability `severity`."""
    return [word for word in words if rng.random() >= severity]


def substituted(words: Sequence[Word], severity: float, rng: Rng) -> list[Word]:
    """Words are misheard, each with probability `severity`."""
    return [replace(w, text=_wrong(rng)) if rng.random() < severity else w for w in words]


def invented(words: Sequence[Word], severity: float, rng: Rng) -> list[Word]:
    """Words are invented from noise: at 1, three for each spoken word (WhisperLive#185)."""
    out: list[Word] = []
    for word in words:
        out.append(word)
        for _ in range(int(rng.binomial(3, severity))):
            out.append(replace(word, text=_wrong(rng), start_ns=word.end_ns, end_ns=word.end_ns))
    return out


def late(words: Sequence[Word], severity: float, rng: Rng) -> list[Word]:
    """The recogniser is late: words of the last `5 * severity` seconds are missing."""
    if not words:
        return []
    until_ns = max(word.end_ns for word in words) - round(5 * severity * NS_PER_S)
    return [word for word in words if word.end_ns <= until_ns] if severity else list(words)


FAULTS: dict[str, dict[str, Callable[[Any, float, Rng], Any]]] = {
    "vision": {"dark": dark, "bright": bright, "blur": blur, "occluded": occluded},
    "audio": {
        "noise": sound_faults.noise,
        "hum": sound_faults.hum,
        "babble": sound_faults.babble,
        "clip": sound_faults.clip,
        "silence": sound_faults.silence,
        "low_gain": sound_faults.low_gain,
        "dropouts": sound_faults.dropouts,
    },
    "text": {
        "missing": missing,
        "substituted": substituted,
        "invented": invented,
        "late": late,
    },
}
"""Every fault by stream and name, all with one signature."""

CLEAN = "clean"
"""The name of no fault."""
FROZEN, NO_FACE, LOW_RATE, NO_VOICE = "frozen", "no_face", "low_rate", "no_voice"

BETWEEN_PACKETS: dict[str, tuple[str, ...]] = {
    "vision": (FROZEN, NO_FACE, LOW_RATE),
    "audio": (NO_VOICE,),
    "text": (),
}
"""Faults of a sequence, by stream: made by whoever holds it."""


def _pixels(values: NDArray[Any]) -> Picture:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def _wrong(rng: Rng) -> str:
    return _HEARD_WRONG[int(rng.integers(len(_HEARD_WRONG)))]
