"""Real clips of talking faces, and a file against the clock."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from edge.cli import main
from edge.config import load_config
from edge.recognition.verdict import Verdict, verdict_schema
from edge.runtime.run import Run

STAGES = {"vision", "audio", "wait", "text", "fusion", "gate", "engine", "total"}


@pytest.fixture(scope="module")
def clips(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "av_clips").glob("grid_*.mpg"))


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_each_clip_gives_a_face_a_transcript_and_labels(
    clips: list[Path], every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clips
    words, labelled = 0, []
    for clip in clips[::every]:
        out = tmp_path / f"{clip.stem}.jsonl"
        monkeypatch.setattr(
            sys, "argv", ["cdat-edge", "run", "--file", str(clip), "--jsonl", str(out)]
        )
        with pytest.raises(SystemExit, match=r"^0$"):
            main()
        lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        assert 11 <= len(lines) <= 13
        for line in lines:
            jsonschema.validate(line, verdict_schema())
            if line["streams"]["vision"]["reason"] != "starting":
                labelled.append(line["label"] is not None)
            assert set(line["latency_ms"]) == STAGES
            parts_ms = [line["latency_ms"][part] for part in ("wait", "text", "fusion", "gate")]
            assert sum(parts_ms) == pytest.approx(line["latency_ms"]["total"], abs=0.003)
            assert line["streams"]["vision"]["reason"] != "not_this_face"
        # A window of 3 s ends with the clip, so its coverage is the share of steps with a face.
        assert lines[-1]["streams"]["vision"]["coverage"] > 0.5
        words += len(lines[-1]["transcript"].split())
    assert words >= 2 * len(clips[::every])  # six each are said
    assert np.mean(labelled) >= 0.95


def verdicts_of(clip: Path) -> list[Verdict]:
    return list(Run(load_config(None, [], {"source.file": str(clip)})).verdicts())


@pytest.fixture(scope="module")
def fast(clips: list[Path]) -> list[Verdict]:
    """The verdicts of the first clip, as fast as it goes."""
    return verdicts_of(clips[0])


@pytest.mark.slow
def test_the_same_file_gives_the_same_verdicts(clips: list[Path], fast: list[Verdict]) -> None:
    def told(verdicts: list[Verdict]) -> list[dict[str, object]]:
        return [{**v.to_dict(), "latency_ms": None, "wall_time": None} for v in verdicts]

    assert told(verdicts_of(clips[0])) == told(fast)


@pytest.mark.alone  # three live seconds of which none may be missed
def test_a_file_at_live_pace_takes_its_time_and_loses_nothing(
    clips: list[Path], fast: list[Verdict]
) -> None:
    config = load_config(None, [], {"source.file": str(clips[0]), "source.pace": "live"})
    run = Run(config)
    verdicts = list(run.verdicts())
    assert 11 <= len(verdicts) <= 14
    assert not run.telemetry.drops
    assert verdicts[-1].streams["vision"].coverage > 0.5
    assert fast[-1].transcript and verdicts[-1].transcript == fast[-1].transcript
