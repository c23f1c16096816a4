"""Detects faces, and selects the one to track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.engines import EngineOptions
from edge.engines.onnxruntime import OnnxRuntimeEngine
from edge.errors import EngineError, SourceError
from edge.types import NS_PER_S, Box, Float

MODEL = Path(str(resources.files("edge"))) / "assets" / "blaze_face_short_range.onnx"
_SIDE_PX = 128
_OVERLAP = 0.3
"""Candidates that overlap the best one by more (intersection over union) are the same face."""


@dataclass(frozen=True)
class Face:
    """`keypoints`: float32 (4, 2): right eye, left eye, nose tip, mouth centre, in pixels."""

    box: Box
    score: float
    keypoints: Float


class FaceFinder:
    """MediaPipe's short-range detector (faces within about 2 m) on ONNX Runtime. One thread.

    1.7 ms a 640x480 frame on one core, including shrinking and colour conversion.
    """

    def __init__(self, min_score: float, detect_px: int) -> None:
        """Frames with a side over `detect_px` are first shrunk by area: key points stay within a
        pixel, and the noise of a dark camera is averaged away."""
        self._detect_px = detect_px
        # The network outputs scores as logits.
        self._min_logit = float(np.log(min_score / (1 - min_score)))
        self._shape: tuple[int, ...] = ()
        self._maps: tuple[NDArray[Any], NDArray[Any]]
        try:
            self._network = OnnxRuntimeEngine(MODEL, EngineOptions(device="cpu"))
        except EngineError as error:
            raise SourceError(
                f"The face detector's model cannot be loaded: {error};"
                " reinstall cdat-edge, or run with --camera none."
            ) from error

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        """All faces in an image, grey (h, w) or BGR (h, w, 3), largest first."""
        height, width = image.shape[:2]
        shrink = self._detect_px / max(height, width)
        # For a factor above 0.5, area shrinking costs 0.9 ms of 360x288 (0.1 ms of 640x480), and
        # the detector shrinks to 128 pixels anyway. Grey training images keep the old path.
        if shrink <= 0.5 or (shrink < 1.0 and image.ndim == 2):
            size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
        rgb = np.asarray(cv2.cvtColor(image, code), np.uint8)
        # Boxes and points are shares of a square around the centre of the searched image.
        searched = np.array([rgb.shape[1], rgb.shape[0]])
        longest = searched.max()
        offset = (searched - longest) / 2
        grow = np.array([width, height]) / searched
        faces = []
        for score, box, points in self._detect(rgb):
            x0, y0 = (box[:2] * longest + offset) * grow
            x1, y1 = (box[2:] * longest + offset) * grow
            faces.append(
                Face(
                    box=(round(x0), round(y0), round(x1 - x0), round(y1 - y0)),
                    score=score,
                    keypoints=((points[:4] * longest + offset) * grow).astype(np.float32),
                )
            )
        return sorted(faces, key=lambda face: -face.box[2] * face.box[3])

    def close(self) -> None:
        """Free the network. `find` must not be called afterwards."""
        self._network.close()

    def _detect(self, rgb: NDArray[np.uint8]) -> list[tuple[float, Float, Float]]:
        """Score, box (x0, y0, x1, y1) and points (6, 2) of each face."""
        if rgb.shape != self._shape:
            self._shape, self._maps = rgb.shape, _square_maps(rgb.shape[1], rgb.shape[0])
        square = cv2.remap(rgb, *self._maps, cv2.INTER_LINEAR)
        tensor = square.transpose(2, 0, 1)[None].astype(np.float32) * np.float32(1 / 127.5) - 1
        out = self._network.run({"input": tensor})
        logits = out["scores"][0, :, 0]
        likely = np.flatnonzero(logits >= self._min_logit)
        if not len(likely):
            return []
        scores = np.asarray(1 / (1 + np.exp(-logits[likely])), np.float32)
        raw = out["boxes"][0, likely].reshape(-1, 8, 2) / np.float32(_SIDE_PX)
        middle, size = raw[:, 0] + _ANCHORS[likely], raw[:, 1]
        points = raw[:, 2:] + _ANCHORS[likely, None]
        boxes = np.hstack([middle - size / 2, middle + size / 2]).astype(np.float32)
        return _merged(scores, boxes, points)


def _square_maps(width: int, height: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Where each pixel of the network's square lies in the image; black beyond it. Rounded to 1/32
    pixel as in MediaPipe: key points then agree with it to 0.0001 pixels (825 frames), else to 0.3.
    """
    longest = max(width, height)
    y, x = np.mgrid[:_SIDE_PX, :_SIDE_PX] * (longest / _SIDE_PX)
    x, y = x + (width - longest) / 2, y + (height - longest) / 2
    whole, part = cv2.convertMaps(x.astype(np.float32), y.astype(np.float32), cv2.CV_16SC2)
    return np.asarray(whole), np.asarray(part)


def _anchors() -> Float:
    """The positions of the network's 896 outputs in the image, as shares of it; shape (896, 2)."""
    found = []
    for cells, each in ((16, 2), (8, 6)):
        y, x = np.mgrid[:cells, :cells]
        centres = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) / cells
        found.append(np.repeat(centres, each, axis=0))
    return np.concatenate(found).astype(np.float32)


_ANCHORS = _anchors()


def _merged(scores: Float, boxes: Float, points: Float) -> list[tuple[float, Float, Float]]:
    """One face for each group of overlapping candidates: their mean, weighted by score."""
    order = np.argsort(-scores, kind="stable")
    found = []
    while len(order):
        same = _overlap(boxes[order[0]], boxes[order]) > _OVERLAP
        same[0] = True
        group = order[same]
        weights = scores[group] / scores[group].sum()
        box = np.tensordot(weights, boxes[group], 1)
        found.append((float(scores[order[0]]), box, np.tensordot(weights, points[group], 1)))
        order = order[~same]
    return found


def _overlap(box: Float, boxes: Float) -> Float:
    """Intersection over union of one box with many."""
    inner = np.clip(
        np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0, None
    ).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + areas - inner
    return np.asarray(inner / np.maximum(union, 1e-12), np.float32)


class FaceTrack:
    """Tracks the nearest (largest) face until it has been away for `away_s`, even if another face
    comes nearer. It has state but no model."""

    def __init__(self, away_s: float) -> None:
        self._away_ns = round(away_s * NS_PER_S)
        self._box: Box | None = None
        self._seen_ns = 0

    def follow(self, faces: Sequence[Face], t_ns: int) -> Face | None:
        """The tracked one of `faces`, or None while it is away."""
        if self._box is not None and t_ns - self._seen_ns > self._away_ns:
            self._box = None
        best: Face | None = None
        if self._box is None:
            best = max(faces, key=lambda face: face.box[2] * face.box[3], default=None)
        else:
            near = [(_distance(self._box, face.box), face) for face in faces]
            # A head moves less than its width from one frame to the next, even at 10 frames/s.
            near = [(d, face) for d, face in near if d < 1.0]
            if near:
                best = min(near, key=lambda pair: pair[0])[1]
        if best is not None:
            self._box, self._seen_ns = best.box, t_ns
        return best


def _distance(last: Box, now: Box) -> float:
    """How far a box has moved and changed its size, in widths of the last one."""
    dx = (now[0] + now[2] / 2) - (last[0] + last[2] / 2)
    dy = (now[1] + now[3] / 2) - (last[1] + last[3] / 2)
    width = max(last[2], 1)
    return float(np.hypot(dx, dy) / width + abs(np.log2(max(now[2], 1) / width)))
