"""A shift by a person's neutral items, measured on persons made here and on miniatures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fixtures.bundles import cut_bundle
from fixtures.miniature import write_corpora
from fixtures.strangers import write_strangers

from edge.types import Float
from train.cli import main
from train.corpora.labels import LABELS
from train.studies.calibration import command, gains
from train.studies.calibration.draws import Items, tally, who_can
from train.studies.calibration.gains import by_person, gain_of, gain_of_persons, uar_at

CENTRES = np.eye(len(LABELS), 8, dtype=np.float32)


def _fuse(embeddings: Float) -> Float:
    return np.asarray(embeddings @ CENTRES.T - 0.5, np.float32)


def _people(offset: float, persons: int = 8, each: int = 6) -> Items:
    """Each person is displaced by `offset` in a direction of their own."""
    rng = np.random.default_rng(3)
    labels = np.tile(np.arange(len(LABELS)), persons * each)
    number = np.repeat(np.arange(persons), each * len(LABELS))
    away = rng.normal(size=(persons, 8)).astype(np.float32)
    noise = 0.05 * rng.normal(size=(len(labels), 8))
    moved = CENTRES[labels] + offset * away[number] + noise
    return Items(moved.astype(np.float32), labels, number.astype(str))


def test_persons_who_differ_by_a_displacement_gain_by_the_full_shift() -> None:
    found = tally(_people(1.0), CENTRES[0], 3, (0.0, 0.5, 1.0), 2, _fuse)
    before, half, whole = uar_at(found)
    assert before < half < whole and whole > 0.95
    gain = gain_of({"made": found}, 2)
    assert gain["interval"][0] > 0.1 and gain["gain"] == pytest.approx(whole - before)
    assert gain_of_persons({"made": found}, 2)["interval"][0] > 0.1
    assert len(by_person(found, 2)) == 8 and min(by_person(found, 2)) >= 0


def test_persons_who_do_not_differ_gain_nothing() -> None:
    low, high = gain_of({"made": tally(_people(0.0), CENTRES[0], 3, (0.0, 1.0), 2, _fuse)}, 1)[
        "interval"
    ]
    assert low <= 0 <= high


def test_the_items_that_make_the_shift_are_not_scored() -> None:
    found = tally(_people(0.0, each=4), CENTRES[0], 3, (0.0,), 1, _fuse)
    neutral = LABELS.index("neutral")
    assert (found.total[:, neutral] == 1).all() and found.total.sum() == 8 * (7 * 4 - 3)


def test_a_person_with_too_few_neutral_items_is_left_out() -> None:
    items = _people(0.0, persons=2, each=2)
    assert who_can(items, 2) == ["0", "1"] and who_can(items, 3) == []


@pytest.mark.slow
def test_the_study_writes_a_strength_for_each_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_strangers(write_corpora(tmp_path / "data", each=3))
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(command, "COUNTS", {"audio": 1, "vision": 1})
    monkeypatch.setattr(command, "OTHER_COUNTS", {"audio": (), "vision": ()})
    monkeypatch.setattr(command, "CORPORA", {"audio": ("emovo",)})
    monkeypatch.setattr(gains, "ROUNDS", 20)
    with pytest.raises(SystemExit) as end:
        main(["calibration-study", "--draws", "1", "--data", str(data), "--out", str(tmp_path)])
    assert not end.value.code
    (stream,) = json.loads((tmp_path / "calibration.json").read_text())["streams"].values()
    assert stream["strength"] in (0, *command.STRENGTHS) and len(stream["reference"]) == 64
    assert "| EMOVO |" in (tmp_path / "calibration.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--data", "nowhere"), "The data folder nowhere does not exist"),
        (("--bundle", "nowhere"), "nowhere is not a folder"),
    ],
)
def test_what_is_missing_is_named(
    arguments: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["calibration-study", "--out", str(tmp_path), *arguments])
    assert end.value.code == 1 and sentence in capsys.readouterr().err


def test_a_bundle_without_sound_and_pictures_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = cut_bundle(tmp_path / "words", ("text",))
    with pytest.raises(SystemExit):
        main(["calibration-study", "--out", str(tmp_path), "--bundle", str(words)])
    assert "must have audio or vision" in capsys.readouterr().err
