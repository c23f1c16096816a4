"""Training that goes on from a bundle's encoders: the same codes, and a head that knows them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("onnx")

import torch

from edge.bundle.networks import Networks
from edge.errors import BundleError
from edge.types import MASK_ROWS, STREAMS
from train.corpora.labels import LABELS
from train.models.classifier import Classifier
from train.models.speech import SpeechEncoder
from train.models.text import TextEncoder
from train.models.vision import FaceEncoder
from train.stages.warm_start import UNLIKELY, begin_with, graph_of, start_bundle, take_head

SHAPES = {"vision": (1, 48, 48), "audio": (1, 100, 64), "text": (40, 8)}


def _items(stream: str, count: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    shape = (count, 2, *SHAPES[stream])
    if stream == "text":
        return rng.integers(0, 16384, shape).astype(np.int32)
    middle, width = (0.5, 0.2) if stream == "vision" else (-8.0, 3.0)
    return rng.normal(middle, width, shape).astype(np.float32)


@pytest.mark.parametrize("stream", ["vision", "audio", "text"])
def test_the_encoder_gives_the_codes_of_the_graph_and_trains_on(stream: str) -> None:
    rng = np.random.default_rng(5)
    encoder = {"vision": FaceEncoder, "audio": SpeechEncoder, "text": TextEncoder}[stream]()
    model = Classifier(encoder, 64, len(LABELS))
    targets = np.eye(len(LABELS), dtype=np.float32)[rng.integers(0, 3, 8)]
    begin_with(
        model, start_bundle("default"), stream, [(_items(stream, 8, rng), targets, targets)] * 2
    )
    some = _items(stream, 3, rng)[:, 0]
    networks = Networks(start_bundle("default"))
    try:
        graph = np.stack([networks.encode(stream, one)[0] for one in some])
    finally:
        networks.close()
    with torch.no_grad():
        codes = model.eval().encoder(torch.from_numpy(some))[0].numpy()
        # Labels that no training item had are unlikely, not impossible.
        logits = model(torch.from_numpy(some[:, None]))[1]
    np.testing.assert_allclose(codes, graph, atol=2e-5)
    assert (logits[:, 3:] == UNLIKELY).all() and torch.isfinite(logits).all()
    model.train()
    loss = model(torch.from_numpy(_items(stream, 4, rng)))[1].square().mean()
    loss.backward()
    for name, parameter in model.named_parameters():
        unused = stream == "text" and "weigh" in name
        assert unused or parameter.grad is not None, name


@pytest.mark.parametrize("stream", STREAMS)
def test_the_head_is_that_of_the_bundles_late_fusion(stream: str) -> None:
    bundle, rng = start_bundle("default"), np.random.default_rng(7)
    encoder = {"vision": FaceEncoder, "audio": SpeechEncoder, "text": TextEncoder}[stream]()
    model = Classifier(encoder, 64, len(LABELS))
    assert take_head(model, bundle, stream)
    code, place = rng.standard_normal(64).astype(np.float32), STREAMS.index(stream)
    quality = np.zeros(len(bundle.manifest.quality_names), np.float32)
    answers = []
    with closing(Networks(bundle)) as networks:
        for one in (code, 0 * code):
            codes = np.zeros((len(STREAMS), 64), np.float32)
            codes[place] = one
            alone = networks.fuse(codes, quality).outputs[MASK_ROWS[frozenset({stream})]]
            answers.append(np.log(alone))
    # The fusion answers with the head's logits times the stream's scale, and a bias.
    of_fusion = answers[0] - answers[1]
    of_head = (model.head.weight @ torch.from_numpy(code)).detach().numpy()
    of_fusion, of_head = of_fusion - of_fusion.mean(), of_head - of_head.mean()
    lengths = np.linalg.norm(of_fusion) * np.linalg.norm(of_head)
    assert of_fusion @ of_head > 0.9999 * lengths


def test_the_heads_of_other_labels_are_not_taken() -> None:
    model = Classifier(FaceEncoder(), 64, len(LABELS))
    bundle = start_bundle("default")
    labels = bundle.manifest.labels[::-1]
    other = replace(bundle, manifest=bundle.manifest.model_copy(update={"labels": labels}))
    before = model.head.weight.clone()
    assert not take_head(model, other, "vision")
    assert torch.equal(model.head.weight, before)


def test_another_architecture_is_one_sentence() -> None:
    model = Classifier(FaceEncoder(widths=(8, 8, 8)), 64, len(LABELS))
    with pytest.raises(BundleError, match=r"vision\.onnx has no weight stem\.0\.weight of the"):
        begin_with(model, start_bundle("default"), "vision", [])


def test_a_bundle_without_the_stream_is_one_sentence() -> None:
    whole = start_bundle("default")
    streams = {"audio": whole.manifest.streams["audio"]}
    manifest = whole.manifest.model_copy(update={"streams": streams})
    with pytest.raises(BundleError, match="has no encoder of vision, so training cannot begin"):
        graph_of(replace(whole, manifest=manifest), "vision")


def test_a_bundle_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(BundleError, match=r"start: runs/nowhere is not there: the first lines of"):
        start_bundle("runs/nowhere")
