"""The last stage: choose thresholds on validation, measure once on test, write report.json."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge.frontends import QUALITY
from edge.types import ALL_STREAMS, MASKS, STREAMS
from train import checkpoint
from train.config import EncoderFit
from train.corpora.items import Corpora
from train.corpora.known import TITLES
from train.corpora.labels import LABELS
from train.corpora.voices import NEVER_SCORED
from train.live_config import TrainConfig
from train.loop import generator
from train.metrics import accuracy, auroc, calibration_error, confusion, interval, macro_f1, uar
from train.models.classifier import Classifier
from train.run_report import REPORT_NAME, ThreeStreamReport, read_run_report, write_run_report
from train.stages import thresholds
from train.stages.calibrated import write_calibrated
from train.stages.composed_windows import ComposedWindows
from train.stages.confidence import CLASSES, load_confidence, predict, target_confidence
from train.stages.full_items import full_items
from train.stages.fusion import load_fusion
from train.stages.multi_label import multi_label
from train.stages.stream_windows import StreamWindows
from train.stages.warm_start import start_bundle
from train.stages.window_splits import WindowSplits

log = logging.getLogger("train")

WINDOWS = 6000
COMPOSED = (
    "windows composed by class: a face, a voice and a line that share a label and nothing else;"
    " the streams are independent given the class, so these numbers do not describe people"
)
GROUPS = {
    "vision": "persons (pictures, where the corpus names none)",
    "audio": "speakers",
    "text": "lines",
}


def write_report(
    config: TrainConfig,
    corpora: Corpora,
    encoders: dict[str, Classifier],
    splits: WindowSplits,
    run: Path,
    key: str,
) -> ThreeStreamReport:
    """Measure and write `run`/report.json, or return an existing report with this key."""
    path = run / REPORT_NAME
    if path.is_file() and checkpoint.read_json(path).get("key") == key:
        return read_run_report(ThreeStreamReport, run)
    fusion = load_fusion(config, run)
    confidence = load_confidence(config, run, fusion)
    composer = splits.composer("val")
    rng = generator(config.seed, "report", "val")
    clean_windows = composer.draw(WINDOWS, rng, clean_share=1.0)
    _, sure, clean = predict(fusion, confidence, clean_windows)
    corrupted_windows = composer.draw(2 * WINDOWS, rng, clean_share=0.0)
    corrupted = predict(fusion, confidence, corrupted_windows)[2]
    gate, seen = thresholds.choose_gate(
        config.gate,
        sure,
        clean,
        clean_windows,
        corrupted,
        corrupted_windows,
        splits.of("val"),
        len(LABELS),
    )

    composer = splits.composer("test")
    rng = generator(config.seed, "report", "test")
    windows = composer.draw(WINDOWS, rng, clean_share=1.0)
    corrupted_windows = composer.draw(WINDOWS, rng, clean_share=0.0)
    tested = {"clean": windows, "corrupted": corrupted_windows}
    said = {name: predict(fusion, confidence, some)[:2] for name, some in tested.items()}
    measured = {
        "key": key,
        "labels": list(LABELS),
        "composed": COMPOSED,
        "start": started_from(config),
        "gate": gate,
        "gate_seen_on_validation": seen,
        "typical_quality": typical_quality(splits.of("train")),
        "left_out": corpora.left_out(),
        "items": {
            s: {p: len(corpora.usable(s, p)) for p in ("train", "held_out", "val", "test")}
            for s in STREAMS
        },
        "test": {
            "by_corpus": {
                s: {
                    TITLES[one]: alone_on_test(corpora, encoders[s], s, one)
                    for one in corpora.chosen[s]
                    if one not in NEVER_SCORED
                }
                for s in STREAMS
            },
            "multi_label": multi_label(corpora, encoders["text"])
            if "goemotions" in corpora.chosen["text"]
            else {},
            "composed_clean": _fused(windows, *said["clean"]),
            "composed_corrupted": _fused(corrupted_windows, *said["corrupted"]),
        },
    }
    write_calibrated(
        run,
        CLASSES,
        {n: (some, *said[n], target_confidence(fusion, some)) for n, some in tested.items()},
    )
    report = ThreeStreamReport.model_validate(measured)
    write_run_report(report, run)
    for stream, by_corpus in report.test.by_corpus.items():
        for name, one in by_corpus.items():
            log.info("test %s, %s: accuracy %.3f  UAR %.3f", stream, name, one.accuracy, one.uar)
    for how, several in report.test.multi_label.items():
        log.info("test text, several labels, %s: macro-F1 %.3f", how, several.macro_f1)
    for name in ("composed_clean", "composed_corrupted"):
        by_mask = getattr(report.test, name).accuracy_by_mask
        log.info("test %s (composed by class): %s", name, by_mask)
    return report


def started_from(config: TrainConfig) -> dict[str, str]:
    """By encoder the bundle from whose encoder its training went on, with its data."""
    begun = {}
    for stream in STREAMS:
        section: EncoderFit = getattr(config, stream)
        if section.start is not None:
            manifest = start_bundle(section.start).manifest
            data = manifest.provenance.get("data", "data not named")
            begun[stream] = f"{manifest.name} ({data})"
    return begun


def typical_quality(stream_windows: dict[str, StreamWindows]) -> dict[str, list[float]]:
    """Medians of the signals on clean training windows."""
    return {
        stream: [round(float(v), 5) for v in np.median(one.quality[one.clean], axis=0)]
        for stream, one in stream_windows.items()
        if len(QUALITY[stream]) == one.quality.shape[1]
    }


def alone_on_test(
    corpora: Corpora, model: Classifier, stream: str, corpus: str | None = None
) -> dict[str, Any]:
    """One encoder with its own head, alone, on the whole unaugmented test split, of all corpora or
    of one."""
    items, labels, groups = full_items(corpora, stream, "test", corpus)
    predictions = []
    with torch.inference_mode():
        for some in items:
            predictions.append(
                model(torch.from_numpy(np.array(some[None])))[1].argmax(dim=1).numpy()
            )
    predicted = np.concatenate(predictions)

    def bounds(metric: Any) -> list[float]:
        return [
            round(v, 4)
            for v in interval(lambda k: metric(labels[k], predicted[k]), groups, rounds=500)
        ]

    return {
        "n": len(labels),
        "resampled": GROUPS[stream],
        "accuracy": accuracy(labels, predicted),
        "accuracy_interval": bounds(accuracy),
        "uar": uar(labels, predicted),
        "uar_interval": bounds(uar),
        "macro_f1": macro_f1(labels, predicted),
        "confusion": confusion(labels, predicted, len(LABELS)),
    }


def _fused(
    windows: ComposedWindows, probabilities: NDArray[np.float32], confidence: NDArray[np.float32]
) -> dict[str, Any]:
    """Metrics of fusion under each mask; classes are uniform, so accuracy and UAR agree."""
    predictions = probabilities.argmax(axis=2)
    right = predictions == windows.label[:, None]
    alone = np.arange(len(windows))
    whole = interval(lambda k: float(right[k, ALL_STREAMS].mean()), alone, rounds=500)
    names = ["+".join(mask) for mask in MASKS]
    return {
        "n": len(windows),
        "accuracy_by_mask": {n: round(float(right[:, r].mean()), 4) for r, n in enumerate(names)},
        "accuracy_interval": [round(v, 4) for v in whole],
        "uar": uar(windows.label, predictions[:, ALL_STREAMS]),
        "ece": calibration_error(right[:, ALL_STREAMS], probabilities[:, ALL_STREAMS].max(axis=1)),
        "confidence_ece": calibration_error(right[:, ALL_STREAMS], confidence[:, ALL_STREAMS]),
        "confidence_auroc_wrong_or_right": auroc(confidence[:, ALL_STREAMS], right[:, ALL_STREAMS]),
        "max_probability_auroc_wrong_or_right": auroc(
            probabilities[:, ALL_STREAMS].max(axis=1), right[:, ALL_STREAMS]
        ),
        "confusion": confusion(windows.label, predictions[:, ALL_STREAMS], len(LABELS)),
    }
