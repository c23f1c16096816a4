"""The vision front end: detects a face, tracks it, crops it and measures the crop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.frontends.face_crop import QUALITY, FaceParams, describe, describe_without_face
from edge.frontends.face_detect import Face, FaceFinder, FaceTrack
from edge.frontends.face_tracks import look_of
from edge.frontends.known_face import KnownFace
from edge.frontends.mouth import MouthMotion
from edge.types import NS_PER_S, Box, Float, Frame, Observation

__all__ = [
    "EVERYTHING",
    "QUALITY",
    "FaceFrontEnd",
    "FaceParams",
    "FrozenPicture",
    "Watches",
    "describe",
]

_FROZEN_S = QUALITY.index("frozen_s")


@dataclass(frozen=True)
class Watches:
    """What else is measured of the tracked face, to tell when it must not be used."""

    mouth: bool = True
    """The mouth's motion, for `not_this_face`. It costs 0.3 ms a frame."""
    person: bool = True
    """Whether it is the face from before, for `other_person`. It costs 0.1 ms a frame."""


EVERYTHING = Watches()


class FaceFrontEnd:
    """Tracks one face through a stream of frames. One thread. 2 ms a 640x480 frame on one core."""

    def __init__(self, params: FaceParams, watches: Watches = EVERYTHING) -> None:
        self.params = params
        self._mouth = MouthMotion() if watches.mouth else None
        self._person = KnownFace() if watches.person else None
        self._finder = FaceFinder(params.min_score, params.detect_px)
        self._track = FaceTrack(params.away_s)
        self._shape: tuple[int, ...] = ()
        self._frozen = FrozenPicture(params.frozen_grid_px, params.frozen_difference)

    def find(self, frame: Frame) -> list[Face]:
        """All faces in a frame, largest first. It depends on no other frame."""
        return self._finder.find(frame.bgr)

    def process(self, frame: Frame, faces: Sequence[Face] | None = None) -> Observation:
        """Encode the tracked face.

        Args:
            frame: The next one.
            faces: Of `find`, where it was called before.

        Returns:
            The tensor is float32, shape (1, size, size), or None without a face. `detail` has
            `faces` (the number found), the tracked `box` or None, its `score`, `mouth`, the motion
            of its mouth (`edge.frontends.mouth`) or None where it cannot be told, and `known`,
            whether it is the face from before (`edge.frontends.known_face`) or None.
        """
        if frame.bgr.shape != self._shape:
            # The frame size has changed: the last position of the face is no longer valid.
            self._shape = frame.bgr.shape
            self._track = FaceTrack(self.params.away_s)
            if self._mouth is not None:
                self._mouth.forget()
            if self._person is not None:
                self._person.forget()
        faces = self.find(frame) if faces is None else faces
        face = self._track.follow(faces, frame.t_ns)
        tensor: Float | None = None
        mouth: float | None = None
        known: bool | None = None
        if self._person is not None:
            self._person.look_at(frame.bgr, frame.t_ns)
        if face is None:
            quality = describe_without_face(frame.bgr)
        else:
            tensor, quality = describe(frame.bgr, face.keypoints, self.params)
            if self._person is not None:
                known = self._person.is_known(look_of(tensor), face.score, frame.t_ns)
        if self._mouth is not None and face is None:
            self._mouth.forget()
        elif self._mouth is not None and face is not None:
            mouth = self._mouth.measure(frame.bgr, face.keypoints, frame.t_ns)
        quality[_FROZEN_S] = self._frozen.seconds(frame.bgr, frame.t_ns)
        detail: dict[str, object] = {
            "faces": len(faces),
            "box": face.box if face else None,
            "score": face.score if face else 0.0,
            "mouth": mouth,
            "known": known,
        }
        return Observation(frame.t_ns, tensor, quality, detail)

    def close(self) -> None:
        """Free the detector. `process` must not be called afterwards."""
        self._finder.close()


class FrozenPicture:
    """Measures how long the frame has been the same.

    Pixels are picked from a grid, not averaged, so that sensor noise counts as change: still frames
    of a live camera differ by 0.3 or more of 255 on average, frames of a hung one do not differ.
    """

    def __init__(self, grid_px: int, difference: float) -> None:
        self._grid_px = grid_px
        self._difference = difference
        self._last: NDArray[np.int16] | None = None
        self._changed_ns = 0

    def seconds(self, bgr: NDArray[np.uint8], t_ns: int) -> float:
        """Seconds since the last change, including this frame."""
        step = max(1, max(bgr.shape[:2]) // self._grid_px)
        grid = bgr[::step, ::step].astype(np.int16)
        same = (
            self._last is not None
            and self._last.shape == grid.shape
            and float(np.abs(grid - self._last).mean()) < self._difference
        )
        if not same:
            # The reference is kept until it changes, so that a slow drift adds up.
            self._last, self._changed_ns = grid, t_ns
        return (t_ns - self._changed_ns) / NS_PER_S


def face_box(detail: Mapping[str, object]) -> Box | None:
    """The tracked face of an observation's `detail`. In a recording it is a list."""
    box = detail.get("box")
    if not isinstance(box, tuple | list) or len(box) != 4:
        return None
    x, y, width, height = (int(side) for side in box)
    return x, y, width, height
