"""Adds a few plain operators to a fusion graph: before its embeddings, after its outputs."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from edge.bundle.manifest import answer_output
from train.adaptation.changes import FLOOR, Changes, Transfer

PROBABILITIES, STANDARD_SCORE = answer_output("multiclass"), answer_output("regression")


def changed_graph(model: onnx.ModelProto, changes: Changes) -> onnx.ModelProto:
    """A copy of a fusion graph with the changes of embeddings, scores and confidence.

    Its inputs and outputs keep their names and shapes, so it may be changed again.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    names = {output for node in copy.graph.node for output in node.output}
    turn = next(k for k in range(1000) if not any(n.startswith(f"adapted{k}/") for n in names))
    add = _Operators(copy, f"adapted{turn}")
    if changes.shift is not None:
        shifted = add.name("embeddings")
        _read_instead(copy, "embeddings", shifted)
        add.node("Add", ["embeddings", add.constant("shift", changes.shift)], shifted, first=True)
    if changes.of_scores:
        output = STANDARD_SCORE if changes.number is not None else PROBABILITIES
        before = add.name("scores")
        _write_instead(copy, output, before)
        if changes.number is not None:
            _linear(add, before, changes.number.scale, changes.number.move, output)
        elif changes.log_odds is not None:
            moved = add.node("Add", [add.logit(before), add.constant("log_odds", changes.log_odds)])
            add.node("Sigmoid", [moved], output)
        else:
            _one_label(add, before, changes, output)
    if changes.of_confidence:
        before = add.name("confidence")
        _write_instead(copy, "confidence", before)
        moved = _linear(add, add.logit(before), changes.slope, changes.offset)
        add.node("Sigmoid", [moved], "confidence")
    onnx.checker.check_model(copy, full_check=True)
    return copy


def _one_label(add: _Operators, scores: str, changes: Changes, output: str) -> None:
    logs = add.log(scores)
    if changes.transfer is not None:
        logs = add.node("Add", [logs, _transferred(add, changes.transfer)])
    if changes.log_weights is not None:
        logs = add.node("Add", [logs, add.constant("log_weights", changes.log_weights)])
    cooled = add.node("Mul", [logs, add.constant("coldness", 1 / changes.temperature)])
    add.node("Softmax", [cooled], output, axis=1)


def _linear(
    add: _Operators, value: str, scale: float, move: float, output: str | None = None
) -> str:
    scaled = add.node("Mul", [value, add.constant("scale", scale)])
    return add.node("Add", [scaled, add.constant("move", move)], output)


def _transferred(add: _Operators, transfer: Transfer) -> str:
    """(R, C): one product of all embeddings in a row, of which a mask keeps its streams'."""
    streams, size, labels = transfer.weights.shape
    shape = add.constant("shape", np.array([1, streams * size]), np.int64)
    row = add.node("Reshape", ["embeddings", shape])
    kept = add.node("Mul", [row, add.constant("bits", np.repeat(transfer.bits, size, axis=1))])
    weights = transfer.weights.reshape(streams * size, labels)
    return add.node("MatMul", [kept, add.constant("transfer", weights)])


class _Operators:
    """Appends operators and constants under names of their own."""

    def __init__(self, model: onnx.ModelProto, prefix: str) -> None:
        self._graph, self._prefix, self._count = model.graph, prefix, 0

    def name(self, of: str) -> str:
        self._count += 1
        return f"{self._prefix}/{of}{self._count}"

    def constant(
        self, of: str, value: NDArray[np.generic] | float, dtype: type = np.float32
    ) -> str:
        name = self.name(of)
        array: NDArray[np.generic] = np.asarray(value, dtype)
        self._graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def node(
        self,
        kind: str,
        inputs: list[str],
        output: str | None = None,
        first: bool = False,
        axis: int | None = None,
    ) -> str:
        made = output or self.name(kind.lower())
        node = helper.make_node(kind, inputs, [made], name=self.name("node"))
        if axis is not None:
            node.attribute.append(helper.make_attribute("axis", axis))
        if first:
            self._graph.node.insert(0, node)
        else:
            self._graph.node.append(node)
        return made

    def logit(self, value: str) -> str:
        other = self.node("Sub", [self.constant("one", 1.0), value])
        return self.node("Sub", [self.log(value), self.log(other)])

    def log(self, value: str) -> str:
        kept = self.node("Clip", [value, self.constant("low", FLOOR), self.constant("high", 1.0)])
        return self.node("Log", [kept])


def _read_instead(model: onnx.ModelProto, old: str, new: str) -> None:
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = new


def _write_instead(model: onnx.ModelProto, old: str, new: str) -> None:
    _read_instead(model, old, new)
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            if name == old:
                node.output[place] = new
