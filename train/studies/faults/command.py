"""`cdat-train faults`: apply a bundle's networks and gate to the identities of the study."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Networks
from edge.errors import ConfigError
from edge.frontends import FrontEndParams
from edge.types import STREAMS, Float
from train import checkpoint
from train.cache import cache_folder
from train.corpora.folder import data_folder
from train.corpora.items import Corpora
from train.live_config import validated
from train.stages.fusion import fusion_stage, load_fusion
from train.stages.pipeline import CONFIG_NAME, TrainingRun
from train.studies.faults.baselines import scores_of, train_baselines
from train.studies.faults.report import study, write
from train.studies.faults.simulate import Encode, Simulator
from train.studies.faults.study import Identities, Score
from train.studies.faults.timeline import STEP_S, WINDOW_S

log = logging.getLogger("train")

CACHE_LIMIT = 4096
"""Number of cached embeddings: the clean part of a run with a fault is that of the clean run."""


def cached_encoder(networks: Networks, stream: str) -> Encode:
    """The bundle's encoder with a cache, so that the same item is not encoded twice."""
    known: dict[bytes, tuple[Float, float]] = {}

    def encode(items: NDArray[Any]) -> tuple[Float, Float]:
        predictions = []
        for item in items:
            key = item.tobytes()
            if key not in known:
                if len(known) >= CACHE_LIMIT:
                    known.pop(next(iter(known)))
                known[key] = networks.encode(stream, item)
            predictions.append(known[key])
        embeddings, logits = zip(*predictions, strict=True)
        return np.stack(embeddings), np.array(logits, np.float32)

    return encode


def run_study(
    bundle: Bundle, data: Path | None, out: Path, per_class: int, seed: int, score: Score
) -> dict[str, Any]:
    """Simulate every run, apply every policy, write `out`/faults.json and faults.md."""
    check_window(bundle.manifest.window)
    corpora = Corpora(data_folder(data), cache_folder(), FrontEndParams())
    networks = Networks(bundle)
    encode = {stream: cached_encoder(networks, stream) for stream in STREAMS}
    manifest = bundle.manifest
    simulator = Simulator(corpora, encode, manifest.fusion.embedding_size, manifest.window.text_s)

    def fuse(embeddings: Float, quality: Float) -> tuple[Float, Float, Float]:
        predictions = [networks.fuse(c, q) for c, q in zip(embeddings, quality, strict=True)]
        return (
            np.stack([a.outputs for a in predictions]),
            np.stack([a.confidence for a in predictions]),
            np.stack([a.reliability for a in predictions]),
        )

    typical = {s: np.array(bundle.manifest.streams[s].typical_quality) for s in STREAMS}
    identities = {split: Identities(simulator, split, per_class, seed) for split in ("val", "test")}
    report = study(identities, bundle.manifest.gate, typical, fuse, score, seed)
    write(report, out)
    return report


def check_window(window: WindowSpec) -> None:
    """Raises: ConfigError, if the bundle was trained for windows of another length or step."""
    if (window.duration_s, window.step_s) != (WINDOW_S, STEP_S):
        raise ConfigError(
            f"The study of faults needs a bundle for windows of {WINDOW_S:g} s every {STEP_S:g} s,"
            f" and this bundle is for {window.duration_s:g} s every {window.step_s:g} s: give"
            " another bundle."
        )


def no_baselines(embeddings: Float, quality: Float) -> dict[str, Float]:
    """No baselines: they need a run folder, in which they are trained."""
    return {}


def headline(report: dict[str, Any]) -> str:
    """One line a policy, for the terminal."""
    rows = report["test"]["policies"].items()
    return (
        f"Composed by class; severe faults, {report['identities']['test']} test identities:\n"
        + "\n".join(
            f"  {name:16}"
            f"accuracy {100 * row['accuracy']['value']:5.1f} %   "
            f"regret {100 * row['regret']['value']:5.1f}   "
            f"recovered {100 * row['recovered']['value']:5.0f} %   "
            f"clean cost {100 * row['clean_cost']:4.1f}"
            for name, row in rows
        )
    )


def baselines_of(run: Path, data: Path | None) -> Score:
    """The learned baselines, trained in the run folder of the bundle.

    Raises:
        DataError: `run` is not a run folder, or its stages are not finished.
    """
    config = validated(checkpoint.read_json(run / CONFIG_NAME), str(run / CONFIG_NAME))
    opened = TrainingRun(config, run, data)
    fusion = load_fusion(config, run)
    made_of = opened.fusion_key(fusion_stage(config))
    by_z, gate = train_baselines(
        config,
        fusion,
        opened.windows(),
        run,
        key=f"baselines 2 {made_of}",
    )
    return lambda embeddings, quality: scores_of(fusion, by_z, gate, embeddings, quality)
