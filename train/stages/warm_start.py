"""Begin an encoder's training with the weights of a bundle's graph.

A graph has no BatchNorm: it is folded into the convolutions. Here each BatchNorm gets the mean and
the deviation of its inputs on training items, and a weight and a bias that take both back. So the
encoder gives the graph's codes, and is normalised for the training that follows. The head is a
logistic regression on the codes, or that of the bundle's own late fusion."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from edge.bundle import Bundle, default_bundle
from edge.errors import BundleError
from edge.types import STREAMS
from train.corpora.labels import LABELS
from train.models.classifier import Classifier

log = logging.getLogger("train")

BATCHES = 40
"""Training batches on which BatchNorm is measured and the head begins."""
UNLIKELY = -4.0
"""The logit of a label that no item has."""
RENAMED = {"code": "embedding"}
"""A module's name in the graph, where it differs from that in the network."""


def start_bundle(named: str) -> Bundle:
    """The bundle of a folder, or of "default" for the packaged one. Raises: BundleError."""
    folder = default_bundle() if named == "default" else Path(named).expanduser()
    if not folder.is_dir():
        raise BundleError(
            f"start: {named} is not there: the first lines of configs/train/first.yaml say how it"
            " is made; `default` goes on from the packaged bundle."
        )
    return Bundle.load(folder)


def graph_of(bundle: Bundle, stream: str) -> tuple[Path, str]:
    """An encoder's graph and its SHA-256.

    Raises:
        BundleError: The bundle has no encoder of this stream.
    """
    manifest = bundle.manifest
    if stream not in manifest.names:
        raise BundleError(
            f"{bundle.folder} has no encoder of {stream}, so training cannot begin with it: give a"
            f" bundle of {', '.join(STREAMS)} as start."
        )
    name = manifest.streams[stream].graph
    return bundle.folder / name, manifest.files[name]


def begin_with(
    model: Classifier,
    bundle: Bundle,
    stream: str,
    batches: Iterable[tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]],
) -> None:
    """Set the weights of `model` to those of a bundle's encoder.

    Args:
        batches: Training batches: items, targets (batch, C), log priors.

    Raises:
        BundleError: The bundle has another architecture.
    """
    path, _ = graph_of(bundle, stream)
    known = list(islice(batches, BATCHES))
    items = [torch.from_numpy(batch[0]) for batch in known]
    with torch.no_grad():
        _take(model.encoder, _weights(path), path)
        model.eval()
        _measure(model.encoder, [one.flatten(0, 1) for one in items])
        codes, targets = [], []
        for one, (_, target, _) in zip(items, known, strict=True):
            embeddings, _ = model.encoder(one.flatten(0, 1))
            codes.append(embeddings.numpy())
            targets.append(np.repeat(target.argmax(axis=1), one.shape[1]))
        _fit_head(model.head, np.concatenate(codes), np.concatenate(targets))
    log.info("%s: begins with the encoder of %s", stream, bundle.manifest.name)


def take_head(model: Classifier, bundle: Bundle, stream: str) -> bool:
    """Set the head of `model` to that with which the bundle's late fusion answers for this stream.

    Returns:
        False, with nothing set, if the bundle's fusion has no such head, or has other labels.
    """
    name = f"fusion.heads.{STREAMS.index(stream)}"
    weights = _weights(bundle.folder / bundle.manifest.fusion.graph)
    weight, bias = weights.get(f"{name}.weight"), weights.get(f"{name}.bias")
    same = tuple(bundle.manifest.labels) == LABELS
    if not same or weight is None or bias is None or weight.shape != model.head.weight.shape:
        return False
    with torch.no_grad():
        model.head.weight.copy_(weight)
        model.head.bias.copy_(bias)
    return True


def _weights(path: Path) -> dict[str, Tensor]:
    """The graph's constants by the names of the network."""
    out = {}
    for one in onnx.load(str(path)).graph.initializer:
        name = one.name.removeprefix("encoder.")
        first, *rest = name.split(".")
        name = ".".join([RENAMED.get(first, first), *rest])
        out[name] = torch.from_numpy(np.array(numpy_helper.to_array(one)))
    return out


def _take(encoder: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Raises: BundleError, for a weight that the graph has not."""

    def weight(name: str, like: Tensor) -> Tensor:
        found = weights.get(name)
        if found is None and name == "attend.weight":
            # A linear layer over several words: the exporter writes it transposed.
            turned = [one for one in weights.values() if one.shape == like.T.shape]
            found = turned[0].T if len(turned) == 1 else None
        if found is None or found.shape != like.shape:
            raise BundleError(
                f"{path} has no weight {name} of the shape {tuple(like.shape)}, so training cannot"
                " begin with it: give a bundle of the same architecture as --set start."
            )
        return found

    for name, module in encoder.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            before = name.rsplit(".", 1)[0]
            module.bias.copy_(weight(f"{before}.0.bias", module.bias))
            continue
        for key, parameter in module.named_parameters(recurse=False):
            parameter.copy_(weight(f"{name}.{key}" if name else key, parameter))


def _measure(encoder: nn.Module, batches: list[Tensor]) -> None:
    """Set each BatchNorm, whose bias is the folded one, to the statistics of its inputs over
    `batches`, with a weight and a bias that undo them."""
    norms = [one for one in encoder.modules() if isinstance(one, nn.BatchNorm2d)]
    sums: dict[nn.Module, list[Tensor]] = {norm: [] for norm in norms}

    def look(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].double()
        sums[norm].append(torch.stack([x.mean(dim=(0, 2, 3)), (x**2).mean(dim=(0, 2, 3))]))

    handles = [norm.register_forward_pre_hook(look) for norm in norms]
    for norm in norms:
        _set(norm, torch.zeros(norm.num_features), torch.full((norm.num_features,), 1 - norm.eps))
    for batch in batches:
        encoder(batch)
    for handle in handles:
        handle.remove()
    for norm in norms:
        mean, square = torch.stack(sums[norm]).mean(dim=0)
        _set(norm, mean, square - mean**2)


def _set(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """New statistics; the bias becomes larger by the mean, so that the output stays the same."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.bias.add_((mean - norm.running_mean).to(norm.bias.dtype))
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())


def _fit_head(head: nn.Linear, codes: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """Set the head to a logistic regression with balanced classes; labels that no item has become
    unlikely. With one label there is nothing to tell apart, and the head stays as it is."""
    if len(np.unique(labels)) < 2:
        return
    classifier = LogisticRegression(C=0.1, max_iter=500, class_weight="balanced")
    classifier.fit(codes, labels)
    weight, bias = classifier.coef_, classifier.intercept_
    if len(classifier.classes_) == 2:
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    head.weight.zero_()
    head.bias.fill_(UNLIKELY)
    rows = torch.from_numpy(classifier.classes_)
    head.weight[rows] = torch.from_numpy(weight).float()
    head.bias[rows] = torch.from_numpy(bias).float()
