"""CDaT from the command line on a real corpus, and its error messages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")

from train.cli import main

CONFIGS = Path(__file__).resolve().parents[4] / "configs" / "train"
SHORT = [
    "--set",
    "fit.epochs=3",
    "--set",
    "confide.epochs=2",
    "--set",
    "transfer.epochs=2",
    "--set",
    "model.hidden=8",
]


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return int(end.value.code or 0)


def test_all_stages_then_the_masks(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    where = ["--out", str(tmp_path / "run"), "--data", str(data_dir), *SHORT]
    config = str(CONFIGS / "cdat_ravdess.yaml")
    assert call("all", config, *where) == 0
    assert "cdat       test: macro_f1" in capsys.readouterr().out
    assert call("masks", config, "--stage", "cdat", *where) == 0
    masked = capsys.readouterr().out
    assert "right_without_audio" in masked
    assert "KL of a row between two streams, nat: training 0." in masked
    # The same folder for another configuration is refused.
    assert call("fit", str(CONFIGS / "cdat_mosi.yaml"), *where) == 1
    assert "holds the run 'cdat on RAVDESS'" in capsys.readouterr().err


def test_the_order_of_the_confidences_is_printed_and_written(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path / "run"
    where = ["--order", "--seeds", "1", "--out", str(run), "--data", str(data_dir), *SHORT]
    assert call("masks", str(CONFIGS / "cdat_ravdess.yaml"), *where) == 0
    shown = capsys.readouterr().out
    page = (run / "order" / "early" / "table.md").read_text(encoding="utf-8")
    assert page in shown and "| cross_fitted |" in page
    assert (run / "order" / "early" / "results.json").is_file()


def test_each_stage_alone_writes_for_tensorboard(data_dir: Path, tmp_path: Path):
    pytest.importorskip("tensorboard", reason="tensorboard: install the extra `tensorboard`")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tmp_path / "run"
    where = ["--out", str(run), "--data", str(data_dir), *SHORT, "--tensorboard"]
    for command in ("fit", "confide", "transfer"):
        shutil.rmtree(run / "tensorboard", ignore_errors=True)
        assert call(command, str(CONFIGS / "cdat_ravdess.yaml"), *where) == 0
        events = EventAccumulator(str(run / "tensorboard"))
        events.Reload()
        assert events.Tags()["scalars"]


@pytest.mark.slow
def test_a_comparison_writes_a_page_and_the_raw_runs(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    from train.studies.cdat import compare

    monkeypatch.setattr(compare, "LAMBDAS", (1.0,))
    monkeypatch.setattr(compare, "SEARCH_SEEDS", (9001,))
    where = ["--out", str(tmp_path / "run"), "--data", str(data_dir), *SHORT]
    config = str(CONFIGS / "cdat_ravdess.yaml")
    assert call("compare", config, "--seeds", "2", "--models", "early", *where) == 0
    page = (tmp_path / "run" / "table.md").read_text()
    for part in ("modality_dropout", "gain over shuffled", "AUROC", "right_without_any"):
        assert part in page
    assert (tmp_path / "run" / "results.json").is_file()
    assert (tmp_path / "run" / "table.png").read_bytes().startswith(b"\x89PNG")


def test_a_transfer_step_is_timed_beside_a_base_step(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    where = ["--out", str(tmp_path / "run"), "--data", str(data_dir), *SHORT]
    config = str(CONFIGS / "cdat_ravdess.yaml")
    assert call("cost", config, "--steps", "4", "--models", "early,misa", *where) == 0
    assert "4 steps of each kind in turns" in capsys.readouterr().out
    found = json.loads((tmp_path / "run" / "cost.json").read_text())
    assert list(found) == ["early", "misa"]
    for one in found.values():
        low, high = one["ratio_interval"]
        assert 0 < low <= one["ratio"] <= high
        # The transfer's step does all that a base step does, and more.
        assert one["transfer_ms"] > 0 and one["base_ms"] > 0


@pytest.mark.parametrize(
    ("given", "compared"),
    [
        ([], ["early", "tfn", "misa", "tailor"]),
        (["--set", "model.kind=misa"], ["misa"]),
        (["--set", "model={kind: misa, hidden: 16}"], ["misa"]),
        (["--set", "model={hidden: 16}"], ["early", "tfn", "misa", "tailor"]),
        (["--set", "model.kind=misa", "--models", "tfn,early"], ["tfn", "early"]),
    ],
)
@pytest.mark.parametrize("command", ["compare", "cost"])
def test_the_models_that_are_compared_or_timed(
    data_dir: Path, tmp_path: Path, monkeypatch, command: str, given: list[str], compared: list[str]
):
    from train.studies.cdat.command import Work

    asked: list[str] = []

    def ask(work: Work, models: list[str], count: int) -> str:
        asked.extend(models)
        return ""

    monkeypatch.setattr(Work, command, ask)
    where = ["--out", str(tmp_path / "run"), "--data", str(data_dir)]
    assert call(command, str(CONFIGS / "cdat_mosi.yaml"), *given, *where) == 0
    assert asked == compared


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fit", "first.yaml"], "has no keys 'corpus' and 'transfer'"),
        (["compare", "cdat_mosi.yaml", "--models", "sum"], "'sum' is not one of early, tfn"),
        (["cost", "cdat_mosi.yaml", "--models", "sum"], "'sum' is not one of early, tfn"),
        (["fit", "cdat_mosi.yaml", "--set", "corpus=nothing"], "There is no corpus 'nothing'"),
        (["fit", "cdat_mosi.yaml", "--set", "options.reach=far"], "reach"),
        (["fit", "cdat_mosi.yaml", "--set", "model.kind=sum"], "model.kind"),
        (["masks", "cdat_mosi.yaml"], "is missing"),
        (["transfer", "first.yaml"], "has no section 'transfer'"),
    ],
)
def test_a_wrong_command_line_is_an_error_of_one_sentence(
    data_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
):
    command, name, *rest = arguments
    where = ["--out", str(tmp_path / "run"), "--data", str(data_dir)]
    assert call(command, str(CONFIGS / name), *rest, *where) == 1
    predicted = capsys.readouterr().err.strip().splitlines()
    assert len(predicted) == 1 and sentence in predicted[0]
