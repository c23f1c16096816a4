"""`cdat-train all` on miniature corpora."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("pyarrow")
pytest.importorskip("safetensors")

from fixtures.miniature import CONFIG, measure_little
from safetensors.numpy import load_file

from edge.bundle.manifest import GateSpec
from edge.frontends import QUALITY
from edge.types import MASKS, STREAMS
from train.cli import main


@pytest.fixture(autouse=True)
def _as_it_was_trained(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(trained / "cache"))
    measure_little(monkeypatch)


def _run(*arguments: object) -> int:
    try:
        main([str(a) for a in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_all_makes_a_run_that_can_be_exported(trained: Path):
    run = trained / "runs" / "mini"
    for stage in (*STREAMS, "fusion", "confidence"):
        assert (run / stage / "best.safetensors").is_file()
    report = json.loads((run / "report.json").read_text())
    GateSpec.model_validate(report["gate"])
    for stream in STREAMS:
        assert len(report["typical_quality"][stream]) == len(QUALITY[stream])
        for one in report["test"]["by_corpus"][stream].values():
            assert 0 <= one["accuracy"] <= 1
    by_mask = report["test"]["composed_clean"]["accuracy_by_mask"]
    assert list(by_mask) == ["+".join(mask) for mask in MASKS]
    assert "composed by class" in report["composed"]
    assert report["left_out"]["vision"]["tie, contempt, unknown or no face by vote"] == 1
    assert "encoder of text" in (run / "train.log").read_text()


def test_the_text_encoder_learns_words_that_determine_the_class(trained: Path):
    report = json.loads((trained / "runs" / "mini" / "report.json").read_text())
    by_corpus = report["test"]["by_corpus"]["text"]
    assert list(by_corpus) == ["GoEmotions", "MELD"]
    assert all(one["accuracy"] > 0.5 for one in by_corpus.values())


@pytest.mark.slow
def test_a_resumed_run_gives_the_same_weights(trained: Path, miniature: Path, tmp_path: Path):
    """State after a kill: stages 2 and 3 are missing, and an encoder lacks its last epoch."""
    whole, again = trained / "runs" / "mini", tmp_path / "again"
    shutil.copytree(whole, again)
    for name in ("fusion", "confidence"):
        shutil.rmtree(again / name)
    (again / "report.json").unlink()
    assert _run("all", trained / "mini.yaml", "--out", again, "--data", miniature) == 0
    for stage in (*STREAMS, "fusion", "confidence"):
        ours, theirs = (load_file(f / stage / "best.safetensors") for f in (whole, again))
        assert ours.keys() == theirs.keys()
        for key in ours:
            assert np.array_equal(ours[key], theirs[key]), f"{stage} {key}"
    reports = [json.loads((f / "report.json").read_text()) for f in (whole, again)]
    assert reports[0] == reports[1]


def test_a_report_is_not_measured_again(trained: Path, miniature: Path):
    path = trained / "runs" / "mini" / "report.json"
    before = path.stat().st_mtime_ns
    out = trained / "runs" / "mini"
    assert _run("report", trained / "mini.yaml", "--out", out, "--data", miniature) == 0
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["all", "nowhere.yaml"], "nowhere.yaml does not exist"),
        (
            ["all", "mini.yaml", "--set", "vision.epoch=3"],
            "Unknown key vision.epoch (in mini.yaml",
        ),
        (["all", "mini.yaml", "--set", "vision.epochs=many"], "vision.epochs"),
        (["all", "mini.yaml", "--set", "seed"], "--set needs key=value"),
        (["all", "mini.yaml", "--data", "none"], "CDAT_DATA"),
        (["fusion", "mini.yaml", "--out", "fresh"], "is missing: run the stage that makes it"),
        (["all", "other.yaml", "--out", "runs/mini"], "holds the run 'miniature', not 'another'"),
    ],
)
def test_bad_input_gives_one_sentence_and_exit_status_1(
    trained: Path,
    miniature: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
):
    monkeypatch.chdir(trained)
    monkeypatch.setenv("CDAT_DATA", str(miniature))
    (trained / "other.yaml").write_text(CONFIG.replace("miniature", "another"))
    assert _run(*arguments) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith("cdat-train: ")
    assert sentence in error[-1]
    assert "Traceback" not in "".join(error)


def test_a_damaged_checkpoint_is_named(
    trained: Path, miniature: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path / "torn"
    shutil.copytree(trained / "runs" / "mini", run)
    path = run / "fusion" / "best.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    (run / "report.json").unlink()
    assert _run("report", trained / "mini.yaml", "--out", run, "--data", miniature) == 1
    assert "fusion/best.safetensors is not a checkpoint" in capsys.readouterr().err
