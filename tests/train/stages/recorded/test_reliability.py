"""The reliability network is taken from the bundle whose encoders are used."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx
import torch

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.errors import BundleError
from edge.types import STREAMS
from train.stages.recorded.reliability import known_reliability, taken_reliability
from train.stages.stream_windows import StreamWindows


def test_it_gives_what_the_fusion_graph_gives() -> None:
    bundle = Bundle.load(default_bundle())
    model, networks = taken_reliability(bundle), Networks(bundle)
    rng = np.random.default_rng(0)
    typical = np.concatenate([bundle.manifest.streams[s].typical_quality for s in STREAMS])
    for _ in range(5):
        quality = (typical * rng.uniform(0.3, 2, len(typical))).astype(np.float32)
        fused = networks.fuse(np.zeros((3, 64), np.float32), quality)
        with torch.no_grad():
            found = model(torch.from_numpy(quality)[None])[0].numpy()
        assert found == pytest.approx(fused.reliability, abs=1e-5)
    networks.close()


def test_a_window_without_evidence_has_none() -> None:
    bundle = Bundle.load(default_bundle())
    windows = {}
    for stream in STREAMS:
        quality = np.array([bundle.manifest.streams[stream].typical_quality] * 2, np.float32)
        windows[stream] = StreamWindows(
            embedding=np.zeros((2, 64), np.float32),
            quality=quality,
            target=np.zeros((2, 64), np.float32),
            evidence=np.array([True, False]),
            label=np.zeros(2, np.int64),
            item=np.arange(2),
            fault=np.array(["clean", "no_face"]),
            severity=np.zeros(2, np.float32),
            share=np.ones(2, np.float32),
        )
    for known in known_reliability(taken_reliability(bundle), windows).values():
        assert known[0] > 0.8 and known[1] == 0


def test_a_graph_without_it_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))
    bundle = Bundle.load(folder)
    graph = onnx.load(bundle.graphs["fusion"])
    for one in graph.graph.initializer:
        one.name = one.name.replace("heads", "others")
    onnx.save(graph, bundle.graphs["fusion"])
    with pytest.raises(BundleError, match="does not have the reliability network"):
        taken_reliability(bundle)
