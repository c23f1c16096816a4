"""A run whose engine has no plan begins at once on ONNX Runtime, and changes over in the middle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.clock import Clock
from edge.config import load_config
from edge.demo.script import Phase, Script
from edge.engines import EngineOptions
from edge.engines.tensorrt import TensorRtEngine
from edge.recognition.verdict import Verdict
from edge.recording.replay import Replay
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.script import ScriptedSource

SECONDS = 6.0
LIMIT_S = 120
GRAPHS = ("audio", "vision", "fusion")
"""That are asked: there are no words here."""


def offline(engine: str, **settings: Any) -> Run:
    """The script as a file is run, so that two runs see the same."""
    well = Script(SECONDS, phases=(Phase("all well", 1.0),))

    def feeds(clock: Clock) -> list[Feed]:
        source = ScriptedSource(well.frame, well.samples, 25, SECONDS, clock)
        return [Feed(source, frozenset({"audio", "vision"}), lossless=True)]

    given = {key.replace("__", "."): str(value) for key, value in settings.items()}
    return Run(load_config(None, ["asr.engine=none", f"engine.name={engine}"], given), feeds)


def test_it_loses_no_step_and_its_recording_replays(
    install: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("10.13")
    may_build, build = threading.Event(), TensorRtEngine.build

    def later(graph: Path, options: EngineOptions) -> None:
        assert may_build.wait(LIMIT_S)
        build(graph, options)

    monkeypatch.setattr(TensorRtEngine, "build", later)
    wanted = list(offline("onnxruntime").verdicts())
    run = offline("tensorrt", engine__cache=tmp_path / "plans", record__folder=tmp_path / "talk")
    found: list[Verdict] = []
    verdicts = run.verdicts()
    found += [next(verdicts) for _ in range(4)]
    begun = list(run.telemetry.notes)
    assert begun[0].startswith("tensorrt has no plan of this bundle here: ONNX Runtime serves")
    assert not any(" now runs on " in one for one in begun)
    may_build.set()
    (building,) = [one for one in threading.enumerate() if one.name == "build plans"]
    building.join(LIMIT_S)
    assert not building.is_alive()
    found += verdicts
    changed = {one for one in run.telemetry.notes if " now runs on tensorrt" in one}
    assert changed == {
        f"The graph {graph} now runs on tensorrt 10.13.0.35 fp32." for graph in GRAPHS
    }
    assert [one.seq for one in found] == list(range(len(wanted)))
    for ours, theirs in zip(found, wanted, strict=True):
        assert (ours.label, ours.mask) == (theirs.label, theirs.mask)
        for label, share in theirs.scores.items():
            np.testing.assert_allclose(ours.scores[label], share, atol=1e-4)
    assert len(list((tmp_path / "plans").glob("*.plan"))) == len(GRAPHS) + 1
    replayed = list(Replay(tmp_path / "talk").verdicts())
    assert [one.label for one in replayed] == [one.label for one in found]
