"""Tells that another person's face has taken the place of the one that was followed.

A measurement, not learned: a photograph held before the own face, or somebody else who sits down.
It decides only on a second of clear pictures: whoever turns the head, is in the dark or holds a
hand before the face keeps it, and an unclear picture has a reason of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.frontends.face_crop import QUALITY
from edge.frontends.known_face import CLEAR_SCORE
from edge.recognition.reasons import explain
from edge.recognition.speaking import EVIDENCE_NS
from edge.types import NS_PER_S, Reading

NEEDED_NS = NS_PER_S
"""How much of the past must show another face. Once told, it holds until none of the last
`EVIDENCE_NS` does: the window still contains the other's pictures."""
MIN_PICTURES = 6
MAX_GAP_NS = NS_PER_S * 3 // 10


def another_is_seen(faces: Sequence[Reading], end_ns: int, told: bool) -> bool:
    """Whether the tracked face is another person's than before. Pure.

    Args:
        faces: Vision's readings in the `EVIDENCE_NS` up to `end_ns`, in the order of time.
        end_ns: Capture time at which the window ends.
        told: What the last step said.
    """
    if told:
        return any(
            face.detail.get("known") is False
            and _score(face) >= CLEAR_SCORE
            and face.t_ns > end_ns - EVIDENCE_NS
            for face in faces
        )
    recent = [face for face in faces if face.t_ns > end_ns - NEEDED_NS]
    if len(recent) < MIN_PICTURES or any(face.detail.get("known") is not False for face in recent):
        return False
    times_ns = np.array([end_ns - NEEDED_NS, *(face.t_ns for face in recent), end_ns])
    if int(np.diff(times_ns).max()) > MAX_GAP_NS:
        return False
    return _clear(recent)


def _clear(faces: Sequence[Reading]) -> bool:
    if not float(np.median([_score(face) for face in faces])) >= CLEAR_SCORE:
        return False
    signals = (dict(zip(QUALITY, face.quality.tolist(), strict=True)) for face in faces)
    return all(explain("vision", each) is None for each in signals)


def _score(face: Reading) -> float:
    score = face.detail.get("score")
    return float(score) if isinstance(score, int | float) else 0.0
