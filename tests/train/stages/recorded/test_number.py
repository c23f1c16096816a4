"""Recordings with a number each become a bundle whose verdicts have a number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnxscript")

from fixtures.recorded import write_recorded
from fixtures.recorded_run import train_recorded, verdicts_on_a_clip

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.errors import ConfigError, DataError
from edge.recognition.verdict import verdict_schema
from export.bundle.build import build
from train.evaluation.evaluate import evaluate, write
from train.run_report import RecordedNumberTest, RecordedReport, read_run_report

WRITTEN = {"calm": "-40", "excited": "10", "worried": "35.5"}
ABOUT = ("number.name=valence", "number.unit=points", "number.range=[-50, 50]")
ANSWERS_ALWAYS = "gate.max_abstain=0"
"""The clip is like none of the recordings: a gate that may abstain does."""


def write_numbers(folder: Path) -> Path:
    return write_recorded(folder, written=WRITTEN, task="regression")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_numbers(tmp_path_factory.mktemp("number") / "corpus")


@pytest.fixture(scope="module")
def run(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_recorded(tmp_path_factory.mktemp("run"), corpus, *ABOUT, ANSWERS_ALWAYS)


@pytest.fixture(scope="module")
def bundle(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(run, tmp_path_factory.mktemp("built") / "bundle")


@pytest.mark.slow
def test_the_number_is_learned(run: Path) -> None:
    told = read_run_report(RecordedReport, run)
    clean = told.test.clean
    assert isinstance(clean, RecordedNumberTest)
    assert clean.ccc > 0.8
    assert clean.mae < clean.mae_of_the_mean / 2
    # The unit is that of the table: the three numbers are 75.5 apart.
    assert 20 < clean.mae_of_the_mean < 50
    # Before and after the transfer, right is what is counted as right elsewhere.
    assert told.transfer is not None
    assert told.transfer.windows["clean"].after == pytest.approx(clean.within_a_deviation)


@pytest.mark.slow
def test_the_manifest_says_which_number_it_is(bundle: Path) -> None:
    made = Bundle.load(bundle)
    number = made.manifest.number
    assert made.manifest.task == "regression" and number is not None
    assert made.manifest.labels == ("valence",) and number.unit == "points"
    assert (number.low, number.high) == (-50, 50)
    assert number.mean == pytest.approx((-40 + 10 + 35.5) / 3, abs=5)
    Networks(made).close()  # checked against its golden outputs


@pytest.mark.slow
def test_a_verdict_has_a_number_within_its_range(bundle: Path, tmp_path: Path) -> None:
    lines = verdicts_on_a_clip(bundle, tmp_path)
    for line in lines:
        jsonschema.validate(line, verdict_schema())
        assert line["number"] == {"name": "valence", "unit": "points", "low": -50, "high": 50}
        assert line["label"] is None and line["scores"] == {} and "labels" not in line
    values = [line["value"] for line in lines if line["value"] is not None]
    assert values and all(-50 <= value <= 50 for value in values)


@pytest.mark.slow
def test_evaluate_measures_the_number_in_its_unit(
    bundle: Path, corpus: Path, tmp_path: Path
) -> None:
    found = evaluate(Bundle.load(bundle), corpus, "test", lambda done, total: None)
    figures = found["verdicts"]["clean"]["scores"]["figures"]
    assert figures["ccc"]["value"] > 0.6 and 0.1 < figures["mae"]["value"] < 25
    write(found, tmp_path / "measured")
    assert "| CCC |" in (tmp_path / "measured" / "README.md").read_text()


@pytest.mark.parametrize("kind", ["early", "misa", "tailor"])
@pytest.mark.slow
def test_each_fusion_model_answers_with_a_number(kind: str, corpus: Path, tmp_path: Path) -> None:
    short = ("fusion.epochs=1", "confidence.epochs=1", "transfer.samples=100")
    made = train_recorded(tmp_path, corpus, f"fusion.model.kind={kind}", *short)
    assert Bundle.load(build(made, tmp_path / "bundle")).manifest.task == "regression"


@pytest.mark.parametrize("bounds", ["[0, .inf]", "[-.inf, 1]", "[.nan, 1]"])
def test_a_range_without_an_end_is_refused(bounds: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"number\.range"):
        train_recorded(tmp_path, tmp_path, f"number.range={bounds}")


def _one_number(corpus: Path) -> None:
    table = corpus / "samples.csv"
    table.write_text(table.read_text().replace(",-40,", ",10,").replace(",35.5,", ",10,"))


def _a_name(corpus: Path) -> None:
    table = corpus / "samples.csv"
    table.write_text(table.read_text().replace(",-40,", ",low,", 1))


@pytest.mark.parametrize(
    ("damage", "changes", "sentence"),
    [
        (_one_number, (), "every training sample has the number 10"),
        (_a_name, (), "'low' is not a finite number"),
        (None, ("number.range=[-1, 50]",), "the number -40 lies outside number.range, -1 to 50"),
    ],
)
def test_numbers_that_cannot_be_learned_are_refused(
    damage: Any, changes: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    corpus = write_numbers(tmp_path / "corpus")
    if damage is not None:
        damage(corpus)
    with pytest.raises(DataError, match=sentence):
        train_recorded(tmp_path, corpus, *changes)
