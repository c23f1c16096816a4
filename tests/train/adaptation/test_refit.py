"""`cdat-train refit`: one stream's reliability in a bundle, trained again."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from edge.bundle import Bundle, default_bundle
from edge.bundle.golden import read_golden
from edge.bundle.networks import Networks
from edge.errors import BundleError
from edge.types import STREAMS
from train.adaptation.write_refit import check_fits, write_refitted
from train.cli import main
from train.models.reliability import ReliabilityNet
from train.stages.refit import Refitted

CONFIG = Path(__file__).parents[3] / "configs" / "train" / "default.yaml"
FIGURES = {"before": {"explained": 0.1}, "after": {"explained": 0.2}}


def another(stream: str = "audio", signals: int = 6) -> Refitted:
    torch.manual_seed(0)
    return Refitted(stream, ReliabilityNet((signals,)).eval(), [0.5] * signals, FIGURES)


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["refit", *map(str, arguments)])
    return int(end.value.code or 0)


def test_one_stream_has_another_reliability_and_nothing_else_changes(tmp_path: Path) -> None:
    base = Bundle.load(default_bundle())
    refitted = another()
    new = write_refitted(base, refitted, tmp_path / "new")
    changed = {name for name, one in new.manifest.files.items() if one != base.manifest.files[name]}
    assert changed == {"fusion.onnx", "golden.npz", "MODEL_CARD.md"}
    for before, after in zip(read_golden(base)["fusion"], read_golden(new)["fusion"], strict=True):
        assert np.array_equal(before.inputs["quality"], after.inputs["quality"])
        np.testing.assert_allclose(
            before.outputs["probabilities"], after.outputs["probabilities"], atol=1e-6
        )
        old, now = (np.ravel(one.outputs["reliability"]) for one in (before, after))
        with torch.no_grad():
            own = float(refitted.network(torch.from_numpy(after.inputs["quality"][None, 4:10])))
        assert now[STREAMS.index("audio")] == pytest.approx(own, abs=1e-5)
        for stream in ("text", "vision"):
            assert now[STREAMS.index(stream)] == pytest.approx(old[STREAMS.index(stream)], abs=1e-6)
    # An engine reproduces the golden outputs before its first use.
    Networks(new).close()
    assert new.manifest.streams["audio"].typical_quality == (0.5,) * 6
    assert new.manifest.provenance["refitted"][-1]["stream"] == "audio"
    assert not list(tmp_path.glob(".*"))


def test_a_part_that_does_not_fit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="has no weights confidence"):
        write_refitted(Bundle.load(default_bundle()), another(signals=5), tmp_path / "new")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_refused_before_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(default_bundle(), folder)
    given = [CONFIG, "--stream", "text", "--bundle", folder]
    assert run(*given, "--out", folder / "new", "--data", tmp_path) == 1
    assert "is inside the bundle" in capsys.readouterr().err
    with pytest.raises(BundleError, match="has no weights confidence"):
        base = Bundle.load(folder)
        graph = onnx.load(str(base.graphs["fusion"]))
        del graph.graph.initializer[:]
        base.graphs["fusion"].write_bytes(graph.SerializeToString())
        check_fits(base, "text")


def test_another_bundle_or_window_count_is_another_training(
    built: Path,
    trained: Path,
    miniature: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CDAT_DATA", str(miniature))
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    given = [trained / "mini.yaml", "--bundle", built, "--stream", "text"]
    given += ["--run", tmp_path / "run"]
    best = tmp_path / "run" / "refit-text" / "best.safetensors"

    def trained_at_ns(name: str, *more: str) -> int:
        assert run(*given, "--out", tmp_path / name, *more) == 0
        return best.stat().st_mtime_ns

    first = trained_at_ns("one")
    assert trained_at_ns("same") == first
    assert trained_at_ns("other", "--set", "window_counts.val=3") > first


def test_a_wrong_stream_and_a_folder_that_exists_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(CONFIG, "--stream", "smell", "--out", tmp_path / "new") == 1
    assert "--stream smell is not one of text, audio, vision" in capsys.readouterr().err
    assert run(CONFIG, "--stream", "text", "--out", tmp_path) == 1
    assert f"--out {tmp_path} exists: name a new folder" in capsys.readouterr().err


def test_the_command_trains_and_writes(
    built: Path,
    trained: Path,
    miniature: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CDAT_DATA", str(miniature))
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "new"
    given = ["--bundle", built, "--stream", "text", "--out", out, "--run", tmp_path / "run"]
    assert run(trained / "mini.yaml", *given) == 0
    assert "clean_dropped: " in capsys.readouterr().out
    new, base = Bundle.load(out), Bundle.load(built)
    told = new.manifest.provenance["refitted"][-1]
    assert told["stream"] == "text" and 0 <= told["validation"]["after"]["clean_dropped"] <= 1
    assert new.manifest.files["text.onnx"] == base.manifest.files["text.onnx"]
    assert new.manifest.files["fusion.onnx"] != base.manifest.files["fusion.onnx"]
    Networks(new).close()


def test_a_bundle_of_another_front_end_is_taken_for_that_stream_alone(tmp_path: Path) -> None:
    folder = tmp_path / "older"
    shutil.copytree(default_bundle(), folder)
    path = folder / "manifest.json"
    told = json.loads(path.read_text("utf-8"))
    told["frontend"]["text"]["version"] = 2
    path.write_text(json.dumps(told), "utf-8")
    for refitted in (None, "audio"):
        with pytest.raises(BundleError, match=r"text\.version is 2 in the bundle, 3 here"):
            Bundle.load(folder, refitted=refitted)
    assert Bundle.load(folder, refitted="text").manifest.frontend["text"]["version"] == 2


def test_the_packaged_card_has_a_name_for_each_column() -> None:
    base = Bundle.load(default_bundle())
    card = base.path(base.manifest.model_card).read_text("utf-8")
    # The dashboard shows it: a table's header without a word tells a screen reader nothing.
    heads = [above for above, line in pairwise(card.splitlines()) if line.startswith("|---")]
    assert heads
    assert not [head for head in heads if any(not cell.strip() for cell in head[1:-1].split("|"))]
