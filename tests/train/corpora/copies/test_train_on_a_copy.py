"""From a user's file to the metrics of the test part, by the configs that ship."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

from fixtures.data_sets import (
    csd_folder,
    iemocap_features,
    iemocap_folder,
    mmsa_tree,
    pickled,
    recola_folder,
    tailor_file,
)

from train.cli import main

CONFIGS = Path(__file__).resolve().parents[4] / "configs" / "train"
TINY = [f"{stage}.epochs=2" for stage in ("fit", "confide", "transfer")]
TINY += ["model.hidden=8", "confide.width=8"]


@pytest.mark.parametrize(
    ("config", "corpus", "make", "options", "metric"),
    [
        ("cdat_mosei", "mosei", csd_folder, [], "ccc"),
        ("cdat_mosei", "mosei", csd_folder, ["options.target=emotions"], "micro_f1"),
        (
            "cdat_cmu_mosi",
            "mosi",
            lambda folder: pickled(folder / "aligned_50.pkl", mmsa_tree()),
            ["options.target=binary"],
            "macro_f1",
        ),
        ("cdat_mosei", "mosei", tailor_file, [], "micro_f1"),
        (
            "cdat_iemocap",
            "iemocap",
            lambda folder: pickled(folder / "IEMOCAP_features.pkl", iemocap_features()),
            [],
            "macro_f1",
        ),
        (
            "cdat_iemocap",
            "iemocap",
            lambda folder: iemocap_folder(folder, sound=False),
            [],
            "macro_f1",
        ),
        ("cdat_recola", "recola", lambda folder: recola_folder(folder, rows=200), [], "ccc"),
    ],
)
def test_a_copy_trains_to_its_metrics(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    config: str,
    corpus: str,
    make: Callable[[Path], object],
    options: list[str],
    metric: str,
) -> None:
    make(tmp_path / corpus)
    changes = [part for change in (*TINY, *options) for part in ("--set", change)]
    where = ["--data", str(tmp_path), "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as end:
        main(["all", str(CONFIGS / f"{config}.yaml"), *where, *changes])
    told = capsys.readouterr()
    assert not end.value.code, told.err
    for stage in ("base", "trained_on", "cdat"):
        assert f"{stage:10} test: {metric} " in told.out
    assert "nan" not in told.out
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert list(report["stages"]) == ["base", "trained_on", "cdat"]
    for stage in report["stages"].values():
        test = stage["splits"]["test"]
        low, high = test["intervals"][metric]
        assert low <= test["figures"][metric] <= high
        assert list(stage["alone"]) == report["streams"]
    page = (tmp_path / "run" / "README.md").read_text()
    assert "trained on, without transfer" in page and "nan" not in page
    if importlib.util.find_spec("matplotlib"):
        for plot in ("curves.png", "calibration.png", "figures.png"):
            assert (tmp_path / "run" / plot).stat().st_size > 1000
