"""Eager torch, which engines are timed against, has the layers of the bundle that it is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx

from edge.bundle import Bundle, default_bundle
from edge.bundle.golden import read_golden
from edge.errors import EngineError
from export.graphs.spec import spec_of_graph
from export.proof.torch_engine import TorchEngine, drawn_networks

BUNDLE = Bundle.load(default_bundle())


def test_drawn_networks_are_as_large_as_the_graphs() -> None:
    networks = drawn_networks(BUNDLE)
    for name, file in BUNDLE.graphs.items():
        drawn = sum(one.numel() for one in networks[name].state_dict().values())
        graph = onnx.load(file).graph
        constants = sum(int(np.prod(one.dims)) for one in graph.initializer)
        assert drawn == pytest.approx(constants, rel=0.02), name


def test_they_take_and_give_what_the_graphs_do() -> None:
    networks, golden = drawn_networks(BUNDLE), read_golden(BUNDLE)
    for name, file in BUNDLE.graphs.items():
        found = TorchEngine(networks[name], spec_of_graph(file)).run(golden[name][0].inputs)
        wanted = golden[name][0].outputs
        assert {k: v.shape for k, v in found.items()} == {k: v.shape for k, v in wanted.items()}


def test_a_bundle_that_does_not_tell_its_layers_is_one_sentence() -> None:
    manifest = BUNDLE.manifest.model_copy(update={"provenance": {"config": {"fusion": {}}}})
    with pytest.raises(EngineError, match=r"needs the run that the bundle was built from: give"):
        drawn_networks(replace(BUNDLE, manifest=manifest))
