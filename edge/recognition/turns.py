"""Whose voice it is, with several faces in the picture: of the one whose mouth moves most.

A measurement, not learned. With a single face the voice is its own: nothing is to be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edge.frontends.sound_level import QUALITY
from edge.types import NS_PER_S, Reading

EVIDENCE_NS = NS_PER_S
"""Voice and mouths are compared over so much of the past. Who begins to speak is told apart from a
single smile; what was said meanwhile is his, too, unless it was another's."""
MOVES = 0.45
"""Of `edge.frontends.mouth`, mean over `EVIDENCE_NS`. In the middle of the GRID clips, where all
speak, it is 0.55 to 1.3; a picture held before the camera has about 0."""
AHEAD = 0.2
"""The mouth that moves most must be ahead of the others by so much."""
VOICED = 0.5
MIN_VOICE = 0.3
"""Share of hops with a voice: of speech with pauses."""
MIN_FRAMES = 4

_VOICE = QUALITY.index("voice")


def who_speaks(
    faces: Mapping[int, Sequence[Reading]],
    sounds: Sequence[Reading],
    end_ns: int,
    before: int | None,
) -> int | None:
    """The person whose voice is heard; None: nobody's that is seen. Pure.

    Args:
        faces: Vision's readings of each person, which may begin earlier.
        sounds: Audio's readings, which may begin earlier.
        end_ns: Capture time at which the window ends.
        before: Who spoke at the last step. Keeps the turn until another is ahead.
    """
    if len(faces) == 1:
        return next(iter(faces))
    heard = [
        float(sound.quality[_VOICE]) >= VOICED
        for sound in sounds
        if sound.t_ns > end_ns - EVIDENCE_NS and not sound.detail.get("heartbeat")
    ]
    if not heard or sum(heard) < MIN_VOICE * len(heard):
        return None
    moves = {person: _moves(readings, end_ns) for person, readings in faces.items()}
    order = sorted(moves, key=lambda person: (-moves[person], person))
    if not order or moves[order[0]] < MOVES:
        return None
    first, second = order[0], moves[order[1]]
    if moves[first] >= second + AHEAD:
        return first
    return before if before is not None and moves.get(before, -1.0) >= MOVES else None


def _moves(readings: Sequence[Reading], end_ns: int) -> float:
    found = [r.detail.get("mouth") for r in readings if r.t_ns > end_ns - EVIDENCE_NS]
    measured = [mouth for mouth in found if isinstance(mouth, float)]
    return float(np.mean(measured)) if len(measured) >= MIN_FRAMES else -1.0


class Turns:
    """Who spoke when. Step thread.

    Args:
        keep_ns: Turns that ended earlier are forgotten.
        claim_ns: Who speaks now also spoke in this past, where nobody else did.
    """

    def __init__(self, keep_ns: int, claim_ns: int) -> None:
        self.claim_ns = claim_ns
        self._keep_ns = keep_ns
        self._turns: list[tuple[int, int, int]] = []
        self.speaker: int | None = None
        """Who spoke at the last step."""

    def take(self, end_ns: int, speaker: int | None) -> None:
        """`speaker` speaks up to `end_ns`, or nobody."""
        self.speaker = speaker
        self._turns = [turn for turn in self._turns if turn[1] > end_ns - self._keep_ns]
        if speaker is None:
            return
        begin_ns = end_ns - self.claim_ns
        if self._turns:
            last_begin_ns, last_end_ns, last = self._turns[-1]
            if last == speaker and last_end_ns >= begin_ns:
                self._turns[-1] = last_begin_ns, end_ns, speaker
                return
            begin_ns = max(begin_ns, last_end_ns)
        self._turns.append((begin_ns, end_ns, speaker))

    def whose(self, t_ns: int) -> int | None:
        """Who spoke at `t_ns`; None for nobody."""
        for begin_ns, end_ns, speaker in reversed(self._turns):
            if begin_ns < t_ns <= end_ns:
                return speaker
        return None
