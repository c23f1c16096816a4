"""Trains one stream's part of a bundle's reliability network again; everything else of the bundle
stays as it is.

The reliability network has a part of its own for each stream, which reads only this stream's
signals. So a stream whose signals have a new meaning needs no training of the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge.bundle import Bundle
from edge.recording.session import bundle_digest
from edge.types import MASKS, STREAMS
from train import checkpoint
from train.cache import digest
from train.corpora.items import Corpora
from train.corpora.splits import SplitName
from train.live_config import TrainConfig
from train.loop import Training, fit
from train.losses import confidence_loss
from train.metrics import auroc, explained_variance
from train.models.reliability import ReliabilityNet
from train.stages.confidence import CLEAN_SHARE
from train.stages.make_windows import Encode, make_stream_windows
from train.stages.reliability import reliability_curves, reliability_of
from train.stages.report import typical_quality
from train.stages.signal_scale import signal_scale
from train.stages.stream_windows import StreamWindows

log = logging.getLogger("train")

VERSION = 1
"""Increase it when the training changes."""
SEVERE, DROPPED = 0.8, 0.5
"""Of the figures: severities from here on, and the reliability below which a stream is dropped."""


@dataclass(frozen=True)
class Refitted:
    """One stream's new part. `network` reads this stream's signals alone; `figures` are those of
    the validation windows, before and after."""

    stream: str
    network: ReliabilityNet
    typical_quality: list[float]
    figures: dict[str, dict[str, float]]


def refit(
    config: TrainConfig, bundle: Bundle, stream: str, corpora: Corpora, run: Path
) -> Refitted:
    """Train the reliability of `stream` on held-out windows made with this release's front end and
    the bundle's encoder.

    Args:
        config: Its corpora, window counts, seed and the section `confidence`.
        run: Holds the checkpoints: a training that was stopped goes on.

    Raises:
        DataError: A corpus is missing.
    """
    encoder = _encoder(bundle, stream)
    manifest = bundle.manifest
    key = digest(manifest.files[manifest.streams[stream].graph])

    def windows(split: SplitName) -> StreamWindows:
        return make_stream_windows(config, stream, split, corpora, encoder, key)

    held_out, val = windows("held_out"), windows("val")
    tcp = _tcp_alone(bundle, stream, held_out)
    curves = reliability_curves(stream, held_out, tcp, len(bundle.manifest.labels))
    wanted, val_wanted = (reliability_of(curves, stream, one) for one in (held_out, val))
    torch.manual_seed(config.seed)
    network = ReliabilityNet((held_out.quality.shape[1],))
    for name, value in zip(("mean", "deviation"), signal_scale(held_out), strict=True):
        getattr(network, name).copy_(torch.from_numpy(value))
    by_class = 1.0 / np.bincount(held_out.label)[held_out.label]
    clean = np.where(held_out.clean, by_class, 0.0)
    section = config.confidence

    def batches(rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        few = round(CLEAN_SHARE * section.batch)
        for _ in range(section.samples // section.batch):
            some = [_drawn(clean, few, rng), _drawn(by_class, section.batch - few, rng)]
            yield np.concatenate(some)

    def loss(rows: NDArray[np.int64]) -> Tensor:
        said = network(torch.from_numpy(held_out.quality[rows]))
        return confidence_loss(said, torch.from_numpy(wanted[rows])[:, None])

    def validate() -> dict[str, float]:
        found = figures(val, val_wanted, _said(network, val))
        # Epochs differ little in what they explain, and threefold in the clean windows they drop.
        return found | {"score": found["explained"] - found["clean_dropped"]}

    window = config.window.model_dump(exclude={"min_share"})
    how = (section.model_dump(), config.window_counts.model_dump(), window)
    made_from = (stream, *how, config.seed, bundle_digest(bundle), *corpora.key(stream))
    whole = digest("refit", VERSION, *made_from)
    training = Training(f"refit-{stream}", network, batches, loss, validate, "score")
    fit(training, section, config.seed, run / f"refit-{stream}", whole)
    best = checkpoint.load_best(network, run / f"refit-{stream}")
    told = {
        "before": figures(val, val_wanted, _said_by(bundle, stream, val)),
        "after": figures(val, val_wanted, _said(best, val)),
    }
    typical = typical_quality({stream: windows("train")})[stream]
    return Refitted(stream, best, typical, told)


def figures(
    windows: StreamWindows, known: NDArray[np.float32], said: NDArray[np.float32]
) -> dict[str, float]:
    """Of reliabilities (n,): variance explained, AUROC of clean against severe, share of clean
    windows that would be dropped, and of severe ones by fault."""
    severe = windows.severity >= SEVERE
    asked = windows.clean | severe
    found = {
        "explained": explained_variance(said[:, None], known[:, None]),
        "clean_or_severe": auroc(said[asked][:, None], windows.clean[asked][:, None]),
        "clean_dropped": float((said[windows.clean] < DROPPED).mean()),
    }
    for fault in np.unique(windows.fault[severe]):
        here = severe & (windows.fault == fault)
        found[f"{fault}_dropped"] = float((said[here] < DROPPED).mean())
    return found


def _encoder(bundle: Bundle, stream: str) -> Encode:
    """A bundle's encoder, one item after the other."""
    session = ort.InferenceSession(str(bundle.graphs[stream]))
    name = session.get_inputs()[0].name

    def encode(items: Tensor) -> tuple[Tensor, Tensor]:
        found = [session.run(None, {name: one[None]}) for one in items.numpy()]
        embeddings, logits = (np.concatenate(part) for part in zip(*found, strict=True))
        return torch.from_numpy(embeddings), torch.from_numpy(logits)

    return encode


def _outputs(
    bundle: Bundle, stream: str, windows: StreamWindows
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Of each window the bundle's probabilities (7, C) and reliabilities (3,), with the stream's
    present condition and typical signals of the others."""
    session = ort.InferenceSession(str(bundle.graphs["fusion"]))
    streams, place = bundle.manifest.streams, STREAMS.index(stream)
    signals = [np.array(streams[name].typical_quality, np.float32) for name in STREAMS]
    embeddings = np.zeros((len(STREAMS), windows.target.shape[1]), np.float32)
    for target, measured in zip(windows.target, windows.quality, strict=True):
        embeddings[place], signals[place] = target, measured
        inputs = {"embeddings": embeddings, "quality": np.concatenate(signals)}
        probabilities, reliability = session.run(["probabilities", "reliability"], inputs)
        yield np.asarray(probabilities), np.asarray(reliability).ravel()


def _tcp_alone(bundle: Bundle, stream: str, windows: StreamWindows) -> NDArray[np.float32]:
    """True class probability of the present condition with this stream alone, (n,)."""
    row, outputs = MASKS.index((stream,)), _outputs(bundle, stream, windows)
    found = [said[row, k] for (said, _), k in zip(outputs, windows.label, strict=True)]
    return np.array(found, np.float32)


def _said_by(bundle: Bundle, stream: str, windows: StreamWindows) -> NDArray[np.float32]:
    """The reliability that the bundle's own network gives, (n,)."""
    place = STREAMS.index(stream)
    outputs = _outputs(bundle, stream, windows)
    return np.array([reliability[place] for _, reliability in outputs], np.float32)


def _said(network: ReliabilityNet, windows: StreamWindows) -> NDArray[np.float32]:
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(windows.quality))[:, 0].numpy(), np.float32)


def _drawn(weight: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.choice(len(weight), count, p=weight / weight.sum())
