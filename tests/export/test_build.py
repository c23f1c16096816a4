"""`cdat-export build` writes a complete bundle that equals torch, or none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

import onnx
import torch
from torch import nn

import export.bundle.build as bundle_module
from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.errors import BundleError
from edge.types import MASKS, STREAMS
from export.bundle.build import build
from export.bundle.parity import check
from export.cli import main
from export.graphs.write import write_graph
from train.adaptation.shipped import masked_scores
from train.stages.draw_slice import WINDOWS
from train.stages.shipped_slice import SLICE_NAME, read_slice


@pytest.fixture(scope="module")
def rebuilt(built: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once more, in the place of another bundle."""
    out = tmp_path_factory.mktemp("again") / "bundle"
    shutil.copytree(built, out)
    (out / "left-over.txt").write_text("old")
    return build(trained / "runs" / "mini", out)


@pytest.fixture
def graphs_from_before(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same weights give the same graphs, so a test of anything else need not export them."""

    def copied(module: object, inputs: object, outputs: object, path: Path) -> None:
        shutil.copy(built / path.name, path)

    monkeypatch.setattr(bundle_module, "write_graph", copied)


def test_the_runtime_loads_the_bundle_and_gives_the_golden_outputs(built: Path):
    bundle = Bundle.load(built)
    networks = Networks(bundle)
    golden = np.load(built / bundle.manifest.golden, allow_pickle=False)
    cases = 0
    for stream in STREAMS:
        name = bundle.manifest.streams[stream].input
        k = 0
        while f"{stream}/{k}/in/{name}" in golden:
            embedding, logit = networks.encode(stream, golden[f"{stream}/{k}/in/{name}"][0])
            tolerance = bundle.manifest.tolerance
            assert embedding == pytest.approx(
                golden[f"{stream}/{k}/out/embedding"][0], abs=tolerance
            )
            assert logit == pytest.approx(
                float(golden[f"{stream}/{k}/out/logit"][0]), abs=tolerance
            )
            k += 1
        cases += k
    fused = networks.fuse(golden["fusion/0/in/embeddings"], golden["fusion/0/in/quality"])
    assert fused.outputs == pytest.approx(golden["fusion/0/out/probabilities"], abs=1e-4)
    assert fused.confidence == pytest.approx(golden["fusion/0/out/confidence"], abs=1e-4)
    assert fused.outputs.sum(axis=1) == pytest.approx(np.ones(len(MASKS)), abs=1e-5)
    assert cases == 3 * 4


def test_the_bundle_ships_a_slice_of_the_corpora_that_permit_it(built: Path):
    bundle = Bundle.load(built)
    shipped = read_slice(bundle)
    assert shipped is not None and bundle.manifest.validation_slice in bundle.manifest.files
    # All pictures are for research alone.
    assert shipped.streams == ("text", "audio")
    assert np.bincount(shipped.label).min() >= WINDOWS // len(shipped.labels)
    assert bundle.path(SLICE_NAME).stat().st_size < 120_000
    told = set(masked_scores(bundle, shipped))
    assert told == {"text", "audio", "text+audio"}
    card = (built / "MODEL_CARD.md").read_text("utf-8")
    assert "GoEmotions (Apache-2.0), RAVDESS (CC BY-NC-SA 4.0)" in card


def test_a_run_without_a_slice_gives_a_bundle_without_one(
    trained: Path, tmp_path: Path, graphs_from_before: None
):
    run = Path(shutil.copytree(trained / "runs" / "mini", tmp_path / "run"))
    (run / SLICE_NAME).unlink()
    bundle = Bundle.load(build(run, tmp_path / "bundle"))
    assert bundle.manifest.validation_slice is None and read_slice(bundle) is None
    assert "validation_slice" not in (bundle.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "validation_slice" not in (bundle.folder / "manifest.json").read_text("utf-8")


def test_an_absent_stream_does_not_change_predictions_without_it(built: Path):
    networks = Networks(Bundle.load(built))
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(3, 64)).astype(np.float32)
    quality = np.zeros(16, np.float32)
    other = embeddings.copy()
    other[STREAMS.index("vision")] = 50.0
    one, two = networks.fuse(embeddings, quality), networks.fuse(other, quality)
    for row, mask in enumerate(MASKS):
        same = np.array_equal(one.outputs[row], two.outputs[row])
        assert same == ("vision" not in mask)
        assert (one.confidence[row] == two.confidence[row]) == ("vision" not in mask)


def test_the_bundle_has_no_trace_of_this_machine_and_no_pickle(built: Path, trained: Path):
    for path in built.iterdir():
        raw = path.read_bytes()
        assert b"site-packages" not in raw, path.name
        assert str(Path.cwd()).encode() not in raw, path.name
        assert str(trained).encode() not in raw, path.name
    assert {p.suffix for p in built.iterdir()} == {".onnx", ".json", ".npz", ".md"}
    for stream in (*STREAMS, "fusion"):
        model = onnx.load(built / f"{stream}.onnx")
        assert [o.version for o in model.opset_import if o.domain == ""] == [17]
        assert not any(
            t.data_location == onnx.TensorProto.EXTERNAL for t in model.graph.initializer
        )


def test_the_card_names_data_terms_and_composition(built: Path):
    card = (built / "MODEL_CARD.md").read_text()
    for phrase in ("CC BY-NC-SA 4.0", "composed by class", "UAR", "Not for decisions about people"):
        assert phrase in card
    manifest = json.loads((built / "manifest.json").read_text())
    assert "composed_clean" in manifest["provenance"]["test"]


@pytest.mark.slow
def test_the_same_run_gives_the_same_graphs(built: Path, rebuilt: Path):
    for name in ("text.onnx", "vision.onnx", "fusion.onnx", "manifest.json"):
        assert (rebuilt / name).read_bytes() == (built / name).read_bytes(), name


@pytest.mark.usefixtures("graphs_from_before")
def test_a_build_that_fails_leaves_the_old_bundle(
    built: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "bundle"
    shutil.copytree(built, out)
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bundle_module, "write_card", killed)
    with pytest.raises(KeyboardInterrupt):
        build(trained / "runs" / "mini", out)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.slow
def test_an_existing_bundle_is_replaced_completely(rebuilt: Path):
    assert not (rebuilt / "left-over.txt").exists()
    Bundle.load(rebuilt)


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.usefixtures("graphs_from_before")
def test_a_build_shows_its_parts_and_in_a_terminal_the_time_left(
    terminal: bool,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, for rich
    with pytest.raises(SystemExit) as end:
        main(["build", str(trained / "runs" / "mini"), "--out", str(tmp_path / "b")])
    assert not end.value.code
    shown = capsys.readouterr()
    assert shown.out.startswith("Bundle written to")
    if terminal:
        assert "5/5" in shown.err and "parts, time left" in shown.err
        return
    parts = ["encoder of text", "encoder of audio", "encoder of vision", "fusion", "bundle"]
    lines = [f"{number} of 5: {part} ..." for number, part in enumerate(parts, 1)]
    assert sorted(line[5:] for line in shown.err.splitlines()) == sorted(one[5:] for one in lines)
    assert [line[:5] for line in shown.err.splitlines()] == [one[:5] for one in lines]


def _fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    assert end.value.code == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("cdat-export: ")
    assert "\n" not in error
    return error


def test_a_folder_that_is_not_a_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "is not a training run" in _fails(capsys, "build", tmp_path, "--out", tmp_path / "b")


def test_an_unfinished_run_is_refused(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path / "run"
    shutil.copytree(trained / "runs" / "mini", run)
    (run / "report.json").unlink()
    assert "report.json is missing" in _fails(capsys, "build", run, "--out", tmp_path / "b")


def test_a_report_without_its_gate_is_refused(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path / "run"
    shutil.copytree(trained / "runs" / "mini", run)
    report = json.loads((run / "report.json").read_text())
    del report["gate"]
    (run / "report.json").write_text(json.dumps(report))
    assert "The key gate is missing" in _fails(capsys, "build", run, "--out", tmp_path / "b")


@pytest.mark.usefixtures("graphs_from_before")
def test_the_manifest_has_the_window_that_the_run_was_trained_for(trained: Path, tmp_path: Path):
    run = tmp_path / "run"
    shutil.copytree(trained / "runs" / "mini", run)
    config = json.loads((run / "config.json").read_text())
    assert config["window"] == {
        "duration_s": 3.0,
        "step_s": 0.25,
        "text_s": 10.0,
        "min_share": 0.25,
    }
    config["window"] = {"duration_s": 2.0, "step_s": 0.5, "text_s": 6.0, "min_share": 0.5}
    (run / "config.json").write_text(json.dumps(config))
    manifest = Bundle.load(build(run, tmp_path / "bundle")).manifest
    assert manifest.window.model_dump() == config["window"]


def test_weights_of_another_shape_are_refused(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path / "run"
    shutil.copytree(trained / "runs" / "mini", run)
    shutil.copy(run / "audio" / "best.safetensors", run / "vision" / "best.safetensors")
    error = _fails(capsys, "build", run, "--out", tmp_path / "b")
    assert "vision/best.safetensors holds the weights of another model" in error


def test_a_folder_that_is_not_a_bundle_is_not_overwritten(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "thesis.txt").write_text("years of work")
    error = _fails(capsys, "build", trained / "runs" / "mini", "--out", tmp_path)
    assert "exists and is not a bundle" in error
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def _graph(weight: float) -> nn.Module:
    layer = nn.Linear(4, 2)
    nn.init.constant_(layer.weight, weight)

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, item: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            y = self.layer(item)
            return y, y[:, 0]

    return Two()


def test_parity_fails_for_the_graph_of_another_network(tmp_path: Path):
    path = tmp_path / "x.onnx"
    rng = np.random.default_rng(0)
    inputs = [{"item": rng.normal(size=(1, 4)).astype(np.float32)} for _ in range(3)]
    write_graph(_graph(0.5), inputs[0], ["embedding", "logit"], path)
    with pytest.raises(BundleError, match=r"x\.onnx: embedding differs"):
        check(path, _graph(0.6), inputs, [], 1e-5)


def test_parity_of_a_network_with_constant_output_is_refused(tmp_path: Path):
    path = tmp_path / "x.onnx"
    rng = np.random.default_rng(0)
    inputs = [{"item": rng.normal(size=(1, 4)).astype(np.float32)} for _ in range(3)]
    module = _graph(0.0)
    write_graph(module, inputs[0], ["embedding", "logit"], path)
    with pytest.raises(BundleError, match="the parity check is meaningless"):
        check(path, module, inputs, [], 1e-5)
    with pytest.raises(BundleError, match="two inputs or more"):
        check(path, module, inputs[:1], [], 1e-5)
