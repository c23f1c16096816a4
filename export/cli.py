"""`cdat-export`: build the bundle that the runtime loads from a training run."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from edge.errors import EdgeError

app = typer.Typer(
    name="cdat-export",
    help="Build a bundle for cdat-edge from a run of cdat-train.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _group() -> None:
    """Build a bundle for cdat-edge from a run of cdat-train."""


@app.command()
def build(
    run: Annotated[Path, typer.Argument(help="A finished run folder, like runs/default.")],
    out: Annotated[Path, typer.Option(help="The bundle's folder; an existing bundle is replaced.")],
) -> None:
    """Export the networks, compare them with torch, and write the bundle if all checks pass."""
    try:
        from export.bundle import build as build_bundle
    except ImportError as error:
        package = (error.name or str(error)).split(".")[0]
        raise EdgeError(
            f"Exporting needs the package {package}, which is not installed: "
            "pip install 'cdat-edge[export]'."
        ) from error
    # The exporter logs each of its passes; the exported graph is checked afterwards.
    warnings.filterwarnings("ignore")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    build_bundle(run, out)
    size = sum(path.stat().st_size for path in out.iterdir())
    typer.echo(f"Bundle written to {out} ({size / 2**20:.1f} MiB), equal to torch within 1e-5.")


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.")],
    engine: Annotated[
        list[str] | None, typer.Option(help="An engine; all that open here without it.")
    ] = None,
    precision: Annotated[list[str] | None, typer.Option(help="fp32, fp16 or int8.")] = None,
    run: Annotated[Path | None, typer.Option(help="The run that it was built from.")] = None,
    items: Annotated[int, typer.Option(help="Real items of each stream.", min=1)] = 1000,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the corpora; CDAT_DATA without it.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything to this file.")] = None,
) -> None:
    """Compare every engine with torch, and reduced precision on real items; exit code 1 if not."""
    from export.verify_command import run_verification

    wanted = run_verification(bundle, engine or [], precision or ["fp32"], run, items, data, json)
    if not wanted:
        raise typer.Exit(1)


@app.command("face-detector")
def face_detector(
    tflite: Annotated[Path, typer.Argument(help="MediaPipe's blaze_face_short_range.tflite.")],
    out: Annotated[Path, typer.Option(help="The ONNX file.")],
    picture: Annotated[
        list[Path] | None, typer.Option(help="Compare both detectors on this picture.")
    ] = None,
) -> None:
    """Convert MediaPipe's face detector to ONNX; needs cdat-edge[mediapipe]."""
    import cv2
    import numpy as np
    import onnx

    from edge.frontends import face_detect
    from export.face_detector import convert, key_points_by_mediapipe

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


def main(arguments: list[str] | None = None) -> None:
    """Entry point: an `EdgeError` is printed on standard error as one sentence; exit status 1."""
    try:
        app(arguments, standalone_mode=True)
    except EdgeError as error:
        print(f"cdat-export: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(
            f"cdat-export: {error.filename or 'a file'}: {error.strerror or error}.",
            file=sys.stderr,
        )
        sys.exit(1)
    except KeyboardInterrupt:
        print("cdat-export: stopped; nothing was changed.", file=sys.stderr)
        sys.exit(130)
