"""The choice of the fusion model on the validation windows of a small run."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import numpy as np
from fixtures.recorded import write_recorded
from fixtures.recorded_run import CONFIG

from edge.errors import DataError
from edge.types import STREAMS
from train.checkpoint import made_of, read_json
from train.cli import main
from train.models.fusion import MODELS
from train.stages.stream_windows import StreamWindows
from train.stages.window_splits import WindowSplits
from train.studies import choose as choice


def windows_of(items: np.ndarray, labels: np.ndarray) -> StreamWindows:
    count = len(items)
    return StreamWindows(
        embedding=np.arange(count, dtype=np.float32)[:, None],
        quality=np.zeros((count, 1), np.float32),
        target=np.zeros((count, 1), np.float32),
        evidence=np.ones(count, bool),
        label=labels,
        item=items,
        fault=np.full(count, "clean"),
        severity=np.zeros(count, np.float32),
        share=np.ones(count, np.float32),
    )


def test_lambda_is_chosen_on_other_items_than_those_that_are_reported():
    # Three windows of each of 20 items with 4 labels; the streams have the same items.
    items = np.repeat(np.arange(20), 3)
    one = windows_of(items, items // 5)
    both = WindowSplits({s: {"val": one, "train": one} for s in STREAMS}, tuple("abcd"))
    chooses, reports = choice.halves(both)
    kept = []
    for stream in STREAMS:
        first, second = chooses.of("val")[stream], reports.of("val")[stream]
        assert not set(first.item) & set(second.item)
        assert len(first) + len(second) == len(one)
        assert set(first.label) == set(second.label) == {0, 1, 2, 3}
        assert chooses.of("train")[stream] is one
        kept.append(set(first.item))
    assert kept[0] == kept[1] == kept[2]
    single = windows_of(items[:15], np.minimum(items[:15], 3))
    few = WindowSplits({s: {"val": single} for s in STREAMS}, tuple("abcd"))
    with pytest.raises(DataError, match="has one text item of the class 'a'"):
        choice.halves(few)


@pytest.mark.parametrize(
    ("task", "written"),
    [
        ("labels", {"excited": "excited|worried"}),
        ("regression", {"calm": "-1", "excited": "0", "worried": "1"}),
    ],
)
def test_recordings_without_one_label_are_refused_before_windows_are_made(
    task: str,
    written: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    corpus = write_recorded(tmp_path / "corpus", written=written, task=task)
    (tmp_path / "own.yaml").write_text(CONFIG)
    where = ["--data", str(corpus), "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as end:
        main(["choose", str(tmp_path / "own.yaml"), *where])
    assert end.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"has the task '{task}', and choose compares" in line
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_every_model_is_compared_with_and_without_transfer(
    trained: Path,
    miniature: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    import shutil

    shutil.copytree(trained / "runs" / "mini", tmp_path / "run")
    monkeypatch.setenv("CDAT_CACHE", str(trained / "cache"))
    monkeypatch.setattr(choice, "VAL_WINDOWS", 48)
    monkeypatch.setattr(choice, "LAMBDAS", (1.0,))
    where = ["--out", str(tmp_path / "run"), "--data", str(miniature), "--seeds", "1"]
    with pytest.raises(SystemExit) as end:
        main(["choose", str(trained / "mini.yaml"), *where])
    assert not end.value.code
    predicted = capsys.readouterr().out
    assert "Composed by class" in predicted
    found = read_json(tmp_path / "run" / "choice.json")["found"]
    assert (tmp_path / "run" / "choice.png").read_bytes().startswith(b"\x89PNG")
    assert set(found) == {*MODELS, "late, heads taken"}
    for variants in found.values():
        assert set(variants) == {"base", "trained_on", "cdat"}
        for measured in variants.values():
            assert set(measured) == {"clean", "corrupted", "text", "audio", "vision"}
            assert all(0 <= x <= 1 for (x,) in measured.values())
    # Other settings of the fusion: what is made from it is made again.
    one = tmp_path / "run" / "choice" / "late" / "1"
    before = {stage: made_of(one / stage) for stage in ("confidence_base", "lambda0", "lambda1")}
    only = {"late": choice.FusionShape(kind="late")}
    monkeypatch.setattr(choice, "shapes", lambda config, heads: only)
    with pytest.raises(SystemExit) as end:
        changed = ["--set", "fusion.learning_rate=0.05"]
        main(["choose", str(trained / "mini.yaml"), *where, *changed])
    assert not end.value.code
    assert all(made_of(one / stage) != made for stage, made in before.items())
