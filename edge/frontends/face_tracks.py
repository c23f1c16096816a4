"""Keeps the faces of several people apart from one frame to the next.

Where a face should be now (its position, size and speed) and how it looks (the aligned crop, small)
decide together who is who: the first through a turn of the head, the second after a crossing. Our
own, because no library fits the base install: norfair 2.3 needs NumPy below 2, motpy was last
released in 2021, both need SciPy (35 MB) and filterpy, which brings matplotlib, and neither weighs
looks with positions as this does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.frontends.face_detect import Face
from edge.types import NS_PER_MS, NS_PER_S, Float

PEOPLE_LIMIT = 16
"""The most people that are followed at once."""
LEAVE_NS = 2 * NS_PER_S
"""Who was not seen for longer has left; a face that comes later is another person."""
BIRTH_NS = 200 * NS_PER_MS
"""A face beside others is a person when it was seen for so long: the detector finds a face in a
pattern for a frame or two."""
TENTATIVE_NS = 300 * NS_PER_MS
"""A face that is no person yet is forgotten when it was not seen for so long."""
_COAST_NS = 500 * NS_PER_MS
"""A hidden face goes on at its speed for so long, then stays."""
_REACH = 1.0
"""A head moves less than its width from one frame to the next, even at 10 frames/s."""
_REACH_HZ = 1.5
"""More widths for each second in which it was not seen."""
_LOOK_WEIGHT = 1.5
"""Widths of distance that a face of no likeness is worth."""
_MIN_LIKENESS = 0.6
"""Of a face that comes back from out of reach of a single frame. In the GRID clips, crops of one
person a second apart have a likeness of 0.98 (least 0.84), of two people 0.44 (95 % below 0.70)."""
_LOOK_PX = 12
_LOOK_SHARE = 0.1
_SPEED_SHARE = 0.4


def look_of(crop: Float) -> Float:
    """How a face looks: the aligned crop (1, size, size) at 12x12 pixels, without its light.

    Returns:
        Float32 (144,), of length 1: the product of two is their likeness, -1 to 1.
    """
    small = cv2.resize(crop[0], (_LOOK_PX, _LOOK_PX), interpolation=cv2.INTER_AREA).ravel()
    centred = np.asarray(small - small.mean(), np.float32)
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), np.float32)


@dataclass
class _Track:
    centre: Float
    width: float
    look: Float
    born_ns: int
    seen_ns: int
    speed: Float
    """Pixels a second."""
    number: int | None = None
    """None while it is not known to be a person."""

    def expected(self, t_ns: int) -> Float:
        """Where it should be."""
        ahead_s = min(t_ns - self.seen_ns, _COAST_NS) / NS_PER_S
        return np.asarray(self.centre + self.speed * ahead_s, np.float32)

    def cost(self, face: Face, look: Float, t_ns: int) -> float | None:
        """How unlikely it is that `face` is this one; None: it cannot be."""
        width = max(self.width, 1.0)
        away = float(np.hypot(*(_centre(face) - self.expected(t_ns)))) / width
        away += abs(float(np.log2(max(face.box[2], 1) / width)))
        reach = _REACH + _REACH_HZ * (t_ns - self.seen_ns) / NS_PER_S
        likeness = float(self.look @ look)
        if away >= reach or (away >= _REACH and likeness < _MIN_LIKENESS):
            return None
        return away + _LOOK_WEIGHT * (1 - likeness)

    def take(self, face: Face, look: Float, t_ns: int) -> None:
        """It is `face` now."""
        centre, past_s = _centre(face), (t_ns - self.seen_ns) / NS_PER_S
        if past_s > 0:
            newest = (centre - self.centre) / past_s
            self.speed = np.asarray(self.speed + _SPEED_SHARE * (newest - self.speed), np.float32)
        mixed = self.look + _LOOK_SHARE * (look - self.look)
        self.look = np.asarray(mixed / max(float(np.linalg.norm(mixed)), 1e-6), np.float32)
        self.centre, self.width, self.seen_ns = centre, float(face.box[2]), t_ns


class FaceTracks:
    """The people in a stream of frames, numbered from 1 in the order in which they came. It has
    state but no model; the same faces give the same numbers.

    Args:
        limit: The most people at once. The largest faces come first; who is followed stays until he
            leaves, though a larger face comes.
    """

    def __init__(self, limit: int = PEOPLE_LIMIT) -> None:
        self._limit = limit
        self._tracks: list[_Track] = []
        self._next = 1

    def follow(
        self, faces: Sequence[Face], looks: Sequence[Float], t_ns: int
    ) -> list[tuple[int, int | None]]:
        """Find the people again.

        Args:
            faces: All faces of the frame, largest first.
            looks: Of each, `look_of`.
            t_ns: Capture time, later than at the last call.

        Returns:
            Number and place in `faces` of each person, by number; None for one who is not seen.
        """
        self._tracks = [track for track in self._tracks if t_ns - track.seen_ns <= _kept_ns(track)]
        of_face = self._assigned(faces, looks, t_ns)
        for place, (face, look) in enumerate(zip(faces, looks, strict=True)):
            if place in of_face:
                of_face[place].take(face, look, t_ns)
            else:
                still = np.zeros(2, np.float32)
                track = _Track(_centre(face), float(face.box[2]), look, t_ns, t_ns, still)
                self._tracks.append(track)
                of_face[place] = track
        for place in sorted(of_face):  # largest first
            self._number(of_face[place], t_ns)
        seen = {id(track): place for place, track in of_face.items()}
        people = [(t.number, seen.get(id(t))) for t in self._tracks if t.number is not None]
        return sorted(people, key=lambda person: person[0])

    def rescale(self, by: float) -> None:
        """The frames have another size from now on: `by` of what they had."""
        for track in self._tracks:
            track.centre, track.speed = track.centre * by, track.speed * by
            track.width *= by

    def _number(self, track: _Track, t_ns: int) -> None:
        people = sum(one.number is not None for one in self._tracks)
        # As with a single person, the first one is there at once.
        ripe = people == 0 or t_ns - track.born_ns >= BIRTH_NS or track.born_ns == self._began(t_ns)
        if track.number is None and people < self._limit and ripe:
            track.number, self._next = self._next, self._next + 1

    def _began(self, t_ns: int) -> int:
        """The first frame's time while it is the newest: all of its faces are people."""
        return t_ns if all(track.born_ns == t_ns for track in self._tracks) else -1

    def _assigned(
        self, faces: Sequence[Face], looks: Sequence[Float], t_ns: int
    ) -> dict[int, _Track]:
        """The likeliest track of each face: cheapest pairs first, then swaps while they help."""
        costs = {
            (index, place): cost
            for index, track in enumerate(self._tracks)
            for place, (face, look) in enumerate(zip(faces, looks, strict=True))
            if (cost := track.cost(face, look, t_ns)) is not None
        }
        place_of: dict[int, int] = {}
        for index, place in sorted(costs, key=lambda pair: (costs[pair], pair)):
            if index not in place_of and place not in place_of.values():
                place_of[index] = place
        swapped = True
        while swapped:
            swapped = False
            for one in place_of:
                for other in place_of:
                    ours, theirs = place_of[one], place_of[other]
                    crossed = costs.get((one, theirs)), costs.get((other, ours))
                    if one == other or crossed[0] is None or crossed[1] is None:
                        continue
                    now = costs[one, ours] + costs[other, theirs]
                    if crossed[0] + crossed[1] < now - 1e-9:
                        place_of[one], place_of[other] = theirs, ours
                        swapped = True
        return {place: self._tracks[index] for index, place in place_of.items()}


def _kept_ns(track: _Track) -> int:
    return TENTATIVE_NS if track.number is None else LEAVE_NS


def _centre(face: Face) -> Float:
    x, y, width, height = face.box
    return np.array([x + width / 2, y + height / 2], np.float32)
