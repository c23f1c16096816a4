"""The report compares the model before CDaT's transfer with the one after, on the same windows."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnxscript")

import torch
from fixtures.recorded import write_recorded
from fixtures.recorded_run import train_recorded

from export.bundle.build import build
from train.run_report import RecordedReport, RecordedWindowsTest, read_run_report
from train.run_report.transfer_gain import GainOnWindows
from train.stages.divergence import divergence

SHORT = ("fusion.epochs=1", "confidence.epochs=1")
# On so little data, so strong a transfer from the start does harm.
HARM = ("transfer.when=start", "transfer.lambda=30")


@pytest.mark.slow
def test_before_is_the_run_without_a_transfer_and_after_is_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    corpus, found, runs = write_recorded(tmp_path / "corpus"), {}, {}
    for name, changes in (("with", HARM), ("without", ("transfer=null",))):
        (tmp_path / name).mkdir()
        runs[name] = train_recorded(tmp_path / name, corpus, *SHORT, *changes)
        found[name] = read_run_report(RecordedReport, runs[name])
    assert found["without"].transfer is None
    gain = found["with"].transfer
    assert gain is not None
    assert set(gain.windows) == {"clean", "faulted", "text alone", "audio alone", "vision alone"}
    for kind in ("clean", "faulted"):
        row = gain.windows[kind]
        base, moved = (getattr(found[one].test, kind) for one in ("without", "with"))
        assert isinstance(base, RecordedWindowsTest) and isinstance(moved, RecordedWindowsTest)
        assert row.n == base.n
        assert row.before == pytest.approx(base.accuracy)
        assert row.after == pytest.approx(moved.accuracy)
        assert row.before_interval == pytest.approx(base.accuracy_interval, abs=1e-3)
        assert row.gain == pytest.approx(row.after - row.before)
        assert row.gain_interval[0] <= row.gain <= row.gain_interval[1]
        if kind == "clean":
            for stream in ("text", "audio", "vision"):
                alone = gain.windows[f"{stream} alone"]
                assert alone.before == pytest.approx(base.by_mask[stream].accuracy, abs=1e-3)
                assert alone.after == pytest.approx(moved.by_mask[stream].accuracy, abs=1e-3)
    clean = gain.windows["clean"]
    assert clean.gain < 0 and clean.changed >= -clean.gain
    assert gain.kl_before_nat and gain.kl_after_nat
    assert gain.kl_after_nat < 0.5 * gain.kl_before_nat
    cards = {
        name: (build(run, tmp_path / f"bundle-{name}") / "MODEL_CARD.md").read_text()
        for name, run in runs.items()
    }
    assert "## What the transfer changed" in cards["with"]
    assert f"| {100 * clean.gain:+.1f} (" in cards["with"]
    assert "without CDaT's transfer between the streams" in cards["without"]
    assert "What the transfer changed" not in cards["without"]


def test_the_line_of_the_log_says_that_the_model_after_was_trained_for_longer() -> None:
    row = GainOnWindows(
        n=10,
        before=0.5,
        before_interval=(0.4, 0.6),
        after=0.6,
        after_interval=(0.5, 0.7),
        gain=0.1,
        gain_interval=(-0.1, 0.3),
        changed=0.2,
    )
    assert row.in_a_line() == (
        "right 0.500 before, 0.600 after (also trained for longer): +10.0 points (-10.0 to +30.0),"
        " 20.0 % changed"
    )


def test_streams_that_see_the_same_samples_alike_do_not_diverge() -> None:
    torch.manual_seed(0)
    one = torch.randn(20, 1, 8)
    there = torch.ones(20, 3)
    assert divergence(one.expand(-1, 3, -1), there) == pytest.approx(0, abs=1e-6)
    assert divergence(torch.randn(20, 3, 8), there) > 0.01
    alone = there * torch.tensor([1.0, 0.0, 0.0])
    assert math.isnan(divergence(torch.randn(20, 3, 8), alone))
