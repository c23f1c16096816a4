"""Write the manifest of a bundle from the training run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.bundle.manifest import SCHEMA_VERSION, Manifest, ReducedTolerance
from edge.digest import sha256_of
from edge.frontends import QUALITY, FrontEndParams
from edge.types import masks_of
from export.bundle.run import TrainedRun
from train.run_report import RecordedReport, ThreeStreamReport
from train.stages.shipped_slice import SLICE_NAME

RUNTIME_TOLERANCE = 1e-4
"""Absolute difference allowed for another FP32 engine, which may add in another order."""
METRIC_LOSS = 0.005
"""Accuracy that an engine in reduced precision may lose, as a share."""
INPUTS = {"text": "words", "audio": "segment", "vision": "crop"}


GOLDEN_NAME, CARD_NAME = "golden.npz", "MODEL_CARD.md"


def manifest_of(
    run: TrainedRun,
    params: FrontEndParams,
    shapes: dict[str, tuple[int, ...]],
    parity: dict[str, float],
    work: Path,
) -> Manifest:
    """The manifest of the bundle whose other files are in `work`.

    Args:
        shapes: shape of one item, by stream.
        parity: largest absolute difference between torch and ONNX Runtime, by graph.
    """
    report = run.report
    data: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": run.config.name,
        "task": run.task,
        "labels": report.labels,
        "streams": {
            stream: {
                "graph": f"{stream}.onnx",
                "input": INPUTS[stream],
                "shape": shapes[stream],
                "dtype": "int32" if stream == "text" else "float32",
                "quality": QUALITY[stream],
                "typical_quality": report.typical_quality[stream],
            }
            for stream in run.streams
        },
        "fusion": {
            "graph": "fusion.onnx",
            "embedding_size": run.config.embedding_size,
            "masks": masks_of(run.streams),
        },
        "frontend": params.as_dict(),
        "frontend_digest": params.digest(),
        "window": run.config.window.model_dump(),
        "gate": report.gate.model_dump(),
        "tolerance": RUNTIME_TOLERANCE,
        "reduced_tolerance": ReducedTolerance().model_dump(),
        "metric_loss": METRIC_LOSS,
        "golden": GOLDEN_NAME,
        "model_card": CARD_NAME,
        "validation_slice": SLICE_NAME if (work / SLICE_NAME).is_file() else None,
        "files": {path.name: sha256_of(path) for path in sorted(work.iterdir())},
        "provenance": {
            "made_by": run.made_by,
            "config": run.config.model_dump(mode="json"),
            "data": run.data,
            "cdat": run.cdat,
            "recorded": {
                "samples": report.samples,
                "test": report.test_samples,
                "streams_left_out": report.streams_left_out,
            }
            if isinstance(report, RecordedReport)
            else None,
            "composed": report.composed if isinstance(report, ThreeStreamReport) else None,
            "validation": {
                stream: seen.model_dump() for stream, seen in report.gate_seen_on_validation.items()
            },
            "test": report.test.model_dump(mode="json"),
            "parity": parity,
        },
    }
    if isinstance(report, RecordedReport):
        data["thresholds"] = report.thresholds
        data["number"] = None if report.number is None else report.number.model_dump()
    return Manifest.model_validate(data)
