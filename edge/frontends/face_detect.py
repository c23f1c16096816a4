"""Where the faces are, and which of them is followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import SourceError
from edge.quiet import silent_stderr
from edge.types import NS_PER_S, Box, Float

MODEL = Path(str(resources.files("edge"))) / "assets" / "blaze_face_short_range.tflite"
"""MediaPipe's wheels carry no models since 0.10.15."""


@dataclass(frozen=True)
class Face:
    """`keypoints`: float32 (4, 2): right eye, left eye, nose tip, mouth centre, in pixels."""

    box: Box
    score: float
    keypoints: Float


class FaceFinder:
    """MediaPipe's short-range detector (faces within about 2 m); one thread.

    1.5 ms a 640x480 frame on one core, shrinking and colour conversion included.
    """

    def __init__(self, min_score: float, detect_px: int) -> None:
        """Frames with a side over `detect_px` are shrunk by area first: key points stay within a
        pixel, and noise of a dark camera is averaged away."""
        self._detect_px = detect_px
        if not MODEL.is_file():
            raise SourceError(
                f"The face detector's model is missing: {MODEL};"
                " reinstall cdat-edge, or run with --camera none."
            )
        try:
            with silent_stderr():
                import mediapipe
                from mediapipe.tasks.python import BaseOptions, vision

                self._image, self._rgb = mediapipe.Image, mediapipe.ImageFormat.SRGB
                self._detector = vision.FaceDetector.create_from_options(
                    vision.FaceDetectorOptions(
                        base_options=BaseOptions(model_asset_path=str(MODEL)),
                        min_detection_confidence=min_score,
                    )
                )
                # The first frame compiles the graph's kernels, and logs. One of the first that lies
                # badly in memory logs too, once a process: sizes differ to find it now.
                for side in range(64, 640, 24):
                    self._detect(np.zeros((side, side + 32, 3), dtype=np.uint8))
        except (ImportError, OSError) as error:
            # OSError: the wheel's shared library lacks a library of the system.
            raise SourceError(
                f"Finding faces needs the package mediapipe, which cannot be loaded ({error}):"
                " run `pip install 'mediapipe>=1.2,<2'` and install the system libraries libegl1"
                " and libgles2, or run with --camera none."
            ) from error
        except (RuntimeError, ValueError) as error:
            raise SourceError(
                f"The face detector's model cannot be loaded: {MODEL} ({error});"
                " reinstall cdat-edge, or run with --camera none."
            ) from error

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        """All faces in an image, grey (h, w) or BGR (h, w, 3), the largest first."""
        height, width = image.shape[:2]
        shrink = self._detect_px / max(height, width)
        # By less than half, area shrinking costs 0.9 ms of 360x288 (0.1 ms of 640x480), and the
        # detector shrinks to 128 pixels anyway. Training's grey pictures keep the old path.
        if shrink <= 0.5 or (shrink < 1.0 and image.ndim == 2):
            size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
        searched = np.asarray(cv2.cvtColor(image, code), np.uint8)
        # Boxes come in pixels of the searched picture, key points as shares of it.
        across, down = width / searched.shape[1], height / searched.shape[0]
        faces = []
        for detection in self._detect(searched):
            points = [(p.x * width, p.y * height) for p in detection.keypoints[:4]]
            box = detection.bounding_box
            faces.append(
                Face(
                    box=(
                        round(box.origin_x * across),
                        round(box.origin_y * down),
                        round(box.width * across),
                        round(box.height * down),
                    ),
                    score=float(detection.categories[0].score),
                    keypoints=np.array(points, dtype=np.float32),
                )
            )
        return sorted(faces, key=lambda face: -face.box[2] * face.box[3])

    def close(self) -> None:
        """Free the graph; `find` may not be called after."""
        with silent_stderr():
            self._detector.close()

    def _detect(self, rgb: NDArray[np.uint8]) -> list[Any]:
        return list(self._detector.detect(self._image(self._rgb, rgb)).detections)


class FaceTrack:
    """Of several people the nearest (largest) is followed and stays so, whoever comes nearer, until
    away for `away_s`. Pure state, no model."""

    def __init__(self, away_s: float) -> None:
        self._away_ns = round(away_s * NS_PER_S)
        self._box: Box | None = None
        self._seen_ns = 0

    def follow(self, faces: Sequence[Face], t_ns: int) -> Face | None:
        """The followed one among `faces`, or None while away."""
        if self._box is not None and t_ns - self._seen_ns > self._away_ns:
            self._box = None
        best: Face | None = None
        if self._box is None:
            best = max(faces, key=lambda face: face.box[2] * face.box[3], default=None)
        else:
            near = [(_distance(self._box, face.box), face) for face in faces]
            # A head moves less than its own width from one frame to the next, at 10 frames/s too.
            near = [(d, face) for d, face in near if d < 1.0]
            if near:
                best = min(near, key=lambda pair: pair[0])[1]
        if best is not None:
            self._box, self._seen_ns = best.box, t_ns
        return best


def _distance(last: Box, now: Box) -> float:
    """How far and how much in size a box has moved, in widths of the last one."""
    dx = (now[0] + now[2] / 2) - (last[0] + last[2] / 2)
    dy = (now[1] + now[3] / 2) - (last[1] + last[3] / 2)
    width = max(last[2], 1)
    return float(np.hypot(dx, dy) / width + abs(np.log2(max(now[2], 1) / width)))
