"""Stage 3: ConfidNet on people and lines that neither the encoders nor fusion ever saw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge.frontends import QUALITY
from edge.types import MASKS, STREAMS
from train import checkpoint
from train.config import TrainConfig
from train.data.cache import digest
from train.data.compose import Composer, Windows
from train.data.labels import LABELS
from train.data.readings import Readings
from train.loop import Stage, fit, generator
from train.losses import confidence_loss
from train.masks import FULL, mask_bits
from train.metrics import auroc
from train.models.confidnet import ConfidNet
from train.models.tfn import TensorFusion
from train.stages.fusion import VAL_WINDOWS, load_fusion, masked_outputs

CLEAN_SHARE = 0.35
LEAST_DEVIATION = 1e-3

_ROWS = {frozenset(mask): row for row, mask in enumerate(MASKS)}


def build(config: TrainConfig, fusion: TensorFusion) -> ConfidNet:
    """A fresh confidence network for a fusion network."""
    signals = tuple(len(QUALITY[stream]) for stream in STREAMS)
    assert len(signals) == 3
    return ConfidNet(fusion.classify.in_features, config.code_size, signals)


def target_confidence(fusion: TensorFusion, windows: Windows) -> NDArray[np.float32]:
    """What ConfidNet should say of each window and mask, shape (n, 7).

    The TCP of the answer if the present condition filled the window. A stream whose present
    condition is no evidence (a frozen picture, nobody in it) leaves the answer to the mask's
    others; if there is none left, chance remains. [R]: the paper knows no present condition.
    """
    _, logits = masked_outputs(fusion, windows.target)
    tcp = torch.softmax(logits, dim=2).numpy()
    tcp = tcp[np.arange(len(windows)), :, windows.label]
    chance = 1.0 / logits.shape[2]
    out = np.empty_like(tcp)
    for row, mask in enumerate(MASKS):
        for bits in range(8):
            left = frozenset(s for k, s in enumerate(STREAMS) if bits >> k & 1)
            here = np.all(windows.evidence == [s in left for s in STREAMS], axis=1)
            useful = left & set(mask)
            out[here, row] = tcp[here, _ROWS[useful]] if useful else chance
    return out


def predict(
    fusion: TensorFusion, model: ConfidNet, windows: Windows, batch: int = 1024
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities (n, 7, C) and confidences (n, 7) as the runtime will see them."""
    z, logits = masked_outputs(fusion, windows.codes, batch)
    with torch.no_grad():
        parts = [
            _confidence(model, z[k : k + batch], _part(windows, k, batch))
            for k in range(0, len(windows), batch)
        ]
    return torch.softmax(logits, dim=2).numpy(), torch.cat(parts).numpy()


def _part(windows: Windows, begin: int, count: int) -> tuple[Tensor, Tensor]:
    some = slice(begin, begin + count)
    return torch.from_numpy(windows.codes[some]), torch.from_numpy(windows.quality[some])


def _confidence(model: ConfidNet, z: Tensor, inputs: tuple[Tensor, Tensor]) -> Tensor:
    """All seven masks of each window: z (n, 7, Z), codes (n, 3, D) and quality (n, Q) -> (n, 7)."""
    codes, quality = inputs
    n, rows = z.shape[:2]
    mask = mask_bits().repeat(n, 1)
    codes = codes[:, None].expand(-1, rows, -1, -1).flatten(0, 1)
    quality = quality[:, None].expand(-1, rows, -1).flatten(0, 1)
    return model(z.flatten(0, 1), mask, codes, quality).reshape(n, rows)  # type: ignore[no-any-return]


def train_confidence(
    config: TrainConfig, readings: dict[str, dict[str, Readings]], run: Path, key: str
) -> dict[str, float]:
    """Train ConfidNet in `run`/confidence with fusion frozen and in eval mode."""
    fusion = load_fusion(config, run)
    torch.manual_seed(config.seed)
    model = build(config, fusion)
    composers = {
        part: Composer({s: readings[s][part] for s in readings}, part) for part in ("held", "val")
    }
    measure_signals(model, {s: readings[s]["held"] for s in STREAMS})
    val = composers["val"].draw(VAL_WINDOWS, generator(config.seed, "confide", "val"), CLEAN_SHARE)
    val_target = target_confidence(fusion, val)

    def batches(rng: np.random.Generator) -> Iterator[Windows]:
        section = config.confidence
        for begin in range(0, section.samples, section.batch):
            count = min(section.batch, section.samples - begin)
            yield composers["held"].draw(max(count, 2), rng, CLEAN_SHARE)

    def loss(windows: Windows) -> Tensor:
        z, _ = masked_outputs(fusion, windows.codes)
        inputs = (torch.from_numpy(windows.codes), torch.from_numpy(windows.quality))
        predicted = _confidence(model, z, inputs)
        return confidence_loss(predicted, torch.from_numpy(target_confidence(fusion, windows)))

    def validate() -> dict[str, float]:
        probabilities, confidence = predict(fusion, model, val)
        error = float(np.mean((confidence - val_target) ** 2))
        spread = float(np.mean((val_target - val_target.mean(axis=0)) ** 2))
        right = probabilities[:, FULL].argmax(axis=1) == val.label
        return {
            "explained": 1 - error / spread,
            "wrong_or_right": auroc(confidence[:, FULL], right),
        }

    whole = digest("confidence", config.confidence.model_dump(), config.seed, key, LABELS)
    stage = Stage("confidence", model, batches, loss, validate, "explained")
    return fit(stage, config.confidence, config.seed, run / "confidence", whole)


def measure_signals(model: ConfidNet, readings: dict[str, Readings]) -> None:
    """Set the graph's normalisation to the signals' mean and deviation, faults included."""
    quality = [readings[stream].quality for stream in STREAMS]
    mean = np.concatenate([q.mean(axis=0) for q in quality])
    deviation = np.concatenate([np.maximum(q.std(axis=0), LEAST_DEVIATION) for q in quality])
    model.mean.copy_(torch.from_numpy(mean))
    model.deviation.copy_(torch.from_numpy(deviation))


def load_confidence(config: TrainConfig, run: Path, fusion: TensorFusion) -> ConfidNet:
    """The best epoch's network, in eval mode.

    Raises:
        DataError: The stage has not been run, or with another architecture.
    """
    model = build(config, fusion)
    path = run / "confidence" / "best.safetensors"
    tensors, _ = checkpoint.load(path)
    checkpoint.load_into(model, tensors, path)
    return model.eval()
