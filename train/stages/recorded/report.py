"""The last stage: thresholds on validation, then each stream and their fusion on unseen people."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.types import MASKS, STREAMS
from train import checkpoint
from train.cache import digest
from train.corpora.recorded.corpus import RecordedCorpus
from train.corpora.recorded.samples import Sample
from train.loop import generator
from train.metrics import accuracy, auroc, calibration_error, confusion, interval, macro_f1, uar
from train.run_report import REPORT_NAME, RecordedReport, read_run_report, write_run_report
from train.stages import thresholds
from train.stages.aligned_windows import Aligner
from train.stages.composed_windows import ComposedWindows
from train.stages.confidence import load_confidence, predict
from train.stages.fusion import load_fusion
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.moments import sample_of
from train.stages.report import typical_quality
from train.stages.window_splits import WindowSplits

log = logging.getLogger("train")

WINDOWS = 3000


def write_report(
    config: RecordedConfig,
    corpus: RecordedCorpus,
    samples: dict[str, list[Sample]],
    splits: WindowSplits,
    bundle: Bundle,
    run: Path,
    key: str,
) -> RecordedReport:
    """Measure and write `run`/report.json, or return an existing report with this key.

    Args:
        samples: By split.
        bundle: Its encoders made the windows.
    """
    path = run / REPORT_NAME
    if path.is_file() and checkpoint.read_json(path).get("key") == key:
        return read_run_report(RecordedReport, run)
    labels = splits.labels
    fusion = load_fusion(config, run, classes=len(labels))
    confidence = load_confidence(config, run, fusion)
    val = splits.composer("val")
    rng = generator(config.seed, "report", "val")
    clean_windows = val.draw(WINDOWS, rng, clean_share=1.0)
    _, sure, clean = predict(fusion, confidence, clean_windows)
    amiss = val.draw(2 * WINDOWS, rng, clean_share=0.0)
    corrupted = predict(fusion, confidence, amiss)[2]
    # The reliability network is the bundle's, and so are its thresholds.
    limits = bundle.manifest.gate.reliability
    gate = thresholds.confidence_limits(config.gate, sure, clean_windows, len(labels))
    gate |= {"reliability": {stream: one.model_dump() for stream, one in limits.items()}}
    seen = {}
    for column, stream in enumerate(STREAMS):
        well, here = clean_windows.clean[:, column], amiss.measured[:, column]
        if well.any():
            rows = amiss.rows[here, column]
            faults = splits.of("val")[stream]
            seen[stream] = thresholds.seen_of_stream(
                config.gate,
                limits[stream].drop,
                clean[well, column],
                corrupted[here, column],
                faults.fault[rows],
                faults.severity[rows],
            )
    test = splits.composer("test")
    assert isinstance(test, Aligner)
    every = test.every()
    persons = _persons(samples["test"], splits)[every.rows[:, 0]]
    faulted = test.draw(WINDOWS, generator(config.seed, "report", "test"), clean_share=0.0)
    of_faulted = _persons(samples["test"], splits)[faulted.rows[:, 0]]
    measured = {
        "key": key,
        "labels": list(labels),
        "corpus": corpus.name,
        "encoders": bundle.manifest.name,
        "encoder_files": encoder_files(bundle),
        "samples": digest_of(corpus),
        "test_samples": sorted(sample.id for sample in samples["test"]),
        "gate": gate,
        "gate_seen_on_validation": seen,
        "typical_quality": _typical(splits, bundle),
        "left_out": {"samples": {"without a label": _unlabelled(corpus)}},
        "items": {"samples": {split: len(some) for split, some in samples.items()}},
        "persons": {split: len({one.person for one in some}) for split, some in samples.items()},
        "test": {
            "clean": _measured(every, persons, labels, *predict(fusion, confidence, every)[:2]),
            "faulted": _measured(
                faulted, of_faulted, labels, *predict(fusion, confidence, faulted)[:2]
            ),
        },
    }
    report = RecordedReport.model_validate(measured)
    write_run_report(report, run)
    for name, one in (("clean", report.test.clean), ("faulted", report.test.faulted)):
        log.info("test, %s: accuracy %.3f  UAR %.3f", name, one.accuracy, one.uar)
    return report


def encoder_files(bundle: Bundle) -> dict[str, str]:
    """SHA-256 of each encoder's graph, by stream."""
    manifest = bundle.manifest
    return {stream: manifest.files[one.graph] for stream, one in manifest.streams.items()}


def digest_of(corpus: RecordedCorpus) -> str:
    """Changes when a sample comes, goes, or gets another label, person or split."""
    rows = sorted((s.id, s.label or "", s.person, s.split or "") for s in corpus.samples)
    return digest("samples", rows)


def _measured(
    windows: ComposedWindows,
    persons: NDArray[np.str_],
    labels: tuple[str, ...],
    probabilities: NDArray[np.float32],
    confidence: NDArray[np.float32],
) -> dict[str, Any]:
    """Metrics with all streams that are present, and of each mask where it is present."""
    every, whole = np.arange(len(windows)), windows.whole
    predictions = probabilities.argmax(axis=2)
    chosen, sure = predictions[every, whole], probabilities[every, whole].max(axis=1)
    right = chosen == windows.label
    by_mask = {}
    for row, mask in enumerate(MASKS):
        here = windows.present[:, [STREAMS.index(stream) for stream in mask]].all(axis=1)
        if here.any():
            share = float((predictions[here, row] == windows.label[here]).mean())
            by_mask["+".join(mask)] = {"n": int(here.sum()), "accuracy": round(share, 4)}

    def bounds(metric: Any) -> list[float]:
        found = interval(lambda k: metric(windows.label[k], chosen[k]), persons, rounds=500)
        return [round(value, 4) for value in found]

    return {
        "n": len(windows),
        "persons": len(np.unique(persons)),
        "accuracy": accuracy(windows.label, chosen),
        "accuracy_interval": bounds(accuracy),
        "uar": uar(windows.label, chosen),
        "uar_interval": bounds(uar),
        "macro_f1": macro_f1(windows.label, chosen),
        "by_mask": by_mask,
        "ece": calibration_error(right, sure),
        "confidence_ece": calibration_error(right, confidence[every, whole]),
        "confidence_auroc_wrong_or_right": auroc(confidence[every, whole], right),
        "max_probability_auroc_wrong_or_right": auroc(sure, right),
        "confusion": confusion(windows.label, chosen, len(labels)),
    }


def _persons(samples: list[Sample], splits: WindowSplits) -> NDArray[np.str_]:
    """The person of each text window of the test split."""
    numbers = sample_of(splits.of("test")["text"].item)
    return np.array([samples[number].person for number in numbers], np.str_)


def _typical(splits: WindowSplits, bundle: Bundle) -> dict[str, list[float]]:
    """Medians on clean windows; the bundle's own for a stream that has none."""
    train = {s: one for s, one in splits.of("train").items() if one.clean.any()}
    own = {s: list(bundle.manifest.streams[s].typical_quality) for s in STREAMS}
    return own | typical_quality(train)


def _unlabelled(corpus: RecordedCorpus) -> int:
    return sum(sample.label is None for sample in corpus.samples)
