"""The choice of the fusion model on the validation windows of a small run."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from train.checkpoint import read_json
from train.cli import main
from train.models.fusion import MODELS
from train.studies import choose as choice


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
    monkeypatch.setattr(choice, "TRAIN_WINDOWS", 96)
    monkeypatch.setattr(choice, "HELD_OUT_WINDOWS", 48)
    monkeypatch.setattr(choice, "VAL_WINDOWS", 48)
    monkeypatch.setattr(choice, "LAMBDAS", (1.0,))
    short = {"epochs": 1, "batch": 32}
    settings = choice.SETTINGS | {"fit": short, "confide": short, "transfer": short}
    monkeypatch.setattr(choice, "SETTINGS", settings)
    where = ["--out", str(tmp_path / "run"), "--data", str(miniature), "--seeds", "1"]
    with pytest.raises(SystemExit) as end:
        main(["choose", str(trained / "mini.yaml"), *where])
    assert not end.value.code
    predicted = capsys.readouterr().out
    assert "Composed by class" in predicted
    found = read_json(tmp_path / "run" / "choice.json")["found"]
    assert set(found) == set(MODELS)
    for variants in found.values():
        assert set(variants) == {"base", "trained_on", "cdat"}
        assert all(0 <= x <= 1 for one in variants.values() for x in one["corrupted"])
