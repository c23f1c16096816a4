"""`cdat-train search` on a toy corpus: what it finds, how it continues, and what it refuses."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("optuna")

import yaml
from fixtures.toy_training import CONFIG, use_toy

from train import hardware
from train.cli import main
from train.search import scored_run, watched
from train.studies.cdat import command

SPACE = {
    "fit.learning_rate": {"low": 0.0001, "high": 0.1, "log": True},
    "model.hidden": {"low": 4, "high": 16},
    "transfer.lambda": {"choices": [0.1, 1.0, 3.0]},
}


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (command, scored_run):
        monkeypatch.setattr(module, "open_corpus", vars(module)["open_corpus"])
    monkeypatch.setattr(hardware, "_current", None)
    use_toy()


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return int(end.value.code or 0)


def write(folder: Path, space: dict[str, Any] | None = None) -> Path:
    path = folder / "toy.yaml"
    path.write_text(CONFIG + yaml.safe_dump({"search": SPACE if space is None else space}))
    return path


def trials(run: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((run / "search" / "trials.json").read_text())["trials"]
    return found


@pytest.mark.slow
def test_the_best_of_a_search_is_a_configuration_that_trains_to_its_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert call("search", write(tmp_path), "--trials", 7, "--minutes", 5, "--out", run) == 0
    told = capsys.readouterr().out
    assert "At most 7 trials, 0 of which are done, and 5 minutes" in told
    assert "| trial | score | fit.learning_rate | model.hidden | transfer.lambda |" in told
    assert "Importance, share of the variance of the score: " in told
    found = trials(run)
    assert len(found) == 7
    with (run / "search" / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["score"]) if row["score"] else None for row in rows] == [
        one["score"] for one in found
    ]
    best = max((one for one in found if one["score"] is not None), key=lambda one: one["score"])
    path = run / "search" / "best.yaml"
    keys = yaml.safe_load(path.read_text())
    assert keys["fit"]["learning_rate"] == best["values"]["fit.learning_rate"]
    assert keys["transfer"]["lambda"] == best["values"]["transfer.lambda"]
    assert call("all", path, "--out", tmp_path / "best") == 0
    lines = (tmp_path / "best" / "metrics.jsonl").read_text().splitlines()
    epochs = [one for one in map(json.loads, lines) if one["stage"] == "cdat"]
    assert max(one["score"] for one in epochs) == pytest.approx(best["score"], abs=1e-9)


@pytest.mark.slow
def test_a_search_never_reads_the_test_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = vars(scored_run)["tensor_splits"]

    class Closed:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"the test part was read: {name}")

    def without_test(*arguments: Any) -> Any:
        splits = whole(*arguments)
        digest = splits.fingerprint()
        object.__setattr__(splits, "test", Closed())
        object.__setattr__(splits, "fingerprint", lambda: digest)
        return splits

    monkeypatch.setattr(scored_run, "tensor_splits", without_test)
    assert call("search", write(tmp_path), "--trials", 2, "--out", tmp_path / "run") == 0


@pytest.mark.slow
def test_a_search_that_stopped_in_a_trial_finds_what_a_whole_one_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(tmp_path)
    assert call("search", config, "--trials", 6, "--out", tmp_path / "whole") == 0
    clock = iter(range(10**6))

    class Time:
        @staticmethod
        def monotonic() -> float:
            return float(next(clock))

    with monkeypatch.context() as patch:
        # A second passes at each epoch.
        patch.setattr(watched, "time", Time)
        patch.setattr("train.search.search.time", Time)
        cut = ["--trials", 6, "--minutes", 0.4, "--out", tmp_path / "cut"]
        assert call("search", config, *cut) == 0
    done = len(trials(tmp_path / "cut"))
    assert 0 < done < 6
    capsys.readouterr()
    assert call("search", config, "--trials", 6, "--out", tmp_path / "cut") == 0
    assert f"At most 6 trials, {done} of which are done" in capsys.readouterr().out
    one, two = (
        [(t["values"], t["score"], t["state"]) for t in trials(tmp_path / name)]
        for name in ("whole", "cut")
    )
    assert one == two


@pytest.mark.slow
def test_hopeless_trials_are_pruned(tmp_path: Path) -> None:
    space = {"fit.learning_rate": {"low": 0.000001, "high": 0.05, "log": True}}
    few = ["--trials", 12, "--stage", "fit", "--out", tmp_path / "run"]
    assert call("search", write(tmp_path, space), *few) == 0
    found = trials(tmp_path / "run")
    pruned = [one for one in found if one["state"] == "pruned"]
    assert pruned and all(one["score"] is None and one["epochs"] for one in pruned)
    best = max(one["score"] for one in found if one["score"] is not None)
    assert all(max(one["epochs"].values()) < best for one in pruned)


def test_a_stage_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, run = write(tmp_path, {"confide.width": {"low": 4, "high": 16}}), tmp_path / "run"
    assert call("search", config, "--trials", 2, "--stage", "confide", "--out", run) == 0
    assert "Validation score of confide" in capsys.readouterr().out
    assert call("search", config, "--stage", "fit", "--out", tmp_path / "other") == 1
    told = capsys.readouterr().err
    assert "the score of the stage fit depends on the sections model, fit alone" in told


@pytest.mark.parametrize(
    ("space", "sentence"),
    [
        ({"fit.learning_rat": {"low": 0.1, "high": 0.2}}, "did you mean fit.learning_rate?"),
        ({"fit.learning_rate": {"low": 0.2, "high": 0.1}}, "low must be below high"),
        ({"fit.learning_rate": {"low": 0, "high": 0.1, "log": True}}, "above 0 with log"),
        ({"fit.learning_rate": {"low": 0.1, "high": 3}}, "fit.learning_rate: must be less than"),
        ({"fit.learning_rate": {"low": 0.1}}, "give low and high, or choices"),
        ({"model.kind": {"choices": ["early", "none"]}}, "model.kind: must be 'early'"),
        ({"val_share": {"low": 0.1, "high": 0.2}}, "depends on the sections model, fit, confide"),
        ({}, "The section 'search' is missing"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused_in_a_sentence(
    space: dict[str, Any], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("search", write(tmp_path, space), "--out", tmp_path / "run") == 1
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
    assert not (tmp_path / "run" / "search" / "search.db").exists()


@pytest.mark.parametrize("option", [("--trials", 0), ("--minutes", 0), ("--minutes", "nan")])
def test_an_empty_budget_is_refused(
    option: tuple[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("search", write(tmp_path), *option, "--out", tmp_path / "run") == 1
    assert "does nothing: give --trials of 1 or more" in capsys.readouterr().err


@pytest.mark.slow
def test_the_database_of_another_search_and_a_damaged_one_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, run = write(tmp_path), tmp_path / "run"
    assert call("search", config, "--trials", 1, "--out", run) == 0
    capsys.readouterr()
    assert call("search", config, "--trials", 1, "--out", run, "--set", "seed=2") == 1
    told = capsys.readouterr().err
    assert "search.db is of a search with another configuration" in told
    path = run / "search" / "search.db"
    path.write_bytes(b"no database " * 100)
    assert call("search", config, "--trials", 1, "--out", run) == 1
    told = capsys.readouterr().err
    assert "search.db is not the database of a search, or is damaged" in told
    assert told.count("\n") == 1
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("create table studies (x integer)")
    assert call("search", config, "--trials", 1, "--out", run) == 1
    assert "search.db is not the database of a search" in capsys.readouterr().err


def test_a_live_configuration_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = Path(__file__).parents[3] / "configs" / "train" / "default.yaml"
    assert call("search", live, "--out", tmp_path / "run") == 1
    assert "is of a kind that cannot be searched" in capsys.readouterr().err


@pytest.mark.slow
def test_a_search_on_recordings_makes_its_windows_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fixtures.recorded import write_recorded
    from fixtures.recorded_run import CONFIG as OWN

    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    corpus, config = write_recorded(tmp_path / "corpus"), tmp_path / "own.yaml"
    space = {
        "fusion.learning_rate": {"low": 0.001, "high": 0.05, "log": True},
        "transfer.lambda": {"choices": [0.3, 3.0]},
    }
    config.write_text(OWN + yaml.safe_dump({"search": space}))
    run = tmp_path / "run"
    assert call("search", config, "--data", corpus, "--trials", 2, "--out", run) == 0
    assert "Validation score of transfer" in capsys.readouterr().out
    assert len(trials(run)) == 2
    assert yaml.safe_load((run / "search" / "best.yaml").read_text())["encoders"] == "default"
    assert not list(run.rglob("report.json"))
    assert call("search", config, "--trials", 2, "--out", tmp_path / "none") == 1
    assert "needs a corpus: give --data" in capsys.readouterr().err
