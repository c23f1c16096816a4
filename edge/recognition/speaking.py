"""Tells that the tracked face is not the one that speaks: a voice beside a mouth that stands still.

A measurement, not learned: a photograph, a listener, or a radio beside a silent person. It decides
against a face only on seconds of clear evidence, because whoever speaks must never lose the face.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.frontends.sound_level import QUALITY
from edge.types import NS_PER_S, Reading

EVIDENCE_NS = 2 * NS_PER_S
"""How much of the past must agree."""
STILL = 0.5
"""Of `edge.frontends.mouth`. In each second in which a GRID clip's speaker speaks, also at 8 frames
a second, at 40 kbit/s or with noise, the mouth moves more at least once; see docs/faults.md."""
MIN_RATE_HZ = 8
MAX_GAP_NS = NS_PER_S * 3 // 10
MIN_HOPS_HZ = 8
"""Hops of sound come 10 times a second."""
VOICED = 0.5
SPEAKS = 0.8
"""Share of hops with a voice: speech without a pause."""
SPEAKS_STILL = 0.3
"""Once it is told, a pause between two sentences does not take it back."""

_VOICE = QUALITY.index("voice")


def another_speaks(
    faces: Sequence[Reading], sounds: Sequence[Reading], end_ns: int, told: bool
) -> bool:
    """Whether a voice was heard while the tracked face's mouth stood still. Pure.

    Args:
        faces: Vision's readings in the `EVIDENCE_NS` up to `end_ns`, in the order of time.
        sounds: Audio's readings there.
        end_ns: Capture time at which the window ends.
        told: What the last step said.
    """
    return _voice(sounds, SPEAKS_STILL if told else SPEAKS) and _still(faces, end_ns)


def _voice(sounds: Sequence[Reading], least: float) -> bool:
    # A heartbeat repeats old signals; nobody has listened.
    heard = [sound for sound in sounds if not sound.detail.get("heartbeat")]
    if len(heard) < MIN_HOPS_HZ * EVIDENCE_NS / NS_PER_S or len(heard) < len(sounds):
        return False
    voiced = sum(float(sound.quality[_VOICE]) >= VOICED for sound in heard)
    return voiced >= least * len(heard)


def _still(faces: Sequence[Reading], end_ns: int) -> bool:
    if any(face.detail.get("box") is None for face in faces):
        return False  # it was away: what came back may be another
    seen = [(face.t_ns, face.detail.get("mouth")) for face in faces]
    moved = [(t_ns, mouth) for t_ns, mouth in seen if isinstance(mouth, float)]
    if len(moved) < MIN_RATE_HZ * EVIDENCE_NS / NS_PER_S:
        return False
    times_ns = np.array([end_ns - EVIDENCE_NS, *(t_ns for t_ns, _ in moved), end_ns])
    if int(np.diff(times_ns).max()) > MAX_GAP_NS:
        return False
    return max(mouth for _, mouth in moved) < STILL
