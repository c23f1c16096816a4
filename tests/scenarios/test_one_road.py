"""One road: each fusion model, with CDaT's transfer, from training to a bundle that runs live."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.engines import EngineOptions
from edge.types import MASKS, STREAMS

pytest.importorskip("pyarrow", reason="training needs pyarrow: install the extra `train`")

from fixtures.recorded_run import verdicts_on_a_clip

from export.bundle.build import build
from export.bundle.parity import Inputs, check
from export.graphs.modules import FusionGraph, fold
from export.graphs.write import write_graph
from export.plans.compile import Reduction, compile_bundle
from export.plans.inductor import inductor_compiler
from export.plans.tensorrt import tensorrt_compiler
from export.proof.verification import verify
from train import checkpoint
from train.cli import main
from train.fusion_config import FusionShape
from train.live_config import load
from train.models.fusion import MODELS, FusionModel, StreamBatch
from train.models.reliability import MaskedConfidence
from train.stages.encoders import load_encoder
from train.stages.fusion import load_fusion
from train.stages.pipeline import TrainingRun

TRANSFER = "transfer={epochs: 1, samples: 256, batch: 64, learning_rate: 0.001, lambda: 3.0}"


def cdat_run(
    trained: Path, folder: Path, kind: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A run of all stages with this model, from the encoders of the session's run."""
    shutil.copytree(trained, folder)
    run = folder / "runs" / "mini"
    for stage in ("fusion", "confidence"):
        shutil.rmtree(run / stage)
    monkeypatch.setenv("CDAT_CACHE", str(folder / "cache"))
    monkeypatch.chdir(folder)
    size = TrainingRun(load(Path("mini.yaml")), run).config.embedding_size
    shape = f"kind: {kind}, hidden: 8"
    if kind == "late":  # as configs/train/cdat_live.yaml: the encoders' heads, and what is added
        shape = f"kind: late, encoder: residual, heads: taken, hidden: {size}"
    changes = ["--set", f"fusion.model={{{shape}}}"]
    # `all` would also measure the encoders again, of which the report is there.
    for stage in ("fusion", "confide", "transfer"):
        with pytest.raises(SystemExit) as end:
            main(
                [stage, "mini.yaml", *changes, "--set", TRANSFER, "--set", f"transfer.when={when}"]
            )
        assert not end.value.code
    return run


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder: the models have the same encoders, which are compiled once."""
    return tmp_path_factory.mktemp("plans")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "when"),
    [
        ("tfn", "third"),
        ("early", "start"),
        ("misa", "third"),
        ("tailor", "third"),
        ("late", "third"),
    ],
)
def test_a_model_trained_with_cdat_runs_live_as_torch_computes_it(
    kind: str,
    when: str,
    trained: Path,
    miniature: Path,
    plans: Path,
    install: Callable[[str], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CDAT_DATA", str(miniature))
    run = cdat_run(trained, tmp_path / "work", kind, when, monkeypatch)
    bundle = Bundle.load(build(run, tmp_path / "bundle"))
    told = bundle.manifest.provenance["cdat"]
    assert told["model"] == kind and told["lambda"] == 3.0 and told["when"] == when
    how = {"third": "as the third stage", "start": "from the first epoch"}[when]
    card = (bundle.folder / "MODEL_CARD.md").read_text("utf-8")
    assert f"Fusion model: {kind}, with CDaT's transfer between the streams {how}" in card
    # Transfer changed the model; the bundle is that of the last stage.
    before, _ = checkpoint.load(run / "fusion" / checkpoint.BEST)
    after, _ = checkpoint.load(run / "transfer" / checkpoint.BEST)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert any("encoders" in name for name in moved)
    if kind == "late":
        # The fusion adds nothing to the codes; the transfer does, and leaves the heads alone.
        added = [name for name in before if "encoders" in name and "second" in name]
        assert len(added) == 6 and not any(before[name].any() for name in added)
        assert set(added) <= moved and not any("heads" in name for name in moved)
    # Torch, ONNX Runtime and the negative control.
    found = verify(bundle, ["onnxruntime"], run=run)
    assert not found.failures
    # Compiled: by TensorRT's stand-in in both precisions, and by torch's own compiler.
    install("10.3")
    full, half = (tensorrt_compiler(precision, {}) for precision in ("fp32", "fp16"))
    options = EngineOptions("fp32", cache=plans)
    compile_bundle(bundle, "tensorrt", options, full, print)
    reduction = Reduction(full, "auto", judge=None, only_faster=False)
    compile_bundle(bundle, "tensorrt", replace(options, precision="fp16"), half, print, reduction)
    compile_bundle(bundle, "inductor", options, inductor_compiler("fp32", "cpu"), print)
    found = verify(bundle, ["tensorrt", "inductor"], run=run, cache=plans)
    assert not found.failures and not found.unopened
    rng = np.random.default_rng(0)
    with closing(Networks(bundle)) as networks:
        fused = networks.fuse(
            rng.standard_normal((3, bundle.manifest.fusion.embedding_size)).astype(np.float32),
            rng.standard_normal(len(bundle.manifest.quality_names)).astype(np.float32),
        )
    assert np.allclose(fused.outputs.sum(axis=1), 1.0, atol=1e-5)
    scored = [line for line in verdicts_on_a_clip(bundle.folder, tmp_path) if line["scores"]]
    assert scored and all(set(line["scores"]) == set(bundle.manifest.labels) for line in scored)


def test_late_fusion_adds_the_answers_of_the_encoders_own_heads(
    trained: Path, miniature: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDAT_DATA", str(miniature))
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "work" / "cache"))
    shutil.copytree(trained, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    size = TrainingRun(load(Path("mini.yaml")), Path("runs/mini")).config.embedding_size
    shape = f"fusion.model={{kind: late, encoder: false, heads: taken, hidden: {size}}}"
    with pytest.raises(SystemExit) as end:
        main(["fusion", "mini.yaml", "--set", shape])
    assert not end.value.code
    run = Path("runs/mini")
    config = load(Path("mini.yaml"), [shape])
    fusion = load_fusion(config, run)
    heads = [load_encoder(config, stream, run).head for stream in STREAMS]
    embeddings = torch.randn(4, 3, size)
    scale = fusion.scale
    assert isinstance(scale, torch.Tensor) and not torch.equal(scale, torch.ones(3))
    assert isinstance(fusion.bias, torch.Tensor) and fusion.bias.abs().max() > 0
    with torch.no_grad():
        own = [head(embeddings[:, k]) * scale[k] for k, head in enumerate(heads)]
        for mask in MASKS:
            bits = torch.tensor([[float(s in mask) for s in STREAMS]]).repeat(4, 1)
            used = [one for one, s in zip(own, STREAMS, strict=True) if s in mask]
            wanted = torch.stack(used).sum(dim=0) + fusion.bias
            found = fusion.on_embeddings(embeddings, bits).logits
            assert torch.allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_pooled_embeddings_are_sequences_of_one_step(kind: str) -> None:
    torch.manual_seed(0)
    model = MODELS[kind]((6, 6, 6), 7, 8, 0.3).eval()
    embeddings, one = torch.randn(5, 3, 6), torch.ones(5, dtype=torch.int64)
    streams = [StreamBatch(embeddings[:, k, None], one, one * 0, one > 0) for k in range(3)]
    whole = torch.ones(5, 3)
    with torch.no_grad():
        wanted = model(*streams, whole)
        found = model.on_embeddings(embeddings, whole)
    assert torch.allclose(found.logits, wanted.logits, atol=1e-6)
    assert torch.allclose(found.z, wanted.z, atol=1e-6)


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_nothing_of_a_stream_that_is_left_out_reaches_the_answer(kind: str) -> None:
    torch.manual_seed(0)
    model: FusionModel = MODELS[kind]((6, 6, 6), 7, 8, 0.3).eval()
    embeddings = torch.randn(4, 3, 6)
    for mask in MASKS:
        bits = torch.tensor([[float(s in mask) for s in STREAMS]]).repeat(4, 1)
        other = torch.where(bits[:, :, None] > 0, embeddings, 50.0 * torch.ones(()))
        with torch.no_grad():
            out, again = model.on_embeddings(embeddings, bits), model.on_embeddings(other, bits)
        assert torch.equal(out.logits, again.logits)


@pytest.mark.parametrize(
    "kind",
    [
        "early",
        "tfn",
        "late",
        *(pytest.param(k, marks=pytest.mark.slow) for k in ("misa", "tailor")),
    ],
)
def test_every_fusion_graph_is_one_that_tensorrt_reads(kind: str, tmp_path: Path) -> None:
    shape = FusionShape(kind=kind)  # type: ignore[arg-type]
    torch.manual_seed(0)
    model = MODELS[kind]((16, 16, 16), 7, shape.hidden, shape.dropout)
    graph = fold(FusionGraph(model, MaskedConfidence(model.z_size, 16, (4, 6, 6))))
    rng = np.random.default_rng(0)
    cases: list[Inputs] = [
        {
            "embeddings": rng.standard_normal((3, 16)).astype(np.float32),
            "quality": rng.standard_normal(16).astype(np.float32),
        }
        for _ in range(4)
    ]
    path = tmp_path / "fusion.onnx"
    # It refuses a node that TensorRT 8.5 or 10 does not support.
    write_graph(graph, cases[0], ["probabilities", "confidence", "reliability"], path)
    assert check(path, graph, cases[:2], cases[2:], 1e-5).worst <= 1e-5


@pytest.mark.parametrize(
    "change, sentence",
    [
        ("transfer={epochs: 1, samples: 8, lamda: 1}", "Unknown key transfer.lamda"),
        ("fusion.model={encoder: false, hidden: 8}", "hidden must be embedding_size"),
        ("fusion.model.kind=sum", "fusion.model.kind"),
        (
            "fusion.model.heads=taken",
            "heads: taken needs kind: late and encoder: false or",
        ),
        ("fusion.model={encoder: residual, hidden: 8}", "hidden must be embedding_size"),
        ("vision.epochs=0", "epochs: 0 needs start, the bundle whose encoder is taken as it is"),
    ],
)
def test_a_wrong_section_is_one_sentence(
    change: str, sentence: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["fusion", str(trained / "mini.yaml"), "--out", str(tmp_path), "--set", change])
    assert end.value.code == 1
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
