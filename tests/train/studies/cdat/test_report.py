"""The report of a run on an aligned corpus: its figures by hand, and what it is made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

import torch
from fixtures.data_sets import mmsa_tree, pickled, tailor_file
from sklearn.metrics import f1_score

from train.cli import main
from train.studies.cdat.figures import figures_of, resampled_of, split_figures
from train.task import PRIMARY_METRIC, Task

CONFIGS = Path(__file__).resolve().parents[4] / "configs" / "train"
TINY = [f"{stage}.epochs=2" for stage in ("fit", "confide", "transfer")]
TINY += ["model.hidden=8", "confide.width=8"]


def call(command: str, config: str, folder: Path, *changes: str) -> int:
    sets = [part for change in (*TINY, *changes) for part in ("--set", change)]
    where = ["--data", str(folder), "--out", str(folder / "run")]
    with pytest.raises(SystemExit) as end:
        main([command, str(CONFIGS / f"{config}.yaml"), *where, *sets])
    return int(end.value.code or 0)


def report_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run" / "report.json").read_text())
    return found


def test_the_table_of_sentiment_by_hand() -> None:
    true = torch.tensor([-3.0, -0.6, 0.0, 0.0, 0.4, 2.6])
    given = torch.tensor([-4.0, 0.2, 0.3, -0.1, 0.1, 2.4])
    found = figures_of("regression", ("sentiment",), given[:, None], true[:, None])
    # Rounded: -3 -1 0 0 0 3 against -3 (clipped) 0 0 0 0 2.
    assert found["acc_7"] == pytest.approx(4 / 6)
    # Negative or not, zero included: -0.6 and the second zero are wrong.
    assert found["acc_2_has0"] == pytest.approx(4 / 6)
    # Without the zeros only -0.6 is wrong.
    assert found["acc_2_non0"] == pytest.approx(3 / 4)
    # Classes of two each: F1 2/3 (1 of 2 found) and 4/5.
    assert found["f1_non0"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert found["correlation"] == pytest.approx(np.corrcoef(given, true)[0, 1], abs=1e-5)


def test_a_sentiment_that_is_always_zero_has_no_figure_without_zero() -> None:
    zero = torch.zeros(4, 1)
    found = split_figures(
        "regression", ("sentiment",), zero + 0.1, zero, np.array(list("aabb")), 20
    )
    assert found.figures["acc_2_non0"] is None and found.figures["correlation"] is None
    assert found.figures["acc_2_has0"] == 1.0
    assert "acc_2_non0" not in found.intervals and found.intervals["acc_2_has0"] == (1.0, 1.0)


def test_the_interval_resamples_groups_and_not_samples() -> None:
    # One of two groups is all right, the other all wrong: 0 to 1, however many samples there are.
    targets = torch.zeros(400, dtype=torch.int64)
    outputs = torch.nn.functional.one_hot((torch.arange(400) >= 200).long(), 2).float()
    groups = np.where(np.arange(400) < 200, "a", "b")
    found = split_figures("classes", ("x", "y"), outputs, targets, groups, 100)
    assert found.figures["accuracy"] == 0.5 and found.groups == 2
    assert found.intervals["accuracy"] == (0.0, 1.0)
    alone = np.full(400, "a")
    assert not split_figures("classes", ("x", "y"), outputs, targets, alone, 100).intervals


def test_the_report_of_sentiment_has_the_tables_of_the_field(tmp_path: Path) -> None:
    pickled(tmp_path / "mosi" / "aligned_50.pkl", mmsa_tree())
    assert call("all", "cdat_cmu_mosi", tmp_path) == 0
    report = report_of(tmp_path)
    test = report["stages"]["cdat"]["splits"]["test"]
    for name in ("ccc", "mae", "correlation", "acc_7", "acc_2_has0", "acc_2_non0"):
        assert test["figures"][name] is not None and len(test["intervals"][name]) == 2
    assert {"f1_has0", "f1_non0"} < test["figures"].keys()
    assert test["n"] == 24 and test["groups"] == 4
    assert set(report["stages"]["cdat"]["alone"]) == {"text", "audio", "vision"}
    assert [(one["stage"], one["over"]) for one in report["gains"]] == [
        ("cdat", "trained_on"),
        ("cdat", "base"),
    ]
    gain = report["gains"][1]
    base = report["stages"]["base"]["splits"]["test"]["figures"]["ccc"]
    assert gain["gain"] == pytest.approx(test["figures"]["ccc"] - base, abs=2e-4)
    page = (tmp_path / "run" / "README.md").read_text()
    assert "Acc-2, without zero" in page and "With so few, an interval is too narrow." in page


def test_several_labels_have_thresholds_and_each_its_f1(tmp_path: Path) -> None:
    tailor_file(tmp_path / "mosei")
    assert call("all", "cdat_mosei", tmp_path) == 0
    stage = report_of(tmp_path)["stages"]["cdat"]
    labels = {"happy", "sad", "anger", "surprise", "disgust", "fear"}
    assert set(stage["by_label"]) == set(stage["thresholds"]) == labels
    # Two epochs name hardly any label at one half; a threshold of its own names more.
    assert stage["with_thresholds"]["figures"]["macro_f1"] > 0.0
    assert "in place of one half" in (tmp_path / "run" / "README.md").read_text()


def test_a_report_of_the_first_stage_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pickled(tmp_path / "mosi" / "aligned_50.pkl", mmsa_tree())
    binary = "options.target=binary"
    assert call("report", "cdat_cmu_mosi", tmp_path, binary) == 1
    assert "has no trained model: run cdat-train all or fit first." in capsys.readouterr().err
    assert call("fit", "cdat_cmu_mosi", tmp_path, binary) == 0
    assert call("report", "cdat_cmu_mosi", tmp_path, binary) == 0
    report = report_of(tmp_path)
    assert list(report["stages"]) == ["base"] and not report["gains"] and not report["confidence"]
    assert np.sum(report["stages"]["base"]["confusion"]) == 24
    # Another seed has other held-out groups: this run's test would not be a test.
    assert call("report", "cdat_cmu_mosi", tmp_path, binary, "seed=2") == 1
    assert "was trained with another seed" in capsys.readouterr().err


@pytest.mark.parametrize("task", ["classes", "labels", "regression"])
def test_what_is_resampled_is_what_is_reported(task: Task) -> None:
    generator = torch.Generator().manual_seed(1)
    columns = ("sentiment",) if task == "regression" else ("a", "b", "c")
    outputs = torch.randn(60, len(columns), generator=generator)
    targets = torch.randn(60, len(columns), generator=generator)
    if task == "classes":
        targets = targets.argmax(dim=1)
    elif task == "labels":
        targets = (targets > 0).float()
    whole = figures_of(task, columns, outputs, targets)
    resampled = resampled_of(task, columns, outputs, targets)
    assert next(iter(whole)) == PRIMARY_METRIC[task]
    assert resampled == {name: whole[name] for name in resampled}
    if task == "labels":
        true, named = targets.numpy() > 0.5, outputs.numpy() > 0
        assert whole["micro_f1"] == pytest.approx(f1_score(true, named, average="micro"))
