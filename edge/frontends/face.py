"""The vision front end: detects a face, tracks it, crops it and measures the crop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge.frontends.face_crop import QUALITY, FaceParams, describe, describe_without_face
from edge.frontends.face_detect import FaceFinder, FaceTrack
from edge.frontends.mouth import MouthMotion
from edge.types import NS_PER_S, Box, Float, Frame, Observation

__all__ = ["QUALITY", "FaceFrontEnd", "FaceParams", "FrozenPicture", "describe"]

_FROZEN_S = QUALITY.index("frozen_s")


class FaceFrontEnd:
    """Tracks one face through a stream of frames. One thread. 2 ms a 640x480 frame on one core."""

    def __init__(self, params: FaceParams, watches_mouth: bool = True) -> None:
        """`watches_mouth`: False to leave out the mouth's motion, which costs 0.3 ms a frame."""
        self.params = params
        self._mouth = MouthMotion() if watches_mouth else None
        self._finder = FaceFinder(params.min_score, params.detect_px)
        self._track = FaceTrack(params.away_s)
        self._shape: tuple[int, ...] = ()
        self._frozen = FrozenPicture(params.frozen_grid_px, params.frozen_difference)

    def process(self, frame: Frame) -> Observation:
        """Encode the tracked face.

        Returns:
            The tensor is float32, shape (1, size, size), or None without a face. `detail` has
            `faces` (the number found), the tracked `box` or None, its `score`, and `mouth`, the
            motion of its mouth (`edge.frontends.mouth`) or None where it cannot be told.
        """
        if frame.bgr.shape != self._shape:
            # The frame size has changed: the last position of the face is no longer valid.
            self._shape = frame.bgr.shape
            self._track = FaceTrack(self.params.away_s)
            if self._mouth is not None:
                self._mouth.forget()
        faces = self._finder.find(frame.bgr)
        face = self._track.follow(faces, frame.t_ns)
        tensor: Float | None = None
        mouth: float | None = None
        if face is None:
            quality = describe_without_face(frame.bgr)
        else:
            tensor, quality = describe(frame.bgr, face.keypoints, self.params)
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
