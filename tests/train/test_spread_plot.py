"""Results with their spread as an image."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from matplotlib.image import imread

from train.adaptation.report import draw
from train.spread_plot import Spread, draw_spreads
from train.statistics import mean_sd
from train.studies import choose


def found(*seeds: float) -> dict[str, dict[str, dict[str, list[float]]]]:
    one = {"clean": list(seeds), "corrupted": [value / 2 for value in seeds]}
    return {kind: {"base": one, "cdat": one} for kind in ("early", "tfn")}


def test_a_spread_is_a_deviation_to_each_side() -> None:
    one = Spread.of(mean_sd([0.2, 0.4]))
    assert one.value == pytest.approx(0.3)
    assert (one.low, one.high) == pytest.approx((0.3 - 0.02**0.5, 0.3 + 0.02**0.5))


def test_more_seeds_that_differ_are_a_longer_line(tmp_path: Path) -> None:
    images = []
    for name, seeds in (("same", (0.5, 0.5)), ("apart", (0.3, 0.7))):
        path = choose.draw(found(*seeds), "by seed", tmp_path / f"{name}.png")
        assert path is not None
        images.append(imread(path))
    assert images[0].shape == images[1].shape and np.abs(images[0] - images[1]).max() > 0.1


def test_only_steps_that_labels_checked_are_drawn(tmp_path: Path) -> None:
    row = {"kept": True, "ccc_before": 0.2, "ccc_after": 0.6}
    steps = {"number": row | {"intervals": [[0.1, 0.3], [0.5, 0.7]]}, "gate": {"kept": True}}
    report = {"figure": "ccc", "check": "3 folds by person", "steps": steps}
    assert draw(report, tmp_path / "steps.png") == tmp_path / "steps.png"
    unchecked = {"gate": {"kept": True}}
    assert draw(report | {"steps": unchecked}, tmp_path / "none.png") is None
    assert not (tmp_path / "none.png").exists()


def test_without_matplotlib_a_line_says_why_there_is_no_plot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    panel = {"accuracy": {"base": {"early": Spread(0.5, 0.4, 0.6)}}}
    with caplog.at_level(logging.INFO, "train"):
        assert draw_spreads(panel, "", tmp_path / "a.png") is None
    assert "no plot: The plot needs matplotlib" in caplog.text and not list(tmp_path.iterdir())
