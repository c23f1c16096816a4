"""The last stage: thresholds on validation, then each stream and their fusion on unseen people."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.manifest import NumberSpec
from edge.types import STREAMS
from train import checkpoint
from train.cache import digest
from train.corpora.recorded.corpus import RecordedCorpus
from train.corpora.recorded.samples import Sample
from train.loop import generator
from train.run_report import REPORT_NAME, RecordedReport, read_run_report, write_run_report
from train.stages import thresholds
from train.stages.aligned_windows import Aligner
from train.stages.calibrated import write_calibrated
from train.stages.composed_windows import ComposedWindows, Composer
from train.stages.confidence import load_confidence, predict, target_confidence
from train.stages.fusion import load_fusion
from train.stages.label_thresholds import label_thresholds
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.measure import Measure, headline
from train.stages.recorded.moments import sample_of
from train.stages.recorded.trained_streams import TrainedStreams
from train.stages.recorded.transfer_gain import transfer_gain
from train.stages.recorded.unlabelled import Unlabelled
from train.stages.report import typical_quality
from train.stages.window_splits import WindowSplits

log = logging.getLogger("train")

WINDOWS = 3000


def write_report(
    config: RecordedConfig,
    corpus: RecordedCorpus,
    samples: dict[str, list[Sample]],
    unlabelled: Unlabelled,
    number: NumberSpec | None,
    splits: WindowSplits,
    streams: TrainedStreams,
    bundle: Bundle,
    run: Path,
    key: str,
) -> RecordedReport:
    """Measure and write `run`/report.json, or return an existing report with this key.

    Args:
        samples: By split.
        unlabelled: Those that took part in the transfer, and those that did not.
        number: For a regression.
        streams: Those of `splits`.
        bundle: Its encoders made the windows.
    """
    path = run / REPORT_NAME
    if path.is_file() and checkpoint.read_json(path).get("key") == key:
        return read_run_report(RecordedReport, run)
    labels, targets = splits.labels, splits.targets
    fusion = load_fusion(config, run, classes=len(labels))
    confidence = load_confidence(config, run, fusion)
    val = splits.composer("val")
    rng = generator(config.seed, "report", "val")
    clean_windows = val.draw(WINDOWS, rng, clean_share=1.0)
    _, sure, clean = predict(fusion, confidence, clean_windows, targets=targets)
    amiss = val.draw(2 * WINDOWS, rng, clean_share=0.0)
    corrupted = predict(fusion, confidence, amiss)[2]
    # The reliability network is the bundle's, and so are its thresholds.
    limits = bundle.manifest.gate.reliability
    chance = targets.chance(clean_windows.label)
    gate = thresholds.confidence_limits(config.gate, sure, clean_windows, chance)
    gate |= {"reliability": {stream: limits[stream].model_dump() for stream in streams.names}}
    seen = {}
    for column, stream in enumerate(STREAMS):
        if stream not in streams.names:
            continue
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
    limits_of_labels = None
    if targets.task == "labels":
        moments = _every(val)
        answers = predict(fusion, confidence, moments, targets=targets)[0]
        whole = answers[np.arange(len(moments)), moments.whole]
        limits_of_labels = label_thresholds(whole, targets.of(moments.label).numpy() > 0.5).tolist()
    measure = Measure(targets, number, limits_of_labels)
    test = splits.composer("test")
    every = _every(test)
    persons = _persons(samples["test"], splits)[every.rows[:, 0]]
    faulted = test.draw(WINDOWS, generator(config.seed, "report", "test"), clean_share=0.0)
    of_faulted = _persons(samples["test"], splits)[faulted.rows[:, 0]]
    tested = {"clean": (every, persons), "faulted": (faulted, of_faulted)}
    said = {
        name: (
            *predict(fusion, confidence, windows, targets=targets)[:2],
            target_confidence(fusion, windows, targets),
        )
        for name, (windows, _) in tested.items()
    }
    measured = {
        "key": key,
        "labels": list(labels),
        "corpus": corpus.name,
        "encoders": bundle.manifest.name,
        "encoder_files": encoder_files(bundle),
        "streams": list(streams.names),
        "streams_left_out": streams.left_out,
        "samples": digest_of(corpus),
        "test_samples": sorted(sample.id for sample in samples["test"]),
        "gate": gate,
        "gate_seen_on_validation": seen,
        "typical_quality": _typical(splits, bundle),
        "left_out": {"samples": unlabelled.left_out},
        "unlabelled": _unlabelled(unlabelled, splits),
        "items": {"samples": {split: len(some) for split, some in samples.items()}},
        "persons": {split: len({one.person for one in some}) for split, some in samples.items()},
        "task": targets.task,
        "thresholds": limits_of_labels,
        "number": None if number is None else number.model_dump(),
        "transfer": transfer_gain(config, run, targets, tested),
        "test": {name: measure(windows, of, *said[name]) for name, (windows, of) in tested.items()},
    }
    write_calibrated(run, targets, {n: (one[0], *said[n]) for n, one in tested.items()})
    report = RecordedReport.model_validate(measured)
    write_run_report(report, run)
    for name, one in (("clean", report.test.clean), ("faulted", report.test.faulted)):
        log.info("test, %s: %s", name, headline(one))
    for name, row in report.transfer.windows.items() if report.transfer else ():
        log.info("transfer, %s: %s", name, row.in_a_line())
    return report


def encoder_files(bundle: Bundle) -> dict[str, str]:
    """SHA-256 of each encoder's graph, by stream."""
    manifest = bundle.manifest
    return {stream: manifest.files[one.graph] for stream, one in manifest.streams.items()}


def digest_of(corpus: RecordedCorpus) -> str:
    """Changes when a sample comes, goes, or gets another label, person or split."""
    rows = sorted((s.id, s.label or "", s.person, s.split or "") for s in corpus.samples)
    return digest("samples", rows)


def _every(composer: Composer) -> ComposedWindows:
    assert isinstance(composer, Aligner)
    return composer.every()


def _persons(samples: list[Sample], splits: WindowSplits) -> NDArray[np.str_]:
    """The person of each text window of the test split."""
    numbers = sample_of(splits.of("test")["text"].item)
    return np.array([samples[number].person for number in numbers], np.str_)


def _typical(splits: WindowSplits, bundle: Bundle) -> dict[str, list[float]]:
    """Medians on clean windows; the bundle's own for a stream that has none."""
    train = {s: one for s, one in splits.of("train").items() if one.clean.any()}
    own = {s: list(bundle.manifest.streams[s].typical_quality) for s in splits.streams}
    return own | typical_quality(train)


def _unlabelled(unlabelled: Unlabelled, splits: WindowSplits) -> dict[str, int] | None:
    if splits.unlabelled is None:
        return None
    return {
        "samples": len(unlabelled.taken),
        "persons": len({one.person for one in unlabelled.taken}),
        "windows": len(_every(splits.unlabelled)),
    }
