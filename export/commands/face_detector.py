"""`cdat-export face-detector`: MediaPipe's face detector as an ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.errors import EdgeError
from export.commands.options import needs


def face_detector(
    tflite: Annotated[Path, typer.Argument(help="MediaPipe's blaze_face_short_range.tflite.")],
    out: Annotated[Path, typer.Option(help="The ONNX file.")],
    picture: Annotated[
        list[Path] | None, typer.Option(help="Compare both detectors on this picture.")
    ] = None,
) -> None:
    """Convert MediaPipe's face detector to ONNX; needs cdat-edge[mediapipe]."""
    with needs("The conversion", "export,mediapipe"):
        import cv2
        import numpy as np
        import onnx

        from edge.frontends import face_detect
        from export.graphs.face_detector import convert, key_points_by_mediapipe

    onnx.save(convert(tflite), out)
    typer.echo(f"Written to {out}.")
    face_detect.MODEL = out
    finder = face_detect.FaceFinder(0.5, detect_px=10_000)
    for path in picture or ():
        image = cv2.imread(str(path))
        if image is None:
            raise EdgeError(f"{path} cannot be read as a picture.")
        bgr = np.asarray(image, np.uint8)
        theirs = key_points_by_mediapipe(tflite, np.ascontiguousarray(bgr[..., ::-1]))
        ours = finder.find(bgr)
        if theirs is None or not ours:
            typer.echo(
                f"{path}: MediaPipe finds {'no' if theirs is None else 'a'} face,"
                f" this one {len(ours)}."
            )
            continue
        apart = float(np.abs(ours[0].keypoints - theirs).max())
        typer.echo(f"{path}: key points differ by {apart:.4f} pixels at most.")
