"""`cdat-train inspect`: what a data set is, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

from fixtures.data_sets import (
    Tree,
    csd_folder,
    iemocap_features,
    iemocap_folder,
    mmsa_tree,
    mult_tree,
    pickled,
    recola_folder,
    tailor_file,
)

from train.cli import main


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["inspect", *map(str, arguments)])
    return int(end.value.code or 0)


MAKERS: dict[str, Callable[[Path], object]] = {
    "mmsa": lambda folder: pickled(folder / "x.pkl", mmsa_tree()),
    "mult": lambda folder: pickled(folder / "x.pkl", mult_tree(iemocap=True)),
    "csd": csd_folder,
    "tailor": tailor_file,
    "recola": lambda folder: recola_folder(folder, 1, 200),
    "iemocap_features": lambda folder: pickled(folder / "x.pkl", iemocap_features()),
    "iemocap_folder": lambda folder: iemocap_folder(folder, sound=False),
}


@pytest.mark.parametrize(
    ("form", "config", "shape", "splits"),
    [
        ("mmsa", "cdat_cmu_mosi", [114, 8, 6], {"train": 72, "val": 18, "test": 24}),
        ("mult", "cdat_iemocap", [114, 8, 6], {"train": 72, "val": 18, "test": 24}),
        ("csd", "cdat_mosei", [144, 4, 6], {"train": 108, "val": 6, "test": 30}),
        ("tailor", "cdat_mosei", [114, 8, 6], {"train": 72, "val": 18, "test": 24}),
        ("recola", "cdat_recola", None, {"train": 13, "test": 13}),
        ("iemocap_features", "cdat_iemocap", [240, 9, 6], {"train": 192, "test": 48}),
        ("iemocap_folder", "cdat_iemocap", [60, 1, 512], {"train": 48, "test": 12}),
    ],
)
def test_every_format_is_recognised_with_its_config(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    form: str,
    config: str,
    shape: list[int] | None,
    splits: dict[str, int],
) -> None:
    MAKERS[form](tmp_path / "copy")
    assert call(tmp_path / "copy", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["format"], found["faults"]) == (form, [])
    assert found["configs"] == [f"configs/train/{config}.yaml"]
    assert (Path(__file__).parents[3] / found["configs"][0]).is_file()
    assert found["splits"] == splits
    assert found["shapes"].get("text") == shape
    live = [one for one in found["commands"] if one.startswith("cdat-train iemocap ")]
    assert len(live) == (form == "iemocap_folder")


def test_the_page_has_shapes_splits_labels_and_the_next_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = pickled(tmp_path / "mosei" / "x.pkl", mmsa_tree())
    assert call(path) == 0
    page = capsys.readouterr().out
    assert "text    114 samples, 8 steps, 6 features" in page
    assert "splits  train 72, val 18, test 24; 19 groups" in page
    assert "target  sentiment: -3 to 3" in page and "no faults" in page
    assert f"cdat_mosei.yaml --data {path.parent} --set options.path=x.pkl" in page
    assert call(path, "--set", "target=binary") == 0
    assert "label   negative: train" in capsys.readouterr().out


def test_a_corpus_of_the_data_folder_is_recognised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        **{name: rng.normal(size=(8, 4)) for name in ("text", "audio", "video")},
        "label": np.arange(8) % 2.0,
        "split": np.arange(8) // 4,
        "video_id": np.array([f"v{k // 2}" for k in range(8)]),
        "segment": np.arange(8),
    }
    path = tmp_path / "mosi_utterance" / "mosi_utterance.npz"
    path.parent.mkdir()
    np.savez(path, **arrays)  # type: ignore[arg-type]
    assert call(path) == 0
    page = capsys.readouterr().out
    assert "splits  train 4, test 4; 4 groups" in page and "label   positive: train 2" in page
    assert f"cdat-train all configs/train/cdat_mosi.yaml --data {tmp_path}" in page
    np.savez(path, **(arrays | {"label": np.zeros(8)}))  # type: ignore[arg-type]
    assert call(path.parent) == 1
    assert "FAULT" in (page := capsys.readouterr().out) and "'positive'" in page


def _nan(tree: Tree) -> None:
    tree["train"]["text"][:2, 0, 0] = np.nan
    tree["train"]["text"][3, 0, 0] = np.inf


def _constant(tree: Tree) -> None:
    tree["train"]["vision"][:] = 1


def _shared(tree: Tree) -> None:
    tree["test"]["id"][0] = tree["train"]["id"][0]


def _short(tree: Tree) -> None:
    tree["test"]["audio"] = tree["test"]["audio"][1:]


def _one_class(tree: Tree) -> None:
    for split in tree.values():
        split["regression_labels"] = np.abs(split["regression_labels"])
        split["classification_labels"] = np.sign(split["regression_labels"]) + 1


def _all(tree: Tree) -> None:
    for damage in (_nan, _constant, _shared, _one_class):
        damage(tree)


NAN = "text has 2 NaN and 1 inf in 3 samples (first: train0$_$0)."
CONSTANT = "vision is the same in every training sample."
SHARED = "1 groups are in 'train' and in 'test' (first: train0)."
EMPTY = "No training sample has the label 'negative'."


@pytest.mark.parametrize(
    ("damage", "faults"),
    [
        (_nan, [NAN]),
        (_constant, [CONSTANT]),
        (_shared, [SHARED]),
        (_one_class, [EMPTY]),
        (_all, [SHARED, NAN, CONSTANT, EMPTY]),
    ],
)
def test_all_faults_are_found(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Tree], None],
    faults: list[str],
) -> None:
    tree = mmsa_tree()
    damage(tree)
    path = pickled(tmp_path / "x.pkl", tree)
    assert call(path, "--json", "--set", "target=binary") == 1
    assert json.loads(capsys.readouterr().out)["faults"] == faults


def test_a_file_that_cannot_be_read_to_its_end_has_that_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = mmsa_tree()
    _short(tree)
    assert call(pickled(tmp_path / "x.pkl", tree)) == 1
    out = capsys.readouterr().out
    assert "FAULT" in out and "test: audio has the shape [23, 8, 5]" in out


class _Run:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_what_is_unknown_or_unsafe_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def sentence(*arguments: object) -> str:
        assert call(*arguments) == 1
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1
        return lines[0]

    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "notes.txt", tmp_path / "folder"):
        known = sentence(path)
        assert "is not a known data set. Known are: MMSA's pickle" in known
        assert "AVEC 2016" in known and "TAILOR" in known and ".csd" in known
    assert "is missing" in sentence(tmp_path / "none")
    path = pickled(tmp_path / "x.pkl", {"train": _Run(tmp_path / "trace")})
    assert "which is not data" in sentence(path) and not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("change", "fault"),
    [("reach=2", "has no option 'reach'"), ("target=two", "must be one of regression, binary")],
)
def test_a_wrong_option_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, fault: str
) -> None:
    assert call(pickled(tmp_path / "y.pkl", mmsa_tree()), "--set", change) == 1
    assert fault in capsys.readouterr().out
