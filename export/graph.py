"""Trained networks to ONNX graphs with the inputs and outputs that `edge.bundle.manifest` fixes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from edge.errors import BundleError
from edge.types import MASKS
from export.operators import refused
from export.opset import to_opset_17
from train.models.one_stream import OneStream
from train.models.reliability import MaskedConfidence
from train.models.tfn import TensorFusion, mask_bits

EXPORTER_OPSET = 18
"""The oldest that torch's exporter writes by itself; `export.opset` says it in 17."""
RELEASES = ("8.5", "10")
"""Of TensorRT: every graph is held to what their ONNX parsers take."""


class EncoderGraph(nn.Module):
    """One item to `embedding` (1, D) and `logit` (1,)."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = fold(encoder)

    def forward(self, item: Tensor) -> tuple[Tensor, Tensor]:
        embedding, logit = self.encoder(item)
        return embedding, logit


class HalfTable(nn.Module):
    """An embedding kept in half precision: it is most of the text graph's bytes, and a word's
    vector is a mean of up to eight rows. What is looked up is float32 again."""

    weight: Tensor

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        self.register_buffer("weight", table.weight.detach().half())

    def forward(self, ids: Tensor) -> Tensor:
        return nn.functional.embedding(ids, self.weight).float()


class FusionGraph(nn.Module):
    """`embeddings` (3, D), `quality` (Q,) to `probabilities` (7, C), `confidence` (7,),
    `reliability` (3,)."""

    bits: Tensor

    def __init__(self, fusion: TensorFusion, confidence: MaskedConfidence) -> None:
        super().__init__()
        self.fusion = fusion
        self.confidence = confidence
        self.register_buffer("bits", mask_bits())

    def forward(self, embeddings: Tensor, quality: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        repeated = embeddings[None].expand(len(MASKS), -1, -1)
        z, logits = self.fusion(repeated, self.bits)
        confidence, reliability = self.confidence(z[None], embeddings[None], quality[None])
        return torch.softmax(logits, dim=1), confidence[0], reliability[0]


class OneStreamGraph(nn.Module):
    """The same for a bundle of one stream: `embeddings` (1, D), `quality` (Q,) to `probabilities`
    (1, C), `confidence` (1,), `reliability` (1,)."""

    def __init__(self, model: OneStream) -> None:
        super().__init__()
        self.model = model

    def forward(self, embeddings: Tensor, quality: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, confidence, reliability = self.model(embeddings, quality[None])
        return torch.softmax(logits, dim=1), confidence, reliability


def fold(module: nn.Module) -> nn.Module:
    """A copy in eval mode whose BatchNorms are folded into the convolution before or the linear map
    behind them, and whose embeddings are kept in half precision."""
    module = copy.deepcopy(module).eval()
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Embedding):
                setattr(parent, name, HalfTable(child))
        if not isinstance(parent, nn.Sequential):
            continue
        for k in range(len(parent) - 1):
            first, second = parent[k], parent[k + 1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                parent[k] = fuse_conv_bn_eval(first, second)
                parent[k + 1] = nn.Identity()
            if isinstance(first, nn.BatchNorm1d):
                behind = parent[k + 2] if isinstance(second, nn.Dropout) else second
                if isinstance(behind, nn.Linear):
                    _fold_into(first, behind)
                    parent[k] = nn.Identity()
    return module


def _fold_into(norm: nn.BatchNorm1d, linear: nn.Linear) -> None:
    """W (s x + t) + b is (W s) x + (W t + b); in float64, rounded once."""
    assert norm.running_mean is not None and norm.running_var is not None
    with torch.no_grad():
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        shift = norm.bias.double() - scale * norm.running_mean.double()
        weight = linear.weight.double()
        linear.bias.copy_(linear.bias.double() + weight @ shift)
        linear.weight.copy_(weight * scale)


def write_graph(
    module: nn.Module,
    example: dict[str, NDArray[np.generic]],
    outputs: list[str],
    path: Path,
) -> None:
    """Export to one file, without anything of this machine in it.

    Args:
        example: the graph's inputs by name, in the order of `forward`.

    Raises:
        BundleError: TensorRT would refuse a node, which is named.
    """
    module = module.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    tensors = tuple(torch.from_numpy(np.array(value)) for value in example.values())
    program = torch.onnx.export(
        module,
        tensors,
        dynamo=True,
        opset_version=EXPORTER_OPSET,
        input_names=list(example),
        output_names=[_exported(name) for name in outputs],
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    model = program.model_proto
    _forget_machine(model)
    _name_outputs(model, outputs)
    to_opset_17(model)
    onnx.checker.check_model(model, full_check=True)
    for release in RELEASES:
        if reasons := refused(model, release):
            raise BundleError(f"{path.name}: {reasons[0]}.")
    path.write_bytes(model.SerializeToString())


def _exported(output: str) -> str:
    return f"graph_output_{output}"


def _name_outputs(model: onnx.ModelProto, outputs: list[str]) -> None:
    """Give the outputs their names only now: the exporter names inner tensors after operators, such
    as `embedding`, and would then have two of one name."""
    names = {name: f"{name}_inner" for name in outputs} | {_exported(n): n for n in outputs}
    for node in model.graph.node:
        for values in (node.input, node.output):
            for place, name in enumerate(values):
                values[place] = names.get(name, name)
    for value in (*model.graph.output, *model.graph.value_info):
        value.name = names.get(value.name, value.name)


def _forget_machine(model: onnx.ModelProto) -> None:
    """Drop doc strings and metadata: the exporter writes stack traces with paths into them."""
    del model.metadata_props[:]
    model.doc_string = ""
    model.graph.doc_string = ""
    del model.graph.metadata_props[:]
    parts = [
        *model.graph.node,
        *model.graph.initializer,
        *model.graph.input,
        *model.graph.output,
        *model.graph.value_info,
        *model.functions,
    ]
    for part in parts:
        part.doc_string = ""
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]


def torch_outputs(
    module: nn.Module, inputs: dict[str, NDArray[np.generic]], outputs: list[str]
) -> dict[str, NDArray[np.float32]]:
    """What the module itself gives for a graph's inputs."""
    run = cast(Callable[..., tuple[Tensor, ...]], module.eval())
    with torch.no_grad():
        values = run(*(torch.from_numpy(np.array(value)) for value in inputs.values()))
    return {name: value.numpy() for name, value in zip(outputs, values, strict=True)}
