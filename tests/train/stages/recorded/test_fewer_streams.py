"""A recorded corpus of fewer streams is trained on those that it has, and its bundle runs live."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnxscript")

import torch
from fixtures.recorded import LABELS, without, write_recorded
from fixtures.recorded_run import train_recorded, verdicts_on_a_clip

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.cli import main
from edge.errors import BundleError, ConfigError
from edge.frontends import QUALITY
from edge.types import MASKS, STREAMS, masks_of
from export.bundle.build import build
from export.graphs.modules import FusionGraph
from export.graphs.torch_graph import TorchGraph
from export.proof.torch_engine import torch_engines
from train.checkpoint import read_json
from train.config import validated_as
from train.evaluation.evaluate import evaluate, write
from train.run_report import RecordedReport, RecordedWindowsTest, read_run_report
from train.stages.confidence import load_confidence
from train.stages.fusion import load_fusion
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.trained_streams import NOT_CHOSEN

NO_WORDS = "no training sample has words"


class Made(NamedTuple):
    corpus: Path
    run: Path
    bundle: Path


@pytest.fixture(scope="module")
def wordless(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Sounds and faces, but no words."""
    folder = tmp_path_factory.mktemp("wordless")
    corpus = without(write_recorded(folder / "corpus"), "text")
    run = train_recorded(folder, corpus)
    return Made(corpus, run, build(run, folder / "bundle"))


