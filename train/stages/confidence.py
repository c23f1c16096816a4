"""Stage 3: ConfidNet, on held-out items that neither the encoders nor fusion were trained on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge.frontends import QUALITY
from edge.types import MASKS, STREAMS, masks_of
from train import checkpoint
from train.cache import digest
from train.fusion_config import FusedConfig
from train.loop import Training, fit, generator
from train.losses import confidence_loss
from train.metrics import auroc, explained_variance
from train.models.fusion import FusionModel
from train.models.reliability import InExpectation, MaskedConfidence, ReliabilityNet
from train.stages.calibrate import calibrate, load_calibration
from train.stages.composed_windows import ComposedWindows
from train.stages.fusion import VAL_WINDOWS, load_fusion, masked_outputs
from train.stages.reliability import measure_reliability, reliability_of
from train.stages.signal_scale import measure_signals
from train.stages.stream_windows import StreamWindows
from train.stages.targets import Targets
from train.stages.window_splits import Reliability, WindowSplits

log = logging.getLogger("train")

CLEAN_SHARE = 0.35
CLASSES = Targets()


@dataclass(frozen=True)
class TakenReliability:
    """A reliability network from elsewhere, and what it says of stream windows."""

    network: ReliabilityNet
    of: Callable[[dict[str, StreamWindows]], Reliability]


VERSION = 6
"""Increase it when the target or the network changes."""


def build(config: FusedConfig, fusion: FusionModel) -> MaskedConfidence:
    """An untrained confidence network for a fusion network."""
    signals = tuple(len(QUALITY[stream]) for stream in STREAMS)
    assert len(signals) == 3
    return MaskedConfidence(fusion.z_size, config.embedding_size, signals)


def target_confidence(
    fusion: FusionModel, windows: ComposedWindows, targets: Targets = CLASSES
) -> NDArray[np.float32]:
    """ConfidNet's target for each window and mask, shape (n, 7).

    The expected TCP (of several labels or a number: `train.losses.true_confidence`) if the present
    condition filled the window, where each stream of the mask carries information with a
    probability equal to its reliability; without any such stream the TCP is 0. For clean streams
    it is the TCP itself. [R]: the paper has neither a present condition nor reliability."""
    _, logits = masked_outputs(fusion, windows.target)
    tcp = targets.confidence(logits, windows.label)
    expected = InExpectation()(torch.from_numpy(tcp), torch.from_numpy(windows.reliability))
    return np.asarray(expected.numpy(), np.float32)


def predict(
    fusion: FusionModel,
    model: MaskedConfidence,
    windows: ComposedWindows,
    batch: int = 1024,
    targets: Targets = CLASSES,
    as_shares: bool = True,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Answers (n, 7, C) as of `Targets.answers`, confidences (n, 7) and reliabilities (n, 3), as in
    the runtime; `as_shares=False`: with ConfidNet's expected TCP as confidence."""
    z, logits = masked_outputs(fusion, windows.embeddings, batch)
    answers = targets.answers(logits)
    largest = targets.largest(answers) if as_shares else None
    parts = []
    with torch.no_grad():
        for k in range(0, len(windows), batch):
            some = slice(k, k + batch)
            most = None if largest is None else largest[some]
            parts.append(model(z[some], *_inputs(windows, some), most))
    confidence, reliability = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    return answers.numpy(), confidence, reliability


def _inputs(windows: ComposedWindows, some: slice = slice(None)) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(windows.embeddings[some]), torch.from_numpy(windows.quality[some])


