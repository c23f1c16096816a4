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
    mult_tree,
    pickled,
    recola_folder,
    tailor_file,
)

from train import checkpoint
from train.cli import main

CONFIGS = Path(__file__).resolve().parents[4] / "configs" / "train"
EPOCH = [f"{stage}.epochs=1" for stage in ("fit", "confide", "transfer")]
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


@pytest.mark.parametrize(
    ("config", "corpus", "make"),
    [
        (
            "cdat_tailor_iemocap",
            "iemocap",
            lambda folder: pickled(folder / "iemocap_data.pkl", mult_tree(iemocap=True)),
        ),
        ("cdat_tailor_mosei", "mosei", tailor_file),
        ("cdat_tfn_mosei", "mosei", tailor_file),
        ("cdat_misa_mosei", "mosei", tailor_file),
    ],
)
def test_a_config_of_a_model_trains_at_its_own_sizes(
    tmp_path: Path, config: str, corpus: str, make: Callable[[Path], object]
) -> None:
    make(tmp_path / corpus)
    changes = [part for change in EPOCH for part in ("--set", change)]
    where = ["--data", str(tmp_path), "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as end:
        main(["all", str(CONFIGS / f"{config}.yaml"), *where, *changes])
    assert not end.value.code
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert (report["model"], report["task"]) == (config.split("_")[1], "labels")
    assert list(report["stages"]) == ["base", "trained_on", "cdat"]
    # ConfidNet has the size of the public code: 256 after 256.
    weights, _ = checkpoint.load(tmp_path / "run" / "confidnet" / checkpoint.BEST)
    assert (256, 256) in [tuple(one.shape) for one in weights.values()]


@pytest.mark.parametrize(
    ("config", "corpus", "make", "metric"),
    [
        (
            "translate_cmu_mosi",
            "mosi",
            lambda folder: pickled(folder / "aligned_50.pkl", mmsa_tree()),
            "balanced_accuracy",
        ),
        ("translate_recola", "recola", lambda folder: recola_folder(folder, rows=200), "ccc"),
    ],
)
def test_a_copy_trains_the_weaker_streams_by_the_stronger(
    tmp_path: Path, config: str, corpus: str, make: Callable[[Path], object], metric: str
) -> None:
    make(tmp_path / corpus)
    short = ["fit.epochs=1", "network.hidden=8", "search.seeds=1", "search.gamma=[1.0]"]
    short += ["search.align=[cosine]", "search.beta=[1.0]", "search.to=[features]"]
    changes = [part for change in [*short, "search.distance=[mse]"] for part in ("--set", change)]
    where = ["--data", str(tmp_path), "--out", str(tmp_path / "run"), "--seeds", "2"]
    with pytest.raises(SystemExit) as end:
        main(["translate", str(CONFIGS / f"{config}.yaml"), *where, *changes])
    assert not end.value.code
    found = json.loads((tmp_path / "run" / "results.json").read_text())
    assert found["weak"] and found["strong"] not in found["weak"]
    for weak in found["weak"].values():
        assert all(metric in one["test"] for one in weak["variants"].values())