@pytest.fixture(scope="module")
def sound(wordless: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Sound alone, by choice."""
    folder = tmp_path_factory.mktemp("sound")
    run = train_recorded(folder, wordless.corpus, "streams=[audio]")
    return Made(wordless.corpus, run, build(run, folder / "bundle"))


@pytest.mark.slow
def test_the_report_and_the_card_say_what_was_trained(wordless: Made) -> None:
    told = read_run_report(RecordedReport, wordless.run)
    assert told.streams == ("audio", "vision")
    assert told.streams_left_out == {"text": NO_WORDS}
    assert set(told.gate.reliability) == {"audio", "vision"}
    assert isinstance(told.test.clean, RecordedWindowsTest)
    assert told.test.clean.accuracy > 0.8
    assert set(told.test.clean.by_mask) == {"audio", "vision", "audio+vision"}
    card = (wordless.bundle / "MODEL_CARD.md").read_text("utf-8")
    assert f"Streams: audio, vision. text is left out: {NO_WORDS}." in card
    log = (wordless.run / "train.log").read_text("utf-8")
    assert f"text is left out: {NO_WORDS}" in log


@pytest.mark.slow
def test_the_bundle_has_the_streams_that_were_trained(wordless: Made) -> None:
    manifest = Bundle.load(wordless.bundle).manifest
    assert manifest.names == ("audio", "vision")
    assert manifest.fusion.masks == masks_of(("audio", "vision"))
    assert not (wordless.bundle / "text.onnx").exists()
    assert manifest.provenance["cdat"]["stages"][2] == "transfer"
    assert manifest.provenance["recorded"]["streams_left_out"] == {"text": NO_WORDS}


@pytest.mark.parametrize("made", ["wordless", "sound"])
@pytest.mark.slow
def test_the_graph_gives_the_rows_of_the_networks_that_were_trained(
    made: str, request: pytest.FixtureRequest
) -> None:
    one: Made = request.getfixturevalue(made)
    manifest = Bundle.load(one.bundle).manifest
    config = validated_as(RecordedConfig, read_json(one.run / "config.json"), "the run")
    fusion = load_fusion(config, one.run, classes=len(LABELS))
    whole = FusionGraph(fusion, load_confidence(config, one.run, fusion)).eval()
    rng = np.random.default_rng(0)
    signals = {s: rng.normal(0, 9, len(QUALITY[s])).astype(np.float32) for s in STREAMS}
    embeddings = rng.normal(0, 1, (3, manifest.fusion.embedding_size)).astype(np.float32)
    for place, stream in enumerate(STREAMS):
        if stream not in manifest.names:
            embeddings[place] = 0.0
    every = np.concatenate([signals[stream] for stream in STREAMS])
    own = np.concatenate([signals[stream] for stream in manifest.names])
    with torch.no_grad():
        wanted = whole(torch.from_numpy(embeddings), torch.from_numpy(every))
    TorchGraph(one.bundle / "fusion.onnx")  # which knows its operators: Inductor can compile it
    networks = Networks(Bundle.load(one.bundle))
    found = networks.fuse(embeddings, own)
    networks.close()
    for row in (MASKS.index(mask) for mask in manifest.fusion.masks):
        assert found.outputs[row] == pytest.approx(wanted[0][row].numpy(), abs=1e-5)
        assert found.confidence[row] == pytest.approx(float(wanted[1][row]), abs=1e-5)
    for place in (STREAMS.index(stream) for stream in manifest.names):
        assert found.reliability[place] == pytest.approx(float(wanted[2][place]), abs=1e-5)


@pytest.mark.slow
def test_one_stream_has_no_transfer(sound: Made) -> None:
    told, manifest = read_run_report(RecordedReport, sound.run), Bundle.load(sound.bundle).manifest
    assert manifest.names == ("audio",) and manifest.fusion.masks == (("audio",),)
    assert manifest.provenance["cdat"] is None
    assert told.streams_left_out["vision"] == NOT_CHOSEN
    assert isinstance(told.test.clean, RecordedWindowsTest) and told.test.clean.accuracy > 0.8
    assert "no transfer: it is between streams, and there is only audio" in (
        sound.run / "train.log"
    ).read_text("utf-8")


@pytest.mark.parametrize("made", ["wordless", "sound"])
@pytest.mark.slow
def test_it_runs_live_and_is_replayed_and_evaluated(
    made: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    one: Made = request.getfixturevalue(made)
    names = set(Bundle.load(one.bundle).manifest.names)
    lines = verdicts_on_a_clip(one.bundle, tmp_path)
    assert any(line["scores"] for line in lines)
    for line in lines:
        assert set(line["mask"]) <= names
        assert all(line["streams"][s]["state"] == "absent" for s in set(STREAMS) - names)
    found = tmp_path / "found.jsonl"
    recording = str(one.corpus / "recordings" / "p0_calm")
    told = ["replay", recording, "--bundle", str(one.bundle), "--jsonl", str(found)]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit, match=r"^0$"):
        patch.setattr(sys, "argv", ["cdat-edge", *told])
        main()
    replayed = [json.loads(line) for line in found.read_text("utf-8").splitlines()]
    assert any(line["label"] == "calm" for line in replayed)
    measured = evaluate(Bundle.load(one.bundle), one.corpus, "test", lambda done, total: None)
    write(measured, tmp_path / "measured")
    clean = measured["verdicts"]["clean"]
    assert clean["scores"]["accuracy"]["value"] > 0.8
    assert clean["behaviour"]["streams"]["text"]["used"] == 0


@pytest.mark.slow
def test_a_run_of_other_streams_does_not_prove_the_bundle(sound: Made, wordless: Made) -> None:
    assert set(torch_engines(Bundle.load(sound.bundle), sound.run)) == {"audio", "fusion"}
    with pytest.raises(BundleError, match=r"has the streams audio, vision, but .* has audio"):
        torch_engines(Bundle.load(sound.bundle), wordless.run)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("streams=[text, audio]", f"{NO_WORDS}, so text cannot be trained: take it out"),
        ("streams=[audio, audio]", "streams must name each of text, audio, vision once at most"),
        ("streams=[]", "streams"),
        ("streams=[smell]", "streams"),
    ],
)
@pytest.mark.slow
def test_streams_that_cannot_be_trained_are_refused(
    change: str, sentence: str, wordless: Made, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        train_recorded(tmp_path, wordless.corpus, change)


@pytest.mark.slow
@pytest.mark.parametrize("streams", ["[audio, vision]", "[vision]"])
@pytest.mark.parametrize("kind", ["early", "misa", "tailor"])
def test_each_fusion_model_is_trained_and_exported(
    kind: str, streams: str, wordless: Made, tmp_path: Path
) -> None:
    short = ("fusion.epochs=1", "confidence.epochs=1", "transfer.samples=100")
    changes = (f"fusion.model.kind={kind}", f"streams={streams}", *short)
    run = train_recorded(tmp_path, wordless.corpus, *changes)
    built = Bundle.load(build(run, tmp_path / "bundle"))
    assert f"[{', '.join(built.manifest.names)}]" == streams
    Networks(built).close()  # checked against its golden outputs
