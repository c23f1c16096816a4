"""Faults that last shorter or longer or come and go, and how soon a change of emotion is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")

from edge.bundle import Bundle, default_bundle
from edge.errors import ConfigError
from edge.frontends import QUALITY
from edge.types import STREAMS
from train.cli import app
from train.studies.faults.change import told_after
from train.studies.faults.conditions import Conditions
from train.studies.faults.durations import study_of_durations
from train.studies.faults.policies import NONE
from train.studies.faults.simulate import LIE
from train.studies.faults.table import markdown_of_durations, markdown_of_lies
from train.studies.faults.timeline import STEP_S, Timeline


@pytest.mark.parametrize("seconds", [2.0, 10.0, 30.0])
def test_a_fault_lasts_as_long_as_it_says(seconds: float) -> None:
    timeline = Timeline.lasting(seconds)
    assert timeline.during.sum() * STEP_S == seconds
    assert timeline.total_s == 5 + seconds + 3
    assert timeline.since(5.0) is None and timeline.since(5.0 + seconds) == seconds


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_fault_that_comes_and_goes_is_there_for_its_share(share: float) -> None:
    timeline = Timeline.intermittent(share)
    assert timeline.during.sum() * STEP_S == 10
    first_s, last_s = timeline.ends_s[timeline.during][[0, -1]]
    times_s = np.arange(first_s - STEP_S + 0.005, last_s, 0.01)
    there = [timeline.since(t_s) is not None for t_s in times_s]
    assert np.mean(there) == pytest.approx(share, abs=0.01)
    assert not any(timeline.since(t_s) for t_s in (4.9, 5.6, 15.6))
    assert timeline.before.sum() + timeline.during.sum() < len(timeline.during)


def test_a_change_is_told_from_the_first_verdict_of_a_second_with_it() -> None:
    during = np.array([False, True, True, True, True, True, True])
    old, new = 0, 1
    predictions = np.array(
        [
            [old, old, old, new, new, new, new],
            [old, new, new, new, new, old, old],
            [new, old, new, new, NONE, new, new],
            [old, old, old, old, new, new, new],
        ]
    )
    told = told_after(predictions, np.full(4, new), during)
    assert told == {"share": 0.5, "median_s": 0.5}  # after 0.75 and 0.25 s
    assert told_after(predictions[3:], np.full(1, new), during)["median_s"] is None


@pytest.fixture(scope="module")
def conditions(data_dir: Path) -> Conditions:
    return Conditions(Bundle.load(default_bundle()), data_dir, 1, seed=1)


@pytest.mark.slow
def test_signals_follow_a_fault_that_comes_and_goes(conditions: Conditions) -> None:
    timeline = Timeline.intermittent(0.5)
    identities = conditions.identities(timeline, "val")
    loud = QUALITY["audio"].index("level_dbfs")
    level = identities.tracks("audio", "silence", 1.0)[0].quality[:, loud]
    well = identities.tracks("audio")[0].quality[:, loud]
    silent = np.array([timeline.since(end_s) == 0.5 for end_s in timeline.ends_s])
    assert silent.sum() == len(timeline.spans)
    assert level[silent].max() < well[timeline.during].min() - 10
    np.testing.assert_allclose(level[timeline.before], well[timeline.before], atol=0.5)


@pytest.mark.slow
def test_the_study_of_durations_measures_each_fault_and_the_change(conditions: Conditions) -> None:
    gate = Bundle.load(default_bundle()).manifest.gate
    timelines = [Timeline.lasting(2.0)]
    report = study_of_durations(conditions.identities, gate, conditions.see, timelines)
    test = report["test"]["2 s"]
    severities = {cell.split("@")[1] for cell in test["accuracy_during_fault"] if "@" in cell}
    assert severities == {"0.8", "1"}  # a lie has no severity but 1
    assert set(test["emotion_changes"]) == {"all", "live", "oracle"}
    page = markdown_of_durations(report)
    assert page.startswith("Composed by class") and page.count("| 2 s |") == 2


@pytest.mark.slow
def test_the_study_of_lies_leaves_the_faults_of_signals_out(conditions: Conditions) -> None:
    gate = Bundle.load(default_bundle()).manifest.gate
    report = study_of_durations(
        conditions.identities, gate, conditions.see, [Timeline.lasting(2.0)], families=False
    )
    test = report["test"]["2 s"]
    assert set(test["accuracy_during_fault"]) == {
        "clean",
        "the emotion changes",
        *(f"{stream}.{LIE}@1" for stream in STREAMS),
    }
    page = markdown_of_lies(report)
    assert page.startswith("Composed by class") and page.count("| 2 s |") == 2
    assert "recovered by live" in page


@pytest.mark.parametrize("other", [["--durations"], ["--run", "runs/default"]])
def test_the_study_of_lies_is_not_mixed_with_another(other: list[str], tmp_path: Path) -> None:
    given = CliRunner().invoke(app, ["faults", "--lies", *other, "--out", str(tmp_path)])
    assert isinstance(given.exception, ConfigError) and "--lies" in str(given.exception)