def train_confidence(
    config: FusedConfig,
    windows: WindowSplits,
    run: Path,
    key: str,
    before_transfer: bool = False,
    taken: TakenReliability | None = None,
) -> dict[str, float]:
    """Train ConfidNet with fusion frozen and in eval mode.

    Args:
        before_transfer: On the fusion model of stage 2, in `run`/confidence_base: it gives the
            transfer's weights. Else on the final one, in `run`/confidence.
        taken: A reliability network that stays as it is. None: one is trained on the faults of the
            held-out windows.
    """
    fusion = load_fusion(config, run, before_transfer, len(windows.labels))
    torch.manual_seed(config.seed)
    model = build(config, fusion)
    if taken is None:
        known_of = _measured(fusion, windows)
        measure_signals(model, windows.of("held_out"))
    else:
        model.reliability.load_state_dict(taken.network.state_dict())
        model.reliability.requires_grad_(False)
        known_of = taken.of
    composers = {
        part: windows.composer(part, known_of(windows.of(part))) for part in ("held_out", "val")
    }
    val = composers["val"].draw(VAL_WINDOWS, generator(config.seed, "confide", "val"), CLEAN_SHARE)
    # Of a stream that is absent from every window nothing is learned, and nothing is asked.
    masks = [MASKS.index(mask) for mask in masks_of(windows.streams)]
    places = [STREAMS.index(stream) for stream in windows.streams]
    val_target = target_confidence(fusion, val, windows.targets)[:, masks]

    def batches(rng: np.random.Generator) -> Iterator[ComposedWindows]:
        section = config.confidence
        for begin in range(0, section.samples, section.batch):
            count = min(section.batch, section.samples - begin)
            yield composers["held_out"].draw(max(count, 2), rng, CLEAN_SHARE)

    def loss(drawn: ComposedWindows) -> Tensor:
        z, _ = masked_outputs(fusion, drawn.embeddings)
        predicted, reliability = model(z, *_inputs(drawn))
        target = torch.from_numpy(target_confidence(fusion, drawn, windows.targets))
        # Reliability is known, so it has its own loss; otherwise ConfidNet would learn it from
        # the embeddings.
        known, measured = torch.from_numpy(drawn.reliability), torch.from_numpy(drawn.measured)
        own = confidence_loss(reliability[measured], known[measured])
        return confidence_loss(predicted[:, masks], target[:, masks]) + own

    def validate() -> dict[str, float]:
        answers, confidence, reliability = predict(
            fusion, model, val, targets=windows.targets, as_shares=False
        )
        every, whole = np.arange(len(val)), val.whole
        right = windows.targets.right(answers[every, whole], val.label)
        explained = explained_variance(confidence[:, masks], val_target)
        reliability_explained = explained_variance(
            reliability[:, places], val.reliability[:, places]
        )
        return {
            "explained": explained,
            "reliability_explained": reliability_explained,
            "score": (explained + reliability_explained) / 2,
            "wrong_or_right": auroc(confidence[every, whole], right),
        }

    facts = (config.confidence.model_dump(), config.seed, key, windows.labels)
    whole = digest("confidence", VERSION, *facts)
    training = Training("confidence", model, batches, loss, validate, "score")
    folder = _folder(run, before_transfer)
    metrics = fit(training, config.confidence, config.seed, folder, whole)
    if not before_transfer:
        best = checkpoint.load_best(model, folder)
        calibrate(config, fusion, best, windows, folder, digest("calibration", 1, whole))
    return metrics


def _measured(
    fusion: FusionModel, windows: WindowSplits
) -> Callable[[dict[str, StreamWindows]], Reliability]:
    """The reliability of windows by the curves of the held-out split."""
    curves = measure_reliability(fusion, windows.of("held_out"))
    for fault, (severity, left) in curves.items():
        shown = ", ".join(f"{s:.1f}: {w:.2f}" for s, w in zip(severity, left, strict=True))
        log.info("reliability with %s, by severity: %s", fault, shown)
    return lambda some: {s: reliability_of(curves, s, one) for s, one in some.items()}


def load_confidence(
    config: FusedConfig, run: Path, fusion: FusionModel, before_transfer: bool = False
) -> MaskedConfidence:
    """The best epoch's network, in eval mode, with its calibration.

    Args:
        before_transfer: The one that gives the transfer's weights; it has no calibration.

    Raises:
        DataError: The stage has not been run, or was run with another architecture.
    """
    folder = _folder(run, before_transfer)
    model = checkpoint.load_best(build(config, fusion), folder)
    if not before_transfer:
        load_calibration(model, folder)
    return model


def _folder(run: Path, before_transfer: bool) -> Path:
    return run / ("confidence_base" if before_transfer else "confidence")
