"""Confidence and gate of a one-stream run, trained on held-out actors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge.frontends import QUALITY
from train import checkpoint
from train.config import SpeechConfig
from train.corpora.labels import LABELS
from train.corpora.sampling import balanced_draw
from train.loop import Training, fit
from train.losses import confidence_loss, true_class_probability
from train.metrics import auroc, explained_variance
from train.models.classifier import Classifier
from train.models.one_stream import OneStream
from train.stages import thresholds
from train.stages.reliability import reliability_curves, reliability_of
from train.stages.signal_scale import signal_scale
from train.stages.stream_windows import StreamWindows

FOLDER = "confidence"


def build(config: SpeechConfig, stream: str) -> OneStream:
    """An untrained confidence network."""
    return OneStream(config.embedding_size, len(LABELS), len(QUALITY[stream]))


def train_confidence(
    config: SpeechConfig,
    stream: str,
    student: Classifier,
    stream_windows: dict[str, StreamWindows],
    run: Path,
    key: str,
) -> tuple[OneStream, dict[str, float]]:
    """Train ConfidNet and reliability in `run`/confidence on the split "held_out"; the
    student's head is not changed."""
    torch.manual_seed(config.seed)
    model = build(config, stream)
    model.head.load_state_dict(student.head.state_dict())
    model.head.requires_grad_(False)
    held, val = stream_windows["held_out"], stream_windows["val"]
    mean, deviation = signal_scale(held)
    model.reliability.mean.copy_(torch.from_numpy(mean))
    model.reliability.deviation.copy_(torch.from_numpy(deviation))
    curves = reliability_curves(stream, held, _tcp(model, held), len(LABELS))
    reliability = {
        part: reliability_of(curves, stream, one) for part, one in stream_windows.items()
    }
    target = {part: _tcp(model, one) * reliability[part] for part, one in stream_windows.items()}

    def batches(rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        drawn = balanced_draw(held.label, config.confidence.samples, 1.0, rng)
        yield from np.array_split(drawn, -(-len(drawn) // config.confidence.batch))

    def loss(rows: NDArray[np.int64]) -> Tensor:
        _, sure, left = model(*_inputs(held, rows))
        wanted = torch.from_numpy(target["held_out"][rows])
        return confidence_loss(sure, wanted) + confidence_loss(
            left, torch.from_numpy(reliability["held_out"][rows])
        )

    def validate() -> dict[str, float]:
        logits, sure, left = model(*_inputs(val))
        right = logits.argmax(dim=1).numpy() == val.label
        explained = {
            "explained": explained_variance(sure.numpy(), target["val"]),
            "reliability_explained": explained_variance(left.numpy(), reliability["val"]),
        }
        score = sum(explained.values()) / 2
        return explained | {"score": score, "wrong_or_right": auroc(sure.numpy(), right)}

    training = Training(FOLDER, model, batches, loss, validate, "score")
    return model, fit(training, config.confidence, config.seed, run / FOLDER, key)


def load_confidence(config: SpeechConfig, stream: str, run: Path) -> OneStream:
    """The best epoch's network, in eval mode.

    Raises:
        DataError: The stage has not been run, or was run with another architecture.
    """
    return checkpoint.load_best(build(config, stream), run / FOLDER)


def choose_one_stream_gate(
    config: SpeechConfig, stream: str, model: OneStream, val: StreamWindows
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Choose the manifest's `gate`, and give the validation metrics of the choice."""
    with torch.no_grad():
        _, sure, left = (x.numpy() for x in model(*_inputs(val)))
    limits, seen = thresholds.of_stream(
        config.gate, left[val.clean], left[~val.clean], val.fault[~val.clean],
        val.severity[~val.clean],
    )  # fmt: skip
    unsure = float(np.quantile(sure[val.clean], config.gate.clean_abstain))
    gate = {
        "reliability": {stream: limits},
        "interference_margin": 1.0,  # There is no other stream to disturb.
        "smoothing": config.gate.smoothing,
        "readmit_steps": config.gate.readmit_steps,
        "abstain_below": round(min(unsure, config.gate.max_abstain / len(LABELS)), 4),
    }
    return gate, {stream: seen}


def confidence_on(model: OneStream, test: StreamWindows) -> dict[str, float]:
    """Separation of correct from wrong predictions by confidence and by maximum probability."""
    with torch.no_grad():
        logits, sure, _ = model(*_inputs(test))
    right = logits.argmax(dim=1).numpy() == test.label
    most = torch.softmax(logits, dim=1).amax(dim=1).numpy()
    return {
        "n_windows": len(right),
        "accuracy_with_faults": float(right.mean()),
        "confidence_auroc_wrong_or_right": auroc(sure.numpy(), right),
        "max_probability_auroc_wrong_or_right": auroc(most, right),
    }


def _tcp(model: OneStream, one: StreamWindows) -> NDArray[np.float32]:
    """TCP of each window's present condition."""
    with torch.no_grad():
        logits = model.head(torch.from_numpy(one.target))
    tcp: NDArray[np.float32] = true_class_probability(logits, torch.from_numpy(one.label)).numpy()
    return tcp


def _inputs(
    one: StreamWindows, rows: NDArray[np.int64] | slice = slice(None)
) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(one.embedding[rows]), torch.from_numpy(one.quality[rows])
